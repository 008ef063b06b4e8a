internal import CallContract
internal import CallCore
internal import Journal

/// Nobody takes or ends a call that they haven't seen as it is: not since it was reopened, nor since the last press. And
/// nobody has a call that was opened again.
final class CommandJudge: Judge {
    private let court: Court
    /// Since which revision each open call has been open, and when it was last pressed.
    private var opened: [CallID: Int] = [:]
    private var pressed: [CallID: Int] = [:]
    /// The revisions that commands named, by their ids; of late.
    private var named: [String: Int] = [:]
    /// The calls that have changed in this turn.
    private var changed: Set<CallID> = []
    private static let rememberedAtMost = 1000

    private let commandPrefix: String

    init(_ court: Court) {
        self.court = court
        commandPrefix = court.gateway.topics.commandPrefix
    }

    func started(_ contents: Journal.Contents?) {
        (opened, pressed) = ([:], [:])
        for call in contents?.openCalls ?? [] {
            (opened[call.id], pressed[call.id]) = (call.openedRevision, call.pressedRevision)
        }
    }

    func taken(_ message: VirtualMessage, by broker: Int) {
        guard message.topic.hasPrefix(commandPrefix), let id = Scan.text(after: "\"id\":\"", in: message.payload),
            let revision = Scan.number(after: "\"revision\":", in: message.payload)
        else { return }
        if named.count == Self.rememberedAtMost { named = [:] }
        named[id] = Int(revision)
    }

    func told(_ action: Action) {
        switch action {
        case .append(let event): follow(event)
        case .keep(let call): changed.insert(call.id)
        case .answer(let answer): judge(answer)
        default: break
        }
    }

    func turned() { changed = [] }

    private func follow(_ event: CallEvent) {
        let call = event.call
        switch event.type {
        case .pressed: pressed[call.id] = call.revision
        case .raised: opened[call.id] = call.revision
        case .reopened:
            opened[call.id] = call.revision
            if let actor = call.actor {
                court.complain(.twoHolders, "\(call.id) is opened again, and \(actor) still has it")
            }
        default: break
        }
    }

    private func judge(_ answer: CommandAnswer) {
        // Whoever is there already may say so again, however old what they saw: nothing changes.
        guard answer.refusal == nil, let call = answer.call, changed.contains(call.id),
            let revision = named[answer.id]
        else { return }
        let needed: Int? =
            switch answer.command {
            case "accept", "arrive": opened[call.id]
            case "resolve", "cancel": [opened[call.id], pressed[call.id]].compactMap { $0 }.max()
            default: nil
            }
        if let needed, revision < needed {
            court.complain(
                .unseen, "\(answer.command) of \(call.id) names revision \(revision), what counts came at \(needed)")
        }
        if call.state.isClosed { (opened[call.id], pressed[call.id]) = (nil, nil) }
    }
}
