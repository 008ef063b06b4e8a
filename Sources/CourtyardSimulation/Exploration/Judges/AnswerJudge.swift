internal import CallCore
internal import Journal

/// A command is answered once and the same again, and two desks never both have a call.
final class AnswerJudge: Judge {
    private let court: Court
    private var answers: [String: CommandAnswer] = [:]
    private var order: [String] = []
    /// Given while the journal could be written, the oldest first.
    private var lasting: [String] = []
    /// Who was told that they have a call.
    private var holders: [CallID: String] = [:]

    init(_ court: Court) { self.court = court }

    func started(_ contents: Journal.Contents?) {
        // Without a journal it knows of nothing that it said before.
        (answers, order, holders) = ([:], [], [:])
        guard let contents else { return }
        let kept = Set(contents.answers.map(\.id))
        for id in lasting.suffix(CommandAnswer.remembered / 2) where !kept.contains(id) {
            court.complain(.committedLost, "the answer to \(id) was given, and the journal doesn't know it")
        }
        answers = Dictionary(contents.answers.map { ($0.id, $0) }) { first, _ in first }
        order = contents.answers.map(\.id)
        holders = contents.openCalls.reduce(into: [:]) { holders, call in
            if call.state == .accepted || call.state == .arrived { holders[call.id] = call.actor }
        }
    }

    func told(_ action: Action) {
        switch action {
        case .answer(let answer): judge(answer, isAgain: false)
        case .answerAgain(let answer): judge(answer, isAgain: true)
        case .append(let event) where event.type == .reopened || event.call.state.isClosed:
            holders[event.call.id] = nil
        default: break
        }
    }

    private func judge(_ answer: CommandAnswer, isAgain: Bool) {
        // Not now: whoever asks later is answered anew.
        if answer.refusal?.hasPrefix("journal: ") ?? false { return }
        if let known = answers[answer.id], known != answer || !isAgain {
            court.complain(.answers, "\(answer.id): \(answer), before: \(known)")
        }
        if answers.updateValue(answer, forKey: answer.id) == nil {
            order.append(answer.id)
            if !court.faults.contains(.journalFailing) {
                lasting.append(answer.id)
                if lasting.count > 2 * CommandAnswer.remembered { lasting.removeFirst(CommandAnswer.remembered) }
            }
            if order.count > CommandAnswer.remembered { answers[order.removeFirst()] = nil }
        }
        guard !isAgain, answer.command == "accept", answer.refusal == nil, let call = answer.call else { return }
        let holder = call.actor ?? ""
        if let before = holders.updateValue(holder, forKey: call.id), before != holder {
            court.complain(.twoHolders, "\(call.id): \(before) has it, and \(holder) was told so too")
        }
    }
}
