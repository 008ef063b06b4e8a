import CallCore
import Testing

@testable import SiteConfig

/// What is wrong with these keys of a service, without what is allowed.
private func problems(_ id: String, _ keys: String) -> [String] {
    let yaml = severalBrokers + "\noutputs: {siren: {kind: relay, line: {name: S}}}\nservices:\n  \(id): {\(keys)}\n"
    return briefly(messages(yaml)).map { message in
        message.firstRange(of: ": services.\(id)").map { String(message[$0.upperBound...]) } ?? message
    }
}

@Suite struct FollowingProblemTests {
    @Test(
        "A wrong value is refused",
        arguments: [
            ("accept-within: 9s", #".accept-within: found "9s""#),
            ("accept-within: 25h", #".accept-within: found "25h""#),
            ("accept-within: once", #".accept-within: found "once""#),
            ("accept-within: 60", #".accept-within: found "60""#),
            ("accept-within: ~", ".accept-within: found nothing"),
            ("escalate-every: never", #".escalate-every: found "never""#),
            ("escalate-every: 1s", #".escalate-every: found "1s""#),
            ("arrive-within: 29s", #".arrive-within: found "29s""#), ("expiry: 59s", #".expiry: found "59s""#),
            ("expiry: 8d", #".expiry: found "8d""#), ("urgent-presses: true", #".urgent-presses: found "true""#),
            ("resolve: both", #".resolve: found "both""#), ("resolve: [desk]", ".resolve: found a list"),
            ("hours: 6-10", #".hours: found "6-10""#), ("hours: []", ".hours: found a list"),
            ("hours: 06:00-07:00, outside-hours: open", #".outside-hours: found "open""#),
            ("outside-hours: wait", ".outside-hours: found outside-hours without hours"),
            ("hours: \"06:00-07:00, 08:00\"", #".hours: found "06:00-07:00, 08:00""#),
            ("hours: 06:00-07:00, 08:00-09:00", #"."08:00-09:00": found an unknown key"#),
            ("escalation: siren", #".escalation: found "siren""#),
            ("escalation: {outputs: [siren]}", ".escalation: found a mapping (key: value)"),
            ("escalation: [siren]", #".escalation[0]: found "siren""#),
            ("escalation: [{outputs: siren}]", #".escalation[0].outputs: found "siren""#),
            ("escalation: [{outputs: [sirene]}]", #".escalation[0].outputs[0]: found the unknown output "sirene""#),
            ("escalation: [{outputs: [Siren]}]", #".escalation[0].outputs[0]: found "Siren""#),
            ("escalation: [{outputs: [[siren]]}]", ".escalation[0].outputs[0]: found a list"),
            ("escalation: [{outputs: [siren, siren]}]", #".escalation[0].outputs[1]: found "siren" again"#),
            ("escalation: [{next-broker: yes}]", #".escalation[0].next-broker: found "yes""#),
            ("escalation: [{nextbroker: true}]", ".escalation[0].nextbroker: found an unknown key"),
            ("escalation: [{}, {}]", ".escalation: found 2 levels with escalate-every once"),
            (
                "accept-within: never, escalate-every: 1min",
                ".escalate-every: found escalate-every with accept-within never"
            ),
            ("accept-within: never, escalation: [{}]", ".escalation: found escalation with accept-within never"),
        ])
    func wrong(_ keys: String, _ message: String) {
        #expect(problems("meal", keys) == [message])
    }

    @Test("Seventeen levels are too many")
    func tooManyLevels() {
        let levels = Array(repeating: "{}", count: 17).joined(separator: ", ")
        #expect(problems("emergency", "escalation: [\(levels)]") == [".escalation: found 17 levels"])
        let fine = Array(repeating: "{}", count: 16).joined(separator: ", ")
        #expect(problems("emergency", "escalation: [\(fine)]").isEmpty)
    }

    @Test(
        "An emergency is never given up, kept to hours or let expire",
        arguments: [
            ("accept-within: never", #".accept-within: found "never" for an emergency, which never gives up"#),
            ("escalate-every: once", #".escalate-every: found "once" for an emergency, which never gives up"#),
            ("expiry: 4h", ".expiry: found expiry for emergency"),
            ("expiry: never", ".expiry: found expiry for emergency"),
            ("urgent-presses: none", ".urgent-presses: found urgent-presses for emergency"),
            ("hours: 06:00-20:00", ".hours: found hours for emergency"),
        ])
    func emergency(_ keys: String, _ message: String) {
        #expect(problems("emergency", keys) == [message])
    }

    @Test("Hours with what comes outside them are refused twice for an emergency")
    func emergencyHours() {
        #expect(
            problems("emergency", "hours: 06:00-20:00, outside-hours: wait") == [
                ".hours: found hours for emergency", ".outside-hours: found outside-hours for emergency",
            ])
    }

    @Test("An unknown output is told with what was probably meant")
    func guess() {
        let yaml =
            onePoint() + "\noutputs: {siren: {kind: relay, line: {name: S}}}\nnobody-listening: {outputs: [sirne]}"
        #expect(
            messages(yaml) == [
                #"gateway.yaml:11:30: nobody-listening.outputs[0]: found the unknown output "sirne", "#
                    + "allowed: did you mean siren? outputs here are siren"
            ])
        #expect(
            messages(onePoint() + "\nnobody-listening: {outputs: [x]}").first?.hasSuffix("outputs here are none")
                == true)
    }

    @Test("A level can't go on at the next broker when there is one only")
    func oneBroker() {
        let yaml = onePoint() + "\nservices: {emergency: {escalation: [{next-broker: true}]}}"
        #expect(
            briefly(messages(yaml)) == [
                "gateway.yaml:10:51: services.emergency.escalation[0].next-broker: found the next broker of one"
            ])
    }

    @Test(
        "Wrong values for the whole site are refused",
        arguments: [
            ("acknowledgement: none", #"acknowledgement: found "none""#),
            ("daily-test: 3:30", #"daily-test: found "3:30""#),
            ("daily-test: 24:00", #"daily-test: found "24:00""#), ("daily-test: 210", #"daily-test: found "210""#),
            ("daily-test: never", #"daily-test: found "never""#), ("retention: 29d", #"retention: found "29d""#),
            ("retention: 3651d", #"retention: found "3651d""#), ("retention: 2y", #"retention: found "2y""#),
            ("retention: 730", #"retention: found "730""#),
            ("nobody-listening: off", #"nobody-listening: found "off""#),
            ("nobody-listening: {output: []}", "nobody-listening.output: found an unknown key"),
        ])
    func site(_ line: String, _ message: String) {
        let found = briefly(messages(onePoint() + "\n" + line))
        #expect(found.count == 1)
        #expect(found.first?.hasSuffix(": \(message)") == true, "\(found)")
    }

    @Test("A service can't be called reset, and sixty-four of a site's own are enough")
    func services() {
        #expect(
            briefly(messages(onePoint() + "\nservices: {reset: {priority: 3}}")) == [
                #"gateway.yaml:10:12: services.reset: found the service "reset""#
            ])
        func many(_ count: Int) -> [String] {
            let own = (1...count).map { "s\($0): {priority: 4}" }.joined(separator: ", ")
            return briefly(messages(onePoint() + "\nservices: {\(own)}"))
        }
        #expect(many(64).isEmpty)
        #expect(many(70).count == 1)
        #expect(many(70).first?.hasSuffix("services.s65: found more than 64 services of the site's own") == true)
    }
}
