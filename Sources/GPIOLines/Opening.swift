/// Lines that are being requested, a few per round: the kernel takes about a millisecond for each, and the lines that
/// work shouldn't wait for hundreds of them.
struct Opening<Slot> {
    private static var linesPerRound: Int { 8 }
    /// Closed as soon as no line is left, so that no chip is held open.
    private var directory: ChipDirectory?
    private var slots: ArraySlice<Slot> = []

    /// Nothing is to be requested.
    init() {}

    /// Requests these lines, and none else, from the chips that are there now.
    init(_ closed: [Slot]) {
        guard !closed.isEmpty else { return }
        directory = ChipDirectory()
        slots = closed[...]
    }

    var isDone: Bool { slots.isEmpty }

    /// Chips came or went.
    mutating func lookAgain() {
        if directory != nil { directory = ChipDirectory() }
    }

    /// Hands this round's lines to `open`.
    mutating func nextRound(_ open: (Slot, ChipDirectory) -> Void) {
        guard let directory else { return }
        for slot in slots.prefix(Self.linesPerRound) { open(slot, directory) }
        slots = slots.dropFirst(Self.linesPerRound)
        if slots.isEmpty { self.directory = nil }
    }
}
