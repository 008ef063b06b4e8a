internal import Glibc

/// Why the lines thread can't be set up. What is wrong with single lines is a `LineTrouble`, never an error.
public enum GPIOError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A system call failed: `operation` is its name, `code` its errno.
    case setUp(operation: String, code: Int32)

    public var description: String {
        switch self {
        case .setUp(let operation, let code):
            "GPIO lines: \(operation) failed: \(systemMessage(code)). The process is out of descriptors or memory (see "
                + "systemd's LimitNOFILE, MemoryMax), or the user of inotify instances (sysctl fs.inotify)"
        }
    }
}

/// The system's words for an errno.
func systemMessage(_ code: Int32) -> String {
    // SAFETY: strerror returns a NUL-terminated string (glibc: of this thread), copied at once.
    String(cString: strerror(code))
}
