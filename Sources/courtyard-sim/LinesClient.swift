internal import CLinux
internal import CallCore
internal import Glibc
internal import LinuxSupport

/// The other end of the agent's simulated lines; the protocol stands in `SimulatedLines`.
struct LinesClient: ~Copyable {
    private let fd: Int32
    private var unread: [UInt8] = []
    /// Changes of outputs that came between answers, until somebody takes them.
    private var shown: [ShownOutput] = []

    /// To be polled for reading.
    var descriptor: Int32 { fd }

    /// - Throws: when no simulated gateway listens there, or this user may not connect to it.
    init(path: String) throws {
        do throws(SocketError) {
            fd = try UnixSocket.connect(path)
        } catch {
            throw SimulatorError("\(error). \(Self.remedy(error.code))")
        }
    }

    deinit { close(fd) }

    private static let hungUp = SimulatorError(
        "the other end hung up without an answer: the gateway has ended, or this is not its simulator-socket")

    private static func remedy(_ code: Int32) -> String {
        switch code {
        case ENOENT:
            "No gateway with `hardware: simulated` runs there: start one, or name its simulator-socket with --socket."
        case ECONNREFUSED:
            "Nobody listens there: if it is a gateway's socket, that gateway has ended."
        case EACCES, EPERM:
            "Only the user that the gateway runs as may press its buttons: use sudo -u."
        default: "Is this the simulator-socket of a gateway with `hardware: simulated`?"
        }
    }

    /// Makes or opens a contact, and waits until the gateway has it.
    mutating func set(_ point: String, made: Bool) throws { try set(point, [made]) }

    /// Several changes of one contact at once, so close to each other as the gateway can read them.
    mutating func set(_ point: String, _ changes: [Bool]) throws {
        try send(changes.map { "\($0 ? "made" : "open") \(point)\n" }.joined())
        for _ in changes { try confirm(point) }
    }

    private mutating func confirm(_ point: String) throws {
        if try isKnown(answer()) { return }
        throw SimulatorError("the gateway has no call point \(point). \(Self.hint(point, among: try points()))")
    }

    /// Cuts the wire of a point, or mends it, and waits until the gateway has it.
    mutating func set(wireOf point: PointID, whole: Bool) throws {
        try send("\(whole ? "made" : "open") \(point.loop)\n")
        if try isKnown(answer()) { return }
        let (points, wires) = (try points(), try wires())
        guard !points.contains(point.text) else {
            throw SimulatorError(
                "the wire of \(point) isn't supervised: look at its `loop` in the gateway's site file. "
                    + (wires.isEmpty ? "None is." : "Those of \(wires.prefix(3).joined(separator: ", ")) are."))
        }
        throw SimulatorError("the gateway has no call point \(point). \(Self.hint(point.text, among: points))")
    }

    /// - Returns: false if the answer is that there is no such point.
    private func isKnown(_ answer: String) throws -> Bool {
        if answer.hasPrefix("ok ") { return true }
        guard answer.hasPrefix("unknown ") else { throw SimulatorError("the gateway says: \(answer)") }
        return false
    }

    /// Those that begin most like what was asked for.
    static func hint(_ point: String, among points: [String]) -> String {
        guard !points.isEmpty else { return "It has none at all: look at `points` in its site file." }
        func likeness(_ other: String) -> Int { zip(other, point).prefix { $0 == $1 }.count }
        let best = points.map(likeness).max() ?? 0
        let like = points.filter { likeness($0) == best }.sorted().prefix(3)
        return "It has \(points.count), such as \(like.joined(separator: ", "))."
    }

    /// The call points there are.
    mutating func points() throws -> [String] { try list().filter { PointID(unchecked: $0).loopOwner == nil } }

    /// The call points whose wires are supervised.
    mutating func wires() throws -> [String] { try list().compactMap { PointID(unchecked: $0).loopOwner?.text } }

    /// The receivers there are.
    mutating func receivers() throws -> [String] { try list("receivers", of: "receiver ") }

    private mutating func list() throws -> [String] { try list("list", of: "point ") }

