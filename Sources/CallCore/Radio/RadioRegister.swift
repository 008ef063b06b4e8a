/// Whose codes are whose, and which codes nobody has enrolled.
struct RadioRegister: Sendable {
    /// Codes that nobody enrolled are remembered up to so many: whoever fills the air can't fill the memory. The one
    /// heard longest ago makes room.
    static let mostUnknown = 256

    private var points: [RadioIdentity: PointID] = [:]
    /// The kinds that are in use.
    private var devices: Set<RadioDevice> = []
    private(set) var unknown: [RadioCode: UnknownTransmitter] = [:]

    /// These points from now on.
    mutating func adopt(_ rules: [CallPoint]) {
        let enrolled = rules.compactMap { point in point.radio.map { (point.id, $0) } }
        points = Dictionary(enrolled.map { ($1.identity, $0) }, uniquingKeysWith: { first, _ in first })
        devices = Set(enrolled.map { $1.device })
        unknown = unknown.filter { point(of: $0.key) == nil }
    }

    /// Whose transmitter sent it; nil for one that nobody enrolled.
    func point(of code: RadioCode) -> PointID? {
        for device in devices {
            guard let value = device.identity(of: code) else { continue }
            let identity = RadioIdentity(
                radioProtocol: device.radioProtocol, bits: device.bits, model: device.model?.name,
                identityBits: device.identityBits, value: value)
            if let point = points[identity] { return point }
        }
        return nil
    }

    /// A press of a transmitter that nobody enrolled.
    mutating func heardUnknown(_ report: RadioReport, _ now: Now) {
        let wall = now.wall(at: report.at)
        guard unknown[report.code] == nil, unknown.count >= Self.mostUnknown,
            let oldest = unknown.min(by: { $0.value.last < $1.value.last })?.key
        else { return note(report, wall) }
        unknown[oldest] = nil
        note(report, wall)
    }

    private mutating func note(_ report: RadioReport, _ wall: WallTime) {
        var heard =
            unknown[report.code]
            ?? UnknownTransmitter(code: report.code, reception: report.reception, presses: 0, first: wall, last: wall)
        heard.presses += 1
        heard.last = max(heard.last, wall)
        heard.reception = report.reception
        unknown[report.code] = heard
    }
}

/// A transmitter that was heard and that nobody enrolled.
public struct UnknownTransmitter: Hashable, Sendable {
    public let code: RadioCode
    /// How it was heard last.
    public internal(set) var reception: Reception
    /// How often it was pressed since the agent started, or since it was forgotten for others.
    public internal(set) var presses: Int
    public let first: WallTime
    public internal(set) var last: WallTime
}
