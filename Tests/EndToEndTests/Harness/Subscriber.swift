import Foundation
import Glibc

/// One message as mosquitto_sub(1) printed it.
struct Message {
    let topic: String
    let qos: Int64
    /// The flag as the publisher set it.
    let retain: Bool
    /// MQTT 5 properties; null on MQTT 3.1.1.
    let properties: JSON
    let payload: String
    /// The payload as JSON; nil if it is none.
    let json: JSON?

    init?(line: String) {
        guard line.hasPrefix("{"), let outer = try? JSON(parsing: line), let topic = outer.topic?.string else {
            return nil
        }
        self.topic = topic
        qos = outer.qos?.int ?? -1
        retain = outer.retain == 1
        properties = outer.properties ?? .null
        payload = outer.payload?.string ?? ""
        json = try? JSON(parsing: payload)
    }

    /// The last parts of its topic, after `courtyard/v1/<site>/<gateway>/`.
    var place: String { topic.split(separator: "/", maxSplits: 4).last.map(String.init) ?? topic }
    /// True for what is published on the event topics.
    var isEvent: Bool { place.hasPrefix("event/") }
    /// `pressed`, `raised` …
    var eventType: String? { isEvent ? place.split(separator: "/").last.map(String.init) : nil }
    var id: String { json?.id?.string ?? "" }
    var point: String { json?.data?.point?.string ?? "" }
    var time: Int64? { contractTime(json?.time?.string) }
}

/// A client that is not ours: mosquitto_sub, subscribed with QoS 2 so that the publisher's own QoS shows.
final class Subscriber {
    private let bench: Bench
    private let process: ChildProcess
    private var read = 0
    private var unfinished = ""
    private(set) var messages: [Message] = []

    /// Returns once the broker has acknowledged the subscriptions.
    init(_ broker: Broker, filters: [String] = ["courtyard/#"], _ options: [String] = ["-V", "5"]) throws {
        bench = broker.bench
        let keepsRetain = options.contains("5") ? ["--retain-as-published"] : []
        process = try bench.start(
            "mosquitto_sub", "stdbuf",
            ["-oL", "mosquitto_sub", "-h", "127.0.0.1", "-p", "\(broker.port)", "-q", "2", "-F", "%j", "-d"] + options
                + keepsRetain
                + filters.flatMap { ["-t", $0] })
        bench.record.add(process.outputPath, keepsRetain: !keepsRetain.isEmpty)
        try EndToEndTests.wait(until: "the subscription to \(filters)") { process.output.contains("Subscribed (mid") }
    }

    /// Ends it; its logs don't stand in failures any more.
    func end() {
        bench.end(process)
        take()
    }

    /// Waits until `probe` finds in the messages so far what it looks for.
    @discardableResult
    func wait<T>(
        for what: @autoclosure () -> String, within limit: Duration = patience, _ probe: (Subscriber) throws -> T?
    ) throws -> T {
        try EndToEndTests.wait(for: what(), within: limit) {
            take()
            return try probe(self)
        }
    }

    /// Waits until `condition` holds for the messages so far.
    func wait(
        until what: @autoclosure () -> String, within limit: Duration = patience,
        _ condition: (Subscriber) throws -> Bool
    ) throws {
        try wait(for: what(), within: limit) { try condition($0) ? true : nil }
    }

    // MARK: What came

    /// Every event, as often as it came.
    var everyEvent: [Message] { messages.filter(\.isEvent) }
    /// The events, but what opened a call only once: it is offered again until a desk has received it.
    var events: [Message] {
        var opened: Set<String> = []
        return everyEvent.filter { event in
            guard event.eventType == "raised" || event.eventType == "reopened" else { return true }
            return opened.insert(event.id).inserted
        }
    }
    func events(_ type: String) -> [Message] { events.filter { $0.eventType == type } }
    /// The `pressed` events of a point.
    func presses(_ point: String) -> [Message] { events("pressed").filter { $0.point == point } }
    /// The latest message on a topic.
    func last(_ topic: String) -> Message? { messages.last { $0.topic == topic } }
    /// The latest message whose topic ends so, below the gateway's base.
    func lastAt(_ place: String) -> Message? { messages.last { $0.place == place } }
    /// True while a fault stands as far as seen.
    func isSet(_ fault: String) -> Bool { lastAt("fault/\(fault)").map { !$0.payload.isEmpty } ?? false }

    /// Forgets what came so far.
    func forget() {
        take()
        messages = []
    }

    private func take() {
        guard let file = FileHandle(forReadingAtPath: process.outputPath) else { return }
        defer { try? file.close() }
        try? file.seek(toOffset: UInt64(read))
        guard let data = try? file.readToEnd(), !data.isEmpty else { return }
        // A line may be cut anywhere, also within a character: only whole lines are decoded.
        guard let newline = data.lastIndex(of: 10) else { return }
        let whole = data[...newline]
        read += whole.count
        for line in whole.split(separator: 10) {
            if let message = Message(line: String(decoding: line, as: UTF8.self)) { messages.append(message) }
        }
    }
}
