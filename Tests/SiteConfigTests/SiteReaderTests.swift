import CallCore
import Testing

@testable import SiteConfig

@Suite struct SiteReaderTests {
    @Test("The example site file is read as it is written")
    func theExampleSiteFileIsRead() throws {
        let site = try SiteReader.read(path: "\(repository)/docs/examples/gateway.yaml")
        let folder = "\(repository)/docs/examples"
        #expect(site.site == SiteID("willow-court"))
        #expect(site.gateway == GatewayID("gw-1"))
        #expect(site.hardware == .gpio)
        #expect(site.brokers.map(\.host) == ["broker.willow.example", "192.168.1.11"])
        #expect(site.brokers.map(\.port) == [8_883, 1_883])
        #expect(site.brokers.map(\.version) == [.v5, .v311])
        #expect(site.brokers.map(\.keepAliveSeconds) == [60, 30])
        #expect(site.brokers[0].passwordFile == "\(folder)/secrets/mqtt")
        #expect(site.brokers[0].tls?.ca == "\(folder)/secrets/ca.pem")
        #expect(site.services.map(\.id.text) == ["emergency", "meal", "errand", "laundry"])
        #expect(site.points.map(\.id.text).suffix(3) == ["b3-u2-401", "gate", "b1-wash"])
        #expect(site.points.count == 8)
        #expect(site.lines.count == 9)  // and one loop
        #expect(site.files == .standard)

        let bed = try #require(site.points.first { $0.id.text == "b3-u2-401" })
        #expect(bed.label == "3号楼2单元401 床头")
        #expect(bed.gestures == .init(press: .emergency, hold: .errand, double: .meal))
        #expect(bed.debounce.minimumWidth == .milliseconds(10))
        let window = try #require(site.points.first { $0.id.text == "b2-u1-201" })
        #expect(window.label == "2号楼1单元201 床头, 靠窗")
        let gate = site.points[6]
        #expect(gate.gestures == .init(press: .errand))
        #expect(site.lines[6].address == .name("GPIO24", chip: nil))
        #expect(gate.hasLoop)
        #expect(site.lines[7].address == .name("GPIO26", chip: nil))
        #expect(site.lines[8].address == .offset(chip: "pinctrl-bcm2711", offset: 25, name: "GPIO25"))
    }

    @Test("The example's outputs show each building's calls, and the siren what nobody accepts")
    func theExamplesOutputs() throws {
        let site = try SiteReader.read(path: "\(repository)/docs/examples/gateway.yaml")
        let siren = OutputID("siren")!
        #expect(site.outputs.map(\.id.text) == ["siren", "lamp-b1", "lamp-b2", "lamp-b3"])
        #expect(site.outputLines.map(\.activeLow) == [true, false, false, false])
        for point in site.points where point.id.text != "gate" {
            #expect(site.outputs.filter { $0.shows(point.id) }.map(\.id.text) == ["lamp-\(point.id.text.prefix(2))"])
        }
        let emergency = try #require(site.services.first { $0.id == .emergency }).rules
        #expect(emergency.level(1) == .init(outputs: [siren]))
        #expect(emergency.level(7) == .init(outputs: [siren], usesNextBroker: true))
        #expect(site.nobodyListening == .init(outputs: [siren], usesNextBroker: true))
        #expect(site.services.first { $0.id == .meal }?.rules.hours?.stretches.count == 3)
    }

