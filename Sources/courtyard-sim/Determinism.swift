internal import Glibc

/// Swift's sets and dictionaries have another order in every process, on purpose. A run that is to be repeated byte for
/// byte starts itself once more without that (Hasher's documentation: SWIFT_DETERMINISTIC_HASHING).
enum Determinism {
    private static let variable = "SWIFT_DETERMINISTIC_HASHING"

    /// Returns only in a process whose hashing is the same every time.
    static func require() throws {
        guard getenv(variable) == nil else { return }
        setenv(variable, "1", 1)
        // SAFETY: the copies live until execv(3) has replaced this program; if it doesn't, the program ends.
        let arguments = CommandLine.arguments.map { strdup($0) } + [nil]
        execv("/proc/self/exe", arguments)
        throw SimulatorError("can't start itself once more: \(String(cString: strerror(errno)))")
    }
}
