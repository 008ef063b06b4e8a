package import CallContract
package import CallCore

/// A duty desk of one site, decided as a value: what it sees and what time it is go in, commands come out. It knows what
/// docs/mqtt-contract.md tells a display team, and nothing else of the gateway.
package struct DutyDesk {
    /// One call as its newest record tells it, and what is being done about it.
    package struct Seen {
        /// `courtyard/v1/<site>/<gateway>` of the gateway that has it.
        package let base: String
        package var record: CallMessage
        /// Since when it is in its state, as seen from here.
        package var since: Moment
        /// The revision with which it came into that state.
        fileprivate var sinceRevision: Int
        /// The command whose reply is waited for.
        package fileprivate(set) var pending: DeskCommand?
        /// What was answered in this state: it is not asked again.
        fileprivate var asked: Set<DeskCommand.Name> = []
        /// What was refused because the record was an old one: asked again with a newer one than this revision.
        fileprivate var stale: [DeskCommand.Name: Int] = [:]
        fileprivate var paces: Paces

        package var id: String { record.data.call }
    }

    /// The pauses drawn for one call.
    fileprivate struct Paces {
        let accept, arrive, resolve: Duration
    }

    /// Something to tell whoever watches the desk.
    package enum Note {
        case raised(CallMessage)
        /// Another gateway has heard the same press, or one of the same button: it is shown as one call.
        case raisedToo(CallMessage)
        case reopened(CallMessage)
        /// The same record of a raised call came once more: nobody has said `received` yet.
        case offeredAgain(CallMessage)
        case pressedAgain(CallMessage)
        case closed(CallMessage)
        case sent(DeskCommand, again: Bool)
        case answered(ReplyMessage, DeskCommand)
        case unreadable(topic: String)
    }

    package let id: DeskID
    package let actor: String
    /// How its people behave; calls that they have seen already are gone about anew.
    package var manner: DeskManner {
        didSet {
            for id in calls.keys.sorted() {
                let paces = drawPaces()
                calls[id]?.paces = paces
            }
        }
    }
    package private(set) var calls: [String: Seen] = [:]
    package private(set) var notes: [Note] = []
    /// How many commands were refused.
    package private(set) var refusals = 0
    /// Closed call ids, the oldest first: closed for ever, whatever comes late. Bounded.
    private var closed: [String] = []
    private var closedSet: Set<String> = []
    /// The commands that ended a call, or came too late for it, and are not answered yet: by their ids.
    private var parting: [String: DeskCommand] = [:]
    /// Calls by the id of the command whose reply is waited for: of thousands of calls, one is found at once.
    private var asking: [String: String] = [:]
    /// The open calls of each point and service: what several gateways have heard is one call for people.
    private var joined: [Whose: Set<String>] = [:]
    private let commandPrefix: String
    private var commands = 0
    /// Draws the pauses.
    private var dice: Dice

    private static let rememberedClosed = 10_000

    /// - Parameters:
    ///   - run: tells this run's command ids from those of every other run: 1 to 16 of `a`-`z`, `0`-`9` and `-`.
    ///   - dice: draw how long people take.
    package init(id: DeskID, name: String, manner: DeskManner, run: String, dice: Dice) {
        self.dice = dice
        self.id = id
        self.manner = manner
        actor = "\(id)/\(name)"
        commandPrefix = "\(id.text.prefix(40))-\(run)-"
    }

    /// What there is to tell since the last time.
    package mutating func takeNotes() -> [Note] {
        defer { notes = [] }
        return notes
    }

    /// A new connection: the retained records that follow are the complete picture, and what isn't among them was
    /// closed meanwhile.
    package mutating func connected() { (calls, parting, asking, joined) = ([:], [:], [:], [:]) }

    /// Whose calls for what are one. A desk is one site's.
    private struct Whose: Hashable {
        let point, service: String

        init(_ record: CallMessage) { (point, service) = (record.data.point, record.data.service) }
    }

    /// The open calls as people see them: those of one point and service together, whichever gateways have them, the
    /// first that was raised at the head.
    package var merged: [[Seen]] {
        joined.values.map { ids in
            ids.compactMap { calls[$0] }.sorted {
                ($0.record.data.raisedAt, $0.id) < ($1.record.data.raisedAt, $1.id)
            }
        }
    }

    // MARK: What comes in

    /// Takes a message of the site; what is neither a record nor a reply is passed over.
    package mutating func take(_ topic: String, _ payload: [UInt8], at now: Moment) {
        let parts = topic.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 6, parts[0] == "courtyard", parts[1] == "v1" else { return }
        switch (parts[4], parts.count) {
        case ("call", 7): take(record: payload, of: parts[6], topic, base: parts[..<4].joined(separator: "/"), now)
        case ("reply", 6): take(reply: payload, topic)
        default: break
        }
    }

    private mutating func take(record payload: [UInt8], of id: String, _ topic: String, base: String, _ now: Moment) {
        guard !payload.isEmpty else {
            if let seen = calls.removeValue(forKey: id) {
                notes.append(.closed(seen.record))
                joined[Whose(seen.record)]?.remove(id)
                if joined[Whose(seen.record)]?.isEmpty ?? false { joined[Whose(seen.record)] = nil }
                if let pending = seen.pending {
                    parting[pending.id] = pending
                    asking[pending.id] = nil
                }
            }
            return close(id)
        }
        guard let record = try? WireJSON.read(CallMessage.self, from: payload), record.data.call == id else {
            return notes.append(.unreadable(topic: topic))
        }
        guard !closedSet.contains(id) else { return }
        guard let seen = calls[id] else {
            let others = joined[Whose(record), default: []].compactMap { calls[$0] }
            // Whoever goes there goes once: what is done with one is done with each.
            calls[id] = Seen(
                base: base, record: record, since: now, sinceRevision: record.data.revision,
                paces: others.first?.paces ?? drawPaces())
            joined[Whose(record), default: []].insert(id)
            return notes.append(others.isEmpty ? .raised(record) : .raisedToo(record))
        }
        update(seen, record, now)
    }

    private mutating func update(_ seen: Seen, _ record: CallMessage, _ now: Moment) {
        let (old, new) = (seen.record.data, record.data)
        guard new.revision >= old.revision else { return }
        if new.revision == old.revision, new.state == "raised" { notes.append(.offeredAgain(record)) }
        if new.presses > old.presses { notes.append(.pressedAgain(record)) }
        var seen = seen
        seen.record = record
        if new.state != old.state {
            (seen.since, seen.sinceRevision) = (now, new.revision)
            (seen.asked, seen.stale) = ([], [:])
            if new.state == "raised" { notes.append(.reopened(record)) }
        }
        calls[new.call] = seen
    }

    private mutating func close(_ id: String) {
        guard closedSet.insert(id).inserted else { return }
        closed.append(id)
        guard closed.count > Self.rememberedClosed else { return }
        closedSet.remove(closed.removeFirst())
    }

    private mutating func take(reply payload: [UInt8], _ topic: String) {
        guard let reply = try? WireJSON.read(ReplyMessage.self, from: payload) else {
            return notes.append(.unreadable(topic: topic))
        }
        guard reply.id.hasPrefix(commandPrefix) else { return }  // another desk's
        // The answer may come after the end that the command brought.
        if let command = parting.removeValue(forKey: reply.id) { return note(reply, command) }
        guard let call = asking.removeValue(forKey: reply.id), var seen = calls[call], let command = seen.pending,
            command.id == reply.id
        else {
            return  // answered before
        }
        note(reply, command)
        seen.pending = nil
        if reply.reason?.hasPrefix("revision: ") ?? false {
            seen.stale[command.name] = command.revision
        } else if command.revision >= seen.sinceRevision {  // otherwise it was about a state that has gone
            seen.asked.insert(command.name)
        }
        calls[seen.id] = seen
    }

    private mutating func note(_ reply: ReplyMessage, _ command: DeskCommand) {
        notes.append(.answered(reply, command))
        if !reply.accepted { refusals += 1 }
    }

    // MARK: What is done

    /// What is due now, each to be published; anything that could not be is due again after a while.
    package mutating func due(at now: Moment) -> [DeskCommand] {
        var due: [DeskCommand] = []
        for seen in calls.values.sorted(by: { $0.record.data.raisedAt < $1.record.data.raisedAt }) {
            var seen = seen
            if var pending = seen.pending {
                guard pending.sentAt + manner.asksAgainAfter <= now else { continue }
                pending.sentAt = now
                seen.pending = pending
                notes.append(.sent(pending, again: true))
            } else {
                guard let name = steps(with: seen).first(where: { $0.at <= now })?.name else { continue }
                commands += 1
                let command = DeskCommand(
                    name: name, id: commandPrefix + String(commands), base: seen.base, call: seen.id,
                    revision: seen.record.data.revision, actor: actor, sentAt: now)
                seen.pending = command
                asking[command.id] = seen.id
                notes.append(.sent(command, again: false))
            }
            calls[seen.id] = seen
            due.append(seen.pending!)
        }
        return due
    }

    /// When `due` has something to say, if nothing comes in before.
    package var nextDue: Moment? {
        calls.values.compactMap { seen in
            seen.pending.map { $0.sentAt + manner.asksAgainAfter } ?? steps(with: seen).map(\.at).min()
        }.min()
    }

    /// What may be done next with a call, and from when on; where two are due, the first.
    private func steps(with seen: Seen) -> [(name: DeskCommand.Name, at: Moment)] {
        guard !manner.ignores else { return [] }
        let (data, paces) = (seen.record.data, seen.paces)
        let isOurs = data.actor == actor
        var steps: [(name: DeskCommand.Name, after: Duration)] = []
        if data.state == "raised" { steps.append((.received, manner.sayReceivedAfter)) }
        switch data.state {
        case "raised" where !data.test, "delivered" where !data.test:
            steps.append((manner.refuses.contains(data.service) ? .cancel : .accept, paces.accept))
        case "accepted" where isOurs:
            steps.append((.arrive, paces.arrive))
            // They set out a while before they are there.
            if data.onTheWay != true { steps.append((.setOut, paces.arrive / 3)) }
        case "arrived" where isOurs: steps.append((.resolve, paces.resolve))
        default: break
        }
        return steps.filter { !seen.asked.contains($0.name) && data.revision > seen.stale[$0.name] ?? 0 }
            .map { ($0.name, seen.since + $0.after) }
    }

    private mutating func drawPaces() -> Paces {
        Paces(
            accept: draw(manner.acceptAfter), arrive: draw(manner.arriveAfter), resolve: draw(manner.resolveAfter))
    }

    private mutating func draw(_ range: ClosedRange<Duration>) -> Duration { dice.duration(in: range) }
}
