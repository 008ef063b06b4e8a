import Foundation
import Testing

/// User Mode Linux exists for this processor.
#if arch(x86_64)
    private let hasKernel = true
#else
    private let hasKernel = false
#endif

@Suite(
    "The driver in a kernel of its own", .enabled(if: !isInGuest, "this is the guest"),
    .enabled(if: hasKernel, "User Mode Linux runs on x86-64 only"))
struct GuestTests {
    /// Boots the small kernel of `simulator/kernel` and runs this very test program in it, for `KernelLinesTests` and
    /// `KernelOutputsTests`, one test at a time: some change the whole process's user.
    @Test("Lines and outputs of a real kernel behave", .timeLimit(.minutes(15)))
    func kernelLines() throws {
        let run = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../simulator/kernel/run.sh")
            .standardizedFileURL
        let guest = Process()
        guest.executableURL = run
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        guest.arguments = [
            "--timeout", "180", "--", program, "--testing-library", "swift-testing", "--no-parallel", "--filter",
            "GPIOLinesTests.Kernel",
        ]
        guest.environment = ProcessInfo.processInfo.environment.merging(["COURTYARD_GUEST": "1"]) { $1 }
        let pipe = Pipe()
        guest.standardOutput = pipe
        guest.standardError = pipe
        try guest.run()
        let output = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        guest.waitUntilExit()
        #expect(guest.terminationStatus == 0, "\(output)")
        for suite in ["Lines of a real kernel", "Outputs on a real kernel"] {
            #expect(output.contains("Suite \"\(suite)\" passed"), "\(output)")
        }
    }
}
