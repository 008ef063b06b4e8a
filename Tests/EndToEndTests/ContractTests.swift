import Foundation
import Testing

extension EndToEnd {
    /// What the contract promises, field by field, as a subscriber sees it.
    @Suite struct ContractTests {
        /// Every field of an event's `data`, with the kinds that it may have.
        static let dataKinds: [String: Set<String>] = [
            "journal": ["text"], "call": ["text"], "point": ["text"], "label": ["text"], "service": ["text"],
            "priority": ["whole"], "state": ["text"], "revision": ["whole"], "presses": ["whole"],
            "raisedAt": ["text"], "escalation": ["whole"], "actor": ["null", "text"], "reason": ["null", "text"],
            "clock": ["object"], "boot": ["text"], "monotonicNs": ["whole"], "late": ["bool"], "ageMs": ["whole"],
            "test": ["bool"],
        ]

        static func expectKinds(_ json: JSON?, _ kinds: [String: Set<String>], _ logs: @autoclosure () -> Comment) {
            for (field, allowed) in kinds {
                let kind = json?[field]?.kind ?? "nothing"
                #expect(allowed.contains(kind), "\(field) is \(kind)\n\(logs())")
            }
        }

        static func bootID() throws -> String {
            try String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
                .trimmingCharacters(in: .newlines)
        }

