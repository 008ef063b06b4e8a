/// Where Home Assistant looks for devices: the beginning of a topic.
enum DiscoveryPrefix: Hashable {
    case off
    case below(String)

    var text: String? {
        guard case .below(let text) = self else { return nil }
        return text
    }
}

extension Kind<DiscoveryPrefix> {
    /// No wildcard, no empty level, and nothing below `courtyard`, where the contract's own topics stand.
    static let discoveryPrefix = Kind(
        "off, or 1 to 64 of letters, digits, -, _ and / (not at the ends, nor below courtyard)"
    ) { text in
        if text == "off" { return DiscoveryPrefix.off }
        let levels = text.split(separator: "/", omittingEmptySubsequences: false)
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case 97...122, 65...90, 48...57, 45, 95, 47: true  // a-z, A-Z, 0-9; - _ /
            default: false
            }
        }
        guard isPlain, text.utf8.count <= 64, levels.allSatisfy({ !$0.isEmpty }), levels.first != "courtyard" else {
            return nil
        }
        return .below(text)
    }
}
