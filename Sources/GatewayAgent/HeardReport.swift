public import CallContract
public import CallCore

/// What receivers have heard, for `courtyard-gateway enrol`.
public struct HeardReport: Codable, Hashable, Sendable {
    /// A transmitter that nobody enrolled.
    public struct Transmitter: Codable, Hashable, Sendable {
        /// How it keys its bits, its code as `decode` prints it, and how many bits that has.
        public var radioProtocol: String
        public var code: String
        public var bits: Int
        /// What rtl_433 calls it, if that program heard it.
        @OrNull public var model: String?
        /// How often it was pressed since the agent started.
        public var presses: Int
        public var first: WallTime
        public var last: WallTime
        /// Which receiver heard it last, and how strongly, in dB as that receiver counts them.
        public var receiver: String
        @OrNull public var level: Double?
    }

    /// The newest first.
    public var unknown: [Transmitter]
    /// Every call point, in the order of their ids.
    public var points: [PointMessage]
}

/// What became of a reload.
public struct ReloadReport: Codable, Hashable, Sendable {
    /// Null: the site file is in force. Otherwise why it isn't.
    @OrNull public var refused: String?
}

extension GatewayAgent {
    /// What receivers have heard so far.
    public func heard() -> HeardReport {
        let points = core.pointStatuses.sorted { $0.id < $1.id }
        let unknown = core.unknownTransmitters.sorted { ($1.last, $0.code.value) < ($0.last, $1.code.value) }
        return HeardReport(
            unknown: unknown.map { heard in
                HeardReport.Transmitter(
                    radioProtocol: heard.code.radioProtocol.rawValue, code: heard.code.hexadecimal,
                    bits: heard.code.bits, model: heard.code.model, presses: heard.presses, first: heard.first,
                    last: heard.last,
                    receiver: heard.reception.receiver.text, level: heard.reception.decibels)
            },
            points: points.map { PointMessage($0) })
    }

    /// Why the site file on disk is not in force, if it isn't.
    public func reloaded() -> ReloadReport { ReloadReport(refused: core.fault(.siteFileRefused)?.what) }
}
