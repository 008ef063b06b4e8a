import CallCore
import Testing

@testable import SiteConfig

/// The rules of a service as a site file with these of its keys gives them.
private func rules(_ id: String, _ keys: String) throws -> Service.Rules {
    let yaml = severalBrokers + "\nservices:\n  \(id): {\(keys)}\noutputs: {siren: {kind: relay, line: {name: S}}}\n"
    let service = try readSite(yaml).get().services.first { $0.id.text == id }
    return try #require(service).rules
}

/// A right site file with two brokers and two points, one of which resets both.
let severalBrokers = """
    site: s
    gateway: g
    brokers: [{host: one}, {host: two}]
    points: [{id: p, label: P, line: {name: X}}, {id: r, label: R, line: {name: Y}, press: reset, resets: "*"}]
    """

@Suite struct FollowingTests {
    @Test("What the site file doesn't say is as the core has it")
    func standard() throws {
        let site = try readSite(onePoint() + "\nservices: {laundry: {priority: 4}}").get()
        for service in site.services { #expect(service.rules == .standard(for: service.id), "\(service.id)") }
        #expect(site.rules == SiteRules(points: site.points, services: site.services))
        #expect(site.retention == .seconds(2 * 365 * 86_400))
    }

    @Test("A standard service's rules change without its priority, an own service's go with its priority")
    func priorities() throws {
        let site = try readSite(onePoint() + "\nservices: {emergency: {accept-within: 90s}, errand: {}}").get()
        #expect(site.services.map(\.priority) == [1, 3, 3])
        #expect(site.services[0].rules.acceptWithin == .seconds(90))
        #expect(site.services[0].rules.escalateEvery == .seconds(60))
    }

    @Test("Spans and the words that stand for none are read")
    func spans() throws {
        #expect(try rules("meal", "accept-within: 10s").acceptWithin == .seconds(10))
        #expect(try rules("meal", "accept-within: 24h").acceptWithin == .seconds(86_400))
        #expect(try rules("meal", "accept-within: never").acceptWithin == nil)
        #expect(try rules("meal", "escalate-every: 1.5min").escalateEvery == .seconds(90))
        #expect(try rules("meal", "escalate-every: once").escalateEvery == nil)
        #expect(try rules("emergency", "arrive-within: 30s").arriveWithin == .seconds(30))
        #expect(try rules("emergency", "arrive-within: never").arriveWithin == nil)
        #expect(try rules("meal", "expiry: 1min").expiresAfter == .seconds(60))
        #expect(try rules("meal", "expiry: 7d").expiresAfter == .seconds(604_800))
        #expect(try rules("meal", "expiry: never").expiresAfter == nil)
    }

    @Test("Choices are read")
    func choices() throws {
        #expect(try !rules("meal", "urgent-presses: none").isUrgentWhenRepeated)
        #expect(try rules("meal", "urgent-presses: emergency").isUrgentWhenRepeated)
        #expect(try rules("emergency", "resolve: point").resolution == .point)
        #expect(try rules("meal", "resolve: desk").resolution == .desk)
        #expect(try rules("meal", "hours: 06:00-07:00, outside-hours: wait").outsideHours == .wait)
        #expect(try rules("meal", "hours: 06:00-07:00, outside-hours: refuse").outsideHours == .refuse)
    }

    @Test("Levels of escalation are read in their order")
    func levels() throws {
        let keys = "escalation: [{}, {outputs: [siren]}, {next-broker: true, outputs: []}]"
        let siren = OutputID("siren")!
        #expect(
            try rules("emergency", keys).levels == [
                .init(), .init(outputs: [siren]), .init(usesNextBroker: true),
            ])
        let repeated = "escalate-every: 1h, escalation: [{outputs: [siren], next-broker: false}, {}]"
        #expect(try rules("errand", repeated).levels == [.init(outputs: [siren]), .init()])
        #expect(try rules("errand", "escalation: [{outputs: [siren]}]").levels == [.init(outputs: [siren])])
    }

    @Test("The keys of the whole site are read")
    func site() throws {
        let keys = """

            acknowledgement: broker
            daily-test: 23:59
            nobody-listening: {outputs: [siren]}
            retention: 30d
            outputs: {siren: {kind: relay, line: {name: S}}}
            """
        let site = try readSite(severalBrokers + keys).get()
        #expect(site.acknowledgement == .broker)
        #expect(site.dailyTestMinute == 1_439)
        #expect(site.nobodyListening == .init(outputs: [OutputID("siren")!], usesNextBroker: true))
        #expect(site.retention == .seconds(30 * 86_400))
        let off = "\ndaily-test: off\nnobody-listening: {next-broker: false}\nretention: forever"
        let other = try readSite(severalBrokers + off).get()
        #expect(other.dailyTestMinute == nil)
        #expect(other.nobodyListening == .init())
        #expect(other.retention == nil)
        #expect(other.rules.dailyTestMinute == nil)
    }

    @Test("One broker is enough for nobody-listening, which goes on at the next one by itself")
    func oneBroker() {
        #expect(messages(onePoint() + "\nnobody-listening: {next-broker: true}").isEmpty)
    }
}

@Suite struct HoursTextTests {
    @Test(
        "Opening hours are read, with commas or spaces between them",
        arguments: [
            ("06:30-10:00", [390, 600]), ("06:30-10:00, 10:30-13:00", [390, 600, 630, 780]),
            ("06:30-10:00 10:30-13:00", [390, 600, 630, 780]), ("06:30-10:00,10:30-13:00", [390, 600, 630, 780]),
            ("22:00-06:00", [1_320, 360]), ("08:00-24:00", [480, 1_440]), ("08:00-00:00", [480, 1_440]),
            ("00:00-24:00", [0, 1_440]), ("00:00-00:01", [0, 1]),
        ])
    func reads(_ text: String, _ ends: [Int]) throws {
        let hours = try #require(HoursText.hours(text))
        #expect(hours.stretches.flatMap { [$0.from, $0.to] } == ends)
    }

    @Test(
        "Anything else is no opening hours",
        arguments: [
            "", ",", "06:30", "6:30-10:00", "06:30-10", "06:60-10:00", "24:00-06:00", "06:30-24:01", "06:30-25:00",
            "06:30–10:00", "06：30-10：00", "06:30 - 10:00", "06:30-10:00-11:00", "06:30-06:30", "00:00-00:00", "-",
            "06:30-", "aa:bb-cc:dd", "06:30-10:00, x", "0630-1000",
            Array(repeating: "06:30-10:00", count: 17).joined(separator: ","),
        ])
    func refuses(_ text: String) {
        #expect(HoursText.hours(text) == nil)
    }

    @Test("A time of day is written as it is read")
    func times() {
        for minute in 0..<1_440 { #expect(HoursText.minute(HoursText.write(minute)) == minute) }
    }
}
