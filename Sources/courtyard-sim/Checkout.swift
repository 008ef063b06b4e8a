internal import Glibc

/// The sources that this program lies among, for whoever wants to see a failure again.
enum Checkout {
    /// Their commit, such as `1a2b3c4d5e`, with `-dirty` where files were changed since; nil if the program doesn't lie in a
    /// checkout, or there is no git.
    static var commit: String? {
        guard let git = Programs.find("git") else { return nil }
        let directory = Programs.ownDirectory
        // A path with a quote in it is nobody's build directory; the shell never sees one.
        guard !directory.contains("'"), !git.contains("'"),
            let pipe = popen("'\(git)' -C '\(directory)' describe --always --dirty --abbrev=10 2>/dev/null", "r")
        else { return nil }
        var line = [CChar](repeating: 0, count: 128)
        let isThere = fgets(&line, Int32(line.count), pipe) != nil
        guard pclose(pipe) == 0, isThere else { return nil }
        return String(decoding: line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
