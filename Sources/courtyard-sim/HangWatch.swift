internal import CourtyardSimulation
internal import Glibc
internal import LinuxSupport
internal import Synchronization

/// Ends the program when a turn of the agent's loop has not ended for long: no judge sees that, for none is asked any more.
enum HangWatch {
    /// In real time; a turn takes microseconds.
    private static let patience: UInt32 = 15

    /// The seed that is being explored.
    static let seed = Atomic<UInt64>(0)

    static func begin() throws {
        try DriverThread.detach(named: "hang-watch") {
            var last = -1
            while true {
                sleep(patience)
                let made = Episode.turnsMade.load(ordering: .relaxed)
                if made == last { tell() }
                last = made
            }
        }
    }

    private static func tell() -> Never {
        let seed = seed.load(ordering: .relaxed)
        print(
            """

            seed \(seed): \(Complaint.Rule.spinning.rawValue): a turn has not ended for \(patience) s
            No shorter sequence is looked for. Again: courtyard-sim explore --seed \(seed), with the same other options
            """)
        fflush(nil)
        _exit(1)
    }
}
