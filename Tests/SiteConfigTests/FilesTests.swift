import CallCore
import Glibc
import Testing

@testable import SiteConfig

/// Real files on the disk.
@Suite struct FilesTests {
    @Test("A site file and its points file are read from the disk, relative paths starting at its directory")
    func fromDisk() throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write("gateway.yaml", head + "journal: j.db\npoints: {file: p.csv}")
        _ = try folder.write("p.csv", "id,label,line-name\na,A,X\n")
        let site = try SiteReader.read(path: path)
        #expect(site.points.map(\.id.text) == ["a"])
        #expect(site.files.journal == "\(folder.path)/j.db")
    }

    @Test("A path that is no readable file says what it is")
    func noFile() throws {
        let folder = try TemporaryDirectory()
        func problem(_ path: String) -> [String] {
            do throws(SiteProblems) {
                _ = try SiteReader.read(path: path)
                return []
            } catch {
                return error.description.split(separator: "\n").map { String($0.replacing(path, with: "PATH")) }
            }
        }
        #expect(problem("\(folder.path)/none.yaml") == ["PATH: found no such file, allowed: a YAML site file"])
        #expect(problem("/etc/passwd/x") == ["PATH: found no such file, allowed: a YAML site file"])
        #expect(problem(folder.path) == ["PATH: found a directory, allowed: a YAML site file"])
        #expect(problem(folder.makePipe("pipe")) == ["PATH: found a device, pipe or socket, allowed: a YAML site file"])
        #expect(problem("/dev/zero") == ["PATH: found a device, pipe or socket, allowed: a YAML site file"])
        #expect(
            problem(try folder.write("empty", "")) == [
                "PATH: found an empty file, allowed: a YAML site file, see docs/site-file.md"
            ])
        let large = try folder.write("large", "")
        #expect(truncate(large, 10 << 20) == 0)
        #expect(
            problem(large) == [
                "PATH: found a file of 10,485,760 bytes, allowed: a YAML site file of up to 1,048,576 bytes"
            ])
    }

    @Test("A file without permission says so")
    func forbidden() throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write("secret.yaml", onePoint(), mode: 0)
        guard geteuid() != 0 else {
            print("Skipped: root may read every file, so a file without permission can't be tried as root")
            return
        }
        #expect(throws: FileTrouble.forbidden) { try DiskFiles().bytes(of: path, limit: 100) }
    }

    @Test("Refusing files leaves no file open")
    func descriptors() throws {
        let folder = try TemporaryDirectory()
        let probe = { () -> Int32 in
            let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
            close(descriptor)
            return descriptor
        }
        let before = probe()
        for _ in 0..<50 {
            #expect(throws: FileTrouble.directory) { try DiskFiles().bytes(of: folder.path, limit: 100) }
            #expect(throws: FileTrouble.notAFile) { try DiskFiles().bytes(of: "/dev/null", limit: 100) }
        }
        // Other tests open files meanwhile, but not fifty at once.
        #expect(probe() < before + 50)
    }

    @Test("The files that brokers name are checked apart, and those that can't be used are named with their key")
    func namedFiles() throws {
        let folder = try TemporaryDirectory()
        _ = try folder.write("ca.pem", "-----BEGIN CERTIFICATE-----\n")
        _ = try folder.write("empty.key", "")
        _ = folder.makeDirectory("gw.pem")
        let path = try folder.write(
            "gateway.yaml",
            """
            site: s
            gateway: g
            brokers:
              - {host: a, tls: {ca: ca.pem, certificate: gw.pem, key: empty.key}}
              - {host: b, username: u, password-file: nope/mqtt}
            points: [{id: p, label: P, line: {name: X}}]
            """)
        let site = try SiteReader.read(path: path)
        #expect(
            site.unusableFiles().map(\.description) == [
                "brokers[0].tls.certificate: \(folder.path)/gw.pem is a directory; name a file",
                "brokers[0].tls.key: \(folder.path)/empty.key is an empty file; fill it",
                "brokers[1].password-file: \(folder.path)/nope/mqtt is no such file; copy it there, or name the right file",
            ])
    }
}
