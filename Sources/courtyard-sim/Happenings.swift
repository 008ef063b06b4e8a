internal import CallCore
internal import LinuxSupport
internal import MQTTLink
internal import Synchronization

/// Something that happened to the demo, on another thread.
enum Happening: Sendable {
    /// The subscriber received a message.
    case received(Message, at: Moment)
    case connected
    case disconnected(String)
    /// The broker did not take what was published.
    case refused(String)
    /// A resident begins to press.
    case pressed(MadePress)
    /// Nobody presses any more, and every button is let go.
    case residentsRest
    case residentsFailed(String)
}

/// What happened, in its order, until the main thread looks.
final class Happenings: Sendable {
    private let waiting = Mutex<[Happening]>([])
    private let wakeUp = WakeUp()

    /// To be polled for reading.
    var descriptor: Int32 { wakeUp.descriptor }

    func put(_ happening: Happening) {
        waiting.withLock { $0.append(happening) }
        wakeUp.wake()
    }

    func take() -> [Happening] {
        wakeUp.clear()
        return waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
    }
}
