internal import Certificates
internal import Glibc
internal import SiteConfig

/// A file with certificates that the site file names.
struct CertificateFile: Hashable {
    /// What the gateway needs it for.
    enum Use {
        /// The authorities that may have signed the broker's certificate.
        case authority
        /// What the gateway shows the broker.
        case own
    }

    let path: String
    let use: Use

    /// Why nobody can say until when it is good.
    enum Trouble: Error, CustomStringConvertible {
        case file(FileTrouble)
        case content(Certificate.Trouble)

        var description: String {
            switch self {
            case .file(let trouble): "is \(trouble)"
            case .content(let trouble): "holds \(trouble)"
            }
        }
    }

    /// As for the site's other files; a bundle of all public authorities has 250 KB.
    private static let mostBytes = 4 << 20

    /// The certificate on which it depends how long the file is good.
    ///
    /// Of the gateway's own certificate and those above it that is the one which ends first. Of several authorities it
    /// is the one which ends last: in a bundle of public ones some always run out, and where an authority is followed by
    /// the next one, both stand in the file for a while. What the broker in use depends on is known once it is connected
    /// (`MQTTTransport.brokerCertificate`).
    func read() throws(Trouble) -> Certificate {
        let bytes: [UInt8]
        do { bytes = try DiskFiles().bytes(of: path, limit: Self.mostBytes) } catch { throw .file(error) }
        let all: [Certificate]
        do { all = try Certificate.all(pem: bytes) } catch { throw .content(error) }
        let ordered = all.sorted { $0.notAfter < $1.notAfter }
        // `all` throws rather than find none.
        return use == .own ? ordered[0] : ordered[ordered.count - 1]
    }
}

/// Reads certificate files, each once as long as it stays what it is: OpenSSL's parsing brings a megabyte of its code
/// into memory, which is not worth it twice a day.
struct CertificateReader {
    /// Which file it was, and of when.
    private struct Version: Equatable {
        let device: UInt64
        let inode: UInt64
        let size: Int
        let changed: (seconds: Int, nanoseconds: Int)

        /// Nil if there is no such file.
        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            (device, inode) = (UInt64(status.st_dev), UInt64(status.st_ino))
            size = Int(status.st_size)
            changed = (status.st_ctim.tv_sec, status.st_ctim.tv_nsec)
        }

        static func == (a: Version, b: Version) -> Bool {
            a.device == b.device && a.inode == b.inode && a.size == b.size && a.changed == b.changed
        }
    }

    private var remembered: [CertificateFile: (version: Version, certificate: Certificate)] = [:]

    /// The certificate on which it depends how long the file is good (`CertificateFile.read`).
    mutating func read(_ file: CertificateFile) -> Result<Certificate, CertificateFile.Trouble> {
        let version = Version(file.path)
        // What can no longer be read is tried, for the words.
        if let version, let last = remembered[file], last.version == version, access(file.path, R_OK) == 0 {
            return .success(last.certificate)
        }
        remembered[file] = nil
        do throws(CertificateFile.Trouble) {
            let certificate = try file.read()
            if let version { remembered[file] = (version, certificate) }
            return .success(certificate)
        } catch {
            return .failure(error)
        }
    }
}

extension Site {
    /// The files with certificates that the brokers' settings name, in their order, each once.
    var certificateFiles: [CertificateFile] {
        let named = brokers.compactMap(\.tls).flatMap { tls in
            [CertificateFile(path: tls.ca, use: .authority)]
                + (tls.certificate.map { [CertificateFile(path: $0, use: .own)] } ?? [])
        }
        var seen: Set<CertificateFile> = []
        return named.filter { seen.insert($0).inserted }
    }
}
