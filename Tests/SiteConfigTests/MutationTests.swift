import CallCore
import Glibc
import Testing

@testable import SiteConfig

/// A small generator that a seed determines (Steele, Lea, Flood: SplitMix64, 2014).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite struct MutationTests {
    /// `SITE_CONFIG_SEED=… swift test --filter MutationTests` repeats a run, `SITE_CONFIG_ROUNDS=…` makes it longer.
    static func setting(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }

    /// Text that changes meaning wherever it lands.
    static let pieces = [
        "\n", "\r\n", "\t", " ", "  ", ":", ": ", "：", "- ", "[", "]", "{", "}", ",", "\"", "'", "#", " #", "&a ", "*a",
        "!", "|",
        ">", "%", "@", "?", "~", "null", "\0", "\u{FEFF}", "\u{2028}", "\u{85}", "号", "\u{202E}", "---\n", "...\n",
        "<<: *a",
        "0", "-1", "99999999999999999999", "1e9", "5ms", "9h", "desk", "test", "none", "id", "file: points.csv", "true",
        "reset", "*", "once", "never", "off", "24:00", "10s", "siren", "normally-closed", "730d", "emergency", "point",
    ].map { Array($0.utf8) }

    /// A site file with the keys that the example hasn't.
    static let everyFollowingKey = """
        site: s
        gateway: g
        brokers: [{host: one}, {host: two}]
        acknowledgement: broker
        daily-test: 02:15
        retention: 365d
        nobody-listening: {outputs: [bell], next-broker: false}
        services:
          emergency: {accept-within: 30s, escalate-every: 45s, arrive-within: 5min, resolve: point}
          meal: {hours: "06:30-10:00, 22:00-06:00", outside-hours: wait, expiry: 90min, urgent-presses: none}
          errand: {escalate-every: 1h, escalation: [{}, {outputs: [bell], next-broker: true}]}
          visit: {priority: 5, accept-within: never, expiry: never}
        outputs:
          bell: {kind: buzzer, line: {name: O1}, points: ["*"], patterns: {sent: once 50ms 50ms 50ms, idle: off}}
          lamp: {kind: lamp, line: {chip: c, offset: 9}, active: low, points: [b1-*], patterns: {accepted: 1s 250ms}}
        receivers:
          hall: {line: {name: RX}, squelch: true}
          stairs: {serial: {port: /dev/ttyUSB0, baud: 115200, prints: "RX {code} {level}", protocol: kaku}}
        transmitters: transmitters.csv
        defaults: {contact: normally-closed, active: high}
        points:
          - {id: r1, label: R, radio: {device: fob, code: 0x13CD31}}
          - {id: r2, label: R, line: {name: I9}, press: meal}
          - {id: b1-a, label: A, line: {name: I1}, loop: {name: L1}, hold: meal}
          - {id: b1-b, label: B, line: {chip: c, offset: 1}, press: visit, contact: normally-open, double: reset}
          - {id: desk, label: D, line: {name: I3}, press: reset, resets: b1-a b1-*}
          - {file: points.csv}
          - {id: all, label: X, line: {name: I4}, press: reset, resets: "*", double: errand}
        """

    static let fob = """
        about: A fob
        protocol: ev1527
        bits: 24
        identity: 20
        buttons: {0x1: press, 0x2: meal, 0x7: low-battery, 0xE: alive}
        other: ignore
        supervision: {interval: 24h, misses: 2}
        """
    static let transmitters = "point,device,code\nr2,fob,0x7A1E51\n"

    /// One to five small accidents.
    static func mutated(_ original: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 1...5, using: &generator) {
            let at = Int.random(in: 0...bytes.count, using: &generator)
            let length = min(Int.random(in: 1...20, using: &generator), bytes.count - at)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes.insert(contentsOf: pieces.randomElement(using: &generator)!, at: at)
            case 1: bytes.removeSubrange(at..<at + length)
            case 2: bytes.insert(contentsOf: Array(bytes[at..<at + length]), at: at)
            case 3: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: at)
            case 4: bytes.replaceSubrange(at..<at + length, with: pieces.randomElement(using: &generator)!)
            default:
                guard let to = bytes.indices.randomElement(using: &generator) else { continue }
                let moved = Array(bytes[at..<at + length])
                bytes.removeSubrange(at..<at + length)
                bytes.insert(contentsOf: moved, at: min(to, bytes.count))
            }
        }
        return bytes
    }

    @Test("A mutated file always gives a site that holds together, or problems, and never a crash")
    func mutations() throws {
        let seed = Self.setting("SITE_CONFIG_SEED") ?? UInt64.random(in: 0...UInt64.max)
        let rounds = Int(Self.setting("SITE_CONFIG_ROUNDS") ?? 4_000)
        print("Mutations of the example site file: SITE_CONFIG_SEED=\(seed), \(rounds) rounds")
        var generator = SeededGenerator(seed: seed)
        let yaml = Array(try repositoryFile("docs/examples/gateway.yaml").utf8)
        let csv = Array(try repositoryFile("docs/examples/points.csv").utf8)
        let rich = Array(Self.everyFollowingKey.utf8)
        let files = [
            "points.csv": csv, "devices/fob.yaml": Array(Self.fob.utf8),
            "transmitters.csv": Array(Self.transmitters.utf8),
        ]
        for original in [yaml, rich] {
            let site = try readSite(original, csv: files).get()
            try #require(site.holdsTogether, "\(site)")
        }
        var good = 0
        for round in 0..<rounds {
            let original = Bool.random(using: &generator) ? yaml : rich
            var mutated = files
            let other = files.keys.sorted().randomElement(using: &generator)
            let mutatesOther = Bool.random(using: &generator)
            if mutatesOther, let other { mutated[other] = files[other].map { Self.mutated($0, &generator) } }
            let result = readSite(mutatesOther ? original : Self.mutated(original, &generator), csv: mutated)
            switch result {
            case .success(let site):
                good += 1
                try #require(site.holdsTogether, "seed \(seed), round \(round): \(site)")
            case .failure(let problems):
                try #require(!problems.problems.isEmpty, "seed \(seed), round \(round)")
                let areAllPrintable = problems.problems.allSatisfy(\.isPrintable)
                try #require(areAllPrintable, "seed \(seed), round \(round): \(problems)")
            }
        }
        // Both outcomes must have been tried: a change in a comment leaves the site as it is.
        #expect(good > 0 && good < rounds, "seed \(seed): \(good) of \(rounds) were good")
    }
}

