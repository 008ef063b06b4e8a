import CallContract
import CallCore
import Foundation
import Testing

private let topics = Topics(site: SiteID("willow-court")!, gateway: GatewayID("gw-1")!)
private let services = [ServiceID.emergency, .meal, ServiceID("tea-time")!]

private typealias Object = [String: Any]

private func discovered(
    _ services: [ServiceID] = services, withdrawn: [ServiceID] = [], prefix: String = HomeAssistant.standardPrefix
) throws -> Object {
    let messages = HomeAssistant.discovery(
        prefix: prefix, topics: topics, version: "0.2.0", services: services, withdrawn: withdrawn)
    #expect(messages.map(\.topic) == ["\(prefix)/device/courtyard_willow-court_gw-1/config"])
    return try #require(try JSONSerialization.jsonObject(with: Data(messages[0].payload)) as? Object)
}

private func components(of device: Object) throws -> [String: Object] {
    try #require(device["components"] as? [String: Object])
}

/// What Home Assistant makes of payloads with a template: the same template engine, with the variable it sets.
private func rendered(_ template: String, _ payloads: [[UInt8]]) throws -> [String] {
    let program = """
        import json, sys
        from jinja2.sandbox import ImmutableSandboxedEnvironment
        given = json.load(sys.stdin)
        template = ImmutableSandboxedEnvironment().from_string(given["template"])
        json.dump([template.render(value=p, value_json=json.loads(p)).strip() for p in given["payloads"]], sys.stdout)
        """
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = ["-c", program]
    let (given, said) = (Pipe(), Pipe())
    (process.standardInput, process.standardOutput) = (given, said)
    try process.run()
    let texts = payloads.map { String(decoding: $0, as: UTF8.self) }
    let input = try JSONSerialization.data(withJSONObject: ["template": template, "payloads": texts])
    try given.fileHandleForWriting.write(contentsOf: input)
    try given.fileHandleForWriting.close()
    let output = said.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "python3-jinja2 can't render \(template)")
    return try #require(try JSONSerialization.jsonObject(with: output) as? [String])
}

private func status(_ state: StatusMessage.State) -> [UInt8] {
    WireJSON.bytes(StatusMessage(state: state, boot: "boot-1", connection: 3, version: "0.2.0", simulated: false))
}

private func call(_ number: Int, _ service: ServiceID, accepted: Bool = false) -> Call {
    let stamp = Stamp(
        boot: "boot-1", moment: Moment(nanoseconds: 1), wall: WallTime(milliseconds: 1_787_541_255_926),
        quality: ClockQuality(synchronized: true, uncertaintyMs: 2))
    var call = Call(
        id: CallID("k3f9qz-\(number)")!, point: PointID("b\(number)")!, label: "床头",
        service: Service(id: service, priority: 1), raised: stamp)
    if accepted { call.state = .accepted }
    return call
}

@Suite("Home Assistant") struct HomeAssistantTests {
    @Test("One device per gateway, with who it is, what it is of, and an entity for everything")
    func device() throws {
        let found = try discovered()
        #expect((found["device"] as? Object)?["identifiers"] as? [String] == ["courtyard_willow-court_gw-1"])
        #expect((found["device"] as? Object)?["name"] as? String == "willow-court gw-1")
        #expect((found["device"] as? Object)?["sw_version"] as? String == "0.2.0")
        #expect((found["origin"] as? Object)?["name"] as? String == "courtyard-gateway")
        #expect(found["qos"] as? Int == 1)
        let components = try components(of: found)
        let counts = services.flatMap { ["\($0)_open", "\($0)_unaccepted"] }
        #expect(Set(components.keys) == Set(["connected", "problem"] + counts))
        for (key, component) in components {
            #expect(component["unique_id"] as? String == "courtyard_willow-court_gw-1_\(key)")
            #expect(component["platform"] as? String == (counts.contains(key) ? "sensor" : "binary_sensor"))
            let topic = counts.contains(key) ? topics.summary : topics.status
            #expect(component["state_topic"] as? String == topic)
            #expect((component["name"] as? String)?.isEmpty == false)
            #expect(component.values.allSatisfy { $0 is String }, "\(component)")
            #expect(component["availability_topic"] as? String == (key == "connected" ? nil : topics.status))
        }
        #expect(components["connected"]?["device_class"] as? String == "connectivity")
        #expect(components["problem"]?["device_class"] as? String == "problem")
        #expect(components["tea-time_open"]?["name"] as? String == "Tea time open")
    }

