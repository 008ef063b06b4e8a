internal import CourtyardSimulation
internal import Glibc

/// A small kernel of one's own, booted as a program (simulator/kernel), in which this program plays scenarios.
struct KernelGuest {
    private let script: String
    private static let place = "simulator/kernel/run.sh"

    /// How many lines can be watched there (simulator/kernel/README.md).
    static let mostWatched = 256
    static let mostLines = 500
    /// Seconds of real time for booting, and for one scenario; virtual time jumps over what is only waited for.
    private static let bootSeconds = 60
    private static let scenarioSeconds = 300

    /// - Throws: if the script that boots it is nowhere.
    init() throws {
        let places = Self.parents(of: Programs.ownDirectory) + Self.parents(of: Self.workingDirectory)
        guard let found = places.first(where: { access("\($0)/\(Self.place)", X_OK) == 0 }) else {
            throw SimulatorError(
                "\(Self.place), which boots the kernel, stands neither above this program nor above this "
                    + "directory: run it in a checkout of the project, or use --on process")
        }
        script = "\(found)/\(Self.place)"
    }

    private static var workingDirectory: String {
        // SAFETY: getcwd(3) allocates the text when given no buffer; it is copied, then freed.
        let text = getcwd(nil, 0)
        defer { free(text) }
        guard let text else { return "/" }
        return String(cString: text)
    }

    private static func parents(of path: String) -> [String] {
        let parts = path.split(separator: "/")
        return (0...parts.count).reversed().map { "/" + parts.prefix($0).joined(separator: "/") }
    }

    /// Why the scenario has no place there; nil if it has.
    static func objection(to scenario: Scenario) -> String? {
        let wiring = Wiring(scenario.site)
        let watched = wiring.watched.count + wiring.receivers.count
        if watched > mostWatched {
            return "the kernel can watch \(mostWatched) lines, and points, loops and receivers are \(watched)"
        }
        if watched + wiring.driven.count > mostLines {
            return "the kernel has \(mostLines) lines, and points, loops, receivers and outputs are "
                + "\(watched + wiring.driven.count)"
        }
        return nil
    }

    /// Runs this program in it, and answers its exit code; 1 if the kernel itself fails, which has been said then.
    /// - Parameter shares: directories into which it may write.
    func run(_ arguments: [String], for scenarios: [Scenario], shares: [String]) throws -> Int32 {
        let wirings = scenarios.map { Wiring($0.site) }
        let chips = [
            (Wiring.inputs, wirings.map { $0.watched.count + $0.receivers.count }.max() ?? 0),
            (Wiring.outputs, wirings.map(\.driven.count).max() ?? 0),
        ]
        var command = [script, "--virtual-time", "--timeout"]
        command.append(String(Self.bootSeconds + Self.scenarioSeconds * scenarios.count))
        for (label, count) in chips where count > 0 { command += ["--chip", "\(label):\(count)"] }
        for share in shares { command += ["--share", share] }
        command += ["--", "\(Programs.ownDirectory)/courtyard-sim"] + arguments
        let code = try Self.wait(for: command)
        return [0, 1, EX_USAGE].contains(code) ? code : 1
    }

    private static func wait(for command: [String]) throws -> Int32 {
        // It ends with this program, however that ends.
        let bound = Programs.find("setpriv").map { [$0, "--pdeathsig", "TERM", "--"] } ?? []
        let words = bound + command
        // SAFETY: the copies live until posix_spawn(3) has returned, and are freed then.
        let arguments = words.map { strdup($0) } + [nil]
        defer { for text in arguments { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, words[0], nil, nil, arguments, environ)
        guard code == 0 else {
            throw SimulatorError("\(words[0]) can't be started: \(String(cString: strerror(code)))")
        }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status & 0x7f == 0 ? status >> 8 & 0xff : 1  // WTERMSIG and WEXITSTATUS, waitpid(2)
    }
}
