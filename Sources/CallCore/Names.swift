/// What the contract allows as an id: `[a-z0-9-]{1,64}`. It stands in MQTT topics, so nothing else may.
public protocol Name: Hashable, Comparable, Sendable, CustomStringConvertible {
    var text: String { get }
    init(unchecked text: String)
}

extension Name {
    /// The name, if `text` is 1 to 64 of `a`-`z`, `0`-`9` and `-`.
    public init?(_ text: String) {
        guard (1...64).contains(text.utf8.count),
            text.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 45 })
        else { return nil }
        self.init(unchecked: text)
    }

    public var description: String { text }
    public static func < (a: Self, b: Self) -> Bool { a.text < b.text }
}

/// A call point's id, unique within a site, such as `b3-u2-401`.
public struct PointID: Name {
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

extension PointID {
    /// What ends the name of a loop; no id can contain it.
    private static let loopMark = "~loop"

    /// The supervising loop of this point's wire, as drivers know it: a line of its own.
    public var loop: PointID { PointID(unchecked: text + Self.loopMark) }

    /// The point whose loop this is; nil for a call point's own contact.
    public var loopOwner: PointID? {
        text.hasSuffix(Self.loopMark) ? PointID(unchecked: String(text.dropLast(Self.loopMark.count))) : nil
    }
}

/// A service's id: `emergency`, `meal`, `errand`, or one the site defines.
public struct ServiceID: Name {
    public let text: String
    public init(unchecked text: String) { self.text = text }

    /// A person needs help now.
    public static let emergency = ServiceID(unchecked: "emergency")
    public static let meal = ServiceID(unchecked: "meal")
    public static let errand = ServiceID(unchecked: "errand")
    /// Reserved for tests and walk tests: never mistaken for a real call, whatever a display subscribes to.
    public static let test = ServiceID(unchecked: "test")
    /// Reserved for gestures: resolves calls at the call point instead of raising one.
    public static let reset = ServiceID(unchecked: "reset")
}

/// A fault's id, such as `line-missing`: the last part of its topic.
public struct FaultID: Name {
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// An output's id: a lamp, a buzzer or a relay of the board, as the site file names it.
public struct OutputID: Name {
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// A radio receiver's id, as the site file names it.
public struct ReceiverID: Name {
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

extension ReceiverID {
    /// Its DATA pin, among the lines that are pulled up and down in a simulation; no point's id can be that.
    public var pin: PointID { PointID(unchecked: text + "~pin") }
}

/// A duty desk's id, unique within its site: the last part of its status topic.
public struct DeskID: Name {
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// A site's id.
public struct SiteID: Name {
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// A gateway's id, unique within its site. `desk` is no gateway's: desks' topics stand there.
public struct GatewayID: Name {
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// A journal's id: random, made with the journal. Six of `a`-`z` and `0`-`9`.
public struct JournalID: Name {
    public let text: String
    public init(unchecked text: String) { self.text = text }
}

/// A call's id, `<journal>-<number>`: never reused, since the journal's id is random and its numbers count up.
public struct CallID: Hashable, Sendable, CustomStringConvertible {
    public let journal: JournalID
    public let number: UInt64

    public init(journal: JournalID, number: UInt64) {
        self.journal = journal
        self.number = number
    }

    /// Reads `<journal>-<number>`; nil if `text` is not one.
    public init?(_ text: String) {
        guard let dash = text.lastIndex(of: "-"), let number = UInt64(text[text.index(after: dash)...]),
            let journal = JournalID(String(text[..<dash]))
        else { return nil }
        self.init(journal: journal, number: number)
    }

    public var description: String { "\(journal)-\(number)" }
}
