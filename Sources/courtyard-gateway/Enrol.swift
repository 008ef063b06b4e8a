internal import ArgumentParser
internal import CallContract
internal import CallCore
internal import GatewayAgent
internal import Glibc
internal import SiteConfig

/// `courtyard-gateway enrol`: makes a transmitter a call point's.
struct Enrol: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Enrol a call point's radio transmitter, or list those that nobody enrolled.",
        discussion: """
            Needs the running agent, which listens (not with --code), and the site file's key transmitters, which names \
            the table that is kept here. Press the button twice when asked. The new table is in force at once.
            Example: courtyard-gateway enrol b3-u2-402
            """)

    @Argument(help: "The call point's id.")
    var point: String?
    @Flag(help: "List the transmitters that were heard and that nobody enrolled, the newest first.")
    var heard = false
    @Option(help: "The kind of transmitter (docs/radio.md); the one-button kind of its protocol unless given.")
    var device: String?
    @Option(help: "The code, for those who have a list: nothing is listened for.")
    var code: String?
    @Option(
        name: .customLong("protocol"), help: "How its code is keyed, with --code; ev1527 unless given. \(Decode.known)",
        transform: Decode.radioProtocol)
    var radioProtocol: RadioProtocol?
    @Option(help: "For how long to listen, in seconds.")
    var within = 60
    @Flag(help: "Don't ask whether it is the right one.")
    var yes = false
    @OptionGroup var siteFile: SiteFileOption

    func validate() throws {
        guard (point == nil) == heard else { throw ValidationError("name a call point, or --heard") }
        guard (1...3600).contains(within) else { throw ValidationError("--within is from 1 to 3600") }
    }

    func run() throws {
        let site = try SiteFile.read(siteFile.path)
        let agent = ControlSocket(path: site.files.control)
        guard let point else { return try list(agent) }
        guard let wanted = site.points.first(where: { $0.id.text == point }) else {
            throw failure("\(siteFile.path) has no call point \(point)")
        }
        guard let table = site.transmitters else {
            throw failure(
                "\(siteFile.path) names no table of transmitters: add the line \"transmitters: transmitters.csv\"")
        }
        let found = try code.map(given) ?? listen(for: wanted, agent)
        let kind = try device ?? usualDevice(found.code, site)
        Output.print("\(found.text), as \(kind)")
        let before = wanted.radio.map { ", in place of \($0.code.hexadecimal)" } ?? ""
        guard yes || confirms("Enrol it for \(wanted.id) (\(wanted.label))\(before)? [y/N] ") else {
            throw failure("nothing was changed")
        }
        let bytes = site.enrolling(wanted.id, device: kind, code: found.code)
        try check(bytes, at: table)
        try write(bytes, to: table)
        try reload(agent, wanted.id)
    }

    /// The kind that most transmitters like it are.
    private func usualDevice(_ code: RadioCode, _ site: Site) throws -> String {
        if let usual = code.radioProtocol.usualDevice { return usual }
        let kinds = code.model.map(site.kinds) ?? []
        if kinds.count == 1 { return kinds[0] }
        let known = kinds.isEmpty ? "has none; write one (docs/radio.md)" : "may be \(kinds.joined(separator: " or "))"
        throw failure("say with --device which kind of transmitter this is: \(code.source) \(known)")
    }

    // MARK: Listening

    /// A transmitter and how it was found.
    private struct Found {
        let code: RadioCode
        let text: String
    }

    private func given(_ text: String) throws -> Found {
        let digits = text.hasPrefix("0x") ? text.dropFirst(2) : text[...]
        guard let value = UInt64(digits, radix: 16) else {
            throw failure("--code is hexadecimal, such as 0x13CD38, not \(text)")
        }
        let kind = radioProtocol ?? .ev1527
        let code = RadioCode(kind, value: value, bits: kind.usualBits)
        return Found(code: code, text: "\(code.hexadecimal), \(kind.rawValue)")
    }

    private func listen(for point: CallPoint, _ agent: ControlSocket) throws -> Found {
        let before = try agent.answer(to: "heard", HeardReport.self)
        let presses = Dictionary(
            before.unknown.map { ($0.key, $0.presses) }, uniquingKeysWith: { first, _ in first })
        Output.print(
            "Press the button of \(point.id) (\(point.label)) twice, a second apart. Listening for \(within) s …")
        var told: Set<String> = []
        let end = SystemClock().now().moment + .seconds(Int64(within))
        while SystemClock().now().moment < end {
            usleep(200_000)
            let now = try agent.answer(to: "heard", HeardReport.self)
            for heard in now.unknown {
                let count = heard.presses - (presses[heard.key] ?? 0)
                if count >= 2, let code = heard.radioCode { return Found(code: code, text: heard.text) }
                if count == 1, told.insert(heard.key).inserted {
                    Output.print("heard \(heard.text): once more, please")
                }
            }
            for (other, old) in zip(now.points, before.points)
            where other.radio?.lastHeard != old.radio?.lastHeard && told.insert(other.point).inserted {
                Output.print("heard the transmitter of \(other.point) (\(other.label)), which is enrolled there")
            }
        }
        throw failure(
            told.isEmpty
                ? "nothing was heard within \(within) s: is the receiver's fault in `courtyard-gateway status`? Go nearer to it, and try `capture`"
                : "no transmitter that isn't enrolled was heard twice within \(within) s")
    }

    private func list(_ agent: ControlSocket) throws {
        let unknown = try agent.answer(to: "heard", HeardReport.self).unknown
        guard !unknown.isEmpty else {
            return Output.print("nothing but enrolled transmitters was heard since the agent started")
        }
        for heard in unknown {
            Output.print("\(heard.last)  \(heard.text), \(heard.presses) press\(heard.presses == 1 ? "" : "es")")
        }
    }

    private func confirms(_ question: String) -> Bool {
        Output.print(question)
        return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
    }

    // MARK: The table

    /// Reads the site file as it would be.
    private func check(_ bytes: [UInt8], at table: String) throws {
        do throws(SiteProblems) {
            _ = try SiteReader.read(path: siteFile.path, with: bytes, at: table)
        } catch {
            throw failure("nothing was changed: \(error)")
        }
    }

    /// The old table, or the new one, whatever happens meanwhile.
    private func write(_ bytes: [UInt8], to path: String) throws {
        let new = path + ".new"
        let file = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        let isWritten = file >= 0 && Glibc.write(file, bytes, bytes.count) == bytes.count && fsync(file) == 0
        if file >= 0 { close(file) }
        guard isWritten, rename(new, path) == 0 else {
            let reason = String(cString: strerror(errno))
            unlink(new)
            throw failure("nothing was changed: \(path) can't be written (\(reason))")
        }
        let folder = open(
            path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }

    private func reload(_ agent: ControlSocket, _ point: PointID) throws {
        guard agent.isThere else {
            return Output.print("\(point) is enrolled. No agent runs here: it calls once one does")
        }
        if let refused = try agent.answer(to: "reload", ReloadReport.self).refused {
            throw failure("written, and not in force: \(refused)")
        }
        Output.print("\(point) is enrolled and calls from now on. Try it: courtyard-gateway watch")
    }

    private func failure(_ text: String) -> ExitCode {
        Output.error(text)
        return .failure
    }
}

extension HeardReport.Transmitter {
    /// The code, whichever way it is keyed.
    fileprivate var key: String { "\(source) \(code)" }
    private var source: String { radioProtocol + (model.map { " \($0)" } ?? "") }

    fileprivate var radioCode: RadioCode? {
        guard let kind = RadioProtocol(rawValue: radioProtocol), let value = UInt64(code.dropFirst(2), radix: 16) else {
            return nil
        }
        return RadioCode(kind, value: value, bits: bits, model: model)
    }

    fileprivate var text: String {
        let strength = level.map { ", \($0) dB" } ?? ""
        return "\(code), \(source), heard by \(receiver)\(strength)"
    }
}

extension RadioProtocol {
    /// The kind that most of its transmitters are; nil where there is none.
    fileprivate var usualDevice: String? {
        switch self {
        case .ev1527: "ev1527-one-button"
        case .smc5326: "smc5326-one-button"
        case .kaku: "kaku-switch"
        case .keeloq: "keeloq-fob"
        case .bell32: "bell-32"
        case .bell48: "bell-48"
        case .activlink: "activlink-bell"
        case .ht12e, .rtl433: nil
        }
    }
}
