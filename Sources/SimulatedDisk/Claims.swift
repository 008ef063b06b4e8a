internal import Synchronization

/// Which disk has charge of which directory, for the whole process.
enum Claims {
    /// A disk belongs to one thread; the table only finds it again for that thread.
    private struct Claim: @unchecked Sendable {
        weak var disk: SimulatedDisk?
    }

    private static let claims = Mutex<[String: Claim]>([:])

    static func add(_ disk: SimulatedDisk) {
        claims.withLock { claims in
            precondition(claims[disk.directory]?.disk == nil, "\(disk.directory) is another simulated disk already")
            claims[disk.directory] = Claim(disk: disk)
        }
    }

    /// - Returns: true if no disk is left.
    static func remove(_ directory: String) -> Bool {
        claims.withLock { claims in
            // Another may have taken the directory over by now.
            if claims[directory]?.disk == nil { claims[directory] = nil }
            return claims.isEmpty
        }
    }

    /// The disk that the file at `path` stands on.
    static func disk(of path: String) -> SimulatedDisk? {
        guard let slash = path.utf8.lastIndex(of: 0x2f) else { return nil }
        let directory = String(path[..<slash])
        return claims.withLock { $0[directory] }?.disk
    }
}
