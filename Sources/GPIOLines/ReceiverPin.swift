public import CallCore
internal import Glibc

/// One line whose every edge is of interest: a radio receiver's DATA pin. A level that is high is a carrier.
///
/// It belongs to one thread, and gives the line back when it goes away.
public final class ReceiverPin {
    /// One edge, at the kernel's time.
    public struct Edge: Hashable, Sendable {
        /// The carrier came; false: it went.
        public let carrier: Bool
        public let at: Moment
    }

    /// What a wait gave.
    public struct Batch: Sendable {
        /// In the order of their time; empty if none came.
        public internal(set) var edges: [Edge] = []
        /// Edges were lost before these: they came faster than they were read.
        public internal(set) var isBroken = false
    }

    private let line: WatchedLine
    private let request: LineRequest
    private let poll: EventPoll
    private let buffer: EdgeBuffer
    private var stream: EdgeStream

    /// - Parameters:
    ///   - address: where the pin is wired to.
    ///   - wakeUp: a descriptor whose being readable ends a wait, if there is one.
    /// - Throws: why the line can't be had, in the words that the site's lines have; a chip without interrupts is refused,
    ///   since nothing can be heard by looking now and then.
    public init(_ address: LineAddress, wakeUp: Int32? = nil) throws(LineTrouble) {
        line = WatchedLine(point: PointID(unchecked: "receiver"), address: address, bias: .disabled, activeLow: false)
        guard case .interrupts(let request) = try ChipDirectory().request(line), let descriptor = request.descriptor
        else {
            throw .refused(
                line: address.description, reason: "the chip has no interrupts for it: a receiver needs them")
        }
        self.request = request
        do {
            stream = EdgeStream(silentQueue: silentQueue, level: try request.readLevel())
            poll = try EventPoll(room: 2)
            buffer = try EdgeBuffer()
            try poll.add(descriptor, token: 0)
            if let wakeUp { try poll.add(wakeUp, token: 1) }
        } catch {
            throw .refused(line: address.description, reason: "\(error)")
        }
    }

    /// Waits for edges until `due` at the latest (nil: for ever), or until a signal or a wake-up comes, and takes what
    /// there is.
    /// - Throws: the line is gone.
    public func wait(until due: Moment?) throws(LineTrouble) -> Batch {
        guard let ready = poll.wait(until: due).first(where: { $0.token == 0 }) else { return Batch() }
        var batch = Batch()
        do throws(ErrorNumber) {
            if ready.isBroken { throw ErrorNumber(code: ENODEV) }
            let edges = stream.take(try request.readEdges(into: buffer))
            batch.edges = edges.map { Edge(carrier: $0.made, at: $0.at) }
            if stream.isBroken {
                batch.isBroken = true
                stream.take(try request.readLevel())
            }
        } catch {
            throw error.code == ENODEV || error.code == ENXIO
                ? .missing(line: line.address.description)
                : .refused(line: line.address.description, reason: refusal(code: error.code, of: .read))
        }
        return batch
    }
}
