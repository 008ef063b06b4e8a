package import CallCore
import Glibc

/// The keys of one receiver.
enum ReceiverKeys {
    static let line = KeyDoc(
        "line", .mapping, .optional("required with `hardware: gpio`, unless it has one of the next three"),
        allowed: PointKeys.line.allowed,
        example: "{chip: pinctrl-bcm2711, offset: 27}", "Where its DATA pin is connected.")
    static let squelch = Key(
        "squelch", .optional("false; true with `hardware: simulated`"), Kind<Bool>.flag, example: "true",
        "True for a receiver that gives out nothing while nobody sends; of any other, silence is a fault.")

    static let serial = KeyDoc(
        "serial", .mapping, .optional("none"), allowed: "a mapping such as {port: /dev/ttyUSB0, prints: \"RX {code}\"}",
        example: "{port: /dev/ttyUSB0, prints: \"RX {code}\"}",
        "In place of `line`: the receiver decodes by itself and prints what it hears to a serial port.")

    static let program = KeyDoc(
        "program", .list, .optional("none"),
        allowed: "a list of a program and its arguments, such as [rtl_433, -F, json]",
        example: "[rtl_433, -f, 868.3M, -M, level, -F, json]",
        "In place of `line`: the gateway runs this program, which prints rtl_433's JSON.")
    static let datagrams = Key(
        "udp", .optional("none"), Kind<ListeningAddress>.listening, example: "127.0.0.1:1514",
        "In place of `line`: an rtl_433 elsewhere sends its messages here (`-F syslog:127.0.0.1:1514`).")

    static let all = [line, serial, program, datagrams.doc, squelch.doc]
    /// Those that say where what it hears comes from.
    static let sources = [line.name, serial.name, program.name, datagrams.doc.name]

    static let word = Kind<String>.text(1...200)
    /// The most words a program's command may have.
    static let longestCommand = 64
    /// The most receivers a gateway may have.
    static let limit = 8
    static let id = Kind<ReceiverID>.name()
}

/// The keys of a receiver's `serial`.
enum SerialKeys {
    static let port = Key(
        "port", .required, Kind<String>.path, example: "/dev/ttyUSB0",
        "The port; one below /dev/serial/by-id stays the same when others are plugged in.")
    static let baud = Key(
        "baud", .optional("9600"), Kind<Int>.baud, example: "115200", "Bits a second.")
    static let prints = Key(
        "prints", .required, Kind<PrintedLine>.printed, example: "\"RX {code}\"",
        "The line that it prints for a frame: {code} in hexadecimal, and {level} in dB if it says that.")
    static let radioProtocol = Key(
        "protocol", .optional("ev1527"), Kind<RadioProtocol>.keyed, example: "kaku", "What its codes are.")

    static let all = [port.doc, baud.doc, prints.doc, radioProtocol.doc]
}

extension Kind<RadioProtocol> {
    /// One of those that are decoded from edges.
    package static let keyed = Kind(RadioProtocol.keyed.map(\.rawValue).joined(separator: " or ")) { text in
        RadioProtocol.keyed.first { $0.rawValue == text }
    }
}

/// An address of ours and a port.
package struct ListeningAddress: Hashable, Sendable {
    let host: String
    let port: Int
}

extension Kind<ListeningAddress> {
    static let listening = Kind("an address of this gateway in digits and a port, as in 127.0.0.1:1514") { text in
        guard let colon = text.lastIndex(of: ":"),
            let port = Kind<Int>.whole(1...65_535).read(String(text[text.index(after: colon)...]))
        else { return nil }
        var host = String(text[..<colon])
        var storage = in6_addr()
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            return inet_pton(AF_INET6, host, &storage) == 1 ? ListeningAddress(host: host, port: port) : nil
        }
        return inet_pton(AF_INET, host, &storage) == 1 ? ListeningAddress(host: host, port: port) : nil
    }
}

extension Kind<Int> {
    private static let speeds = [1200, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200]

    static let baud = Kind(speeds.map(String.init).joined(separator: " or ")) { text in
        Int(text).flatMap { speeds.contains($0) ? $0 : nil }
    }
}

extension Kind<PrintedLine> {
    static let printed = Kind("text with one {code}, and {level} if it says that, text between the two") { text in
        PrintedLine(text)
    }
}

/// The keys of a point's `radio`.
enum RadioKeys {
    static let device = Key(
        "device", .required, Kind<String>.deviceName, example: "ev1527-one-button",
        "The kind of transmitter: the name of its file, see [radio](radio.md#kinds-of-transmitters).")
    static let code = Key(
        "code", .required, Kind<RadioCodeText>.code, example: "0x13CD38",
        "One of its codes, as `decode` prints it; which of its buttons it is does not matter.")

    static let all = [device.doc, code.doc]
}

