internal import CSQLite
internal import Glibc

/// A file that SQLite has open on a ``SimulatedDisk``. SQLite allocates one block for each open file: here it begins
/// with a header, and the file of SQLite's own file access follows.
final class WrappedFile {
    /// What SQLite sees: the address of the functions first, as in `sqlite3_file`.
    private struct Header {
        var base: sqlite3_file
        var wrapped: Unmanaged<WrappedFile>
    }

    /// In bytes. 16, which is also what the file behind it needs to be aligned.
    static let headerSize = MemoryLayout<Header>.stride

    /// sqlite3.h's SQLITE_IOERR_WRITE, _FSYNC and _TRUNCATE, expressions that Swift doesn't import.
    private enum Failure {
        static let write = SQLITE_IOERR | 3 << 8
        static let flush = SQLITE_IOERR | 4 << 8
        static let truncate = SQLITE_IOERR | 6 << 8
    }

    let disk: SimulatedDisk
    let state: DiskFile

    init(disk: SimulatedDisk, state: DiskFile) {
        self.disk = disk
        self.state = state
    }

    typealias File = UnsafeMutablePointer<sqlite3_file>

    /// The file behind the header, and its functions once it is open.
    static func inner(of file: File) -> File {
        // SAFETY: see `headerSize`; the block has the room that the layer's `szOsFile` asks for.
        (UnsafeMutableRawPointer(file) + headerSize).assumingMemoryBound(to: sqlite3_file.self)
    }

    private static func behind(_ file: File) -> (File, UnsafePointer<sqlite3_io_methods>) {
        let inner = inner(of: file)
        return (inner, inner.pointee.pMethods)
    }

    /// Makes the header, and with it the file complete. It owns `wrapped` until ``end(_:)``.
    static func begin(_ file: File, _ wrapped: WrappedFile) {
        let header = Header(base: sqlite3_file(pMethods: methods), wrapped: Unmanaged.passRetained(wrapped))
        UnsafeMutableRawPointer(file).storeBytes(of: header, as: Header.self)
    }

    private static func of(_ file: File) -> WrappedFile {
        // SAFETY: the functions below are called only for files that `begin` made and `close` did not end.
        UnsafeRawPointer(file).load(as: Header.self).wrapped.takeUnretainedValue()
    }

    // SAFETY: initialized once and never changed or freed; SQLite keeps its address.
    nonisolated(unsafe) private static let methods: UnsafePointer<sqlite3_io_methods> = {
        let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        methods.initialize(to: sqlite3_io_methods())
        methods.pointee.iVersion = 2  // no reading through mapped memory
        methods.pointee.xClose = { WrappedFile.close($0!) }
        methods.pointee.xWrite = { WrappedFile.write($0!, $1!, Int($2), Int($3)) }
        methods.pointee.xTruncate = { WrappedFile.truncate($0!, Int($1)) }
        methods.pointee.xSync = { file, _ in WrappedFile.flush(file!) }
        // The rest is what the file behind says.
        methods.pointee.xRead = { file, bytes, count, offset in
            let (inner, real) = WrappedFile.behind(file!)
            return real.pointee.xRead(inner, bytes, count, offset)
        }
        methods.pointee.xFileSize = { file, size in
            let (inner, real) = WrappedFile.behind(file!)
            return real.pointee.xFileSize(inner, size)
        }
        methods.pointee.xLock = { file, level in
            let (inner, real) = WrappedFile.behind(file!)
            return real.pointee.xLock(inner, level)
        }
        methods.pointee.xUnlock = { file, level in
            let (inner, real) = WrappedFile.behind(file!)
            return real.pointee.xUnlock(inner, level)
        }
        methods.pointee.xCheckReservedLock = { file, answer in
            let (inner, real) = WrappedFile.behind(file!)
            return real.pointee.xCheckReservedLock(inner, answer)
        }
        methods.pointee.xFileControl = { file, operation, argument in
            let (inner, real) = WrappedFile.behind(file!)
            return real.pointee.xFileControl(inner, operation, argument)
        }
        methods.pointee.xSectorSize = { file in
            let (inner, real) = WrappedFile.behind(file!)
            return real.pointee.xSectorSize(inner)
        }
        methods.pointee.xDeviceCharacteristics = { file in
            let (inner, real) = WrappedFile.behind(file!)
            return real.pointee.xDeviceCharacteristics(inner)
        }
        methods.pointee.xShmMap = { file, page, size, extend, address in
            let (inner, real) = WrappedFile.behind(file!)
            return real.pointee.xShmMap(inner, page, size, extend, address)
        }
        methods.pointee.xShmLock = { file, offset, count, flags in
            let (inner, real) = WrappedFile.behind(file!)
            return real.pointee.xShmLock(inner, offset, count, flags)
        }
        methods.pointee.xShmBarrier = { file in
            let (inner, real) = WrappedFile.behind(file!)
            real.pointee.xShmBarrier(inner)
        }
        methods.pointee.xShmUnmap = { file, deletes in
            let (inner, real) = WrappedFile.behind(file!)
            return real.pointee.xShmUnmap(inner, deletes)
        }
        return UnsafePointer(methods)
    }()

