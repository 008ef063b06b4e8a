import Foundation

/// The journal as the `sqlite3` shell reads it: from a copy, so that looking changes nothing.
struct JournalFile {
    let bench: Bench
    let path: String

    struct Row: Hashable {
        let id: String
        let type: String
        let point: String
        let timeMs: Int64
    }

    /// Every event in it.
    func events() throws -> [Row] {
        let copy = bench.path("copy-\(UInt32.random(in: 0...UInt32.max)).db")
        for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: path + suffix) {
            try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
        }
        let text = try bench.succeed(
            "sqlite3",
            [
                copy,
                """
                SELECT journal || '-' || service || '-' || sequence, type, point, occurred_ms
                FROM event JOIN stream ON event.stream = stream.id
                """,
            ])
        return text.split(separator: "\n").map { line in
            let cells = line.split(separator: "|").map(String.init)
            return Row(id: cells[0], type: cells[1], point: cells[2], timeMs: Int64(cells[3])!)
        }
    }
}
