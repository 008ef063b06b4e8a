import Glibc
import Testing

/// A driver's thread of this process, as the kernel accounts for it (proc(5)).
struct DriversThread {
    private let directory: String

    /// The thread of this name; the newest if a stopped one lingers.
    init?(named name: String) {
        guard let tasks = opendir("/proc/self/task") else { return nil }
        defer { closedir(tasks) }
        var found: [Int] = []
        while let entry = readdir(tasks) {
            let task = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { Int(String(cString: $0)) }
            }
            if let task, (try? text(of: "/proc/self/task/\(task)/comm")) == name { found.append(task) }
        }
        guard let newest = found.max() else { return nil }
        directory = "/proc/self/task/\(newest)"
    }

    var isAsleep: Bool { (try? text(of: "\(directory)/status"))?.contains("State:\tS") == true }

    /// How often it has gone to sleep and been woken.
    var switches: Int {
        get throws {
            let line = try text(of: "\(directory)/status").split(separator: "\n")
                .first { $0.hasPrefix("voluntary_ctxt_switches:") }
            return try #require(line.flatMap { Int($0.split(separator: "\t")[1]) })
        }
    }
}
