internal import CallCore
internal import LinuxSupport
internal import Synchronization

/// Somebody who watches every lamp of one agent, from the moment at which it can be asked until it is gone.
final class LampWatch: Sendable {
    /// A lamp's light, as it was seen.
    struct Light: Sendable {
        let lamp: String
        let signal: String
        let at: Moment
    }

    private let lights = Mutex<[Light]>([])
    private let wakeUp = WakeUp()
    private let listed = DriverThread.Gate()
    private let ended = DriverThread.Gate()
    /// To be polled for reading.
    var descriptor: Int32 { wakeUp.descriptor }

    /// Begins with what every lamp shows now.
    func start(socket: String) throws {
        let thread = DriverThread(named: "lamps") { [self] in
            // It ends with the agent: that is what a kill looks like from here.
            try? watch(socket)
            listed.open()
            ended.open()
        }
        thread.start()
    }

    private func watch(_ socket: String) throws {
        var lines = try LinesClient(path: socket)
        for shown in try lines.outputs() { see(shown) }
        listed.open()
        while true { see(try lines.nextOutput()) }
    }

    private func see(_ shown: ShownOutput) {
        let light = Light(lamp: shown.output, signal: shown.signal, at: .now)
        lights.withLock { $0.append(light) }
        wakeUp.wake()
    }

    /// What was seen since the last time.
    func take() -> [Light] {
        wakeUp.clear()
        return lights.withLock { lights in
            defer { lights = [] }
            return lights
        }
    }

    /// Waits until it has seen what every lamp showed when it came.
    func awaitList() -> Bool { listed.pass(within: .seconds(5)) }

    /// Waits until the agent is gone and everything that it said has been seen.
    func join() { _ = ended.pass(within: .seconds(5)) }
}
