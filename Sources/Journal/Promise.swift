internal import CallCore

/// What the caller was told is on the disk, to hold a reopened file against.
struct Promise {
    let id: JournalID
    private(set) var last: [StreamName: UInt64] = [:]
    private(set) var nextCall: UInt64
    private(set) var openCalls: [CallID: Call]
    private var connectionLimit: UInt64

    init(_ contents: Journal.Contents) {
        id = contents.id
        nextCall = contents.nextCall
        connectionLimit = contents.connectionLimit
        openCalls = Dictionary(uniqueKeysWithValues: contents.openCalls.map { ($0.id, $0) })
        for cursor in contents.cursors { last[StreamName(cursor)] = cursor.last }
    }

    mutating func add(_ batch: Journal.Batch) {
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

    /// The first thing promised that `contents` doesn't have.
    func missing(from contents: Journal.Contents) -> String? {
        guard contents.id == id else { return "journal \(id)" }
        if contents.nextCall < nextCall { return "call \(id)-\(nextCall - 1)" }
        if contents.connectionLimit < connectionLimit { return "connection limit \(connectionLimit)" }
        let found = Dictionary(uniqueKeysWithValues: contents.cursors.map { (StreamName($0), $0.last) })
        for (stream, sequence) in last where found[stream, default: 0] < sequence {
            return "event \(stream.journal)-\(stream.service)-\(sequence)"
        }
        return nil
    }
}

extension UInt64 {
    fileprivate mutating func rise(to other: UInt64) { self = Swift.max(self, other) }
}
