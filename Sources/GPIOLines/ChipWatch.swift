internal import Glibc

/// Tells when GPIO chips come and go, by watching `/dev` (inotify(7)). The wait queue of a line's descriptor isn't
/// woken when its chip is unplugged (seen on Linux 6.1), and a chip that comes back needn't wait for the next retry.
final class ChipWatch {
    /// Readable when something in `/dev` changed.
    let descriptor: Int32

    init() throws(GPIOError) {
        descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard descriptor >= 0 else { throw .setUp(operation: "inotify_init1", code: errno) }
        // IN_ATTRIB: udev gives a new node to group gpio a moment after the kernel has made it.
        let events = UInt32(IN_CREATE) | UInt32(IN_DELETE) | UInt32(IN_ATTRIB)
        guard inotify_add_watch(descriptor, "/dev", events) >= 0 else {
            let code = errno
            close(descriptor)
            throw .setUp(operation: "inotify_add_watch /dev", code: code)
        }
    }

    deinit { close(descriptor) }

    /// Takes what happened since the last call; true if it concerns a GPIO chip.
    func chipsChanged() -> Bool {
        var changed = false
        // Room for more than a hundred names; the rest stays queued, and the descriptor readable.
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: MemoryLayout<inotify_event>.alignment) { buffer in
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            var start = 0
            while start + MemoryLayout<inotify_event>.size <= count {
                // SAFETY: the kernel writes whole records, each an inotify_event and `len` bytes of NUL-padded name.
                let event = buffer.load(fromByteOffset: start, as: inotify_event.self)
                let name = buffer[(start + MemoryLayout<inotify_event>.size)...].prefix(Int(event.len))
                let overflow = event.mask & UInt32(IN_Q_OVERFLOW) != 0
                if overflow || name.starts(with: ChipDirectory.devicePrefix.utf8) { changed = true }
                start += MemoryLayout<inotify_event>.size + Int(event.len)
            }
        }
        return changed
    }
}