    @Test("A point that says nothing gets the defaults of its table")
    func aPointThatSaysNothingGets() throws {
        let site = try readSite(onePoint()).get()
        #expect(site.points == [CallPoint(id: PointID("p1")!, label: "1号楼")])
        #expect(
            site.lines == [
                WatchedLine(
                    point: PointID("p1")!, address: .offset(chip: "c", offset: 1, name: nil), bias: .pullUp,
                    activeLow: true)
            ])
        #expect(site.services == Service.defaults)
        #expect(
            site.brokers == [
                Site.Broker(
                    host: "localhost", port: 1_883, version: .v5, username: nil, passwordFile: nil, tls: nil,
                    keepAliveSeconds: 60)
            ])
    }

    @Test("Every point key reaches its setting")
    func everyPointKeyReachesItsSetting() throws {
        let keys = """
            bias: disabled
            active: high
            press: meal
            hold: emergency
            double: errand
            hold-after: 1.5s
            double-within: 700ms
            minimum-width: 0
            quiet: 40 ms
            stuck-after: 24h
            """
        let site = try readSite(onePoint(keys)).get()
        let point = site.points[0]
        #expect(point.debounce == .init(minimumWidth: .zero, quiet: .milliseconds(40)))
        #expect(
            point.gestures
                == .init(
                    press: .meal, hold: .emergency, double: .errand, holdAfter: .milliseconds(1_500),
                    doubleWithin: .milliseconds(700)))
        #expect(point.stuckAfter == .seconds(86_400))
        #expect(site.lines[0].bias == .disabled)
        #expect(!site.lines[0].activeLow)
    }

    @Test("The bias follows the active level unless it is named")
    func theBiasFollowsTheActiveLevel() throws {
        #expect(try readSite(onePoint("active: high")).get().lines[0].bias == .pullDown)
        #expect(try readSite(onePoint("active: low")).get().lines[0].bias == .pullUp)
        #expect(try readSite(onePoint(defaults: "active: high")).get().lines[0].bias == .pullDown)
        #expect(try readSite(onePoint("active: high", defaults: "bias: pull-up")).get().lines[0].bias == .pullUp)
    }

    @Test("What a point says goes before the defaults, and none takes a default gesture away")
    func whatAPointSaysGoesBefore() throws {
        let defaults = "press: meal, hold: errand, quiet: 30ms"
        #expect(
            try readSite(onePoint(defaults: defaults)).get().points[0].gestures == .init(press: .meal, hold: .errand))
        let site = try readSite(onePoint("press: errand\nhold: none\nquiet: 50ms", defaults: defaults)).get()
        #expect(site.points[0].gestures == .init(press: .errand))
        #expect(site.points[0].debounce.quiet == .milliseconds(50))
    }

    @Test("Services are sorted by urgency, the standard three first among equals")
    func servicesAreSortedByUrgencyThe() throws {
        let site = try readSite(
            onePoint() + "\nservices: {visit: {priority: 3}, laundry: {priority: 2}, meal: {priority: 5}}"
        ).get()
        #expect(
            site.services.map { "\($0.id) \($0.priority)" } == [
                "emergency 1", "laundry 2", "errand 3", "visit 3", "meal 5",
            ])
    }

    @Test("Simulated hardware needs no lines and watches none")
    func simulatedHardwareNeedsNoLinesAnd() throws {
        let site = try readSite(
            head + "hardware: simulated\nsimulator-socket: s.sock\npoints:\n- {id: a, label: A}\n"
                + "- {id: b, label: B, line: {name: X}}"
        ).get()
        #expect(site.points.map(\.id.text) == ["a", "b"])
        #expect(site.lines.isEmpty)
        #expect(site.files.simulator == "/site/s.sock")
    }

    @Test(
        "A byte order mark, Windows line ends and document marks are fine",
        arguments: [
            "\u{FEFF}" + onePoint(), onePoint().split(separator: "\n").joined(separator: "\r\n"),
            "# comment\n---\n" + onePoint() + "\n...\n",
        ])
    func aByteOrderMarkWindowsLine(yaml: String) throws {
        #expect(try readSite(yaml).get() == readSite(onePoint()).get())
    }

    @Test("A broker's settings are read, quoted or not, and its files start at the site file's directory")
    func aBrokersSettingsAreReadQuoted() throws {
        let yaml = """
            site: s
            gateway: g
            brokers:
              - host: 192.168.1.10
                port: 8884
                version: "5"
                keep-alive: 1h
                username: gw-1
                password-file: secrets/mqtt
                tls: {ca: /etc/ca.pem, certificate: gw-1.pem, key: gw-1.key}
              - host: fe80::1%eth0
                version: 3.1.1
            points: [{id: p, label: P, line: {name: X}}]
            """
        let brokers = try readSite(yaml).get().brokers
        #expect(
            brokers[0]
                == Site.Broker(
                    host: "192.168.1.10", port: 8_884, version: .v5, username: "gw-1",
                    passwordFile: "/site/secrets/mqtt",
                    tls: .init(ca: "/etc/ca.pem", certificate: "/site/gw-1.pem", key: "/site/gw-1.key"),
                    keepAliveSeconds: 3_600))
        #expect(brokers[1].host == "fe80::1%eth0")
        #expect(brokers[1].version == .v311)
    }

    @Test("Ten thousand points are read within a second, from YAML and from CSV")
    func tenThousandPointsAreReadWithin() throws {
        let clock = SuspendingClock()
        var yaml = head + "points:\n"
        var csv = "id,label,chip,offset\n"
        for number in 0..<10_000 {
            yaml += "- {id: p\(number), label: 楼\(number), line: {chip: c\(number / 500), offset: \(number % 500)}}\n"
            csv += "p\(number),楼\(number),c\(number / 500),\(number % 500)\n"
        }
        var site: Site?
        let fromYAML = try clock.measure { site = try readSite(yaml).get() }
        #expect(site?.points.count == 10_000)
        let fromCSV = try clock.measure {
            site = try readSite(head + "points: {file: p.csv}", csv: ["p.csv": csv]).get()
        }
        #expect(site?.lines.count == 10_000)
        print("10,000 points: YAML of \(yaml.utf8.count) bytes \(fromYAML), CSV \(fromCSV)")
        // Debug builds on a shared core take a tenth of this.
        #expect(fromYAML < .seconds(5) && fromCSV < .seconds(5))
    }
}
