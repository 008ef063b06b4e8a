import Foundation

/// The project's own tracked files.
enum Tree {
    /// Where Package.swift stands.
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Paths from the root, without what is built or hidden in build folders.
    static let files: [String] = {
        let all = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
        return all.filter { path in
            var isDirectory: ObjCBool = false
            _ = FileManager.default.fileExists(
                atPath: root.appendingPathComponent(path).path, isDirectory: &isDirectory)
            return !isDirectory.boolValue && !path.hasPrefix(".git/") && !path.hasPrefix(".build")
        }.sorted()
    }()

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    static var swiftSources: [String] { files.filter { $0.hasPrefix("Sources/") && $0.hasSuffix(".swift") } }
}
