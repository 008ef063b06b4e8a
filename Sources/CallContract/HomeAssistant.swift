public import CallCore

/// How a gateway introduces itself to Home Assistant: MQTT discovery with one payload for the whole device
/// (https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload; Home Assistant 2024.11 or later).
///
/// Only an introduction: everything it points at stands on the contract's own topics, and nothing can be commanded
/// through it. See docs/home-assistant.md.
public enum HomeAssistant {
    /// Where Home Assistant looks unless told otherwise.
    public static let standardPrefix = "homeassistant"

    /// One message to publish retained.
    public struct Retained: Hashable, Sendable {
        public let topic: String
        /// UTF-8 JSON; empty to take back what stood there.
        public let payload: [UInt8]
    }

    /// The device with its entities: `connected` (the gateway is there), `problem` (it is `degraded`), and for every
    /// service how many calls are open and how many nobody has accepted.
    ///
    /// - Parameters:
    ///   - prefix: Home Assistant's discovery prefix, without a slash at its end.
    ///   - version: the gateway's.
    ///   - services: the site's; the reserved service of tests is left out, as it is in the summary.
    ///   - withdrawn: services that were introduced before by this process and are no more: their entities are removed.
    public static func discovery(
        prefix: String = standardPrefix, topics: Topics, version: String, services: some Sequence<ServiceID>,
        withdrawn: some Sequence<ServiceID> = []
    ) -> [Retained] {
        let id = deviceID(topics)
        let present = services.filter { $0 != .test }
        var components = [connected(topics, id), problem(topics, id)]
        for service in present {
            components.append(count("open", of: service, topics, id))
            components.append(count("unaccepted", of: service, topics, id))
        }
        for service in withdrawn where service != .test && !present.contains(service) {
            components += ["open", "unaccepted"].map { Component(key: key(service, $0), platform: "sensor") }
        }
        let message = DeviceMessage(
            device: .init(
                identifiers: [id], name: "\(topics.site) \(topics.gateway)", manufacturer: "Courtyard Gateway",
                sw_version: version),
            origin: .init(name: "courtyard-gateway", sw_version: version), components: Components(list: components),
            qos: 1)
        return [Retained(topic: topic(prefix, topics), payload: WireJSON.bytes(message))]
    }

    /// What takes the device and all its entities out of Home Assistant again, once it is turned off.
    public static func removal(prefix: String = standardPrefix, topics: Topics) -> [Retained] {
        [Retained(topic: topic(prefix, topics), payload: [])]
    }

    /// `<prefix>/device/<object id>/config`
    private static func topic(_ prefix: String, _ topics: Topics) -> String {
        "\(prefix)/device/\(deviceID(topics))/config"
    }

    /// Ids have no underscore, so no two gateways of any sites share one.
    private static func deviceID(_ topics: Topics) -> String { "courtyard_\(topics.site)_\(topics.gateway)" }
    private static func key(_ service: ServiceID, _ count: String) -> String { "\(service)_\(count)" }

    // MARK: Entities

    /// After an orderly stop the last word is `stopping`, and no will follows it.
    private static let gone = "value_json.state in ['offline', 'stopping']"

    private static func connected(_ topics: Topics, _ id: String) -> Component {
        var component = Component(key: "connected", platform: "binary_sensor", unique_id: "\(id)_connected")
        component.name = "Connected"
        component.device_class = "connectivity"
        component.entity_category = "diagnostic"
        component.state_topic = topics.status
        component.value_template = "{{ 'OFF' if \(gone) else 'ON' }}"
        return component
    }

    private static func problem(_ topics: Topics, _ id: String) -> Component {
        var component = Component(key: "problem", platform: "binary_sensor", unique_id: "\(id)_problem")
        component.name = "Problem"
        component.device_class = "problem"
        component.state_topic = topics.status
        component.value_template = "{{ 'ON' if value_json.state == 'degraded' else 'OFF' }}"
        component.dependOn(topics.status)
        return component
    }

    private static func count(_ count: String, of service: ServiceID, _ topics: Topics, _ id: String) -> Component {
        let key = key(service, count)
        var component = Component(key: key, platform: "sensor", unique_id: "\(id)_\(key)")
        let words = service.text.split(separator: "-").joined(separator: " ")
        component.name = words.prefix(1).uppercased() + words.dropFirst() + " " + count
        component.icon = count == "open" ? "mdi:bell-ring" : "mdi:bell-alert"
        component.state_class = "measurement"
        component.state_topic = topics.summary
        // A summary from before a reload may lack the service.
        component.value_template =
            "{{ (value_json.services['\(service)'] | default({}))['\(count)'] | default(0) }}"
        component.dependOn(topics.status)
        return component
    }

    // MARK: Wire types, with Home Assistant's own names

    private struct DeviceMessage: Encodable {
        let device: Device
        let origin: Origin
        let components: Components
        let qos: Int
    }

    private struct Device: Encodable {
        let identifiers: [String]
        let name: String
        let manufacturer: String
        let sw_version: String
    }

    private struct Origin: Encodable {
        let name: String
        let sw_version: String
    }

    /// An object in the order of its list, so that the same site gives the same bytes.
    private struct Components: Encodable {
        let list: [Component]

        struct Key: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            for component in list { try container.encode(component, forKey: Key(stringValue: component.key)) }
        }
    }

    /// With nothing but its platform it removes the entity of that key.
    private struct Component: Encodable {
        let key: String
        let platform: String
        var unique_id: String?
        var name: String?
        var device_class: String?
        var entity_category: String?
        var state_class: String?
        var icon: String?
        var state_topic: String?
        var value_template: String?
        var availability_topic: String?
        var availability_template: String?

        private enum CodingKeys: String, CodingKey {
            case platform, unique_id, name, device_class, entity_category, state_class, icon, state_topic
            case value_template, availability_topic, availability_template
        }

        init(key: String, platform: String, unique_id: String? = nil) {
            self.key = key
            self.platform = platform
            self.unique_id = unique_id
        }

        /// Unknown while the gateway is not there: an old number would be taken for the present one.
        mutating func dependOn(_ status: String) {
            availability_topic = status
            availability_template = "{{ 'offline' if \(HomeAssistant.gone) else 'online' }}"
        }
    }
}
