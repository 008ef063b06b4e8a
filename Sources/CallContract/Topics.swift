public import CallCore

/// The topics of one gateway: `courtyard/v1/<site>/<gateway>/…`. Part of the contract; see docs/mqtt-contract.md.
public struct Topics: Hashable, Sendable {
    public let site: SiteID
    public let gateway: GatewayID
    /// `courtyard/v1/<site>/<gateway>`
    public let base: String

    public init(site: SiteID, gateway: GatewayID) {
        self.site = site
        self.gateway = gateway
        base = "courtyard/v1/\(site)/\(gateway)"
    }

    /// The CloudEvents `source` of this gateway's events.
    public var source: String { "/courtyard/\(site)/\(gateway)" }
    public var status: String { "\(base)/status" }
    public var summary: String { "\(base)/summary" }
    public var commands: String { "\(base)/command/+" }
    public var commandPrefix: String { "\(base)/command/" }
    /// Everything retained that this gateway writes but its status and summary: read back on connecting.
    public var retained: [String] { ["\(base)/call/+/+", "\(base)/fault/+", "\(base)/point/+"] }

    /// Where the site's desks say that they are listening.
    public var desks: String { "\(deskPrefix)+" }
    public func desk(_ id: DeskID) -> String { "\(deskPrefix)\(id)" }
    private var deskPrefix: String { "courtyard/v1/\(site)/desk/" }

    /// Where an event of this service and type is published.
    public func event(_ service: ServiceID, _ type: CallEventType) -> String {
        "\(base)/event/\(service)/\(type.rawValue)"
    }
    /// Where a call's record stands.
    public func call(_ service: ServiceID, _ id: CallID) -> String { "\(base)/call/\(service)/\(id)" }
    public func point(_ id: PointID) -> String { "\(base)/point/\(id)" }
    public func fault(_ id: FaultID) -> String { "\(base)/fault/\(id)" }
    public func reply(_ commandID: String) -> String { "\(base)/reply/\(commandID)" }
    public func replay(_ commandID: String, _ event: CallEvent) -> String {
        "\(base)/replay/\(commandID)/\(event.service)/\(event.type.rawValue)"
    }

    /// True below `call/`, whatever follows.
    public func isCall(_ topic: String) -> Bool { topic.hasPrefix("\(base)/call/") }

    /// What one of this gateway's own topics, or a desk's status, is about; nil for any other topic.
    public func subject(of topic: String) -> Subject? {
        if topic.hasPrefix(deskPrefix) {
            return DeskID(String(topic.dropFirst(deskPrefix.count))).map { .desk($0) }
        }
        guard topic.hasPrefix(base + "/") else { return nil }
        let parts = topic.dropFirst(base.count + 1).split(separator: "/", omittingEmptySubsequences: false).map(
            String.init)
        switch (parts.first, parts.count) {
        case ("status", 1): return .status
        case ("command", 2): return .command(parts[1])
        case ("call", 3):
            guard let service = ServiceID(parts[1]) else { return nil }
            return .call(service, id: parts[2])
        case ("fault", 2): return .fault(parts[1])
        case ("point", 2): return .point(parts[1])
        default: return nil
        }
    }

    /// What a topic of this gateway is about.
    public enum Subject: Hashable, Sendable {
        case status
        case command(String)
        case call(ServiceID, id: String)
        case fault(String)
        case point(String)
        case desk(DeskID)
    }
}
