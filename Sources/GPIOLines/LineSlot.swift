internal import CGpiod
internal import CallCore
internal import Glibc

/// One watched line and what has become of it.
final class LineSlot {
    let line: WatchedLine
    private var state = State.closed

    private enum State {
        /// Not tried yet.
        case closed
        case watching(LineRequest, EdgeStream)
        /// The chip has no interrupts for this line: its level is compared with `made` every few milliseconds.
        case sampling(LineRequest, made: Bool)
        /// As last reported.
        case troubled(LineTrouble)
    }

    init(_ line: WatchedLine) { self.line = line }

    /// The line is ours, with or without interrupts.
    var isHeld: Bool { isSampled || descriptor != nil }
    var isTroubled: Bool { if case .troubled = state { true } else { false } }
    var isSampled: Bool { if case .sampling = state { true } else { false } }

    /// Readable when there are edges; nil while the line isn't watched by interrupts.
    var descriptor: Int32? { if case .watching(let request, _) = state { request.descriptor } else { nil } }

    /// Requests the line, then reads its level: edges are being queued by then, so nothing falls in between, and a
    /// button that is held already is seen.
    func open(in directory: ChipDirectory) -> [LineReport] {
        do throws(LineTrouble) {
            let opened = try directory.request(line)
            let level: LevelReading
            do throws(ErrorNumber) { level = try opened.request.readLevel() } catch { throw lost(error) }
            switch opened {
            case .interrupts(let request):
                state = .watching(request, EdgeStream(silentQueue: silentQueue, level: level))
            case .levelOnly(let request):
                state = .sampling(request, made: level.made)
            }
            return [.armed(line.point, made: level.made, at: level.from)]
        } catch {
            return fail(error)
        }
    }

    /// Reads the edges that the kernel has queued and, if some were lost, the level after them.
    func drain(into buffer: EdgeBuffer) -> [LineReport] {
        guard case .watching(let request, var stream) = state else { return [] }
        var reports: [LineReport] = []
        do throws(ErrorNumber) {
            // A short read has emptied the queue. A line that chatters faster than it is read is left for the next
            // wake-up after 64 reads, so that it can't starve the others.
            var reads = 0
            var isDrained = false
            while !isDrained && reads < 64 {
                let edges = try request.readEdges(into: buffer)
                reports += stream.take(edges).map { .edge(line.point, made: $0.made, at: $0.at) }
                isDrained = edges.count < shortRead
                reads += 1
            }
            if isDrained && stream.isBroken {
                let level = try request.readLevel()
                stream.take(level)
                reports.append(.lost(line.point, made: level.made, at: level.from))
            }
            state = .watching(request, stream)
        } catch {
            reports += fail(lost(error))
        }
        return reports
    }

    /// Compares the level of a line without interrupts with the last one.
    func sample() -> [LineReport] {
        guard case .sampling(let request, let made) = state else { return [] }
        do throws(ErrorNumber) {
            let level = try request.readLevel()
            guard level.made != made else { return [] }
            state = .sampling(request, made: level.made)
            return [.edge(line.point, made: level.made, at: level.from)]
        } catch {
            return fail(lost(error))
        }
    }

    /// Finds out whether the line's chip is still there.
    func checkPresence() -> [LineReport] {
        let request: LineRequest
        switch state {
        case .watching(let held, _), .sampling(let held, _): request = held
        case .closed, .troubled: return []
        }
        do throws(ErrorNumber) {
            _ = try request.readLevel()
            return []
        } catch {
            return fail(lost(error))
        }
    }

    /// Gives the line back and reports why, once per change.
    func fail(_ trouble: LineTrouble) -> [LineReport] {
        if case .troubled(let known) = state, known == trouble { return [] }
        state = .troubled(trouble)
        return [.trouble(line.point, trouble, at: Moment.now)]
    }

    /// The trouble of a line that was held and then gave an error.
    private func lost(_ error: ErrorNumber) -> LineTrouble {
        switch error.code {
        case ENODEV, ENXIO: .missing(line: line.address.description)
        default: .refused(line: line.address.description, reason: refusal(code: error.code, of: .read))
        }
    }
}

extension ChipDirectory.Opened {
    fileprivate var request: LineRequest {
        switch self {
        case .interrupts(let request), .levelOnly(let request): request
        }
    }
}

/// See `EdgeStream`; nil with libgpiod 2.x.
let silentQueue = cgpiod_silent_queue() == 0 ? nil : Int(cgpiod_silent_queue())
/// Fewer edges than any libgpiod returns at most (1.6: 16): the queue was empty after them.
private let shortRead = 16
