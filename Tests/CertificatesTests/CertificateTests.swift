import Certificates
import Foundation
import Testing

/// Certificates as the openssl command makes them.
@Suite("Certificates") struct CertificateTests {
    private static func openssl(_ arguments: String, input: [UInt8] = []) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments.split(separator: " ").map(String.init)
        let (from, to) = (Pipe(), Pipe())
        (process.standardInput, process.standardOutput, process.standardError) = (to, from, FileHandle.nullDevice)
        try process.run()
        try to.fileHandleForWriting.write(contentsOf: Data(input))
        try to.fileHandleForWriting.close()
        let output = from.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "openssl \(arguments)")
        return Array(output)
    }

    private static func pem(_ subject: String, days: Int = 30) throws -> [UInt8] {
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout /dev/null"
        return try openssl("req -x509 -utf8 -days \(days) -subj \(subject) " + key)
    }

    @Test("A PEM file tells whose certificate it is, and until when it is good")
    func single() throws {
        let before = Int64(Date().timeIntervalSince1970)
        let found = try Certificate.all(pem: Self.pem("/O=柳苑/CN=gw-1", days: 30))
        let after = Int64(Date().timeIntervalSince1970)
        #expect(found.map(\.subject) == ["CN=gw-1,O=柳苑"])
        #expect((before + 30 * 86_400...after + 30 * 86_400).contains(found[0].notAfter))
    }

    @Test("Its end is right in each century and form that RFC 5280 has")
    func ends() throws {
        for (days, years) in [(3650, 10), (36_500, 100), (365_000, 1000)] {
            let end = try Certificate.all(pem: Self.pem("/CN=x", days: days))[0].notAfter
            let expected = Date().timeIntervalSince1970 + Double(days) * 86_400
            #expect(abs(Double(end) - expected) < 60, "\(years) years")
        }
    }

    @Test("All of a chain come in their order; keys, words and Windows line ends between them do no harm")
    func chain() throws {
        let key = try Self.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1")
        let locked = try Self.openssl("pkey -aes256 -passout pass:x", input: key)
        let (first, second) = (try Self.pem("/CN=first"), try Self.pem("/CN=second"))
        let parts: [[UInt8]] = [Array("Bag Attributes\n".utf8), first, key, locked, Array("# words\n".utf8), second]
        let text = Array(parts.joined())
        #expect(try Certificate.all(pem: text).map(\.subject) == ["CN=first", "CN=second"])
        let windows = text.flatMap { $0 == 10 ? [13, 10] : [$0] }
        #expect(try Certificate.all(pem: windows).map(\.subject) == ["CN=first", "CN=second"])
    }

    @Test("A file without a certificate in PEM format says so, whatever it is")
    func none() throws {
        let der = try Self.openssl("x509 -outform DER", input: Self.pem("/CN=x"))
        let key = try Self.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1")
        for bytes in [[], der, key, Array("no certificate\n".utf8), [UInt8](repeating: 0, count: 100_000)] {
            #expect(throws: Certificate.Trouble.none) { try Certificate.all(pem: bytes) }
        }
    }

    @Test("A damaged certificate is named by its position: cut short, or with a changed byte")
    func damaged() throws {
        let pem = try Self.pem("/CN=x")
        let lines = pem.split(separator: 10, omittingEmptySubsequences: false)
        let withoutEnd = Array(lines.dropLast(2).joined(separator: [10]))
        let withoutLine = Array((lines.prefix(2) + lines.dropFirst(3)).joined(separator: [10]))
        for bad in [withoutEnd, withoutLine] {
            #expect(throws: Certificate.Trouble.damaged(1)) { try Certificate.all(pem: bad) }
            #expect(throws: Certificate.Trouble.damaged(2)) { try Certificate.all(pem: pem + bad) }
        }
        #expect(try Certificate.all(pem: pem).count == 1, "and no error of before is left over")
    }

    @Test("A subject of any size and with control characters stays a short line")
    func longSubject() throws {
        let unit = String(repeating: "x", count: 60)
        let names = (0..<8).map { "/OU=\($0)\(unit)" }.joined()
        let subject = try Certificate.all(pem: Self.pem(names + "/CN=a\u{1B}[31m\tb"))[0].subject
        #expect(subject.count == 256)
        #expect(subject.hasPrefix(#"CN=a\1B[31m\09b,OU=7x"#), "\(subject)")
        #expect(subject.utf8.allSatisfy { $0 >= 32 })
    }
}
