/// The answers given lately, by command id: a command that comes again, even after a restart, is answered the same and
/// changes nothing.
struct AnswerBook: Sendable {
    private var answers: [String: CommandAnswer] = [:]
    /// The ids as a ring: the oldest gives way.
    private var order: [String] = []
    private var oldest = 0

    init(_ known: [CommandAnswer]) {
        for answer in known.suffix(CommandAnswer.remembered) { add(answer) }
    }

    subscript(id: String) -> CommandAnswer? { answers[id] }

    mutating func add(_ answer: CommandAnswer) {
        guard answers.updateValue(answer, forKey: answer.id) == nil else { return }
        guard order.count == CommandAnswer.remembered else { return order.append(answer.id) }
        answers[order[oldest]] = nil
        order[oldest] = answer.id
        oldest = (oldest + 1) % order.count
    }
}
