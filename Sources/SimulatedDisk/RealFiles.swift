internal import Glibc

/// The path of a directory without symbolic links, as SQLite resolves it.
func realPath(_ path: String) -> String {
    // SAFETY: realpath(3) allocates what it answers, which is copied and freed here.
    guard let resolved = realpath(path, nil) else { preconditionFailure("there is no directory \(path)") }
    defer { free(resolved) }
    return String(cString: resolved)
}

/// The names of what stands in a directory, in no order.
func listDirectory(_ path: String) -> [String] {
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var found: [String] = []
    // SAFETY: the entry belongs to the stream until the next call; its name is copied before that.
    while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != "." && name != ".." { found.append(name) }
    }
    return found
}

/// Inode and size in bytes; nil if there is no regular file.
func fileStatus(_ path: String) -> (inode: UInt, size: Int)? {
    var answer = stat()
    // SAFETY: stat(2) fills the struct it is given.
    guard stat(path, &answer) == 0, answer.st_mode & S_IFMT == S_IFREG else { return nil }
    return (UInt(answer.st_ino), Int(answer.st_size))
}

/// All of a file. It must not be open in SQLite under a lock that counts: closing a descriptor drops those of the process.
func readFile(_ path: String) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return [] }
    defer { close(file) }
    var status = stat()
    // SAFETY: fstat(2) fills the struct; pread(2) writes at most the bytes of the buffer.
    guard fstat(file, &status) == 0 else { return [] }
    let size = Int(status.st_size)
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        while count < size {
            let got = pread(file, buffer.baseAddress! + count, size - count, off_t(count))
            guard got > 0 else { return }
            count += got
        }
    }
}

/// Makes `content` all of a file.
func writeFile(_ path: String, _ content: [UInt8]) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
    precondition(file >= 0, "can't write \(path)")
    defer { close(file) }
    var done = 0
    content.withUnsafeBytes { bytes in
        // SAFETY: what is left of the array's bytes is written.
        while done < bytes.count {
            let wrote = pwrite(file, bytes.baseAddress! + done, bytes.count - done, off_t(done))
            precondition(wrote > 0, "can't write \(path): is the disk under the simulated one full?")
            done += wrote
        }
    }
}
