/// A radio receiver, as the site file describes it.
public struct RadioReceiver: Hashable, Sendable {
    /// Where what it hears comes from.
    public enum Source: Hashable, Sendable {
        /// The simulator.
        case simulated
        /// The edges of its DATA pin.
        case pin(LineAddress)
        /// What it prints to a serial port, having decoded it.
        case serial(SerialSource)
        /// What a program prints: rtl_433, or whoever passes on its messages; the program and its arguments.
        case program([String])
        /// What an rtl_433 elsewhere sends to an address and port of ours: syslog datagrams.
        case datagrams(host: String, port: Int)
    }

    /// Its name in the site file.
    public let id: ReceiverID
    /// Where what it hears comes from.
    public let source: Source
    /// True if it gives out nothing while nobody sends; any other gives out noise, and its silence is a fault.
    public let isSquelched: Bool

    public init(id: ReceiverID, source: Source = .simulated, isSquelched: Bool = false) {
        self.id = id
        self.source = source
        self.isSquelched = isSquelched
    }

    /// True if it tells codes, and not edges.
    public var decodesItself: Bool {
        switch source {
        case .simulated, .pin: false
        case .serial, .program, .datagrams: true
        }
    }
}

/// How a radio receiver is.
public enum ReceiverCondition: Hashable, Sendable {
    /// It is listened to.
    case working
    /// Its line, port or program is not to be had; its driver tries again by itself.
    case dead(String)
    /// It says nothing at all, not even noise: without power, or a broken wire.
    case silent
    /// A carrier or noise that looks like bits fills the air: frames don't come through.
    case jammed(String)
    /// It tells more presses than people make.
    case flooding(String)

    /// False if no press can be heard through it.
    var hears: Bool {
        switch self {
        case .working, .jammed, .flooding: true
        case .dead, .silent: false
        }
    }
}

/// What came of what a receiver gave out since it is listened to.
public struct ReceiverStatistics: Hashable, Sendable {
    /// Edges of its pin.
    public var edges = 0
    /// What became of what looked like bits.
    public var verdicts = RadioVerdicts()
    /// How many of the last sixty seconds were occupied by a carrier or by frames.
    public var occupiedSeconds = 0

    public init() {}
}

/// What a driver tells about a radio receiver.
public struct ReceiverReport: Hashable, Sendable {
    public let receiver: ReceiverID
    public let condition: ReceiverCondition

    public init(_ receiver: ReceiverID, _ condition: ReceiverCondition) {
        self.receiver = receiver
        self.condition = condition
    }
}

/// The site's receivers, and what is wrong with them.
struct Receivers: Sendable {
    private(set) var conditions: [ReceiverID: ReceiverCondition] = [:]

    /// These receivers from now on; what others told is forgotten.
    mutating func adopt(_ ids: [ReceiverID]) { conditions = conditions.filter { ids.contains($0.key) } }

    mutating func take(_ report: ReceiverReport) { conditions[report.receiver] = report.condition }

    /// How one is, in a word: `waiting` until its driver has told.
    func word(_ id: ReceiverID) -> String {
        switch conditions[id] {
        case nil: "waiting"
        case .working: "ok"
        case .dead: "dead"
        case .silent: "silent"
        case .jammed: "jammed"
        case .flooding: "flooding"
        }
    }

    /// Whether transmitters can be heard at all; nil until a receiver has told.
    var hearing: Bool? { conditions.isEmpty ? nil : conditions.values.contains(where: \.hears) }

    /// The receivers that one fault concerns, with what is to be said of each.
    func troubled(_ fault: FaultID) -> [ReceiverID: String] {
        conditions.compactMapValues { condition in
            switch (fault, condition) {
            case (.receiverDead, .dead(let what)): what
            case (.receiverSilent, .silent): "not even noise comes from it"
            case (.receiverJammed, .jammed(let what)): what
            case (.receiverFlooding, .flooding(let what)): what
            default: nil
            }
        }
    }
}

extension FaultID {
    static let receiverFaults = [receiverDead, receiverSilent, receiverJammed, receiverFlooding]

    var receiverRemedy: String {
        switch self {
        case .receiverDead:
            "look at the receiver's plug; compare its line with `gpioinfo`, or start its program by hand"
        case .receiverSilent: "look at the receiver's power and its DATA wire; no radio button is heard through it"
        case .receiverJammed:
            "look for what sends without end: a jammed remote control, a weather station, a bad power supply near the "
                + "receiver; move the receiver away from it"
        default:
            "somebody near sends codes on purpose, or a transmitter is broken: see `courtyard-gateway enrol --heard`"
        }
    }
}
