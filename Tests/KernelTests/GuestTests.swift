import Foundation
import Testing

/// Whether this process runs in the kernel that `GuestTests` boots.
let isInGuest = ProcessInfo.processInfo.environment["COURTYARD_AGENT_GUEST"] != nil

@Suite("The agent in a kernel of its own", .enabled(if: Guest.isPossible, "the reason is printed above"))
struct GuestTests {
    /// Boots the small kernel of `simulator/kernel` and runs this very test program in it, for `AgentOnKernelLines`.
    @Test("The real agent works on a real kernel's lines", .timeLimit(.minutes(5)))
    func agentOnKernelLines() throws {
        let journals = try Guest.makeDirectory()
        defer { try? FileManager.default.removeItem(atPath: journals) }
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let (code, output) = try Guest.run(
            Guest.directory + "/run.sh",
            Guest.chips + [
                "--share", journals, "--timeout", "240", "--", program, "--testing-library", "swift-testing",
                "--filter", "KernelTests.AgentOnKernelLines",
            ], ["COURTYARD_AGENT_GUEST": journals])
        let lines = output.split(separator: "\n")
        print(lines.filter { $0.contains(" Test \"") && !$0.contains("started") }.joined(separator: "\n"))
        #expect(code == 0, "\(output)")
        #expect(lines.contains { $0.contains("Test run with") && $0.contains("passed") }, "\(output)")
    }
}

/// The kernel that is built as a program, and what it is booted with.
enum Guest {
    /// The buttons of every test, the expander that one unplugs, and a line that the kernel itself holds from the
    /// start, as a board's overlay does.
    static let chips = ["--chip", "buttons:16:BTN", "--chip", "expander:4:EXP", "--hog", "buttons:15:relay"]

    static let directory = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../simulator/kernel").standardizedFileURL.path

    /// Builds the kernel if it isn't there yet, and prints why not if that fails.
    static let isPossible: Bool = {
        if isInGuest { return false }
        #if arch(x86_64)
            do {
                let (code, output) = try run(directory + "/build.sh", [])
                if code != 0 { print("skipped: no kernel could be built here:\n\(output)") }
                return code == 0
            } catch {
                print("skipped: \(directory)/build.sh doesn't run: \(error)")
                return false
            }
        #else
            print("skipped: User Mode Linux runs on x86-64 only")
            return false
        #endif
    }()

    /// A directory on a disk, for journals: the guest's own forget everything.
    static func makeDirectory() throws -> String {
        let path = "/var/tmp/courtyard-kernel-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        return path
    }

    /// Runs a program to its end; what it says comes back.
    static func run(
        _ program: String, _ arguments: [String], _ environment: [String: String] = [:]
    ) throws -> (code: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, output)
    }
}
