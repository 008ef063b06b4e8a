public import CallCore
public import LinuxSupport

/// Call points without hardware: a Unix socket through which `courtyard-sim` makes and opens contacts.
///
/// The protocol is lines of text, at most `Wire.longestLine` bytes:
/// ```
/// made b3-u2-401      the contact is made            → ok made b3-u2-401
/// open b3-u2-401      the contact is opened          → ok open b3-u2-401
/// list                which points there are         → point b3-u2-401 (one line each), then: end
/// ```
/// An unknown point is answered `unknown <point>`; anything else with `error <reason>`, and that connection ends.
/// What a connection holds made is opened when it ends: a hand that lets go.
public final class SimulatedLines: Sendable {
    private let socket: SocketThread
    private let thread: DriverThread

    /// - Parameters:
    ///   - path: where the socket is made; an old one there is replaced.
    ///   - report: called on this driver's thread with what happened.
    /// - Throws: `SocketError` if the socket can't be made.
    public init(path: String, report: @escaping @Sendable ([LineReport]) -> Void) throws(SocketError) {
        let socket = try SocketThread(path: path, report: report)
        self.socket = socket
        thread = DriverThread(named: "sim-lines") { socket.run() }
    }

    /// Starts the thread.
    public func start() { thread.start() }

    /// These points from now on. Points that were there before keep their contact as it is.
    public func watch(_ points: [PointID]) { socket.post(.watch(points)) }

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
