internal import CGpiod
internal import CallCore
internal import Glibc

/// An errno that a GPIO operation gave.
struct ErrorNumber: Error, Hashable {
    let code: Int32
}

/// One open chip. What is requested from it outlives it.
final class OpenChip {
    /// Valid as long as the chip.
    let handle: OpaquePointer

    /// - Parameter path: such as `/dev/gpiochip0`.
    init(path: String) throws(ErrorNumber) {
        var handle: OpaquePointer?
        let result = cgpiod_chip_open(path, &handle)
        guard result == 0, let handle else { throw ErrorNumber(code: -Int32(result)) }
        self.handle = handle
    }

    deinit {
        // SAFETY: opened by init, closed here only.
        cgpiod_chip_close(handle)
    }

    // SAFETY: both texts live as long as the chip and are copied.
    var name: String { String(cString: cgpiod_chip_name(handle)) }
    var label: String { String(cString: cgpiod_chip_label(handle)) }
    var lineCount: Int { Int(cgpiod_chip_line_count(handle)) }

    struct LineInfo {
        /// Empty if it has none.
        let name: String
        /// What its holder calls itself; empty if nobody holds it or the holder has no name.
        let consumer: String
        let isUsed: Bool
    }

    func lineInfo(at offset: Int) throws(ErrorNumber) -> LineInfo {
        var info = cgpiod_line_info()
        let result = cgpiod_chip_line_info(handle, UInt32(offset), &info)
        guard result == 0 else { throw ErrorNumber(code: -Int32(result)) }
        // SAFETY: both point into `info`, which the closure's pointer keeps in place, and are copied within it.
        return withUnsafePointer(to: info) { info in
            LineInfo(
                name: String(cString: cgpiod_line_name(info)), consumer: String(cString: cgpiod_line_consumer(info)),
                isUsed: info.pointee.used)
        }
    }

    /// Holds one line as an input.
    func request(_ line: WatchedLine, at offset: Int, edges: Bool) throws(ErrorNumber) -> LineRequest {
        var request: OpaquePointer?
        let result = GPIOLines.consumer.withCString { consumer in
            var settings = cgpiod_settings(
                consumer: consumer, bias: line.bias.ofShim, active_low: line.activeLow, edges: edges)
            // SAFETY: the shim copies what it needs from `settings` before it returns.
            return cgpiod_request_input(handle, UInt32(offset), &settings, &request)
        }
        guard result == 0, let request else { throw ErrorNumber(code: -Int32(result)) }
        return LineRequest(owning: request)
    }
}

/// One line that this process holds as an input; given back when this goes away.
final class LineRequest {
    private let handle: OpaquePointer
    /// Readable when there are edges; nil if only the level can be read. Valid as long as the request.
    let descriptor: Int32?

    init(owning handle: OpaquePointer) {
        self.handle = handle
        let descriptor = cgpiod_request_fd(handle)
        self.descriptor = descriptor >= 0 ? descriptor : nil
    }

    deinit {
        // SAFETY: `handle` came from cgpiod_request_input to this object alone.
        cgpiod_request_release(handle)
    }

    /// The logical level now, and between which moments it was read.
    func readLevel() throws(ErrorNumber) -> LevelReading {
        let from = Moment.now
        let level = cgpiod_request_level(handle)
        guard level >= 0 else { throw ErrorNumber(code: -level) }
        return LevelReading(made: level == 1, from: from, to: Moment.now)
    }

    /// The oldest unread edges; empty if there are none.
    func readEdges(into buffer: EdgeBuffer) throws(ErrorNumber) -> [KernelEdge] {
        let count = cgpiod_request_read(handle, buffer.handle)
        guard count >= 0 else { throw ErrorNumber(code: -count) }
        return (0..<Int(count)).map { index in
            let event = cgpiod_events_at(buffer.handle, index)
            return KernelEdge(
                made: event.made, at: Moment(nanoseconds: event.timestamp_ns), sequence: event.sequence)
        }
    }
}

/// Room for the edges of one read, shared by all lines of a thread.
final class EdgeBuffer {
    fileprivate let handle: OpaquePointer

    init() throws(GPIOError) {
        guard let handle = cgpiod_events_new() else { throw .setUp(operation: "event buffer", code: ENOMEM) }
        self.handle = handle
    }

    deinit {
        // SAFETY: made by init, freed here only.
        cgpiod_events_free(handle)
    }
}

extension LineBias {
    fileprivate var ofShim: cgpiod_bias {
        switch self {
        case .pullUp: CGPIOD_BIAS_PULL_UP
        case .pullDown: CGPIOD_BIAS_PULL_DOWN
        case .disabled: CGPIOD_BIAS_DISABLED
        }
    }
}

extension Moment {
    /// The clock that the kernel stamps edges with.
    static var now: Moment {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Moment(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