    private mutating func list(_ word: String, of prefix: String) throws -> [String] {
        try send("\(word)\n")
        var found: [String] = []
        while true {
            let line = try answer()
            if line == "end" { return found }
            found.append(String(line.dropFirst(prefix.count)))
        }
    }

    /// What every output shows now.
    mutating func outputs() throws -> [ShownOutput] {
        try send("outputs\n")
        var shown: [String: ShownOutput] = [:]
        while true {
            let line = try line()
            if line == "end" { return shown.values.sorted { $0.output < $1.output } }
            guard line.hasPrefix(ShownOutput.word) else { throw SimulatorError("the gateway says: \(line)") }
            // A change may have been told just before the list.
            if let output = ShownOutput(line) { shown[output.output] = output }
        }
    }

    /// Waits for the next change of an output.
    mutating func nextOutput() throws -> ShownOutput {
        while true {
            if let output = ShownOutput(try line()) { return output }
        }
    }

    /// Keeps the connection, and so what it holds, for this long or until somebody stops the program (`stop` becomes
    /// readable).
    /// - Throws: when the gateway ends it earlier.
    mutating func stay(for duration: Duration?, orUntil stop: Int32) throws {
        let end = duration.map { Moment.now + $0 }
        while true {
            let left = end.map { Int32(clamping: (max(0, ($0 - .now).nanoseconds) + 999_999) / 1_000_000) }
            var polled = [fd, stop].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            let count = poll(&polled, 2, left ?? -1)
            if count == 0 || polled[1].revents != 0 { return }
            if count > 0 { try receive() }
            unread = []  // changes of outputs, and nobody asked
        }
    }

    /// Lets a receiver's pin show this: carrier, silence, carrier, …, each for so many microseconds.
    mutating func show(on receiver: String, _ microseconds: [Int64]) throws {
        var rest = microseconds[...]
        while !rest.isEmpty {
            // An even number to a line, which may have 256 bytes.
            let part = rest.prefix(30)
            rest = rest.dropFirst(30)
            try send("radio \(receiver) \(part.map(String.init).joined(separator: " "))\n")
            guard try isKnown(answer()) else {
                throw SimulatorError("the gateway has no receiver \(receiver): look at `receivers` in its site file")
            }
        }
    }

    private func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        guard Glibc.send(fd, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw Self.hungUp
        }
    }

    /// The next line that isn't about outputs.
    private mutating func answer() throws -> String {
        while true {
            let line = try line()
            if !line.hasPrefix(ShownOutput.word) { return line }
            keep(line)
        }
    }

    /// Bounded: who never takes them needs none.
    private mutating func keep(_ line: String) {
        guard let output = ShownOutput(line) else { return }
        if shown.count == Self.keptOutputs { shown.removeFirst() }
        shown.append(output)
    }

    private static let keptOutputs = 10_000

    /// The changes of outputs that have come since the last call; doesn't wait for more.
    mutating func takeShown() throws -> [ShownOutput] {
        var polled = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
        while poll(&polled, 1, 0) > 0 { try receive() }
        while let newline = unread.firstIndex(of: 10) {
            keep(String(decoding: unread[..<newline], as: UTF8.self))
            unread.removeSubrange(...newline)
        }
        defer { shown = [] }
        return shown
    }

    private mutating func line() throws -> String {
        while true {
            if let newline = unread.firstIndex(of: 10) {
                let line = String(decoding: unread[..<newline], as: UTF8.self)
                unread.removeSubrange(...newline)
                return line
            }
            try receive()
        }
    }

    /// Waits for more bytes.
    private mutating func receive() throws {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(fd, &buffer, buffer.count)
        if count < 0, errno == EINTR { return }
        guard count > 0 else { throw Self.hungUp }
        unread += buffer.prefix(count)
    }
}

/// What one output shows, as the gateway tells it.
struct ShownOutput: Hashable {
    /// What the line begins with.
    static let word = "output "

    let output: String
    let signal: String

    /// - Returns: nil if the line tells of no output.
    init?(_ line: String) {
        let words = line.split(separator: " ")
        guard line.hasPrefix(Self.word), words.count == 3 else { return nil }
        output = String(words[1])
        signal = String(words[2])
    }
}
