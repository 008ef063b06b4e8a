internal import CallCore

// What is read once, at opening and after a failure.
extension Store {
    func contents() throws(JournalError) -> Journal.Contents {
        let own = try connection.prepare("SELECT id, connection_limit FROM journal", for: "reading its own id")
        guard try own.step() else {
            throw JournalError.corrupt(connection.path, "reading its own id", "the row is missing")
        }
        let id = try rows.known(JournalID(own.text()), "journal id")
        let limit = UInt64(clamping: own.number())
        own.reset()
        return Journal.Contents(
            id: id, nextCall: try nextCall(of: id), cursors: try cursors(), openCalls: try openCalls(),
            connectionLimit: limit, answers: try answers(), closedOrphans: try closedOrphans(besides: id),
            transmitters: try transmitters(), lastEvent: try lastEvent())
    }

    private func transmitters() throws(JournalError) -> [TransmitterState] {
        let list = try connection.prepare(
            "SELECT \(Columns.list(Columns.transmitter)) FROM transmitter", for: "reading its transmitters")
        var found: [TransmitterState] = []
        while try list.step() { found.append(try rows.transmitter(list)) }
        return found
    }

    /// Found by each series' last number, without a look at the others.
    private func lastEvent() throws(JournalError) -> WallTime? {
        let last = try connection.prepare(
            """
            SELECT max((SELECT occurred_ms FROM event WHERE event.stream = stream.id ORDER BY sequence DESC LIMIT 1))
            FROM stream
            """, for: "reading its last event")
        defer { last.reset() }
        return try last.step() ? last.optionalNumber().map { WallTime(milliseconds: $0) } : nil
    }

    private func nextCall(of id: JournalID) throws(JournalError) -> UInt64 {
        let last = try connection.prepare("SELECT max(number) FROM call WHERE journal = ?", for: "reading its calls")
        last.put(id.text)
        defer { last.reset() }
        return try last.step() ? UInt64(clamping: last.number()) + 1 : 1
    }

    private func cursors() throws(JournalError) -> [Journal.Cursor] {
        let list = try connection.prepare(
            """
            SELECT journal, service, acknowledged,
                (SELECT coalesce(max(sequence), 0) FROM event WHERE event.stream = stream.id)
            FROM stream ORDER BY id
            """, for: "reading its series")
        var found: [Journal.Cursor] = []
        while try list.step() {
            let journal = try rows.known(JournalID(list.text()), "journal id")
            let service = try rows.known(ServiceID(list.text()), "service")
            let acknowledged = UInt64(clamping: list.number())
            // An acknowledged sequence was used, whether its event is still kept or not.
            let last = max(UInt64(clamping: list.number()), acknowledged)
            found.append(
                Journal.Cursor(journal: journal, service: service, last: last, acknowledgedThrough: acknowledged))
        }
        return found
    }

    private func openCalls() throws(JournalError) -> [Call] {
        let list = try connection.prepare(
            """
            SELECT \(Columns.list(Columns.call)) FROM call INDEXED BY open_call WHERE closed = 0
            ORDER BY journal, number
            """, for: "reading open calls")
        var found: [Call] = []
        while try list.step() { found.append(try rows.call(list)) }
        return found
    }

    /// Found by the table's own order, without a look at this journal's calls, which are nearly all.
    private func closedOrphans(besides own: JournalID) throws(JournalError) -> [CallID] {
        let list = try connection.prepare(
            """
            SELECT journal, number FROM call WHERE journal < ?1 AND closed = 1
            UNION ALL SELECT journal, number FROM call WHERE journal > ?1 AND closed = 1 LIMIT 4096
            """, for: "reading calls of other journals")
        list.put(own.text)
        var found: [CallID] = []
        while try list.step() {
            let journal = try rows.known(JournalID(list.text()), "journal id")
            found.append(CallID(journal: journal, number: UInt64(bitPattern: list.number())))
        }
        return found
    }

    private func answers() throws(JournalError) -> [CommandAnswer] {
        let list = try connection.prepare(
            "SELECT \(Columns.list(Columns.answer)) FROM answer ORDER BY number", for: "reading its answers")
        var found: [CommandAnswer] = []
        while try list.step() { found.append(try rows.answer(list)) }
        return found
    }
}
