import CallCore
import Glibc
import SiteConfig

/// Files that exist only in a test.
struct TestFiles: SiteFiles {
    var contents: [String: [UInt8]] = [:]

    func bytes(of path: String, limit: Int) throws(FileTrouble) -> [UInt8] {
        guard let content = contents[path] else { throw .missing }
        guard content.count <= limit else { throw .tooLarge(size: content.count, limit: limit) }
        return content
    }
}

/// Reads a site file's text, with CSV files in its directory `/site`.
func readSite(_ yaml: String, csv: [String: String] = [:]) -> Result<Site, SiteProblems> {
    readSite([UInt8](yaml.utf8), csv: csv.mapValues { [UInt8]($0.utf8) })
}

func readSite(_ yaml: [UInt8], csv: [String: [UInt8]] = [:]) -> Result<Site, SiteProblems> {
    let contents = Dictionary(uniqueKeysWithValues: csv.map { ("/site/\($0.key)", $0.value) })
    do throws(SiteProblems) {
        let files = TestFiles(contents: contents)
        return .success(try SiteReader.read(yaml, name: "gateway.yaml", directory: "/site", files: files))
    } catch {
        return .failure(error)
    }
}

/// The messages that a site file gives, one per line, with the CSV files' directory left out; none if it is right.
func messages(_ yaml: String, csv: [String: String] = [:]) -> [String] {
    messages(readSite(yaml, csv: csv))
}

func messages(_ result: Result<Site, SiteProblems>) -> [String] {
    guard case .failure(let problems) = result else { return [] }
    return problems.description.split(separator: "\n").map { line in
        line.hasPrefix("/site/") ? String(line.dropFirst(6)) : String(line)
    }
}

/// Messages without what is allowed.
func briefly(_ messages: [String]) -> [String] {
    messages.map { message in
        message.firstRange(of: ", allowed: ").map { String(message[..<$0.lowerBound]) } ?? message
    }
}

/// A right site file with one point, after the head, whose keys these are.
func onePoint(_ keys: String = "", defaults: String = "") -> String {
    """
    site: willow-court
    gateway: gw-1
    brokers: [{host: localhost}]
    \(defaults.isEmpty ? "" : "defaults: {\(defaults)}")
    points:
      - id: p1
        label: 1号楼
        line: {chip: c, offset: 1}
    \(keys.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n"))
    """
}

/// The head that every site file needs, without points.
let head = """
    site: willow-court
    gateway: gw-1
    brokers: [{host: localhost}]

    """

/// A directory of its own, gone with its owner.
final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/site-config-tests-XXXXXX".utf8CString)
        // SAFETY: mkdtemp writes the name into the array's own storage.
        guard mkdtemp(&template) != nil else { throw FileTrouble.failed("mkdtemp: \(errno)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in names { unlink("\(path)/\(name)") }
        for name in names { rmdir("\(path)/\(name)") }
        rmdir(path)
    }

    private var names: [String] = []

    /// Writes a file into it and gives its path.
    func write(_ name: String, _ text: String, mode: mode_t = 0o600) throws -> String {
        let file = "\(path)/\(name)"
        names.append(name)
        try writeFile(file, text)
        chmod(file, mode)
        return file
    }

    func makeDirectory(_ name: String) -> String {
        names.append(name)
        mkdir("\(path)/\(name)", 0o700)
        return "\(path)/\(name)"
    }

    func makePipe(_ name: String) -> String {
        names.append(name)
        mkfifo("\(path)/\(name)", 0o600)
        return "\(path)/\(name)"
    }
}

/// Replaces a file's content.
func writeFile(_ path: String, _ text: String) throws {
    guard let stream = fopen(path, "w") else { throw FileTrouble.failed("cannot write \(path)") }
    defer { fclose(stream) }
    guard fputs(text, stream) >= 0 else { throw FileTrouble.failed("cannot write \(path)") }
}

/// The root of the sources, in which `docs` lies.
let repository = String(#filePath.dropLast("/Tests/SiteConfigTests/Support.swift".count))

/// A file of the repository.
func repositoryFile(_ path: String) throws -> String {
    String(decoding: try DiskFiles().bytes(of: "\(repository)/\(path)", limit: 1 << 20), as: UTF8.self)
}
