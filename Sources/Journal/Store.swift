internal import CallCore

/// A series of numbered events.
struct StreamName: Hashable {
    let journal: JournalID
    let service: ServiceID

    init(journal: JournalID, service: ServiceID) {
        self.journal = journal
        self.service = service
    }

    init(_ cursor: Journal.Cursor) { self.init(journal: cursor.journal, service: cursor.service) }
}

/// The tables behind one connection: its prepared statements, and the numbers of the names that rows refer to. After
/// a failed transaction it is dropped whole, since those numbers may then be wrong.
final class Store {
    let connection: Connection
    private var streams: [StreamName: Int64] = [:]
    private var boots: [String: Int64] = [:]
    private var bootNames: [Int64: String] = [:]
    /// The number of the answer given last; 0 if none was.
    private(set) var lastAnswer: Int64

    let begin: Statement
    let commit: Statement
    private let addBoot: Statement
    private let addStream: Statement
    private let addEvent: Statement
    private let saveCall: Statement
    private let closeCall: Statement
    private let acknowledge: Statement
    private let limitConnections: Statement
    private let addAnswer: Statement
    private let forgetAnswers: Statement
    private let saveTransmitter: Statement
    private let listEvents: Statement
    private let range: Statement

    /// Prepares every statement, which proves that all the columns are there.
    init(_ connection: Connection) throws(JournalError) {
        self.connection = connection
        func prepare(_ operation: String, _ sql: String) throws(JournalError) -> Statement {
            try connection.prepare(sql, for: operation)
        }
        begin = try prepare("beginning a commit", "BEGIN IMMEDIATE")
        commit = try prepare("committing", "COMMIT")
        addBoot = try prepare("storing a boot id", "INSERT INTO boot (boot) VALUES (?) RETURNING id")
        addStream = try prepare(
            "storing a series", "INSERT INTO stream (journal, service, acknowledged) VALUES (?, ?, 0) RETURNING id")
        addEvent = try prepare(
            "storing an event",
            """
            INSERT INTO event (\(Columns.list(Columns.event))) VALUES (\(Columns.marks(Columns.event.count)))
            ON CONFLICT (stream, sequence) DO NOTHING
            """)
        let insertCall = """
            INSERT INTO call (\(Columns.list(Columns.call))) VALUES (\(Columns.marks(Columns.call.count)))
            ON CONFLICT (journal, number) DO
            """
        let changes = Columns.list(Columns.changing.map { "\($0) = excluded.\($0)" })
        // `closed` is left alone while a call is open: naming it here would rewrite the index of open calls each time.
        saveCall = try prepare("storing a call", "\(insertCall) UPDATE SET \(changes) WHERE closed = 0")
        closeCall = try prepare("closing a call", "\(insertCall) UPDATE SET \(changes), closed = 1")
        acknowledge = try prepare(
            "storing an acknowledgement", "UPDATE stream SET acknowledged = max(acknowledged, ?) WHERE id = ?")
        limitConnections = try prepare("storing the connection limit", "UPDATE journal SET connection_limit = ?")
        addAnswer = try prepare(
            "storing an answer",
            """
            INSERT INTO answer (\(Columns.list(Columns.answer))) VALUES (\(Columns.marks(Columns.answer.count)))
            ON CONFLICT (id) DO NOTHING
            """)
        forgetAnswers = try prepare("forgetting old answers", "DELETE FROM answer WHERE number <= ?")
        saveTransmitter = try prepare(
            "storing a transmitter",
            """
            INSERT OR REPLACE INTO transmitter (\(Columns.list(Columns.transmitter)))
            VALUES (\(Columns.marks(Columns.transmitter.count)))
            """)
        lastAnswer = try connection.number("SELECT max(number) FROM answer", for: "reading its answers")
        listEvents = try prepare(
            "reading events",
            """
            SELECT \(Columns.list(Columns.event)) FROM event WHERE stream = ? AND sequence >= ?
            ORDER BY sequence LIMIT ?
            """)
        range = try prepare(
            "reading which events are kept",
            """
            SELECT (SELECT min(sequence) FROM event WHERE stream = ?1),
                (SELECT max(sequence) FROM event WHERE stream = ?1)
            """)
        try readBoots()
        try readStreams()
    }

    private func readBoots() throws(JournalError) {
        let list = try connection.prepare("SELECT id, boot FROM boot", for: "reading boot ids")
        while try list.step() {
            let id = list.number()
            let name = list.text()
            boots[name] = id
            bootNames[id] = name
        }
    }

    private func readStreams() throws(JournalError) {
        let list = try connection.prepare("SELECT id, journal, service FROM stream", for: "reading its series")
        while try list.step() {
            let id = list.number()
            let journal = try rows.known(JournalID(list.text()), "journal id")
            streams[StreamName(journal: journal, service: try rows.known(ServiceID(list.text()), "service"))] = id
        }
    }

