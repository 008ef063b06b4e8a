import CallCore
import Glibc
import SiteConfig
import Testing

/// Receivers, points' transmitters, and the files that say what kinds of transmitters there are.
@Suite struct RadioTests {
    private static let head = "site: s\ngateway: g\nbrokers: [{host: h}]\nreceivers: {hall: {line: {name: RX}}}\n"
    private static let fob =
        "about: A fob\nprotocol: ev1527\nbits: 24\nidentity: 20\nbuttons: {0x1: press, 0x2: meal, 0x7: low-battery}\nother: ignore\nsupervision: {interval: 24h, misses: 2}\n"
    private static let bell =
        "about: A bell\nprotocol: rtl_433\nmodel: Acme-Bell\nid: serial\nmessages: {battery_ok=0: low-battery, event=BED SIDE: errand}\n"
    private static let plain = "about: A pendant\nprotocol: ev1527\nbits: 24\nidentity: 16\n"

    private func read(_ rest: String, _ files: [String: String] = [:]) -> Result<Site, SiteProblems> {
        let devices = ["devices/fob.yaml": Self.fob, "devices/plain.yaml": Self.plain]
        return readSite(Self.head + rest, csv: devices.merging(files) { $1 })
    }

    private func point(_ keys: String) -> String { "points:\n  - {id: p1, label: A, \(keys)}\n" }

    @Test("A point needs a line, a transmitter, or both; the transmitter is what its kind says")
    func good() throws {
        let site = try read(point("radio: {device: fob, code: 0x13CD31}")).get()
        let point = try #require(site.points.first)
        #expect(!point.isWired && site.lines.isEmpty && site.rules.watchedPoints.isEmpty)
        let radio = try #require(point.radio)
        #expect(radio.code == RadioCode(.ev1527, value: 0x13CD31, bits: 24))
        #expect(radio.device.meanings == [1: .press, 2: .service(.meal), 7: .lowBattery])
        #expect(radio.device.otherwise == .nothing)
        #expect(radio.device.supervision == .init(interval: .seconds(86_400), misses: 2))
        #expect(site.receivers == [RadioReceiver(id: ReceiverID("hall")!, source: .pin(.name("RX", chip: nil)))])
        let both = try read(self.point("line: {name: A}, radio: {device: fob, code: 0x13CD31}")).get()
        #expect(both.points.first?.isWired == true && both.lines.count == 1)
    }

    @Test("A table of points has columns for them")
    func table() throws {
        let csv = "id,label,line-name,device,code\na,A,,fob,0x13CD31\nb,B,GPIO4,,\nc,C,,fob,\n"
        let found = messages(read("points: {file: points.csv}\n", ["points.csv": csv]))
        #expect(briefly(found) == ["points.csv:4:1: code: found nothing"])
        let site = try read("points: {file: points.csv}\n", ["points.csv": String(csv.dropLast(10))]).get()
        #expect(site.points.map(\.isWired) == [false, true])
    }

