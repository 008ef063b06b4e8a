import CallCore
import Foundation
import SimulatedLines
import Synchronization
import Testing

@testable import courtyard_sim

/// The programs against the driver that they are made for.
@Suite("courtyard-sim outputs and wire")
struct OutputsAndWiresTests {
    private let lamp = OutputID(unchecked: "b3-lamp")
    private let point = PointID(unchecked: "b3-u2-401")

    @Test("outputs prints what every output shows, and ends")
    func outputs() throws {
        let board = try Board()
        board.lines.drive([lamp, OutputID(unchecked: "yard-siren")])
        board.lines.show(lamp, .accepted)
        let program = try board.run("outputs")
        #expect(try program.end() == 0, "\(program.errors)")
        #expect(program.output == "b3-lamp accepted\nyard-siren idle\n")
        #expect(program.errors.isEmpty)
    }

    @Test("outputs says where to look when there are none, and ends with 1 when there is no gateway")
    func noOutputs() throws {
        let board = try Board()
        let program = try board.run("outputs")
        #expect(try program.end() == 0)
        #expect(program.output.isEmpty && program.errors.contains("`outputs` in its site file"), "\(program.errors)")
        board.lines.stop()
        let late = try board.run("outputs")
        #expect(try late.end() == 1)
        #expect(late.errors.contains("No gateway"), "\(late.errors)")
    }

    @Test("outputs --follow goes on with every change, and ends with 1 when the gateway does")
    func follow() throws {
        let board = try Board()
        board.lines.drive([lamp])
        let program = try board.run("outputs", "--follow")
        try wait("the present state") { program.output == "b3-lamp idle\n" }
        board.lines.show(lamp, .sent)
        board.lines.show(lamp, .nobodyListening)
        try wait("the changes") { program.output == "b3-lamp idle\nb3-lamp sent\nb3-lamp nobody-listening\n" }
        board.lines.stop()
        #expect(try program.end() == 1)
        #expect(program.errors.contains("hung up"), "\(program.errors)")
    }

    @Test("wire cut holds the wire cut until it is stopped, which is no failure", arguments: [SIGINT, SIGTERM])
    func cut(signal: Int32) throws {
        let board = try Board()
        board.lines.watch([point, point.loop])
        board.lines.drive([lamp])
        let program = try board.run("wire", point.text, "cut")
        try wait("the cut") { board.edges == ["b3-u2-401~loop open"] }
        try wait("it to say so") { program.errors.contains("until Ctrl-C") }
        for _ in 0..<500 {  // more than its buffer holds, if it doesn't read
            board.lines.show(lamp, .sent)
            board.lines.show(lamp, .idle)
        }
        #expect(board.edges.count == 1)
        program.send(signal)
        #expect(try program.end() == 0, "\(program.errors)")
        try wait("the wire to be whole") { board.edges == ["b3-u2-401~loop open", "b3-u2-401~loop made"] }
    }

    @Test("wire cut --for ends by itself; wire whole mends what another has cut")
    func whole() throws {
        let board = try Board()
        board.lines.watch([point, point.loop])
        let brief = try board.run("wire", point.text, "cut", "--for", "50ms")
        #expect(try brief.end() == 0, "\(brief.errors)")
        try wait("the wire to be whole") { board.edges == ["b3-u2-401~loop open", "b3-u2-401~loop made"] }
        let long = try board.run("wire", point.text, "cut", "--for", "10min")
        try wait("the cut") { board.edges.count == 3 }
        let mender = try board.run("wire", point.text, "whole")
        #expect(try mender.end() == 0, "\(mender.errors)")
        #expect(board.edges.suffix(2) == ["b3-u2-401~loop open", "b3-u2-401~loop made"])
        long.send(SIGTERM)
        #expect(try long.end() == 0)
        #expect(board.edges.count == 4)
    }

    @Test("A point without a supervised wire, and one that isn't there, are told apart, with 1")
    func unknown() throws {
        let board = try Board()
        let other = PointID(unchecked: "b3-u2-402")
        board.lines.watch([point, other, other.loop])
        for (name, hint) in [
            (point.text, "isn't supervised: look at its `loop` in the gateway's site file. Those of b3-u2-402 are."),
            ("b3-u2-403", "no call point b3-u2-403. It has 2, such as b3-u2-401, b3-u2-402."),
        ] {
            let program = try board.run("wire", name, "cut", "--for", "1s")
            #expect(try program.end() == 1)
            #expect(program.errors.contains(hint), "\(program.errors)")
        }
        #expect(board.edges == [])
        let press = try board.run("press", "b3-u2-403")
        #expect(try press.end() == 1)
        #expect(press.errors.contains("It has 2, such as"), "loops are no call points: \(press.errors)")
    }

