internal import CallContract
internal import CallCore
internal import GatewayAgent
internal import Journal

/// Events are numbered without gaps, journalled before anybody hears of them, told to the broker all and each with one
/// content, and never lost again.
final class EventJudge: Judge {
    private struct Lane: Hashable {
        let journal: JournalID
        let service: ServiceID
    }

    /// What brokers have of a lane.
    private struct Delivered {
        var through: UInt64 = 0
        var ahead: Set<UInt64> = []

        mutating func add(_ sequence: UInt64) {
            guard sequence > through else { return }
            ahead.insert(sequence)
            while ahead.remove(through + 1) != nil { through += 1 }
        }
    }

    private let court: Court
    private var last: [Lane: UInt64] = [:]
    private var committed: [Lane: UInt64] = [:]
    private var delivered: [Lane: Delivered] = [:]
    private var contents: [String: UInt64] = [:]
    /// Lanes of which something was lost with the memory that alone held it, while the journal failed.
    private var forgotten: Set<Lane> = []
    /// What the power may be cut in the middle of.
    private var underWay: Journal.Batch?
    /// What was committed of open calls.
    private var openCalls: [CallID: Call] = [:]
    private(set) var events = 0

    private let eventPrefix: String

    init(_ court: Court) {
        self.court = court
        eventPrefix = court.gateway.topics.base + "/event/"
    }

    // MARK: Journal

    func committing(_ batch: Journal.Batch) {
        underWay = batch
        for mark in batch.acknowledged {
            let through = delivered[Lane(journal: mark.journal, service: mark.service)]?.through ?? 0
            if mark.through > through {
                court.complain(
                    .markedEarly,
                    "\(mark.journal)-\(mark.service) is marked up to \(mark.through), brokers have \(through)")
            }
        }
    }

    func refused() { underWay = nil }

    func committed(_ batch: Journal.Batch) {
        underWay = nil
        for event in batch.events {
            let lane = Lane(journal: event.journal, service: event.service)
            committed[lane] = max(committed[lane] ?? 0, event.sequence)
        }
        for call in batch.calls { openCalls[call.id] = call.state.isClosed ? nil : call }
    }

    func started(_ contents: Journal.Contents?) {
        for lane in last.keys where committed[lane] ?? 0 < last[lane]! { forgotten.insert(lane) }
        guard let contents else { return }
        let found = Dictionary(
            uniqueKeysWithValues: contents.cursors.map { (Lane(journal: $0.journal, service: $0.service), $0.last) })
        for (lane, sequence) in committed where sequence > found[lane] ?? 0 {
            court.complain(
                .committedLost, "\(lane.journal)-\(lane.service) ends at \(found[lane] ?? 0), committed was \(sequence)"
            )
        }
        let open = Dictionary(uniqueKeysWithValues: contents.openCalls.map { ($0.id, $0) })
        for (id, call) in openCalls where (open[id]?.revision ?? Int.max) < call.revision {
            court.complain(.committedLost, "\(id) is at revision \(open[id]!.revision), committed was \(call.revision)")
        }
        judgeHalves(found, open)
        // The commit that the power cut interrupted may be there.
        for (lane, sequence) in found { (last[lane], committed[lane]) = (sequence, sequence) }
        openCalls = open
    }

    /// The commit that was under way is there with all it had, or with nothing of it.
    private func judgeHalves(_ found: [Lane: UInt64], _ open: [CallID: Call]) {
        guard let batch = underWay else { return }
        underWay = nil
        let events = batch.events.map { event in
            event.sequence <= found[Lane(journal: event.journal, service: event.service)] ?? 0
        }
        // One that was there before says nothing.
        let calls = batch.calls.filter { !$0.state.isClosed && openCalls[$0.id]?.revision ?? 0 < $0.revision }
            .map { (open[$0.id]?.revision ?? 0) >= $0.revision }
        let parts = Set(events + calls)
        if parts.count > 1 { court.complain(.committedLost, "a commit is there by halves: \(events), \(calls)") }
    }

    // MARK: Telling

    func told(_ action: Action) {
        guard case .append(let event) = action else { return }
        events += 1
        let lane = Lane(journal: event.journal, service: event.service)
        if event.sequence != (last[lane] ?? 0) + 1 {
            court.complain(.gap, "\(event.journal)-\(event.service) goes from \(last[lane] ?? 0) to \(event.sequence)")
        }
        last[lane] = event.sequence
        if event.journaled, event.sequence > committed[lane] ?? 0 {
            court.complain(.publishedFirst, "\(event.journal)-\(event.service)-\(event.sequence), \(event.type)")
        }
    }

    func sent(_ message: OutgoingMessage) {
        guard message.topic.hasPrefix(eventPrefix), let id = Scan.text(after: "\"id\":\"", in: message.payload),
            let (lane, sequence) = Self.parts(of: id)
        else { return }
        if sequence > committed[lane] ?? 0, !Scan.contains("\"journaled\":false", in: message.payload) {
            court.complain(.publishedFirst, "\(id) leaves the gateway")
        }
    }

    func taken(_ message: VirtualMessage, by broker: Int) {
        guard message.topic.hasPrefix(eventPrefix), let id = Scan.text(after: "\"id\":\"", in: message.payload),
            let (lane, sequence) = Self.parts(of: id)
        else { return }
        delivered[lane, default: Delivered()].add(sequence)
        let content = Scan.contentHash(of: message.payload)
        if let before = contents.updateValue(content, forKey: id), before != content {
            court.complain(.contentChanged, "\(id): \(String(decoding: message.payload, as: UTF8.self))")
        }
    }

    func healed() {
        for (lane, sequence) in last where !forgotten.contains(lane) {
            let through = delivered[lane]?.through ?? 0
            if through < sequence {
                court.complain(
                    .undelivered, "of \(lane.journal)-\(lane.service) the brokers have \(through) of \(sequence)")
            }
        }
    }

    /// `<journal>-<service>-<sequence>`; a service may have dashes.
    private static func parts(of id: String) -> (Lane, UInt64)? {
        guard let first = id.firstIndex(of: "-"), let last = id.lastIndex(of: "-"), first < last,
            let sequence = UInt64(id[id.index(after: last)...])
        else { return nil }
        return (
            Lane(
                journal: JournalID(unchecked: String(id[..<first])),
                service: ServiceID(unchecked: String(id[id.index(after: first)..<last]))), sequence
        )
    }
}
