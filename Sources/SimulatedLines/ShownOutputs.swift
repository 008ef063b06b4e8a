internal import CallCore

/// What every simulated output shows.
struct ShownOutputs {
    /// Outputs that aren't on the list and are remembered all the same; the list may be on its way.
    static let mostUnlisted = 256

    private var shown: [OutputID: Signal] = [:]
    private var unlisted: [OutputID: Signal] = [:]

    /// All there are, in the order of their ids.
    var all: [OutputID] { shown.keys.sorted() }

    /// How the protocol says what this one shows; nil if there is no such output.
    func line(_ output: OutputID) -> String? { shown[output].map { "output \(output) \($0.rawValue)" } }

    /// These outputs from now on. What others showed is forgotten.
    /// - Returns: the new ones.
    mutating func drive(_ outputs: [OutputID]) -> [OutputID] {
        let before = shown
        shown = Dictionary(
            outputs.map { ($0, before[$0] ?? unlisted[$0] ?? .idle) }, uniquingKeysWith: { first, _ in first })
        unlisted = [:]
        return all.filter { before[$0] == nil }
    }

    /// - Returns: true if a listed output now shows something else than before.
    mutating func show(_ output: OutputID, _ signal: Signal) -> Bool {
        guard let before = shown[output] else {
            if unlisted[output] != nil || unlisted.count < Self.mostUnlisted { unlisted[output] = signal }
            return false
        }
        shown[output] = signal
        return signal != before
    }
}
