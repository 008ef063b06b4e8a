internal import CallCore

/// What the caller was told is on the disk, to hold a reopened file against.
struct Promise {
    let id: JournalID
    private(set) var last: [StreamName: UInt64] = [:]
    private(set) var nextCall: UInt64
    private(set) var openCalls: [CallID: Call]
    private var connectionLimit: UInt64
    /// The number of the last answer.
    private(set) var lastAnswer: Int64

    init(_ contents: Journal.Contents, lastAnswer: Int64) {
        self.lastAnswer = lastAnswer
        id = contents.id
        nextCall = contents.nextCall
        connectionLimit = contents.connectionLimit
        openCalls = Dictionary(uniqueKeysWithValues: contents.openCalls.map { ($0.id, $0) })
        for cursor in contents.cursors { last[StreamName(cursor)] = cursor.last }
    }

    /// - Parameter lastAnswer: the number of the last answer now that `batch` is written.
    mutating func add(_ batch: Journal.Batch, lastAnswer: Int64) {
        self.lastAnswer = lastAnswer
        for event in batch.events {
            last[StreamName(journal: event.journal, service: event.service), default: 0].rise(to: event.sequence)
        }
        for entry in batch.acknowledged {
            last[StreamName(journal: entry.journal, service: entry.service), default: 0].rise(to: entry.through)
        }
        for call in batch.calls {
            openCalls[call.id] = call.state.isClosed ? nil : call
            if call.id.journal == id { nextCall.rise(to: call.id.number &+ 1) }
        }
        if let limit = batch.connectionLimit { connectionLimit = limit }
    }

    /// The first thing promised that isn't in a file with these contents.
    func missing(from contents: Journal.Contents, lastAnswer found: Int64) -> String? {
        guard contents.id == id else { return "journal \(id)" }
        if contents.nextCall < nextCall { return "call \(id)-\(nextCall - 1)" }
        if contents.connectionLimit < connectionLimit { return "connection limit \(connectionLimit)" }
        if found < lastAnswer { return "answer \(lastAnswer) to a command" }
        let sequences = Dictionary(uniqueKeysWithValues: contents.cursors.map { (StreamName($0), $0.last) })
        for (stream, sequence) in last where sequences[stream, default: 0] < sequence {
            return "event \(stream.journal)-\(stream.service)-\(sequence)"
        }
        return nil
    }
}

extension Store {
    /// Takes out what stands in the file beyond `promise`: the remains of commits that failed. (Answers
    /// that such a commit made the file forget stay forgotten; they were the oldest. Acknowledgements stay: the broker
    /// has those events, whatever became of the commit that said so.)
    func restore(_ promise: Promise, found: Journal.Contents) throws(JournalError) {
        let operation = "taking a failed commit back"
        let surplus = found.cursors.map { (StreamName($0), $0.last) }.filter { $0.1 > promise.last[$0.0, default: 0] }
        let open = Dictionary(uniqueKeysWithValues: found.openCalls.map { ($0.id, $0) })
        guard
            !surplus.isEmpty || open != promise.openCalls || found.nextCall != promise.nextCall
                || lastAnswer > promise.lastAnswer
        else { return }
        let dropEvents = try connection.prepare(
            "DELETE FROM event WHERE stream = ? AND sequence > ?", for: operation)
        let dropCalls = try connection.prepare("DELETE FROM call WHERE journal = ? AND number >= ?", for: operation)
        let dropCall = try connection.prepare("DELETE FROM call WHERE journal = ? AND number = ?", for: operation)
        try begin.run()
        for (name, _) in surplus {
            dropEvents.put(try stream(name))
            dropEvents.put(Int64(clamping: promise.last[name, default: 0]))
            try dropEvents.run()
        }
        dropCalls.put(promise.id.text)
        dropCalls.put(Int64(clamping: promise.nextCall))
        try dropCalls.run()
        for id in Set(open.keys).union(promise.openCalls.keys) where open[id] != promise.openCalls[id] {
            dropCall.put(id.journal.text)
            dropCall.put(Int64(bitPattern: id.number))
            try dropCall.run()
            if let call = promise.openCalls[id] { try put(call) }
        }
        try dropAnswers(after: promise.lastAnswer)
        try commit.run()
    }
}

extension UInt64 {
    fileprivate mutating func rise(to other: UInt64) { self = Swift.max(self, other) }
}
