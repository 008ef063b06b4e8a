/// A recording of pulses in rtl_433's text format (`.ook`; rtl_433 `src/pulse_data.c`): lines of a pulse and the gap behind
/// it, in packages with a head of `;` lines.
public struct PulseFile: Sendable {
    /// One pulse and the gap behind it, in nanoseconds; a gap of 0 is one that nobody measured.
    public struct Pulse: Hashable, Sendable {
        public let high: Int64
        public let low: Int64

        public init(high: Int64, low: Int64) {
            self.high = high
            self.low = low
        }
    }

    /// What is recorded, package by package. What lies between two packages is not known.
    public let packages: [[Pulse]]

    /// What is wrong with a file, and where.
    public struct Malformed: Error, CustomStringConvertible {
        /// Counted from 1.
        public let line: Int
        public let description: String

        init(_ line: Int, _ what: String) {
            self.line = line
            description = "line \(line): \(what)"
        }
    }

    /// A package of this many pulses was full (rtl_433 `PD_MAX_PULSES`): what follows in the next one follows at once.
    static let mostPulses = 1200

    static func isFull(_ package: [Pulse]) -> Bool { package.count >= mostPulses }

    /// No pulse is longer: a file that says so says anything.
    private static let longest: Int64 = 1000 * 1_000_000_000

    /// Reads it all; nothing is taken on trust.
    public init(_ text: some Sequence<UInt8>) throws(Malformed) {
        var reader = Reader()
        for byte in text { try reader.take(byte) }
        packages = try reader.finish()
    }

    private struct Reader {
        private var packages: [[Pulse]] = []
        private var package: [Pulse] = []
        private var line: [UInt8] = []
        private var number = 1
        private var unit: Int64 = 1000
        /// The head of the file was seen.
        private var isPulseData = false
        /// A package of frequency-shift pulses, which no call button in these protocols sends.
        private var isSkipped = false

        mutating func take(_ byte: UInt8) throws(Malformed) {
            guard byte != UInt8(ascii: "\n") else { return try endLine() }
            guard line.count < 200 else { throw Malformed(number, "is longer than any line of a pulse file") }
            line.append(byte)
        }

        mutating func finish() throws(Malformed) -> [[Pulse]] {
            if !line.isEmpty { try endLine() }
            guard isPulseData else { throw Malformed(1, "a pulse file begins with ;pulse data, as rtl_433 writes it") }
            endPackage()
            return packages
        }

        private mutating func endPackage() {
            if !package.isEmpty, !isSkipped { packages.append(package) }
            (package, isSkipped) = ([], false)
        }

        private mutating func endLine() throws(Malformed) {
            defer {
                line.removeAll(keepingCapacity: true)
                number += 1
            }
            let words = line.split { $0 == UInt8(ascii: " ") || $0 == 13 || $0 == 9 }
            guard let first = words.first else { return }
            if first.first == UInt8(ascii: ";") { return try head(words.map { String(decoding: $0, as: UTF8.self) }) }
            guard isPulseData else { throw Malformed(number, "pulses before the head ;pulse data") }
            guard words.count == 2, let high = time(words[0]), let low = time(words[1]), high > 0 else {
                throw Malformed(number, "is no pulse and gap, two whole numbers such as 476 1412")
            }
            package.append(Pulse(high: high, low: low))
        }

        private func time(_ digits: ArraySlice<UInt8>) -> Int64? {
            guard digits.count <= 12, digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
            let value = digits.reduce(Int64(0)) { $0 * 10 + Int64($1 - 48) }.multipliedReportingOverflow(by: unit)
            return value.overflow || value.partialValue > PulseFile.longest ? nil : value.partialValue
        }

        private mutating func head(_ words: [String]) throws(Malformed) {
            switch (words[0], words.count) {
            case (";pulse", 2...) where words[1] == "data":
                isPulseData = true
                endPackage()
            case (";timescale", 2):
                guard let unit = Self.units[words[1]] else {
                    throw Malformed(number, "the timescale is \(words[1]), and 1us, 1ns or 1ms are understood")
                }
                self.unit = unit
            case (";ook", _): endPackage()
            case (";fsk", _):
                endPackage()
                isSkipped = true
            case (";end", _): endPackage()
            default: break  // frequencies, levels, comments
            }
        }

        private static let units: [String: Int64] = ["1ns": 1, "1us": 1000, "1ms": 1_000_000]
    }
}

extension RadioDecoder {
    /// Takes in a package of a recording that begins at `start`.
    /// - Returns: when it ends.
    public mutating func take(_ package: [PulseFile.Pulse], at start: Moment) -> Moment {
        var at = start
        for (index, pulse) in package.enumerated() {
            _ = take(carrier: true, at: at)
            at = at + .nanoseconds(pulse.high)
            _ = take(carrier: false, at: at)
            // Behind the last one of a package there was silence, long enough for the package to end.
            let isLast = index == package.count - 1 && !PulseFile.isFull(package)
            at = at + .nanoseconds(isLast || pulse.low == 0 ? max(pulse.low, Self.silence) : pulse.low)
        }
        _ = pass(until: at)
        if !PulseFile.isFull(package) { lostEdges() }
        return at
    }
}
