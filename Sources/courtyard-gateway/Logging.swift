internal import CallContract
internal import CallCore
internal import GatewayAgent
internal import Glibc
internal import LinuxSupport

/// Fields in systemd's journal when it listens on standard error (systemd.exec(5), `$JOURNAL_STREAM`); otherwise one
/// readable line each.
struct Log: AgentLog, Sendable {
    private let toSystemd: Bool
    private let least: LogLevel

    init(verbose: Bool) {
        toSystemd = Self.isJournal(STDERR_FILENO)
        least = verbose ? .debug : .info
    }

    func log(_ level: LogLevel, _ text: String, _ fields: [String: String]) {
        guard level.rawValue <= least.rawValue else { return }
        if toSystemd { send(level, text, fields) } else { write(level, text) }
    }

    private func write(_ level: LogLevel, _ text: String) {
        let line = "\(SystemClock().now().wall) \(Self.name(level)) \(oneLine(text))\n"
        _ = line.utf8.withContiguousStorageIfAvailable { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// One datagram in the journal's native protocol (systemd's JOURNAL_NATIVE_PROTOCOL): a value of one line as
    /// `KEY=value`. Standard error, which the journal reads too, is the way out when that fails.
    private func send(_ level: LogLevel, _ text: String, _ fields: [String: String]) {
        var all = fields
        all["MESSAGE"] = text
        all["PRIORITY"] = String(level.rawValue)
        all["SYSLOG_IDENTIFIER"] = "courtyard-gateway"
        let lines = all.map { "\($0)=\(oneLine($1))\n" }.joined()
        if !UnixSocket.send(Array(lines.utf8), to: "/run/systemd/journal/socket") { write(level, text) }
    }

    /// `$JOURNAL_STREAM` names the device and inode that the journal reads; a redirected standard error is another.
    private static func isJournal(_ fd: Int32) -> Bool {
        var status = stat()
        guard let stream = getenv("JOURNAL_STREAM"), fstat(fd, &status) == 0 else { return false }
        return String(cString: stream) == "\(status.st_dev):\(status.st_ino)"
    }

    private func oneLine(_ text: String) -> String {
        String(text.map { $0.isNewline || $0 == "\0" ? " " : $0 })
    }

    private static func name(_ level: LogLevel) -> String {
        switch level {
        case .error: "ERROR  "
        case .warning: "WARNING"
        case .notice: "NOTICE "
        case .info: "INFO   "
        case .debug: "DEBUG  "
        }
    }
}