    @Test("The same site gives the same bytes, whatever the order its dictionaries have today")
    func stable() {
        let bytes = (0..<20).map { _ in
            HomeAssistant.discovery(topics: topics, version: "0.2.0", services: services)[0].payload
        }
        #expect(Set(bytes).count == 1)
    }

    @Test("Topics are what Home Assistant's discovery allows, and no two gateways share one")
    func topic() throws {
        let names = [("a-b", "c"), ("a", "b-c"), ("a", "b")]
        let found = names.map { site, gateway in
            let topics = Topics(site: SiteID(site)!, gateway: GatewayID(gateway)!)
            return HomeAssistant.discovery(topics: topics, version: "1", services: services)[0].topic
        }
        #expect(Set(found).count == 3)
        for topic in found { #expect(topic.wholeMatch(of: /homeassistant\/device\/[a-zA-Z0-9_-]+\/config/) != nil) }
        _ = try discovered(prefix: "house/discovery")
    }

    @Test("A gateway is connected unless it says offline or stopping, and has a problem while it is degraded")
    func states() throws {
        let states: [StatusMessage.State] = [.starting, .ready, .degraded, .stopping, .offline]
        let components = try components(of: discovered())
        func said(_ key: String, _ template: String) throws -> [String] {
            try rendered(#require(components[key]?[template] as? String), states.map(status))
        }
        #expect(try said("connected", "value_template") == ["ON", "ON", "ON", "OFF", "OFF"])
        #expect(try said("problem", "value_template") == ["OFF", "OFF", "ON", "OFF", "OFF"])
        let available = ["online", "online", "online", "offline", "offline"]
        for key in components.keys where key != "connected" {
            #expect(try said(key, "availability_template") == available, "\(key)")
        }
    }

    @Test("Open and unaccepted calls are read from the summary; a service it lacks has none")
    func counts() throws {
        let calls = [
            call(1, .emergency), call(2, .emergency, accepted: true), call(3, .meal), call(4, .test),
            call(5, ServiceID("tea-time")!, accepted: true),
        ]
        let full = WireJSON.bytes(SummaryMessage(calls, services: services))
        let lacking = WireJSON.bytes(SummaryMessage([], services: [.errand]))
        let expected = ["emergency": (2, 1), "meal": (1, 1), "tea-time": (1, 0)]
        let components = try components(of: discovered())
        for (service, (open, unaccepted)) in expected {
            for (key, count) in [("open", open), ("unaccepted", unaccepted)] {
                let template = try #require(components["\(service)_\(key)"]?["value_template"] as? String)
                #expect(try rendered(template, [full, lacking]) == ["\(count)", "0"], "\(service) \(key)")
            }
        }
    }

    @Test("Turned off, the device is taken back; a service that is no more is removed, and tests are never shown")
    func removal() throws {
        let removal = HomeAssistant.removal(topics: topics)
        #expect(
            removal.map(\.topic) == HomeAssistant.discovery(topics: topics, version: "1", services: []).map(\.topic))
        #expect(removal.allSatisfy { $0.payload.isEmpty })
        let components = try components(of: discovered([.emergency, .test], withdrawn: [.meal, .emergency, .test]))
        #expect(Set(components.keys.filter { $0.hasPrefix("meal") }) == ["meal_open", "meal_unaccepted"])
        #expect(components["meal_open"] as? [String: String] == ["platform": "sensor"])
        #expect(components["emergency_open"]?.keys.contains("unique_id") == true, "still there")
        #expect(!components.keys.contains { $0.hasPrefix("test") })
    }
}
