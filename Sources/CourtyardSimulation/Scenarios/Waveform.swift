internal import CallContract
internal import CallCore

/// What was seen, as a waveform: a value change dump (IEEE 1364-2005, section 18), for GTKWave and PulseView.
///
/// Everything is a wire of one bit, since that is what every viewer shows: one for each contact, for each state of a
/// call, for each signal of an output, for each fault and each status; only those that were ever high are there. A
/// hyphen in a name is an underscore here.
package struct Waveform {
    /// One wire.
    private struct Wire: Hashable, Comparable {
        /// Its scope: `lines`, `calls`, `outputs`, `faults`, `gateway`.
        let scope: String
        let name: String

        init(_ scope: String, _ words: [String]) {
            self.scope = scope
            name = words.joined(separator: "_").replacing("-", with: "_")
        }

        static func < (a: Wire, b: Wire) -> Bool { (a.scope, a.name) < (b.scope, b.name) }
    }

    private static let scopes = ["lines", "calls", "outputs", "faults", "gateway"]

    private var changes: [(at: Duration, wire: Wire, isHigh: Bool)] = []
    private var high: Set<Wire> = []
    /// What is high of things that have one state at a time.
    private var states: [String: Wire] = [:]
    private var localFaults: Set<String> = []
    private var mqttFaults: Set<String> = []
    private var end = Duration.zero
    /// PulseView holds a sample for each unit of time: a story of hours has fewer of them.
    private var unit: (name: String, length: Duration) {
        end > .seconds(600) ? ("1 ms", .milliseconds(1)) : ("1 us", .microseconds(1))
    }

    /// The whole file.
    package static func write(_ result: ScenarioResult) -> String {
        var waveform = Waveform()
        for seen in result.log { waveform.take(seen) }
        waveform.end = result.span
        return waveform.text(result.scenario.title)
    }

    // MARK: What was seen

    private mutating func take(_ seen: Seen) {
        switch seen.what {
        case .line(let point, let made):
            let name = point.loopOwner.map { [$0.text, "wire", "cut"] } ?? [point.text]
            set(Wire("lines", name), made != (point.loopOwner != nil), seen.at)
        case .call(let record):
            let data = record.data
            change("call \(data.call)", to: Wire("calls", [data.point, data.service, data.state]), seen.at)
        case .closed(let id): change("call \(id)", to: nil, seen.at)
        case .output(let id, let signal):
            change(
                "output \(id)", to: signal.hasPrefix(Signal.idle.rawValue) ? nil : Wire("outputs", [id, signal]),
                seen.at)
        case .fault(let fault):
            mqttFaults.insert(fault.fault)
            showFaults([fault.fault], seen.at)
        case .cleared(let id):
            mqttFaults.remove(id)
            showFaults([id], seen.at)
        case .localFaults(let faults):
            let before = localFaults
            localFaults = Set(faults.map(\.fault))
            showFaults(before.union(localFaults), seen.at)
        case .status(let status): change("status", to: Wire("gateway", ["status", status.state.rawValue]), seen.at)
        case .desk(let id, let state): set(Wire("gateway", ["desk", id, "listening"]), state == .listening, seen.at)
        case .event, .eventAgain, .reply, .point, .unreadable: break
        }
    }

    private mutating func showFaults(_ ids: Set<String>, _ at: Duration) {
        for id in ids.sorted() { set(Wire("faults", [id]), mqttFaults.contains(id) || localFaults.contains(id), at) }
    }

    private mutating func change(_ thing: String, to wire: Wire?, _ at: Duration) {
        let before = states[thing]
        guard before != wire else { return }
        states[thing] = wire
        // Two calls of one point may be in one state.
        if let before, !states.values.contains(before) { set(before, false, at) }
        if let wire { set(wire, true, at) }
    }

    private mutating func set(_ wire: Wire, _ isHigh: Bool, _ at: Duration) {
        guard isHigh ? high.insert(wire).inserted : high.remove(wire) != nil else { return }
        changes.append((at, wire, isHigh))
    }

    // MARK: The file

    private func text(_ title: String) -> String {
        let wires = Set(changes.map(\.wire)).sorted()
        let codes = Dictionary(uniqueKeysWithValues: wires.enumerated().map { ($0.element, Self.code($0.offset)) })
        // A comment ends with the word $end; nothing in a title may be one.
        var text =
            "$comment \(title.replacing("$", with: "_")) $end\n$timescale \(unit.name) $end\n$scope module courtyard $end\n"
        for scope in Self.scopes {
            let inside = wires.filter { $0.scope == scope }
            if inside.isEmpty { continue }
            text += "$scope module \(scope) $end\n"
            for wire in inside { text += "$var wire 1 \(codes[wire]!) \(wire.name) $end\n" }
            text += "$upscope $end\n"
        }
        text += "$upscope $end\n$enddefinitions $end\n#0\n$dumpvars\n"
        for wire in wires { text += "0\(codes[wire]!)\n" }
        text += "$end\n"
        var now: Int64 = 0
        for change in changes {
            let time = max(now, change.at.nanoseconds / unit.length.nanoseconds)
            if time != now { text += "#\(time)\n" }
            now = time
            text += "\(change.isHigh ? 1 : 0)\(codes[change.wire]!)\n"
        }
        return text + "#\(max(now + 1, end.nanoseconds / unit.length.nanoseconds))\n"
    }

    /// A wire's short name: of the printable characters from ! to ~.
    private static func code(_ number: Int) -> String {
        var rest = number
        var code = ""
        repeat {
            code.unicodeScalars.append(Unicode.Scalar(UInt8(33 + rest % 94)))
            rest = rest / 94 - 1
        } while rest >= 0
        return code
    }
}
