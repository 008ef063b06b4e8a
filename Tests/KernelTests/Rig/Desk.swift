import CallContract
import Foundation

/// A display that is not ours: mosquitto_sub, and what it received.
final class Desk {
    struct Message {
        /// After `courtyard/v1/<site>/<gateway>/`.
        let place: String
        let payload: [UInt8]
    }

    private let program: Program
    private var readBytes = 0
    private var kept: [Message] = []

    init(in directory: String) throws {
        program = try Program(
            "mosquitto_sub",
            ["stdbuf", "-oL", "mosquitto_sub", "-d", "-V", "5", "-q", "1", "-F", "%t %p", "-t", "courtyard/#"],
            in: directory)
        let program = program
        try wait(until: "the desk's subscription") { program.text.contains("Subscribed (mid") }
    }

    /// Everything so far, in the order of arrival.
    var messages: [Message] {
        let unread = program.output.dropFirst(readBytes)
        // A line may be cut anywhere, also within a character: only whole ones are looked at.
        guard let end = unread.lastIndex(of: 10) else { return kept }
        readBytes += unread[...end].count
        for line in unread[...end].split(separator: 10) {
            // Everything else is what mosquitto_sub says of itself.
            guard line.starts(with: Array("courtyard/".utf8)), let space = line.firstIndex(of: 32) else { continue }
            let topic = String(decoding: line[..<space], as: UTF8.self)
            kept.append(
                Message(
                    place: topic.split(separator: "/").dropFirst(4).joined(separator: "/"),
                    payload: Array(line[(space + 1)...])))
        }
        return kept
    }

    /// Every event, as often as it came; but what opened a call only once, since it is offered until it is received.
    var events: [EventMessage] {
        get throws {
            var opened: Set<String> = []
            let all = try messages.filter { $0.place.hasPrefix("event/") }.map {
                let event = try WireJSON.read(EventMessage.self, from: $0.payload)
                let type = event.type.dropFirst("courtyard.call.".count)
                guard $0.place == "event/\(event.data.service)/\(type)" else {
                    throw Trouble("\(event.type) on \($0.place)")
                }
                return event
            }
            return all.filter { $0.type != "courtyard.call.raised" || opened.insert($0.id).inserted }
        }
    }

    func events(_ type: String, of point: String) throws -> [EventMessage] {
        try events.filter { $0.subject == point && $0.type == "courtyard.call.\(type)" }
    }
    func presses(of point: String) throws -> [EventMessage] { try events("pressed", of: point) }
    func raisings(of point: String) throws -> [EventMessage] { try events("raised", of: point) }

    /// How the gateway, a fault or a point stands now; nil when there is none.
    var status: StatusMessage? { get throws { try standing("status") } }
    func fault(_ id: String) throws -> FaultMessage? { try standing("fault/\(id)") }
    func point(_ id: String) throws -> PointMessage? { try standing("point/\(id)") }

    /// The open call of a point, as its record stands.
    func call(of point: String) throws -> CallMessage? {
        let places = messages.filter { $0.place.hasPrefix("call/") }.map(\.place)
        return try Set(places).lazy.compactMap { try self.standing($0) as CallMessage? }.first {
            $0.data.point == point
        }
    }

    private func standing<T: Decodable>(_ place: String) throws -> T? {
        guard let last = messages.last(where: { $0.place == place }), !last.payload.isEmpty else { return nil }
        return try WireJSON.read(T.self, from: last.payload)
    }

    /// True if the fault was set at any time, though it may be gone again.
    func everHeard(of fault: String) -> Bool {
        messages.contains { $0.place == "fault/\(fault)" && !$0.payload.isEmpty }
    }
}
