internal import ArgumentParser
internal import CallCore
internal import CourtyardSimulation
internal import Glibc

/// `courtyard-sim radio-bench`: how many edges a second the decoder takes; for `simulator/bench/decoder.sh`.
struct RadioBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure how fast the radio decoder is, on noise with a frame now and then.", shouldDisplay: false)

    @Option(help: "How many edges are decoded.")
    var edges = 20_000_000
    @Option(help: "Writes the same pulses into this file (.ook), for other decoders.")
    var write: String?

    func run() throws {
        let stretch = Self.stretch()
        if let write { try Self.write(stretch, to: write) }
        var decoder = RadioDecoder(receiver: ReceiverID("bench")!)
        var offset: Int64 = 0
        let began = Self.now()
        let rounds = max(1, edges / stretch.count)
        for _ in 0..<rounds {
            offset += stretch.last!.at + 1_000_000
            Self.feed(stretch, at: offset, &decoder)
        }
        let nanoseconds = Self.now() - began
        let presses = decoder.verdicts.presses
        print(
            """
            {"edges":\(rounds * stretch.count),"seconds":\(Double(nanoseconds) / 1e9),\
            "edgesPerSecond":\(Int(Double(rounds * stretch.count) / Double(nanoseconds) * 1e9)),\
            "presses":\(presses)}
            """)
    }

    /// A million edges: a receiver's hiss, and every ten thousand of them a button.
    private static func stretch() -> [Air.Edge] {
        var (dice, edges, at, carrier) = (Dice(1), [Air.Edge](), Int64(0), true)
        while edges.count < 1_000_000 {
            for _ in 0..<10_000 {
                edges.append(Air.Edge(carrier: carrier, at: at))
                at += Noise.hiss.length(&dice)
                carrier.toggle()
            }
            var air = Air(dice.split())
            for _ in 0..<5 { air.send(Keying(base: 350_000).frame(RadioCode(.ev1527, value: 0x13CD30, bits: 24))) }
            for edge in air.takeEdges() where edge.carrier == carrier {
                edges.append(Air.Edge(carrier: carrier, at: at + edge.at))
                carrier.toggle()
            }
            at = edges.last!.at + 500_000
        }
        return edges
    }

    private static func feed(_ edges: [Air.Edge], at offset: Int64, _ decoder: inout RadioDecoder) {
        for edge in edges {
            if decoder.take(carrier: edge.carrier, at: Moment(nanoseconds: offset + edge.at)) {
                _ = decoder.takeReports()
            }
        }
    }

    private static func write(_ edges: [Air.Edge], to path: String) throws {
        var text = ";pulse data\n;version 1\n;timescale 1us\n;ook \(edges.count / 2) pulses\n"
        for index in stride(from: 0, to: edges.count - 2, by: 2) {
            text +=
                "\((edges[index + 1].at - edges[index].at) / 1000) \((edges[index + 2].at - edges[index + 1].at) / 1000)\n"
        }
        guard let file = fopen(path, "w") else {
            throw SimulatorError("\(path) can't be written: \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        fputs(text + ";end\n", file)
    }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
