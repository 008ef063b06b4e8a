public import CallCore
public import LinuxSupport
internal import Synchronization

/// Call points and outputs without hardware: a Unix socket through which `courtyard-sim` makes and opens contacts and
/// sees what lamps, buzzers and relays show.
///
/// The protocol is lines of text, at most `Wire.longestLine` bytes:
/// ```
/// made b3-u2-401        the contact is made            → ok made b3-u2-401
/// open b3-u2-401        the contact is opened          → ok open b3-u2-401
/// open b3-u2-401~loop   the wire is cut                → ok open b3-u2-401~loop
/// made b3-u2-401~loop   the wire is whole              → ok made b3-u2-401~loop
/// list                  which points there are         → point b3-u2-401 (one line each, loops too), then: end
/// radio hall 350 1050 … what a receiver's pin shows: carrier and silence by turns, in µs → ok radio hall
/// receivers             which receivers there are      → receiver hall (one line each), then: end
/// outputs               what every output shows now    → output b3-lamp received (one line each), then: end
/// ```
/// What a pin is to show while it still shows something follows behind that. An unknown point or receiver is answered
/// `unknown <id>`; anything else with `error <reason>`, and that connection ends.
/// What a connection holds made is opened when it ends: a hand that lets go. The loop of a supervised wire is made at
/// first, and one that a connection has opened is made again when that connection ends.
///
/// Between answers every connection is told each change of an output, as `output b3-lamp accepted`; the signals' words
/// are `Signal`'s. To one that doesn't read, only the newest state of each output is kept, and told when it reads on.
public final class SimulatedLines: Sendable {
    private let socket: SocketThread
    private let thread: DriverThread

    /// - Parameters:
    ///   - path: where the socket is made; an old one there is replaced.
    ///   - report: called on this driver's thread with what happened.
    ///   - heard: called there with what receivers heard, and how they are.
    /// - Throws: `SocketError` if the socket can't be made.
    public init(
        path: String, report: @escaping @Sendable ([LineReport]) -> Void,
        heard: @escaping @Sendable ([RadioReport], [ReceiverReport]) -> Void = { _, _ in }
    ) throws(SocketError) {
        let socket = try SocketThread(path: path, report: report, heard: heard)
        self.socket = socket
        thread = DriverThread(named: "sim-lines") { socket.run() }
    }

    /// Starts the thread.
    public func start() { thread.start() }

    /// These points from now on, among them the loops of supervised wires (`PointID.loop`). Points that were there
    /// before keep their contact as it is; new buttons are open and new loops made.
    public func watch(_ points: [PointID]) { socket.post(.watch(points)) }

    /// These receivers from now on, and what they listen for.
    public func listen(_ receivers: [RadioReceiver], for protocols: Set<RadioProtocol>) {
        socket.post(.listen(receivers, protocols))
    }

    /// What came of what each receiver gave out, when a press of it was told last.
    public var statistics: [ReceiverID: ReceiverStatistics] { socket.statistics.withLock { $0 } }

    /// There are these outputs from now on. New ones are idle unless they were shown something already; what others
    /// showed is forgotten.
    public func drive(_ outputs: [OutputID]) { socket.post(.drive(outputs)) }

    /// Lets an output show this signal from now on; a change is told to everyone connected. For an output that comes
    /// only with the next list it is remembered, for up to 256 of those.
    public func show(_ output: OutputID, _ signal: Signal) { socket.post(.show(output, signal)) }

    /// Runs `done` on the driver's thread, as proof that it makes progress.
    public func checkIn(_ done: @escaping @Sendable () -> Void) { socket.post(.run(done)) }

    /// Tells everyone connected what the board shows, such as `output identify`.
    public func tell(_ line: String) { socket.post(.tell(line)) }

    /// Ends all connections, removes the socket and waits for the thread.
    public func stop() {
        socket.post(.stop)
        _ = thread.join(within: .seconds(1))
    }
}
