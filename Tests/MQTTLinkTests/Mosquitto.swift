import Foundation
import MQTTLink

/// A real mosquitto on a free loopback port, with its files in a directory of its own. Ended with the object.
final class Mosquitto {
    let port: Int
    let directory: URL
    private var process: Process?
    /// Debian's, or the one the environment's MOSQUITTO names, to test against another version.
    private static let program = ProcessInfo.processInfo.environment["MOSQUITTO"] ?? "/usr/sbin/mosquitto"
    private let settings: String

    /// `settings`: further lines for mosquitto.conf; `DIR` in them stands for the directory.
    init(_ settings: String = "allow_anonymous true", port: Int = freePort(), directory: URL? = nil) throws {
        self.port = port
        self.settings = settings
        self.directory = try directory ?? temporaryDirectory()
        try start()
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: directory)
    }

    var broker: MQTTLink.Broker { MQTTLink.Broker(host: "127.0.0.1", port: port) }

    /// Starts it, again after `kill`, and waits until it answers.
    func start() throws {
        let file = directory.appendingPathComponent("mosquitto.conf")
        let lines = """
            listener \(port) 127.0.0.1
            user root
            log_dest file \(directory.path)/log
            log_type all
            connection_messages true
            \(settings.replacingOccurrences(of: "DIR", with: directory.path))

            """
        try lines.write(to: file, atomically: true, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.program)
        process.arguments = ["-c", file.path]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
        try eventually("mosquitto listens on \(port); its log: \(log)") {
            guard process.isRunning else { throw Missing("mosquitto ended at once; its log: \(log)") }
            return canConnect(to: port)
        }
    }

    /// kill -9.
    func kill() { signal(SIGKILL, waits: true) }

    /// Stops it in its tracks: the kernel still accepts connections for it. It stands still when this returns.
    func freeze() throws {
        signal(SIGSTOP)
        let file = "/proc/\(process?.processIdentifier ?? 0)/status"
        try eventually("mosquitto stands still") {
            try String(contentsOfFile: file, encoding: .utf8).contains("State:\tT")
        }
    }
    func thaw() { signal(SIGCONT) }

    private func signal(_ number: Int32, waits: Bool = false) {
        guard let process, process.isRunning else { return }
        Foundation.kill(process.processIdentifier, number)
        if waits { process.waitUntilExit() }
    }

    var log: String { (try? String(contentsOf: directory.appendingPathComponent("log"), encoding: .utf8)) ?? "" }
}

func temporaryDirectory() throws -> URL {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("mqttlink-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
}

/// Runs a tool to its end; returns what it printed, throws if it failed.
@discardableResult
func run(_ tool: String, _ arguments: [String], in directory: URL? = nil) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [tool] + arguments
    if let directory { process.currentDirectoryURL = directory }
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let words = String(decoding: data, as: UTF8.self)
    guard process.terminationStatus == 0 else { throw Missing("\(tool) \(arguments) failed: \(words)") }
    return words
}