/// The keys of a file of `devices/`.
enum DeviceKeys {
    static let about = Key(
        "about", .required, Kind<String>.text(1...200), example: "Pendant with one button",
        "What it is, for whoever buys or enrols one.")
    static let radioProtocol = Key(
        "protocol", .required, Kind<RadioProtocol>.choice, example: "ev1527", "How it keys its bits.")
    static let bits = Key(
        "bits", .optional("required, but with rtl_433"), Kind<Int>.whole(8...64), example: "24",
        "How many bits its code has.")
    static let identity = Key(
        "identity", .optional("required, but with rtl_433"), Kind<Int>.whole(4...64), example: "20",
        "How many of them, from the first one sent, say who it is.")
    static let buttons = KeyDoc(
        "buttons", .mapping, .optional("none"), allowed: "a mapping such as {0x1: press, 0x7: low-battery}",
        example: "{0x1: press, 0x7: low-battery}", "What the other bits mean, by their value.")
    static let battery = Key(
        "battery", .optional("none"), Kind<RadioCodeText>.code, example: "0x2",
        "Those of the other bits that are 1 while its battery is low, whatever else it tells.")
    static let model = Key(
        "model", .optional("required with rtl_433"), Kind<String>.word, example: "Honeywell-ActivLink",
        "What rtl_433 calls it.")
    static let id = Key(
        "id", .optional("id, with rtl_433"), Kind<String>.word, example: "id",
        "The key of rtl_433's message that says who it is: a number, or hexadecimal digits.")
    static let messages = KeyDoc(
        "messages", .mapping, .optional("none"),
        allowed: "a mapping such as {battery_ok=0: low-battery, button=1: press}",
        example: "{battery_ok=0: low-battery, button=1: press}",
        "What rtl_433's words mean: a key and its value. All that hold are told.")
    static let other = Key(
        "other", .optional("press"), Kind<RadioDevice.Meaning>.meaning, example: "ignore",
        "What everything else means; with rtl_433 a message of which nothing holds but a low battery.")
    static let supervision = KeyDoc(
        "supervision", .mapping, .optional("none: it speaks only when it is pressed"),
        allowed: "a mapping such as {interval: 24h, misses: 1}", example: "{interval: 24h, misses: 1}",
        "How often it tells by itself that it is there.")
    static let clonable = Key(
        "clonable", .optional("true"), Kind<Bool>.flag, example: "true",
        "Whether anybody who has heard it can send the same.")
    static let rolling = Key(
        "rolling", .optional("false"), Kind<Bool>.flag, example: "false",
        "Whether a part of what it sends changes with every press; that part is not verified.")

    static let all = [
        about.doc, radioProtocol.doc, bits.doc, identity.doc, buttons, battery.doc, model.doc, id.doc, messages,
        other.doc,
        supervision, clonable.doc, rolling.doc,
    ]
}

/// The keys of a device's `supervision`.
enum SupervisionKeys {
    static let interval = Key(
        "interval", .required, Kind<Duration>.duration(.seconds(60)...(.seconds(30 * 86_400))), example: "24h",
        "The longest time between two of its reports, by its maker's word.")
    static let misses = Key(
        "misses", .optional("1"), Kind<Int>.whole(1...30), example: "2", "How many in a row may fail to be heard.")

    static let all = [interval.doc, misses.doc]
}

/// A code as it is written: how many bits it has, its device says.
package struct RadioCodeText: Hashable, Sendable {
    package let value: UInt64
}

extension Kind<RadioCodeText> {
    package static let code = Kind("0x and 1 to 16 hexadecimal digits, as decode prints a code") { text in
        hexadecimal(text).map { RadioCodeText(value: $0) }
    }
}

/// Reads `0x1F`; nil if it is none.
func hexadecimal(_ text: String) -> UInt64? {
    let digits = text.dropFirst(2)
    guard text.hasPrefix("0x"), (1...16).contains(digits.utf8.count), digits.allSatisfy(\.isHexDigit) else {
        return nil
    }
    return UInt64(digits, radix: 16)
}

extension Kind<String> {
    /// A word of rtl_433's.
    static let word = Kind("1 to 64 visible ASCII characters without =") { text in
        (1...64).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != 0x3d }
            ? text : nil
    }

    /// The name of a device's file without its ending.
    static let deviceName = Kind("1 to 64 of a-z, 0-9 and -, as its file in devices is named") { text in
        SiteID(text).map(\.text)
    }
}

extension Kind<RadioDevice.Meaning> {
    private static let words: [String: RadioDevice.Meaning] = [
        "press": .press, "release": .release, "low-battery": .lowBattery, "tamper": .tamper, "alive": .alive,
        "ignore": .nothing,
    ]

    static let meaning = Kind(
        "press, release, low-battery, tamper, alive, ignore, or the service that this button asks for"
    ) { text in
        words[text] ?? (text == ServiceID.reset.text ? nil : ServiceID(text).map(RadioDevice.Meaning.service))
    }
}
