internal import Glibc

/// Swift's hashing is seeded anew for each process (Hasher's documentation), and with it the order in which a set is
/// walked through. What a seed or a scenario brings about must not depend on that.
enum Determinism {
    private static let variable = "SWIFT_DETERMINISTIC_HASHING"

    /// Runs this program once more in its own place, with the same arguments and Swift's hashing made the same each
    /// time, unless it is so already. To be called before anything else is done. Returns if that can't be.
    static func insist() {
        guard getenv(variable) == nil else { return }
        setenv(variable, "1", 1)
        // SAFETY: the copies belong to the program that replaces this one, or are freed.
        var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
        execv("/proc/self/exe", &arguments)
        for argument in arguments { free(argument) }
    }
}