extension RadioTransmitter {
    /// What the core relies on.
    fileprivate func holdsTogether(_ services: Set<ServiceID>) -> Bool {
        device.identity(of: code) != nil && (1...device.bits).contains(device.identityBits)
            && (device.supervision.map { $0.interval > .zero && $0.misses > 0 } ?? true)
            && (device.meanings.values + [device.otherwise]).allSatisfy { meaning in
                if case .service(let service) = meaning { services.contains(service) } else { true }
            }
    }
}

extension Site {
    /// What the rest of the program relies on without looking again.
    fileprivate var holdsTogether: Bool {
        let services = Set(services.map(\.id))
        return !brokers.isEmpty && !points.isEmpty && Set(points.map(\.id)).count == points.count
            && lines.map(\.point).sorted() == (hardware == .gpio ? rules.watchedPoints.sorted() : [])
            && Set(lines.map(\.address) + outputLines.map(\.address)).count == lines.count + outputLines.count
            && services.isSuperset(of: Service.defaults.map(\.id)) && services.isDisjoint(with: [.test, .reset])
            && points.allSatisfy { point in
                [point.gestures.press, point.gestures.hold, point.gestures.double].allSatisfy {
                    $0.map { services.contains($0) || $0 == .reset } ?? true
                } && (point.resets.isEmpty || point.gestures.asks(for: .reset))
                    && point.gestures.holdAfter < point.stuckAfter && point.debounce.quiet < point.gestures.doubleWithin
                    && PointID(point.id.text) != nil
                    && (point.radio == nil || (!point.gestures.asks(for: .reset) && !receivers.isEmpty))
                    && (point.radio?.holdsTogether(services) ?? true)
            }
            && outputsHoldTogether && self.services.allSatisfy { $0.rules.holdTogether(in: $0.id) }
            && (0..<1_440).contains(dailyTestMinute ?? 0) && (retention ?? .seconds(1)) > .zero
            && [files.journal, files.control, files.simulator].allSatisfy { $0.hasPrefix("/") }
    }

    /// Each output has its line, and what levels and outputs name is there.
    private var outputsHoldTogether: Bool {
        let ids = outputs.map(\.id)
        let levels = services.flatMap(\.rules.levels) + [nobodyListening]
        return Set(ids).count == ids.count && outputLines.map(\.output) == (hardware == .gpio ? ids : [])
            && Set(levels.flatMap(\.outputs)).isSubset(of: ids)
            && outputs.allSatisfy { output in
                output.points.isEmpty || points.contains { output.shows($0.id) }
            }
    }
}

extension Service.Rules {
    /// Spans that can pass, hours that can be, and an emergency that nobody gives up.
    fileprivate func holdTogether(in service: ServiceID) -> Bool {
        let spans = [acceptWithin, escalateEvery, arriveWithin, expiresAfter].compactMap(\.self)
        let stretches = hours?.stretches ?? []
        return spans.allSatisfy { $0 >= .seconds(10) && $0 <= .seconds(7 * 86_400) }
            && stretches.allSatisfy { (0..<1_440).contains($0.from) && (1...1_440).contains($0.to) && $0.from != $0.to }
            && hours.map { !$0.stretches.isEmpty } ?? true
            && (service != .emergency
                || (acceptWithin != nil && escalateEvery != nil && expiresAfter == nil && hours == nil
                    && !isUrgentWhenRepeated))
    }
}

extension Problem {
    /// One line, with all its parts.
    fileprivate var isPrintable: Bool {
        !found.isEmpty && !allowed.isEmpty && !description.unicodeScalars.contains(where: isControl)
    }
}
