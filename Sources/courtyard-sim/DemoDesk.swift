internal import CallContract
internal import CallCore
internal import CourtyardSimulation
internal import MQTTLink

/// The demo's duty desk: one whose people take as long as people do.
enum DemoDesk {
    static let name = "值班室"

    static func make() -> DutyDesk {
        let manner = DeskManner(
            acceptAfter: .seconds(5)...(.seconds(20)), arriveAfter: .seconds(20)...(.seconds(60)),
            resolveAfter: .seconds(15)...(.seconds(60)), sayReceivedAfter: .milliseconds(500))
        return DutyDesk(id: DeskID(unchecked: "desk-1"), name: name, manner: manner, run: Desk.newRun(), dice: .fresh)
    }

    static func status(_ state: DeskMessage.State) -> [UInt8] {
        WireJSON.bytes(DeskMessage(state: state, name: name))
    }

    /// What it says last, or what the broker says for it.
    static func message(_ state: DeskMessage.State, _ topics: Topics) -> Message {
        Message(topic: topics.desk(DeskID(unchecked: "desk-1")), payload: status(state), retain: true)
    }
}
