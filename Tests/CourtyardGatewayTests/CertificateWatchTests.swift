import CallContract
import CallCore
import Certificates
import Foundation
import GatewayTransport
import SiteConfig
import Testing

@testable import courtyard_gateway

/// A directory with certificates of openssl's making, and sites that name them. The clock is the tests' own.
private final class Folder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "certificates-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Makes `<name>.pem`, good for so many days, and its key.
    @discardableResult
    func make(_ name: String, days: Int = 365, subject: String? = nil) throws -> Certificate {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.currentDirectoryURL = URL(filePath: path)
        process.arguments = [
            "openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days",
            "\(days)", "-subj", subject ?? "/CN=\(name)", "-keyout", "\(name).key", "-out", "\(name).pem",
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return try #require(try Certificate.all(pem: Array(Data(contentsOf: file("\(name).pem")))).first)
    }

    func file(_ name: String) -> URL { URL(filePath: "\(path)/\(name)") }

    func join(_ names: [String], into name: String) throws {
        try Data(names.map { try Data(contentsOf: file($0)) }.joined()).write(to: file(name))
    }

    /// A site whose brokers have these `tls` mappings.
    func site(_ tls: [String]) throws -> Site {
        let brokers = tls.enumerated().map { "  - {host: broker-\($0), tls: \($1)}" }
        let head = "site: willow-court\ngateway: gw-1\nhardware: simulated\nbrokers:\n"
        let text = head + brokers.joined(separator: "\n") + "\npoints:\n  - {id: b1, label: 床头}\n"
        try text.write(to: file("gateway.yaml"), atomically: true, encoding: .utf8)
        return try SiteReader.read(path: file("gateway.yaml").path)
    }
}

/// A clock at so many seconds before the certificate's last one.
private func now(_ seconds: Int64, before certificate: Certificate, synchronized: Bool = true) -> Now {
    Now(
        moment: Moment(nanoseconds: 0),
        wall: WallTime(milliseconds: (certificate.notAfter - seconds) * 1000),
        quality: ClockQuality(synchronized: synchronized, uncertaintyMs: 5))
}

private let day: Int64 = 86_400

/// What a watch says that has looked at nothing before.
private func finding(
    _ site: Site, broker: BrokerCertificate? = nil, _ now: Now
) -> (what: String, remedy: String)? {
    var watch = CertificateWatch()
    return watch.finding(site, broker: broker, now)
}

@Suite("The watch on certificates") struct CertificateWatchTests {
    private let folder: Folder

    init() throws { folder = try Folder() }

    @Test("A certificate is told of from 30 days before its end on, urgently from 7 days on, and when it has ended")
    func days() throws {
        let ca = try folder.make("ca")
        let site = try folder.site(["{ca: ca.pem}"])
        let path = folder.file("ca.pem").path
        let date = WallTime(milliseconds: ca.notAfter * 1000).description.prefix(10)
        let cases: [(seconds: Int64, words: String?)] = [
            (31 * day, nil), (30 * day + 1, nil),
            (30 * day, "\(path) (CN=ca) expires in 30 days, on \(date)"),
            (29 * day + 5, "\(path) (CN=ca) expires in 29 days, on \(date)"),
            (7 * day + 1, "\(path) (CN=ca) expires in 7 days, on \(date)"),
            (6 * day + 5, "only 6 days left: \(path) (CN=ca) expires on \(date), and then the broker can't be reached"),
            (3 * 3600, "only 3 hours left: \(path) (CN=ca) expires on \(date), and then the broker can't be reached"),
            (0, "only 0 hours left: \(path) (CN=ca) expires on \(date), and then the broker can't be reached"),
            (-1, "\(path) (CN=ca) expired on \(date): no new connection to the broker succeeds"),
            (-400 * day, "\(path) (CN=ca) expired on \(date): no new connection to the broker succeeds"),
        ]
        for (seconds, words) in cases {
            var watch = CertificateWatch()
            let finding = watch.finding(site, now(seconds, before: ca))
            #expect(finding?.what == words, "\(seconds) s before")
            #expect((finding == nil) == (words == nil))
            #expect(finding?.remedy.contains(path) ?? true)
        }
    }

    @Test("Nothing is said by a clock that nobody has set, and it is looked at as soon as somebody has")
    func clock() throws {
        let ca = try folder.make("ca")
        let site = try folder.site(["{ca: ca.pem}"])
        var watch = CertificateWatch()
        let early = now(day, before: ca, synchronized: false)
        #expect(!watch.isDue(broker: nil, early))
        #expect(watch.finding(site, early) == nil)
        #expect(watch.nextCheck == nil)
        #expect(watch.isDue(broker: nil, now(day, before: ca)))
        #expect(watch.finding(site, now(day, before: ca)) != nil)
    }

    @Test("It looks at the start, every twelve hours, after a reload, and at another broker's certificate")
    func due() throws {
        let ca = try folder.make("ca")
        let site = try folder.site(["{ca: ca.pem}"])
        var watch = CertificateWatch()
        func at(_ span: Duration) -> Now {
            Now(
                moment: Moment(nanoseconds: 5) + span, wall: WallTime(milliseconds: 0),
                quality: now(0, before: ca).quality)
        }
        #expect(watch.isDue(broker: nil, at(.zero)))
        _ = watch.finding(site, at(.zero))
        #expect(watch.nextCheck == at(.seconds(43_200)).moment)
        #expect(!watch.isDue(broker: nil, at(.zero)) && !watch.isDue(broker: nil, at(.seconds(43_199))))
        #expect(watch.isDue(broker: nil, at(.seconds(43_200))))
        let broker = BrokerCertificate(broker: "broker-0:8883", certificate: Certificate(subject: "x", notAfter: 5))
        #expect(watch.isDue(broker: broker, at(.zero)))
        _ = watch.finding(site, broker: broker, at(.zero))
        #expect(!watch.isDue(broker: broker, at(.zero)))
        watch.lookAgain()
        #expect(watch.isDue(broker: broker, at(.zero)))
    }