    @Test("One transmitter at two points is refused, also where one kind's identity is a part of another's")
    func twice() {
        let points = "points:\n  - {id: a, label: A, radio: {device: fob, code: 0x13CD31}}\n"
        for (more, found) in [
            ("{device: fob, code: 0x13CD32}", "0x13CD32"), ("{device: plain, code: 0x13CDFF}", "0x13CDFF"),
        ] {
            let place = more.contains("fob") ? 50 : 52
            let told = briefly(messages(read(points + "  - {id: b, label: B, radio: \(more)}\n")))
            #expect(
                told == [
                    "gateway.yaml:7:\(place): points[1].radio.code: found the transmitter of \"\(found)\" again "
                        + "(first at gateway.yaml:6)"
                ])
        }
        let reverse = points.replacing("device: fob, code: 0x13CD31", with: "device: plain, code: 0x13CD31")
        #expect(messages(read(reverse + "  - {id: b, label: B, radio: {device: fob, code: 0x13CDF1}}\n")).count == 1)
        #expect(messages(read(reverse + "  - {id: b, label: B, radio: {device: fob, code: 0x14CDF1}}\n")) == [])
    }

    @Test(
        "What is wrong with it is said",
        arguments: [
            ("radio: {device: fobb, code: 0x1}", "found the unknown kind of transmitter \"fobb\""),
            ("radio: {device: fob, code: 13CD31}", "found \"13CD31\""),
            ("radio: {device: fob, code: 0x113CD31}", "found \"0x113CD31\", more than 24 bits"),
            ("radio: {device: fob}", "radio.code: found nothing"),
            ("radio: {device: fob, code: 0x13CD31}, press: reset", "found reset at a point with radio"),
            ("radio: {device: ../fob, code: 0x13CD31}", "found \"../fob\""),
        ])
    func wrong(_ keys: String, _ expected: String) {
        let found = messages(read(point(keys)))
        #expect(found.count == 1 && found[0].contains(expected), "\(found)")
    }

    @Test(
        "The table of enrolled transmitters: missing is empty, a point may wait for its row, and enrolling keeps the rest"
    )
    func enrolled() throws {
        let site =
            "transmitters: t.csv\npoints: [{id: a, label: A}, {id: b, label: B}, {id: c, label: C, line: {name: C}}]\n"
        let none = try read(site).get()
        #expect(none.points.map(\.isWired) == [false, false, true] && none.enrolled.isEmpty)
        #expect(none.transmitters == "/site/t.csv")
        let code = RadioCode(.ev1527, value: 0x13CD31, bits: 24)
        let first = none.enrolling(PointID("b")!, device: "fob", code: code)
        let one = try read(site, ["t.csv": String(decoding: first, as: UTF8.self)]).get()
        #expect(one.points.map { $0.radio?.code } == [nil, code, nil])
        let other = RadioCode(.ev1527, value: 0x7A1E51, bits: 24)
        let second = one.enrolling(PointID("c")!, device: "plain", code: other)
        #expect(
            String(decoding: second, as: UTF8.self) == "point,device,code\nb,fob,0x13CD31\nc,plain,0x7A1E51\n")
        let instead = try read(site, ["t.csv": String(decoding: second, as: UTF8.self)]).get()
            .enrolling(PointID("b")!, device: "fob", code: RadioCode(.ev1527, value: 0x222221, bits: 24))
        #expect(String(decoding: instead, as: UTF8.self).contains("b,fob,0x222221\nc,plain"))
        for (rows, found) in [
            ("d,fob,0x13CD31", "found the unknown point \"d\""),
            ("b,fob,0x13CD31\nb,fob,0x7A1E51", "found a second transmitter"),
            ("b,fob,0x13CD31\na,fob,0x13CD32", "found the transmitter of"), ("b,,0x13CD31", "device: found nothing"),
        ] {
            let told = messages(read(site, ["t.csv": "point,device,code\n\(rows)\n"]))
            #expect(told.count == 1 && told[0].contains(found), "\(told)")
        }
    }

    @Test("A serial receiver has a port and a line that it prints, and no line of the board")
    func serial() throws {
        func read(_ keys: String) -> Result<Site, SiteProblems> {
            readSite(
                Self.head.replacing("{line: {name: RX}}", with: "{\(keys)}") + point("radio: {device: fob, code: 0x1}"),
                csv: ["devices/fob.yaml": Self.fob])
        }
        let site = try read("serial: {port: /dev/ttyUSB0, prints: \"RX {code} {level}\"}").get()
        let line = try #require(PrintedLine("RX {code} {level}"))
        #expect(
            site.receivers.map(\.source) == [
                .serial(SerialSource(path: "/dev/ttyUSB0", baud: 9600, line: line, radioProtocol: .ev1527))
            ])
        for (keys, found) in [
            ("serial: {port: ttyUSB0, prints: \"{code}\"}", "found \"ttyUSB0\""),
            ("serial: {port: /dev/ttyUSB0, prints: RX}", "prints: found \"RX\""),
            ("serial: {port: /dev/ttyUSB0, prints: \"{code}\", baud: 9601}", "baud: found \"9601\""),
            ("line: {name: RX}, serial: {port: /dev/ttyUSB0, prints: \"{code}\"}", "a receiver with line, serial"),
        ] {
            let told = messages(read(keys))
            #expect(told.count == 1 && told[0].contains(found), "\(told)")
        }
    }

    @Test("A receiver that a program or another rtl_433 speaks for")
    func words() throws {
        func read(_ keys: String) -> Result<Site, SiteProblems> {
            readSite(
                Self.head.replacing("{line: {name: RX}}", with: "{\(keys)}")
                    + point("radio: {device: bell, code: 0x1A}"),
                csv: ["devices/bell.yaml": Self.bell])
        }
        let program = try read("program: [rtl_433, -F, json]").get()
        #expect(program.receivers.map(\.source) == [.program(["rtl_433", "-F", "json"])])
        let radio = try #require(program.points.first?.radio)
        #expect(radio.code == RadioCode(.rtl433, value: 0x1A, bits: 48, model: "Acme-Bell"))
        #expect(
            radio.device.model?.messages == [
                .init(key: "battery_ok", value: "0"), .init(key: "event", value: "BED SIDE"),
            ])
        #expect(
            radio.device.meanings == [1: .lowBattery, 2: .service(.errand)] && radio.device.model?.idKey == "serial")
        #expect(
            try read("udp: 127.0.0.1:1514").get().receivers.map(\.source) == [
                .datagrams(host: "127.0.0.1", port: 1514)
            ])
        #expect(
            try read("udp: \"[::1]:1514\"").get().receivers.map(\.source) == [.datagrams(host: "::1", port: 1514)])
        for (keys, found) in [
            ("program: []", "program: found an empty list"), ("program: rtl_433", "program: found"),
            ("program: [rtl_433, [a]]", "program[1]: found"), ("udp: 1514", "udp: found"),
            ("udp: localhost:1514", "udp: found"), ("udp: 127.0.0.1:0", "udp: found"),
            ("udp: 127.0.0.1:1514, program: [a]", "a receiver with program, udp"),
        ] {
            let told = messages(read(keys))
            #expect(told.count == 1 && told[0].contains(found), "\(told)")
        }
    }

    @Test(
        "A kind that rtl_433 tells of has a model and messages, and no bits",
        arguments: [
            ("model: Acme-Bell\n", "", "model: found nothing"), ("id: serial", "id: a=b", "id: found \"a=b\""),
            ("battery_ok=0", "battery_ok", "found the message \"battery_ok\""),
            ("event=BED SIDE: errand", "event=BED SIDE: laundry", "found the unknown service \"laundry\""),
            ("id: serial", "bits: 24", "found the key bits"),
            ("protocol: rtl_433", "protocol: ev1527\nbits: 24\nidentity: 20", "found the key model"),
        ])
    func told(_ old: String, _ new: String, _ expected: String) {
        let file = Self.bell.replacing(old, with: new)
        let found = messages(read(point("radio: {device: bell, code: 0x1A}"), ["devices/bell.yaml": file]))
        #expect(found.first?.contains(expected) == true, "\(found)")
    }

    @Test("Transmitters without a receiver are refused, and two receivers on one line")
    func receivers() {
        let point = point("radio: {device: fob, code: 0x13CD31}")
        let none = readSite(
            Self.head.replacing("receivers: {hall: {line: {name: RX}}}\n", with: "") + point,
            csv: ["devices/fob.yaml": Self.fob])
        #expect(briefly(messages(none)).map { $0.contains("a point with radio, and no receivers") } == [true])
        let two = Self.head.replacing(
            "{hall: {line: {name: RX}}}", with: "{hall: {line: {name: RX}}, attic: {line: {name: RX}}}")
        let found = messages(readSite(two + point, csv: ["devices/fob.yaml": Self.fob]))
        #expect(found.count == 1 && found[0].contains("RX again"))
        let lineless = Self.head.replacing("{hall: {line: {name: RX}}}", with: "{hall: {}}")
        #expect(messages(readSite(lineless + point, csv: ["devices/fob.yaml": Self.fob])).count == 1)
    }

    @Test(
        "A kind that is none is refused with its file's place",
        arguments: [
            ("protocol: ev1527", "protocol: ev1528", "devices/fob.yaml:2:11: protocol: found \"ev1528\""),
            ("identity: 20", "identity: 25", "found 25 of 24 bits"),
            ("0x7: low", "0x17: low", "found the button \"0x17\""),
            ("0x2: meal", "0x2: laundry", "found the unknown service \"laundry\""),
            ("other: ignore", "other: reset", "other: found \"reset\""),
            ("about: A fob\n", "", "about: found nothing"),
        ])
    func device(_ old: String, _ new: String, _ expected: String) {
        let file = Self.fob.replacing(old, with: new)
        let found = messages(read(point("radio: {device: fob, code: 0x13CD31}"), ["devices/fob.yaml": file]))
        #expect(found.count == 1 && found[0].contains(expected), "\(found)")
    }

    @Test("Every kind that comes with the gateway is right, and is named on the page")
    func shipped() throws {
        let page = try repositoryFile("docs/radio.md")
        let names = try files(in: "boards/devices", ending: ".yaml")
        #expect(names.count >= 9)
        for name in names {
            let text = try repositoryFile("boards/devices/\(name).yaml")
            let code = name.hasPrefix("bell-48") ? "0x123456789ABC" : "0xABCDE"
            let found = messages(
                read(point("radio: {device: \(name), code: \(code)}"), ["devices/\(name).yaml": text]))
            #expect(found == [], "\(name)")
            #expect(page.contains("`\(name)`"), "\(name)")
        }
    }
}

/// The names of the repository's files there, without their ending.
private func files(in folder: String, ending: String) throws -> [String] {
    let open = try #require(opendir("\(repository)/\(folder)"))
    defer { closedir(open) }
    var names: [String] = []
    while let entry = readdir(open) {
        // SAFETY: the name is NUL-terminated within the entry, which lives until the next readdir.
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name.hasSuffix(ending) { names.append(String(name.dropLast(ending.count))) }
    }
    return names.sorted()
}
