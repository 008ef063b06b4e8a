package import CallCore

/// What one kind of value may be, and how it is read: the messages, the reference page and the reader all take it from
/// here.
package struct Kind<Value: Sendable>: Sendable {
    /// "a duration from 500ms to 30s": what may stand there, in a message's words.
    package let allowed: String
    /// The unit a value is written in, if it has one.
    package let unit: String?
    /// The value, or nil if the text is none.
    package let read: @Sendable (String) -> Value?
    /// What must not be shown in a message, and what to call it instead.
    package let hide: @Sendable (String) -> String?

    package init(
        _ allowed: String, unit: String? = nil, hide: @escaping @Sendable (String) -> String? = { _ in nil },
        read: @escaping @Sendable (String) -> Value?
    ) {
        self.allowed = allowed
        self.unit = unit
        self.hide = hide
        self.read = read
    }
}

extension Kind {
    /// An id as the contract has it, but none of `reserved`.
    package static func name(reserved: [String] = []) -> Kind where Value: Name {
        let but = reserved.isEmpty ? "" : " (but not \(reserved.joined(separator: " or ")))"
        return Kind("1 to 64 of a-z, 0-9 and -\(but)") { reserved.contains($0) ? nil : Value($0) }
    }
}

extension Kind where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of a few words.
    package static var choice: Kind {
        Kind(Value.allCases.map(\.rawValue).joined(separator: " or ")) { Value(rawValue: $0) }
    }
}

extension Kind<Int> {
    /// A whole number, in plain digits. Leading zeros are refused: YAML once meant octal by them.
    package static func whole(_ range: ClosedRange<Int>) -> Kind {
        Kind("a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }),
                text == "0" || text.first != "0", let number = Int(text), range.contains(number)
            else { return nil }
            return number
        }
    }
}

extension Kind<Bool> {
    /// A yes or no, in the one way that every reader of YAML agrees on.
    package static let flag = Kind("true or false") { text in
        switch text {
        case "true": true
        case "false": false
        default: nil
        }
    }
}

extension Kind<Duration> {
    package static func duration(_ range: ClosedRange<Duration>, wholeSeconds: Bool = false) -> Kind {
        let ends = "\(DurationText.write(range.lowerBound)) to \(DurationText.write(range.upperBound))"
        let what = wholeSeconds ? "a duration in whole seconds" : "a duration"
        return Kind("\(what) from \(ends), with its unit (\(DurationText.units))", unit: DurationText.units) { text in
            guard let duration = DurationText.parse(text), range.contains(duration) else { return nil }
            return wholeSeconds && duration.components.attoseconds != 0 ? nil : duration
        }
    }
}

extension Kind<String> {
    /// Text for people. Counted in Unicode scalars, so that no pile of accents makes one character of a megabyte.
    package static func text(_ length: ClosedRange<Int>) -> Kind {
        let allowed =
            "\(length.lowerBound) to \(length.upperBound) characters on one line, without control characters or �"
        return Kind(allowed) { text in
            let scalars = text.unicodeScalars
            guard length.contains(scalars.count), scalars.contains(where: { !$0.properties.isWhitespace }),
                !scalars.contains(where: { isControl($0) || $0 == "\u{FFFD}" })
            else { return nil }
            return text
        }
    }

    /// A name that the kernel gives a chip or a line: up to 31 bytes (`GPIO_MAX_NAME_SIZE` is 32 with its NUL, Linux
    /// `include/uapi/linux/gpio.h`). A device's path is none: chip numbers move between kernels.
    static let kernelName = Kind("1 to 31 bytes, as gpiodetect and gpioinfo print it (no /dev path)") { text in
        guard (1...31).contains(text.utf8.count), !text.unicodeScalars.contains(where: isControl),
            !text.hasPrefix("/dev/"), text.unicodeScalars.contains(where: { !$0.properties.isWhitespace })
        else { return nil }
        return text
    }

    /// A host name or an address, alone: 253 bytes is DNS's longest (RFC 1035, section 2.3.4, less the root).
    static let host = Kind("a host name or an IP address alone (no mqtt://, no port)") { text in
        let isHost = text.utf8.allSatisfy { byte in
            switch byte {
            // a-z, A-Z, 0-9; - . _ : and % for link-local IPv6
            case 97...122, 65...90, 48...57, 45, 46, 95, 58, 37: true
            default: false
            }
        }
        let colons = text.utf8.count { $0 == 58 }
        return isHost && (1...253).contains(text.utf8.count) && colons != 1 && !text.hasPrefix("-") ? text : nil
    }

    /// The name of a file, up to 4,095 bytes (`PATH_MAX` is 4,096 with its NUL, Linux `include/uapi/linux/limits.h`). A
    /// key or certificate that was pasted in is not repeated in the message.
    package static let path = Kind(
        "the name of a file (up to 4095 bytes)",
        hide: { text in
            if text.contains("-----BEGIN") { return "a key or certificate written out here" }
            return text.contains("\n") ? "text of several lines" : nil
        },
        read: { text in
            (1...4_095).contains(text.utf8.count) && !text.unicodeScalars.contains(where: isControl) ? text : nil
        })
}

/// A span after which something happens, or the word by which it doesn't.
enum Limit: Hashable {
    case none
    case after(Duration)

    var duration: Duration? {
        guard case .after(let duration) = self else { return nil }
        return duration
    }
}

extension Kind<Limit> {
    static func duration(_ range: ClosedRange<Duration>, or word: String) -> Kind {
        let duration = Kind<Duration>.duration(range)
        return Kind("\(duration.allowed), or \(word)", unit: duration.unit) { text in
            text == word ? Limit.none : duration.read(text).map(Limit.after)
        }
    }
}

/// Which voltage a made contact gives.
enum ActiveLevel: String, CaseIterable {
    case low, high
}

/// What a contact does when its button is pressed.
enum Contact: String, CaseIterable {
    case normallyOpen = "normally-open"
    case normallyClosed = "normally-closed"
}

/// What a gesture besides the plain press asks for.
enum ExtraGesture: Hashable {
    /// Nothing of its own, whatever `defaults` say.
    case none
    case service(ServiceID)

    var service: ServiceID? {
        guard case .service(let service) = self else { return nil }
        return service
    }
}

extension Kind<ExtraGesture> {
    static let gesture = Kind("a service, reset, or none") { text in
        text == "none" ? ExtraGesture.none : ServiceID(text).map(ExtraGesture.service)
    }
}
