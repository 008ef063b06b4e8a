internal import CSystemd
internal import CallContract
internal import CallCore
internal import GatewayAgent
internal import Glibc

/// Fields in systemd's journal when it listens on standard error (systemd.exec(5), `$JOURNAL_STREAM`); otherwise one
/// readable line each.
struct Log: AgentLog, Sendable {
    private let toSystemd: Bool
    private let least: LogLevel

    init(verbose: Bool) {
        toSystemd = getenv("JOURNAL_STREAM") != nil
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

    private func send(_ level: LogLevel, _ text: String, _ fields: [String: String]) {
        var all = fields
        all["MESSAGE"] = text
        all["PRIORITY"] = String(level.rawValue)
        all["SYSLOG_IDENTIFIER"] = "courtyard-gateway"
        let lines = all.map { Array("\($0)=\($1)".utf8) }
        // SAFETY: the copies live until sd_journal_sendv has returned, and are freed then.
        let vectors = lines.map { line -> iovec in
            let copy = UnsafeMutableRawPointer.allocate(byteCount: line.count, alignment: 1)
            copy.copyMemory(from: line, byteCount: line.count)
            return iovec(iov_base: copy, iov_len: line.count)
        }
        sd_journal_sendv(vectors, Int32(vectors.count))
        for vector in vectors { vector.iov_base.deallocate() }
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
