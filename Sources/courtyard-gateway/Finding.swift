internal import CallContract

/// What the doctor says of one thing that the agent needs.
struct Finding: Encodable {
    enum Verdict: String, Encodable {
        case fine
        /// Works, but a person should know.
        case note
        case bad
    }

    var thing: String
    var verdict: Verdict
    var found: String
    /// What to do about it; null when there is nothing to do.
    @OrNull var remedy: String?

    static func fine(_ thing: String, _ found: String) -> Finding {
        Finding(thing: thing, verdict: .fine, found: found, remedy: nil)
    }
    static func note(_ thing: String, _ found: String, remedy: String?) -> Finding {
        Finding(thing: thing, verdict: .note, found: found, remedy: remedy)
    }
    static func bad(_ thing: String, _ found: String, remedy: String) -> Finding {
        Finding(thing: thing, verdict: .bad, found: found, remedy: remedy)
    }

    /// One line, and the remedy below it.
    var text: String {
        let mark =
            switch verdict {
            case .fine: "fine"
            case .note: "note"
            case .bad: "BAD "
            }
        return "\(mark)  \(thing): \(found)" + (remedy.map { "\n      → \($0)" } ?? "")
    }
}