    /// The series by their numbers, the oldest first.
    var streamNumbers: [Int64] { streams.values.sorted() }

    var rows: RowReader { RowReader(path: connection.path, boots: bootNames) }

    // MARK: Writing

    /// Writes a batch in one transaction. If it throws, nothing of it was written, but for one case: when the flush
    /// itself failed, the whole batch may be found in the file later, or not.
    func write(_ batch: Journal.Batch) throws(JournalError) {
        try begin.run()
        for call in batch.calls { try put(call) }
        for event in batch.events { try put(event) }
        for entry in batch.acknowledged {
            let id = try stream(StreamName(journal: entry.journal, service: entry.service))
            acknowledge.put(Int64(clamping: entry.through))
            acknowledge.put(id)
            try acknowledge.run()
        }
        if let limit = batch.connectionLimit {
            limitConnections.put(Int64(clamping: limit))
            try limitConnections.run()
        }
        try put(batch.answers)
        for state in batch.transmitters {
            saveTransmitter.put(state)
            try saveTransmitter.run()
        }
        try commit.run()
    }

    func put(_ call: Call) throws(JournalError) {
        let statement = call.state.isClosed ? closeCall : saveCall
        let boot = try boot(call.raised.boot)
        let waitingBoot = call.waitingSince == call.raised ? nil : try self.boot(call.waitingSince.boot)
        statement.put(call, boot: boot, waitingBoot: waitingBoot)
        try statement.run()
    }

    private func put(_ event: CallEvent) throws(JournalError) {
        let name = StreamName(journal: event.journal, service: event.service)
        let id = try stream(name)
        let occurred = try boot(event.occurred.boot)
        addEvent.put(event, stream: id, boot: occurred, raisedBoot: try boot(event.call.raised.boot))
        try addEvent.run()
        guard connection.changes == 0 else { return }
        let stored = try events(of: name, from: event.sequence, limit: 1).first
        guard stored == event.asStored else {
            let id = "\(event.journal)-\(event.service)-\(event.sequence)"
            throw JournalError.conflict(path: connection.path, event: id)
        }
    }

    /// Answers are numbered without gaps, so the oldest that is remembered is known by its number alone.
    private func put(_ answers: [CommandAnswer]) throws(JournalError) {
        guard !answers.isEmpty else { return }
        for answer in answers {
            addAnswer.put(answer, number: lastAnswer + 1)
            try addAnswer.run()
            lastAnswer += Int64(connection.changes)
        }
        forgetAnswers.put(lastAnswer - Int64(CommandAnswer.remembered))
        try forgetAnswers.run()
    }

    /// Takes the answers after `number` back.
    func dropAnswers(after number: Int64) throws(JournalError) {
        let drop = try connection.prepare("DELETE FROM answer WHERE number > ?", for: "taking a failed commit back")
        drop.put(number)
        try drop.run()
        lastAnswer = min(lastAnswer, number)
    }

    func stream(_ name: StreamName) throws(JournalError) -> Int64 {
        if let known = streams[name] { return known }
        addStream.put(name.journal.text)
        addStream.put(name.service.text)
        let id = try newID(addStream)
        streams[name] = id
        return id
    }

    private func boot(_ name: String) throws(JournalError) -> Int64 {
        if let known = boots[name] { return known }
        addBoot.put(name)
        let id = try newID(addBoot)
        boots[name] = id
        bootNames[id] = name
        return id
    }

    private func newID(_ statement: Statement) throws(JournalError) -> Int64 {
        let found = try statement.step()
        defer { statement.reset() }
        return found ? statement.number() : 0
    }

    // MARK: Reading

    /// True if the call is here, and closed.
    func isClosed(_ id: CallID) throws(JournalError) -> Bool {
        let find = try connection.prepare(
            "SELECT closed FROM call WHERE journal = ? AND number = ?", for: "looking for a call")
        find.put(id.journal.text)
        find.put(Int64(bitPattern: id.number))
        return try find.step() ? find.flag() : false
    }

    func events(of name: StreamName, from sequence: UInt64, limit: Int) throws(JournalError) -> [CallEvent] {
        guard let id = streams[name] else { return [] }
        listEvents.put(id)
        listEvents.put(Int64(clamping: sequence))
        listEvents.put(max(0, limit))
        defer { listEvents.reset() }
        var found: [CallEvent] = []
        while try listEvents.step() {
            found.append(try rows.event(listEvents, journal: name.journal, service: name.service))
        }
        return found
    }

    func keptRange(of name: StreamName) throws(JournalError) -> ClosedRange<UInt64>? {
        guard let id = streams[name] else { return nil }
        range.put(id)
        defer { range.reset() }
        guard try range.step(), let first = range.optionalNumber(), let last = range.optionalNumber(), first <= last
        else { return nil }
        return UInt64(clamping: first)...UInt64(clamping: last)
    }
}
