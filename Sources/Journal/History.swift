internal import CallCore

/// Questions to the events of the past, within one transaction of a connection that only reads.
struct History {
    private let connection: Connection
    private let boots: [Int64: String]
    /// Every series by its service, in the order in which they began.
    private let series: [ServiceID: [Int64]]

    init(_ connection: Connection) throws(JournalError) {
        self.connection = connection
        let operation = "reading its series"
        var boots: [Int64: String] = [:]
        let bootList = try connection.prepare("SELECT id, boot FROM boot", for: operation)
        while try bootList.step() { boots[bootList.number()] = bootList.text() }
        self.boots = boots
        var series: [ServiceID: [Int64]] = [:]
        let list = try connection.prepare("SELECT id, service FROM stream ORDER BY id", for: operation)
        while try list.step() {
            let id = list.number()
            guard let service = ServiceID(list.text()) else {
                throw JournalError.corrupt(connection.path, operation, "a row has no valid service")
            }
            series[service, default: []].append(id)
        }
        self.series = series
    }

    func oldestEvent() throws(JournalError) -> WallTime? {
        let first = try connection.prepare(
            "SELECT occurred_ms FROM event WHERE stream = ? AND occurred_ms >= ? ORDER BY sequence LIMIT 1",
            for: "looking for the oldest event")
        var oldest: WallTime?
        for id in series.values.joined() {
            first.put(id)
            first.put(Ageing.earliest.milliseconds)
            defer { first.reset() }
            guard try first.step() else { continue }
            let found = WallTime(milliseconds: first.number())
            oldest = min(oldest ?? found, found)
        }
        return oldest
    }

    func responseTimes(of period: Range<WallTime>) throws(JournalError) -> ResponseTimes {
        var times = ResponseTimes()
        for service in series.keys {
            var tally = StoryTally(service)
            for story in try stories(of: service, period).values { tally.add(story) }
            if service == .test {
                times.tests = tally.testResult
            } else if let result = tally.result {
                times.services.append(result)
            }
        }
        times.services.sort { a, b in
            (a.service == .emergency ? 0 : 1, a.service) < (b.service == .emergency ? 0 : 1, b.service)
        }
        return times
    }

    /// The calls of one service that were raised in `period`, by their ids.
    private func stories(of service: ServiceID, _ period: Range<WallTime>) throws(JournalError) -> [String: CallStory] {
        var stories: [String: CallStory] = [:]
        let dated = try Self.list("raised_ms >= ?2 AND raised_ms < ?3", connection)
        for id in series[service] ?? [] {
            try read(dated, id, period) { call, event in stories[call, default: CallStory()].add(event) }
        }
        let doubtful = stories.filter { $0.value.mayHaveOtherDates }.keys
        guard !doubtful.isEmpty else { return stories }
        // Ids are letters, digits and dashes, so no quote needs care.
        let names = "[" + doubtful.map { "\"\($0)\"" }.joined(separator: ",") + "]"
        let others = try Self.list(
            "NOT (raised_ms >= ?2 AND raised_ms < ?3) AND call IN (SELECT value FROM json_each(?4))", connection)
        for id in series[service] ?? [] {
            try read(others, id, period, of: names) { call, event in
                // A later event with another date: the call is of that date.
                if let story = stories[call], event.revision > story.revision {
                    stories[call] = nil
                } else {
                    stories[call]?.add(event)
                }
            }
        }
        return stories
    }

    /// The columns that stand in every version's table.
    private static func list(_ condition: String, _ connection: Connection) throws(JournalError) -> Statement {
        try connection.prepare(
            """
            SELECT call, type, \(Columns.list(Columns.stamp.map { "occurred_\($0)" })),
                \(Columns.list(Columns.stamp.map { "raised_\($0)" })), revision, presses, reason
            FROM event WHERE stream = ?1 AND \(condition) ORDER BY sequence
            """, for: "reading events")
    }

    private func read(
        _ list: Statement, _ stream: Int64, _ period: Range<WallTime>, of calls: String? = nil,
        _ each: (String, StoryEvent) -> Void
    ) throws(JournalError) {
        let rows = RowReader(path: connection.path, boots: boots)
        list.put(stream)
        list.put(period.lowerBound.milliseconds)
        list.put(period.upperBound.milliseconds)
        if let calls { list.put(calls) }
        defer { list.reset() }
        while try list.step() {
            let call = list.text()
            let type = try rows.known(CallEventType(rawValue: list.text()), "event type")
            let occurred = try rows.stamp(list)
            let raised = try rows.stamp(list)
            each(
                call,
                StoryEvent(
                    type: type, occurred: occurred, raised: raised, revision: list.integer(), presses: list.integer(),
                    reason: list.optionalText()))
        }
    }
}
