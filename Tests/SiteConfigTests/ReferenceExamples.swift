@testable import SiteConfig

/// The examples of the tables, each in a site file that is right with it.
extension ReferencePage {
    /// For each key, a whole site file that has it as its example says.
    static var exampleFiles: [(key: String, yaml: String)] {
        let brokers = "brokers: [{host: h}]\n"
        let points = "points: [{id: p, label: P, line: {name: X}}]\n"
        let names = "site: s\ngateway: g\n"
        func line(_ doc: KeyDoc) -> String { "\(doc.name): \(doc.example)\n" }
        var files: [(String, String)] = SiteKeys.all.map { doc in
            let base = names + brokers + points + (doc.name == "simulator-socket" ? "hardware: simulated\n" : "")
            let others = base.split(separator: "\n").filter { !$0.hasPrefix(doc.name + ":") }
            return (doc.name, others.joined(separator: "\n") + "\n" + line(doc))
        }
        files += BrokerKeys.all.map { doc in
            let others = ["host: h", doc.name == "password-file" ? "username: u" : ""].filter {
                !$0.isEmpty && !$0.hasPrefix(doc.name + ":")
            }
            let broker = (others + ["\(doc.name): \(doc.example)"]).joined(separator: ", ")
            return ("brokers.\(doc.name)", names + points + "brokers: [{\(broker)}]\n")
        }
        let tls = TLSKeys.all.map { "\($0.name): \($0.example)" }.joined(separator: ", ")
        files.append(("tls", names + points + "brokers: [{host: h, tls: {\(tls)}}]\n"))
        let lineKeys = LineKeys.all.map { "\($0.name): \($0.example)" }.joined(separator: ", ")
        files.append(("line", names + brokers + "points: [{id: p, label: P, line: {\(lineKeys)}}]\n"))
        files += (PointSettingKeys.all + [PointKeys.line, PointKeys.loop]).map { doc in
            var point = ["id: p", "label: P"]
            if doc.name != PointKeys.line.name { point.append("line: {name: X}") }
            if doc.name == PointSettingKeys.resets.name { point.append("hold: reset") }
            point.append("\(doc.name): \(doc.example)")
            return (
                "points.\(doc.name)",
                names + brokers + "points:\n- " + point.joined(separator: "\n  ") + "\n" + namedPoints
            )
        }
        let hall = "receivers: {hall: {line: {name: R}}}\n"
        let radio = RadioKeys.all.map { "\($0.name): \($0.example)" }.joined(separator: ", ")
        files += [
            ("points.radio", names + brokers + hall + "points: [{id: p, label: P, radio: {\(radio)}}]\n"),
            (
                "points.radio.whole",
                names + brokers + hall + "points: [{id: p, label: P, radio: \(PointKeys.radio.example)}]\n"
            ),
        ]
        let serial = SerialKeys.all.map { "\($0.name): \($0.example)" }.joined(separator: ", ")
        files += [
            "line: \(ReceiverKeys.line.example), \(ReceiverKeys.squelch.name): \(ReceiverKeys.squelch.doc.example)",
            "serial: {\(serial)}", "serial: \(ReceiverKeys.serial.example)",
        ].map { ("receivers \($0)", names + brokers + points + "receivers: {hall: {\($0)}}\n") }
        files.append(
            (
                "points.id",
                names + brokers + "points:\n- {id: \(PointKeys.id.doc.example), "
                    + "label: \(PointKeys.label.doc.example), line: {name: X}}\n"
            ))
        return files + followingFiles
    }

    /// Points that examples name.
    private static let namedPoints =
        "- {id: b3-u1, label: P, line: {name: Y}}\n- {id: gate, label: P, line: {name: Z}, press: reset, resets: \"*\"}\n"

    /// The examples of services, levels, outputs and signals, with the outputs, points and brokers that they name.
    private static var followingFiles: [(key: String, yaml: String)] {
        let start =
            "site: s\ngateway: g\nbrokers: [{host: one}, {host: two}]\npoints:\n" + namedPoints
            + "outputs:\n  siren: {kind: relay, line: {name: S}}\n"
        let services = ServiceKeys.all.map { doc in
            let hours = doc.name == ServiceKeys.outsideHours.name ? "    hours: 08:00-12:00\n" : ""
            let every = doc.name == ServiceKeys.escalation.name ? "    escalate-every: 1h\n" : ""
            return ("services.\(doc.name)", "services:\n  meal:\n\(hours)\(every)    \(doc.name): \(doc.example)\n")
        }
        let level = LevelKeys.all.map { "\($0.name): \($0.example)" }.joined(separator: ", ")
        let outputs = OutputKeys.all.map { doc in
            var output = doc.name == OutputKeys.kind.name ? [] : ["kind: lamp"]
            if doc.name != OutputKeys.line.name { output.append("line: {name: Q}") }
            output.append("\(doc.name): \(doc.example)")
            return ("outputs.\(doc.name)", "  x:\n    " + output.joined(separator: "\n    ") + "\n")
        }
        let signals = SignalKeys.all.map { doc in
            ("signal \(doc.name)", "  x: {kind: lamp, line: {name: Q}, patterns: {\(doc.name): \(doc.example)}}\n")
        }
        let all = services + outputs + signals + [("nobody-listening", "nobody-listening: {\(level)}\n")]
        return all.map { (key: $0.0, yaml: start + $0.1) }
    }
}