    private static func close(_ file: File) -> Int32 {
        let (inner, real) = behind(file)
        let code = real.pointee.xClose(inner)
        let wrapped = UnsafeRawPointer(file).load(as: Header.self).wrapped
        wrapped.takeUnretainedValue().disk.closed()
        // SAFETY: takes back what `begin` retained; SQLite doesn't use the file after this.
        wrapped.release()
        return code
    }

    private static func write(_ file: File, _ bytes: UnsafeRawPointer, _ count: Int, _ offset: Int) -> Int32 {
        let (inner, real) = behind(file)
        let wrapped = of(file)
        let state = wrapped.state
        switch wrapped.disk.verdict(writing: count, growing: offset + count > state.size) {
        case .fails(let trouble): return fail(trouble, Failure.write)
        case .untracked: return real.pointee.xWrite(inner, bytes, Int32(count), Int64(offset))
        case .tracked:
            let oldCount = state.oldCount(at: offset, count)
            save(oldCount, at: offset, of: inner, in: state)
            let code = real.pointee.xWrite(inner, bytes, Int32(count), Int64(offset))
            guard code == SQLITE_OK else { return code }
            state.addWrite(at: offset, count, oldCount: oldCount)
            wrapped.disk.wrote()
            return SQLITE_OK
        }
    }

    private static func truncate(_ file: File, _ size: Int) -> Int32 {
        let (inner, real) = behind(file)
        let wrapped = of(file)
        let state = wrapped.state
        switch wrapped.disk.verdict(writing: 0, growing: size > state.size) {
        case .fails(let trouble): return fail(trouble, Failure.truncate)
        case .untracked: return real.pointee.xTruncate(inner, Int64(size))
        case .tracked:
            let oldCount = max(0, state.size - size)
            save(oldCount, at: size, of: inner, in: state)
            let code = real.pointee.xTruncate(inner, Int64(size))
            guard code == SQLITE_OK else { return code }
            state.addTruncation(to: size, oldCount: oldCount)
            wrapped.disk.wrote()
            return SQLITE_OK
        }
    }

    private static func flush(_ file: File) -> Int32 {
        let (inner, real) = behind(file)
        let wrapped = of(file)
        let isDone = wrapped.disk.flush(wrapped.state) {
            let size = wrapped.state.size
            return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                // SAFETY: the buffer has `size` bytes, and all of them are set: a short read fills up with zeros.
                _ = real.pointee.xRead(inner, buffer.baseAddress, Int32(size), 0)
                count = size
            }
        }
        // The files under it are never flushed for real: the only power that is cut here is simulated.
        return isDone ? SQLITE_OK : fail(.flushesFail, Failure.flush)
    }

    /// What SQLite is told, and the errno that it asks for then.
    private static func fail(_ trouble: SimulatedDisk.Trouble, _ code: Int32) -> Int32 {
        errno = trouble == .full ? ENOSPC : EIO
        return trouble == .full ? SQLITE_FULL : code
    }

    /// Keeps the bytes that a change is about to replace.
    private static func save(_ count: Int, at offset: Int, of inner: File, in state: DiskFile) {
        guard count > 0 else { return }
        // SAFETY: `room` has `count` bytes. The file has as many there, so the read isn't short.
        _ = inner.pointee.pMethods.pointee.xRead(inner, state.room(for: count), Int32(count), Int64(offset))
    }
}
