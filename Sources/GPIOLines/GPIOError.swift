internal import Glibc

/// Why the lines thread can't start. What is wrong with single lines is a `LineTrouble`, never an error.
public enum GPIOError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A system call failed while starting: `operation` is its name, `code` its errno.
    case start(operation: String, code: Int32)
    /// `start` was called a second time.
    case alreadyStarted

    public var description: String {
        switch self {
        case .start(let operation, let code):
            "GPIO lines: \(operation) failed: \(systemMessage(code)). The process is out of descriptors, threads or "
                + "memory: see its limits (systemd: LimitNOFILE, TasksMax, MemoryMax)"
        case .alreadyStarted:
            "GPIO lines: started twice"
        }
    }
}

/// The system's words for an errno.
func systemMessage(_ code: Int32) -> String {
    // SAFETY: strerror returns a NUL-terminated string (glibc: of this thread), copied at once.
    String(cString: strerror(code))
}
