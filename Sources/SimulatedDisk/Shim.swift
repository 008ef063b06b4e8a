internal import CSQLite
internal import Glibc
internal import Synchronization

/// SQLite would not take the layer.
struct ShimError: Error, CustomStringConvertible {
    let code: Int32
    var description: String { "SQLite can't register the simulated disk (code \(code))." }
}

/// The layer between SQLite and its own file access (a VFS, https://www.sqlite.org/vfs.html). It is that file access,
/// word for word, but for opening, deleting and random numbers; files of a ``SimulatedDisk`` are wrapped at opening.
enum Shim {
    /// SQLite's own file access.
    // SAFETY: set once below, before SQLite can call anything here, and only read after that. What it points to is
    // never unregistered.
    nonisolated(unsafe) private(set) static var real = UnsafeMutablePointer<sqlite3_vfs>(bitPattern: 8)!
    /// 0 once the layer is registered; evaluated once, by the first who asks.
    private static let registration: Int32 = register()

    static func install() throws {
        guard registration == SQLITE_OK else { throw ShimError(code: registration) }
    }

    private static func register() -> Int32 {
        guard let found = sqlite3_vfs_find(nil) else { return SQLITE_ERROR }
        real = found
        // SAFETY: SQLite keeps the struct and its name for the life of the process, so neither is ever freed. The
        // functions copied from `real` don't look at the struct they are called with, but for `mxPathname`.
        let layer = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        layer.initialize(to: found.pointee)
        layer.pointee.pNext = nil
        layer.pointee.zName = UnsafePointer(strdup("courtyard-disk"))
        layer.pointee.szOsFile = Int32(WrappedFile.headerSize) + found.pointee.szOsFile
        layer.pointee.xOpen = { _, name, file, flags, outFlags in Shim.open(name, file, flags, outFlags) }
        layer.pointee.xDelete = { _, name, flushes in Shim.delete(name, flushes) }
        layer.pointee.xRandomness = { _, count, bytes in Shim.fillRandomly(bytes, Int(count)) }
        return sqlite3_vfs_register(layer, 1)
    }

    private static func open(
        _ name: UnsafePointer<CChar>?, _ file: UnsafeMutablePointer<sqlite3_file>?, _ flags: Int32,
        _ outFlags: UnsafeMutablePointer<Int32>?
    ) -> Int32 {
        guard let file else { return SQLITE_MISUSE }
        guard let name, let disk = Claims.disk(of: String(cString: name)) else {
            return real.pointee.xOpen(real, name, file, flags, outFlags)
        }
        if flags & SQLITE_OPEN_MAIN_DB != 0 { SaltSource.begin(disk.nextSaltSeed()) }
        let path = String(cString: name)
        let isNew = fileStatus(path) == nil
        // SAFETY: SQLite gives `szOsFile` bytes, which hold the header and what the real one needs behind it.
        let inner = WrappedFile.inner(of: file)
        inner.pointee.pMethods = nil
        let code = real.pointee.xOpen(real, name, inner, flags, outFlags)
        guard code == SQLITE_OK, let state = disk.opened(path, isNew: isNew) else {
            // SQLite doesn't close it: it sees no functions.
            file.pointee.pMethods = nil
            if let methods = inner.pointee.pMethods { _ = methods.pointee.xClose(inner) }
            return code == SQLITE_OK ? SQLITE_CANTOPEN : code
        }
        WrappedFile.begin(file, WrappedFile(disk: disk, state: state))
        return SQLITE_OK
    }

    private static func delete(_ name: UnsafePointer<CChar>?, _ flushes: Int32) -> Int32 {
        if let name {
            let path = String(cString: name)
            Claims.disk(of: path)?.deletes(path, flushes: flushes != 0)
        }
        return real.pointee.xDelete(real, name, flushes)
    }

    private static func fillRandomly(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int32 {
        guard let bytes else { return 0 }
        // SAFETY: SQLite gives room for `count` bytes.
        let buffer = UnsafeMutableRawBufferPointer(start: bytes, count: count)
        return SaltSource.fill(buffer) ? Int32(count) : real.pointee.xRandomness(real, Int32(count), bytes)
    }
}

/// Where SQLite's random numbers come from, which decide the salts of a log. SQLite has one generator for the whole
/// process and seeds it once: so it is told to seed itself anew whenever a database of a simulated disk is opened.
enum SaltSource {
    private static let source = Mutex<SeededRandom?>(nil)

    /// From now on they follow from `seed`; from nothing known if it is nil.
    static func begin(_ seed: UInt64?) {
        source.withLock { $0 = seed.map { SeededRandom(seed: $0) } }
        sqlite3_randomness(0, nil)
    }

    /// False if nobody said what to fill in.
    fileprivate static func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Bool {
        source.withLock { source in
            guard source != nil else { return false }
            for index in buffer.indices { buffer[index] = UInt8(truncatingIfNeeded: source!.next()) }
            return true
        }
    }
}
