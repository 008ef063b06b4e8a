internal import Certificates
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