    @Test("The gateway's own certificate counts by what ends first in its file, with a remedy of its own")
    func own() throws {
        try folder.make("ca", days: 3000)
        let middle = try folder.make("middle", days: 100)
        try folder.make("leaf", days: 200)
        try folder.join(["leaf.pem", "middle.pem"], into: "client.pem")
        let site = try folder.site(["{ca: ca.pem, certificate: client.pem, key: leaf.key}"])
        #expect(finding(site, now(31 * day, before: middle)) == nil)
        let found = try #require(finding(site, now(10 * day, before: middle)))
        #expect(found.what.hasPrefix("\(folder.file("client.pem").path) (CN=middle) expires in 10 days"))
        #expect(found.remedy.contains("key"))
    }

    @Test("Of several authorities in a file the last to end counts: one may be followed by the next")
    func authorities() throws {
        let old = try folder.make("old", days: 100)
        let new = try folder.make("new", days: 1000)
        try folder.join(["new.pem", "old.pem"], into: "ca.pem")
        let site = try folder.site(["{ca: ca.pem}"])
        #expect(finding(site, now(-day, before: old)) == nil)
        #expect(
            finding(site, now(day, before: new))?.what.contains("(CN=new)")
                == true)
    }

    @Test("The connected broker's certificate counts; an authority that stands in our file is said once")
    func broker() throws {
        let ca = try folder.make("ca")
        let site = try folder.site(["{ca: ca.pem}"])
        let server = Certificate(subject: "CN=broker", notAfter: ca.notAfter - 20 * day)
        let first = BrokerCertificate(broker: "broker-0:8883", certificate: server)
        let found = try #require(finding(site, broker: first, now(32 * day, before: ca)))
        #expect(found.what.hasPrefix("the certificate of broker broker-0:8883 (CN=broker) expires in 12 days"))
        #expect(found.remedy == "renew the broker's certificate and restart the broker")
        let same = BrokerCertificate(broker: "broker-0:8883", certificate: ca)
        let once = try #require(finding(site, broker: same, now(20 * day, before: ca)))
        #expect(once.what.components(separatedBy: "expires").count == 2, "\(once.what)")
    }

    @Test("A file that is missing, no PEM or damaged is said: nobody knows until when it is good")
    func unreadable() throws {
        let ca = try folder.make("ca")
        let path = folder.file("bad.pem").path
        let site = try folder.site(["{ca: ca.pem}", "{ca: bad.pem}"])
        var watch = CertificateWatch()
        func said() throws -> String {
            let found = watch.finding(site, now(100 * day, before: ca))
            return try #require(found).what
        }
        #expect(try said() == "\(path) is no such file: the next connection to the broker will fail")
        try Data("no certificate\n".utf8).write(to: folder.file("bad.pem"))
        #expect(try said() == "\(path) holds no certificate in PEM format: the next connection to the broker will fail")
        let pem = try Data(contentsOf: folder.file("ca.pem"))
        try pem.dropLast(60).write(to: folder.file("bad.pem"))
        #expect(try said().hasPrefix("\(path) holds a damaged certificate (number 1 in it)"))
        try pem.write(to: folder.file("bad.pem"))
        #expect(watch.finding(site, now(100 * day, before: ca)) == nil, "mended")
        try FileManager.default.removeItem(at: folder.file("bad.pem"))
        #expect(try said().contains("no such file"), "and gone again")
    }

    @Test("A certificate that is put in the place of another counts from the next look on")
    func renewed() throws {
        let old = try folder.make("ca", days: 20)
        let site = try folder.site(["{ca: ca.pem}"])
        var watch = CertificateWatch()
        for _ in 0..<2 { #expect(watch.finding(site, now(20 * day, before: old))?.what.contains("20 days") == true) }
        try folder.make("ca", days: 400)
        #expect(watch.finding(site, now(20 * day, before: old)) == nil)
    }

    @Test("Three are named at most, what ends first first; a file that several brokers share is read once")
    func many() throws {
        let last = try folder.make("c3", days: 304)
        for number in 0..<3 { try folder.make("c\(number)", days: 301 + number) }
        let site = try folder.site(["{ca: c3.pem}", "{ca: c2.pem}", "{ca: c1.pem}", "{ca: c0.pem}", "{ca: c2.pem}"])
        #expect(site.certificateFiles.count == 4)
        let what = try #require(
            finding(site, now(20 * day + 60, before: last))?.what)
        let parts = what.components(separatedBy: "; ")
        #expect(parts.count == 4 && parts[3] == "and 1 more", "\(what)")
        #expect((0..<3).allSatisfy { parts[$0].contains("(CN=c\($0)) expires in \(17 + $0) days") }, "\(what)")
    }

    @Test("A site without TLS has nothing that ends")
    func plain() throws {
        let site = try folder.site(["{ca: ca.pem}"])
        var plain = site
        plain.brokers[0].tls = nil
        #expect(
            finding(
                plain,
                Now(
                    moment: Moment(nanoseconds: 0), wall: WallTime(milliseconds: 0),
                    quality: ClockQuality(synchronized: true, uncertaintyMs: 5))) == nil)
    }
}