        @Test("A press is published as one pressed and one raised event, with every field of the contract")
        func events() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b3-u2-401")]))
                let from = wallMilliseconds()
                try agent.buttons().press("b3-u2-401")
                let to = wallMilliseconds()
                try subscriber.wait(until: "pressed and raised") { $0.events.count >= 2 }
                for (type, sequence) in [("pressed", "1"), ("raised", "2")] {
                    let event = try #require(subscriber.events(type).first, bench.logs)
                    #expect(event.topic == "\(SiteFile.base)/event/emergency/\(type)", bench.logs)
                    let json = try #require(event.json, bench.logs)
                    #expect(
                        json.keys == [
                            "specversion", "id", "source", "type", "subject", "time", "sequence", "datacontenttype",
                            "data",
                        ], bench.logs)
                    let journal = json.data?.journal?.string ?? ""
                    #expect(journal.wholeMatch(of: /[a-z0-9]{1,64}/) != nil, bench.logs)
                    #expect(json.specversion == "1.0", bench.logs)
                    #expect(json.id == .text("\(journal)-emergency-\(sequence)"), bench.logs)
                    #expect(json.source == "/courtyard/willow-court/gw-1", bench.logs)
                    #expect(json.type == .text("courtyard.call.\(type)"), bench.logs)
                    #expect(json.subject == "b3-u2-401", bench.logs)
                    #expect(json.sequence == .text(sequence), bench.logs)
                    #expect(json.datacontenttype == "application/json", bench.logs)
                    let time = try #require(event.time, "a time in RFC 3339, UTC, with milliseconds\n\(bench.logs)")
                    #expect((from - 1...to).contains(time), "\(from) to \(to)\n\(bench.logs)")
                    Self.expectKinds(json.data, Self.dataKinds, bench.logs)
                    #expect(json.data?.keys == Set(Self.dataKinds.keys), bench.logs)
                    try expectData(json.data, journal: journal, time: json.time, bench.logs)
                    #expect(event.qos == 1 && !event.retain, bench.logs)
                    #expect(event.properties["content-type"] == "application/cloudevents+json", bench.logs)
                    #expect(event.properties["payload-format-indicator"] == 1, bench.logs)
                    #expect(
                        event.properties["user-properties"]
                            == .object(["service": "emergency", "type": .text(type), "priority": "1"]), bench.logs)
                    #expect(event.properties["message-expiry-interval"] == nil, bench.logs)
                }
                #expect(subscriber.events.count == 2, bench.logs)
                #expect(try broker.retained("courtyard/+/+/+/event/#").isEmpty, bench.logs)
            }
        }

        private func expectData(
            _ data: JSON?, journal: String, time: JSON?, _ logs: @autoclosure () -> Comment
        ) throws {
            #expect(data?.call == .text("\(journal)-1"), logs())
            #expect(data?.point == "b3-u2-401", logs())
            #expect(data?.label == "b3-u2-401 床头", logs())
            #expect(data?.service == "emergency", logs())
            #expect(data?.priority == 1, logs())
            #expect(data?.state == "raised", logs())
            #expect(data?.revision == 1 && data?.presses == 1 && data?.escalation == 0, logs())
            #expect(data?.raisedAt == time, logs())
            #expect(data?.actor == .null && data?.reason == .null, logs())
            #expect(data?.clock?.synchronized?.bool != nil && data?.clock?.uncertaintyMs?.int != nil, logs())
            #expect(data?.boot == .text(try Self.bootID()), logs())
            #expect(data?.late == false && data?.test == false, logs())
            #expect((0...5000).contains(data?.ageMs?.int ?? -1), logs())
        }

        @Test("A call's record is retained, carries the events' fields and its history, and counts further presses")
        func record() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1"), .meal("k1")]))
                let buttons = try agent.buttons()
                for press in 1...22 {
                    try buttons.press("b1")
                    try subscriber.wait(until: "press \(press)") { $0.presses("b1").count == press }
                    pause(.milliseconds(30))
                }
                let call = try #require(subscriber.events("raised").first?.json?.data?.call?.string, bench.logs)
                let topic = "\(SiteFile.base)/call/emergency/\(call)"
                try subscriber.wait(until: "the record of 22 presses") { $0.last(topic)?.json?.presses == 22 }
                let record = try #require(try broker.retained()[topic], bench.logs)
                let json = try #require(record.json, bench.logs)
                Self.expectKinds(json, Self.dataKinds, bench.logs)
                #expect(
                    json.keys == Set(Self.dataKinds.keys).union(["times", "pressTimes", "actors"]),
                    "no orphaned, no journaled\n\(bench.logs)")
                #expect(json.call == .text(call) && json.point == "b1" && json.service == "emergency", bench.logs)
                #expect(json.revision == 22 && json.presses == 22 && json.state == "raised", bench.logs)
                #expect(json.times?.keys == ["raised"], bench.logs)
                #expect(contractTime(json.times?.raised?.string) == contractTime(json.raisedAt?.string), bench.logs)
                #expect(json.actors == .object([:]), bench.logs)
                let times = subscriber.presses("b1").compactMap(\.time)
                #expect(
                    json.pressTimes?.items?.compactMap { contractTime($0.string) } == Array(times.suffix(20)),
                    bench.logs)
                #expect(record.qos == 1 && record.retain, bench.logs)

                let sequences = subscriber.events.compactMap { $0.json?.sequence?.string.flatMap(Int.init) }.sorted()
                #expect(sequences == Array(1...23), "22 pressed and 1 raised, without a gap\n\(bench.logs)")
                #expect(Set(subscriber.events.map(\.id)).count == 23, bench.logs)
                let revisions = subscriber.messages.filter { $0.topic == topic }.compactMap { $0.json?.revision?.int }
                #expect(revisions == revisions.sorted(), "an older record after a newer one\n\(bench.logs)")

                try buttons.press("k1")
                try subscriber.wait(until: "the meal's record") {
                    $0.messages.contains { $0.place.hasPrefix("call/meal/") }
                }
                let meal = try #require(subscriber.presses("k1").first, bench.logs)
                #expect(meal.json?.sequence == "1", "each service counts for itself\n\(bench.logs)")
                #expect(meal.json?.data?.priority == 3, bench.logs)
                #expect(meal.json?.data?.call != .text(call), bench.logs)
            }
        }

        @Test("Summary, points, faults and status stand retained with every field")
        func retained() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                var site = SiteFile(broker, points: [.bed("b1"), .meal("k1")])
                site.more = ["services: {laundry: {priority: 4}}"]
                let agent = try Agent.running(bench, site)
                try agent.buttons().press("b1")
                try subscriber.wait(until: "the summary with the call") {
                    $0.lastAt("summary")?.json?.services?.emergency?.open == 1
                }
                try subscriber.wait(until: "the fault") { $0.isSet("simulated-hardware") }
                try subscriber.wait(until: "ready") { $0.lastAt("status")?.json?.state == "ready" }
                let raised = try #require(subscriber.events("raised").first, bench.logs)
                var stands = try broker.retained()
                stands["\(SiteFile.base)/fault/clock-not-synchronised"] = nil  // as this machine happens to be
                #expect(stands.values.allSatisfy { $0.qos == 1 && $0.retain && $0.json != nil }, bench.logs)
                #expect(
                    Set(stands.values.map(\.place)) == [
                        "status", "summary", "point/b1", "point/k1", "fault/simulated-hardware",
                        "call/emergency/\(raised.json?.data?.call?.string ?? "")",
                    ], "\(stands.keys.sorted())\n\(bench.logs)")

                let services = stands["\(SiteFile.base)/summary"]?.json?.services
                #expect(services?.keys == ["emergency", "meal", "errand", "laundry"], bench.logs)
                #expect(
                    services?.emergency
                        == .object(["open": 1, "unaccepted": 1, "oldestRaisedAt": raised.json?.time ?? .null]),
                    bench.logs)
                #expect(
                    services?.meal == .object(["open": 0, "unaccepted": 0, "oldestRaisedAt": .null]), bench.logs)

                let point = stands["\(SiteFile.base)/point/b1"]?.json
                #expect(point?.keys == ["point", "label", "state", "since", "what"], bench.logs)
                #expect(point?.point == "b1" && point?.label == "b1 床头" && point?.state == "ok", bench.logs)
                #expect(point?.what == .null && contractTime(point?.since?.string) != nil, bench.logs)

                let fault = stands["\(SiteFile.base)/fault/simulated-hardware"]?.json
                #expect(fault?.keys == ["fault", "since", "what", "remedy", "points"], bench.logs)
                #expect(fault?["fault"] == "simulated-hardware" && fault?.points == .list([]), bench.logs)
                #expect(contractTime(fault?.since?.string) != nil, bench.logs)
                #expect(fault?.what?.string?.isEmpty == false && fault?.remedy?.string?.isEmpty == false, bench.logs)
            }
        }

        @Test("The birth says who and which connection; kill -9 leaves the will of the same connection and boot")
        func birthAndWill() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1")]))
                var connections: [Int64] = []
                for _ in 1...2 {
                    let birth = try subscriber.wait(for: "ready") {
                        $0.lastAt("status").flatMap { $0.json?.state == "ready" ? $0 : nil }
                    }
                    #expect(birth.qos == 1 && birth.retain, bench.logs)
                    let json = try #require(birth.json, bench.logs)
                    #expect(json.keys == ["state", "boot", "connection", "version", "simulated"], bench.logs)
                    #expect(json.boot == .text(try Self.bootID()), bench.logs)
                    #expect(json.version?.string?.isEmpty == false && json.simulated == true, bench.logs)
                    connections.append(try #require(json.connection?.int, bench.logs))
                    agent.kill()
                    let will = try subscriber.wait(for: "the will") {
                        $0.lastAt("status").flatMap { $0.json?.state == "offline" ? $0 : nil }
                    }
                    #expect(will.qos == 1 && will.retain, bench.logs)
                    #expect(will.json?.connection == json.connection && will.json?.boot == json.boot, bench.logs)
                    #expect(will.json?.version == json.version && will.json?.simulated == true, bench.logs)
                    #expect(try broker.retained()[birth.topic]?.json?.state == "offline", bench.logs)
                    try agent.start()
                }
                #expect(connections[1] > connections[0], "connections count up over restarts\n\(bench.logs)")
            }
        }

        @Test("SIGTERM leaves `stopping`, and no will comes after it")
        func stopping() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1")]))
                let birth = try subscriber.wait(for: "ready") {
                    $0.lastAt("status").flatMap { $0.json?.state == "ready" ? $0 : nil }
                }
                #expect(try agent.stop().code == 0, bench.logs)
                let last = try #require(try broker.retained()[birth.topic]?.json, bench.logs)
                #expect(last.state == "stopping" && last.connection == birth.json?.connection, bench.logs)
            }
        }
    }
}
