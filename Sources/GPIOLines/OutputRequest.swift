internal import CGpiod
internal import CallCore

/// One line that this process drives; turned off and given back when this goes away.
final class OutputRequest {
    private let handle: OpaquePointer

    fileprivate init(owning handle: OpaquePointer) { self.handle = handle }

    deinit {
        // SAFETY: `handle` came from cgpiod_request_output to this object alone.
        cgpiod_request_release(handle)
    }

    /// Turns it on or off.
    func set(_ isOn: Bool) throws(ErrorNumber) {
        let result = cgpiod_request_set(handle, isOn)
        guard result == 0 else { throw ErrorNumber(code: -result) }
    }

    /// Asks the chip for the line's level: fails if the chip is gone.
    func checkPresence() throws(ErrorNumber) {
        let level = cgpiod_request_level(handle)
        guard level >= 0 else { throw ErrorNumber(code: -level) }
    }
}

extension OpenChip {
    /// Holds one line as an output that is on or off from the first moment.
    func request(_ line: OutputLine, at offset: Int, isOn: Bool) throws(ErrorNumber) -> OutputRequest {
        var request: OpaquePointer?
        let result = GPIOLines.consumer.withCString { consumer in
            var settings = cgpiod_output_settings(consumer: consumer, active_low: line.activeLow, on: isOn)
            // SAFETY: the shim copies what it needs from `settings` before it returns.
            return cgpiod_request_output(handle, UInt32(offset), &settings, &request)
        }
        guard result == 0, let request else { throw ErrorNumber(code: -result) }
        return OutputRequest(owning: request)
    }
}
