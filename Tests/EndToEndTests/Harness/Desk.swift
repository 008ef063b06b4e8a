import Foundation

/// A duty desk that is not ours: mosquitto_pub for what it says, mosquitto_sub for what it hears.
final class Desk {
    let id: String
    let broker: Broker
    let subscriber: Subscriber
    private var commands = 0
    private var presence: ChildProcess?

    init(_ broker: Broker, _ subscriber: Subscriber, id: String = "desk-1") {
        self.id = id
        self.broker = broker
        self.subscriber = subscriber
    }

    private var topic: String { "courtyard/v1/willow-court/desk/\(id)" }

    /// Says that a screen is open; the broker says `offline` for it when it is gone without a word.
    func listen() throws {
        presence = try broker.bench.start(
            "desk", "mosquitto_sub",
            [
                "-V", "5", "-p", "\(broker.port)", "-t", "nothing", "--will-topic", topic, "--will-payload",
                #"{"state":"offline"}"#, "--will-retain", "--will-qos", "1", "-k", "5",
            ])
        try broker.publish(topic, #"{"state":"listening","name":"值班室"}"#, retain: true)
    }

    /// Pulled out of the wall.
    func vanish() { presence?.end() }

    /// Publishes a command with an id of its own; returns the id.
    @discardableResult
    func send(_ name: String, _ fields: String, id: String? = nil, actor: String? = nil) throws -> String {
        commands += 1
        let id = id ?? "\(self.id)-\(commands)"
        let actor = actor ?? "\(self.id)/王"
        try broker.publish("\(SiteFile.base)/command/\(name)", #"{"id":"\#(id)","actor":"\#(actor)",\#(fields)}"#)
        return id
    }

    func reply(to id: String) throws -> JSON {
        let reply = try subscriber.wait(for: "a reply to \(id)") { $0.lastAt("reply/\(id)") }
        guard !reply.retain, reply.qos == 1, let json = reply.json else { throw Broken("reply \(reply)") }
        return json
    }

    /// Gives a command about a call and waits for the answer.
    func ask(_ name: String, _ call: String, revision: Int? = nil, _ more: String = "", id: String? = nil) throws
        -> JSON
    {
        let fields =
            [#""call":"\#(call)""#] + (revision.map { [#""revision":\#($0)"#] } ?? []) + (more.isEmpty ? [] : [more])
        return try reply(to: send(name, fields.joined(separator: ","), id: id))
    }
}
