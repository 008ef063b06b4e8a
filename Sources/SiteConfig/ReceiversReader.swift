import CallCore
import Glibc

/// Reads `receivers`.
struct ReceiversReader {
    /// True if a receiver must say where its line is.
    let needsLines: Bool
    /// The lines that points and outputs have taken.
    var register: LineRegister
    let problems: ProblemList
    /// Those that are right so far, in the order of the file.
    private(set) var receivers: [RadioReceiver] = []

    init(needsLines: Bool, register: LineRegister, problems: ProblemList) {
        self.needsLines = needsLines
        self.register = register
        self.problems = problems
    }

    mutating func read(_ part: Part) {
        let pairs = part.pairs(allowed: SiteKeys.receivers.allowed, problems: problems) ?? []
        if pairs.count > ReceiverKeys.limit {
            problems.add(
                part.place, part.path, found: "\(pairs.count) receivers", allowed: "at most \(ReceiverKeys.limit)")
        }
        for pair in pairs.prefix(ReceiverKeys.limit) {
            guard let id = ReceiverKeys.id.read(pair.key) else {
                problems.add(
                    pair.place, pair.value.path, found: "the receiver \(quoted(pair.key))",
                    allowed: ReceiverKeys.id.allowed)
                continue
            }
            read(id, pair.value)
        }
    }

    private mutating func read(_ id: ReceiverID, _ part: Part) {
        guard
            let section = Section(
                part, allowed: "a receiver, such as {line: {name: GPIO27}}", keys: ReceiverKeys.all, problems: problems)
        else { return }
        let named = ReceiverKeys.sources.filter(section.present.contains)
        if named.count > 1 {
            problems.add(
                section.place, section.path, found: "a receiver with \(listed(named))", allowed: "one of them")
        } else if named.isEmpty, needsLines {
            section.missing(ReceiverKeys.line.name, allowed: ReceiverKeys.line.allowed, problems)
        }
        // Nothing comes from a simulated one while nobody sends.
        let isSquelched = section.value(ReceiverKeys.squelch, problems) ?? !needsLines
        let sources = [
            section.part(ReceiverKeys.line, problems).flatMap { pin($0) },
            section.part(ReceiverKeys.serial, problems).flatMap(serial),
            section.part(ReceiverKeys.program, problems).flatMap(program),
            section.value(ReceiverKeys.datagrams, problems).map { .datagrams(host: $0.host, port: $0.port) },
        ]
        let source = sources.compactMap { $0 }.first ?? .simulated
        receivers.append(RadioReceiver(id: id, source: source, isSquelched: isSquelched))
    }

    private mutating func pin(_ part: Part) -> RadioReceiver.Source? {
        guard
            let keys = Section(part, allowed: PointKeys.line.allowed, keys: LineKeys.all, problems: problems),
            let address = LineReader(section: keys, problems: problems).address
        else { return nil }
        register.take(address, at: part.place, part.path, problems)
        return needsLines ? .pin(address) : .simulated
    }

    private func program(_ part: Part) -> RadioReceiver.Source? {
        let before = problems.total
        let words = part.values(
            ReceiverKeys.word, limit: ReceiverKeys.longestCommand, allowed: ReceiverKeys.program.allowed,
            problems: problems)
        if words.isEmpty, problems.total == before {
            problems.add(part.place, part.path, found: "an empty list", allowed: ReceiverKeys.program.allowed)
        }
        return words.isEmpty ? nil : .program(words.map(\.value))
    }

    private func serial(_ part: Part) -> RadioReceiver.Source? {
        guard
            let section = Section(
                part, allowed: ReceiverKeys.serial.allowed, keys: SerialKeys.all, problems: problems)
        else { return nil }
        let baud = section.value(SerialKeys.baud, problems) ?? 9600
        let kind = section.value(SerialKeys.radioProtocol, problems) ?? .ev1527
        let port = section.value(SerialKeys.port, problems)
        guard let line = section.value(SerialKeys.prints, problems), let port else { return nil }
        if !port.hasPrefix("/"), let field = section.fields[SerialKeys.port.name] {
            problems.add(
                field.place, field.path, found: quoted(port), allowed: "an absolute path, such as /dev/ttyUSB0")
        }
        return .serial(SerialSource(path: port, baud: baud, line: line, radioProtocol: kind))
    }
}