    @Test("A press goes its way while outputs change")
    func press() throws {
        let board = try Board()
        board.lines.watch([point])
        board.lines.drive([lamp])
        let program = try board.run("press", point.text, "--times", "3", "--hold", "20ms", "--gap", "20ms")
        while program.isRunning {
            board.lines.show(lamp, .sent)
            board.lines.show(lamp, .idle)
            usleep(100)
        }
        #expect(try program.end() == 0, "\(program.errors)")
        #expect(board.edges == (0..<6).map { "b3-u2-401 \($0 % 2 == 0 ? "made" : "open")" })
    }

    @Test(
        "What was typed wrongly is answered with 64, and --help with 0",
        arguments: [
            (["wire", "B3", "cut"], "id is 1 to 64"), (["wire", "b3~loop", "cut"], "id is 1 to 64"),
            (["wire", "b3", "broken"], "'cut' and 'whole'"), (["wire", "b3", "whole", "--for", "5s"], "--for"),
            (["wire", "b3", "cut", "--for", "5"], "--for"), (["wire", "b3"], "state"), (["outputs", "b3"], "b3"),
        ])
    func mistakes(words: [String], hint: String) throws {
        let program = try SimProgram(words)
        #expect(try program.end() == 64)
        #expect(program.errors.contains(hint), "\(program.errors)")
        let help = try SimProgram([words[0], "--help"])
        #expect(try help.end() == 0)
        #expect(help.output.contains("USAGE: courtyard-sim \(words[0])"))
    }
}

/// The simulated lines of a gateway, without the gateway.
private final class Board: Sendable {
    let lines: SimulatedLines
    private let socket: String
    private let log: EdgeLog

    init() throws {
        socket = "/tmp/courtyard-board-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
        log = EdgeLog()
        lines = try SimulatedLines(path: socket) { [log] in log.add($0) }
        lines.start()
    }

    deinit { lines.stop() }

    /// Everything that happened to contacts, such as `b3-u2-401 made`.
    var edges: [String] { log.all }

    func run(_ words: String...) throws -> SimProgram { try SimProgram(words + ["--socket", socket]) }
}

private final class EdgeLog: Sendable {
    private let kept = Mutex<[String]>([])
    var all: [String] { kept.withLock { $0 } }

    func add(_ reports: [LineReport]) {
        let edges = reports.compactMap { report -> String? in
            guard case .edge(let point, let made, _) = report else { return nil }
            return "\(point) \(made ? "made" : "open")"
        }
        kept.withLock { $0 += edges }
    }
}

/// `courtyard-sim`, as the same build made it, with what it was told to do.
private final class SimProgram {
    private let process = Process()
    private let directory: ThrowAwayDirectory

    init(_ words: [String]) throws {
        directory = try ThrowAwayDirectory()
        let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        process.executableURL = URL(filePath: bundle).deletingLastPathComponent().appending(path: "courtyard-sim")
        process.arguments = words
        for name in ["out", "err"] { try directory.write("", to: name) }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: "\(directory.path)/out")
        process.standardError = FileHandle(forWritingAtPath: "\(directory.path)/err")
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        directory.remove()
    }

    var output: String { ThrowAwayDirectory.read("\(directory.path)/out") }
    var errors: String { ThrowAwayDirectory.read("\(directory.path)/err") }
    var isRunning: Bool { process.isRunning }

    func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// Its exit code; 128 more than the signal if one ended it.
    func end() throws -> Int32 {
        try wait("\(process.arguments ?? []) to end") { !process.isRunning }
        return process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
    }
}

private struct TooLate: Error {
    let what: String
}

/// Waits until `condition` is true, at most 15 s.
private func wait(_ what: String, until condition: () -> Bool) throws {
    for _ in 0..<15_000 {
        if condition() { return }
        usleep(1000)
    }
    throw TooLate(what: what)
}
