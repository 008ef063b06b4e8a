internal import GatewayAgent
internal import Glibc

/// Program text that only the start needed: option parsing, the site file, the first handshake.
struct StartupPages {
    private var isDone = false

    /// Gives them back, once, when the first broker has been told everything.
    mutating func look(_ agent: GatewayAgent) {
        guard !isDone, agent.hasSettled else { return }
        isDone = true
        Self.giveBack()
    }

    /// Lets the kernel take back the text pages of this process (madvise(2), MADV_DONTNEED). They are clean copies of
    /// files, so nothing is lost: what is still needed comes back from the page cache when it is next run. Only
    /// mappings that can be executed and not written are touched, since relocated data would lose its relocations.
    private static func giveBack() {
        guard let maps = fopen("/proc/self/maps", "r") else { return }
        defer { fclose(maps) }
        var buffer = [CChar](repeating: 0, count: 1024)
        while fgets(&buffer, Int32(buffer.count), maps) != nil {
            let line = buffer.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            guard words.count >= 6, words[1] == "r-xp", words[5].hasPrefix("/") else { continue }
            let bounds = words[0].split(separator: "-").compactMap { UInt(String($0), radix: 16) }
            guard bounds.count == 2, let start = UnsafeMutableRawPointer(bitPattern: bounds[0]) else { continue }
            // SAFETY: a file's own text; the kernel reads it again from the file.
            madvise(start, Int(bounds[1] - bounds[0]), MADV_DONTNEED)
        }
    }
}
