internal import COpenSSL
internal import Glibc

/// One X.509 certificate, as far as a gateway must know it: whose it is and until when it is good.
public struct Certificate: Hashable, Sendable {
    /// The subject's distinguished name, as RFC 2253 writes it: `CN=gw-1,O=Willow Court`. At most 256 characters; empty
    /// where the certificate names its subject in another way.
    public let subject: String
    /// The last second in which it is good (RFC 5280, section 4.1.2.5), in seconds since 1970-01-01 UTC.
    public let notAfter: Int64

    public init(subject: String, notAfter: Int64) {
        self.subject = subject
        self.notAfter = notAfter
    }

    /// Why a PEM file holds no certificates that one could use.
    public enum Trouble: Error, Hashable, Sendable, CustomStringConvertible {
        /// There is no PEM block of a certificate in it: another format (DER), or another file.
        case none
        /// The certificate at this position, counted from 1, is damaged.
        case damaged(Int)

        public var description: String {
            switch self {
            case .none: "no certificate in PEM format"
            case .damaged(let position): "a damaged certificate (number \(position) in it)"
            }
        }
    }

    /// All certificates of a PEM file's bytes, in their order; other blocks, as of keys, are passed over.
    public static func all(pem bytes: [UInt8]) throws(Trouble) -> [Certificate] {
        ERR_clear_error()
        defer { ERR_clear_error() }
        // SAFETY: the BIO reads the array's bytes, and is freed before they go away.
        let (found, error) = bytes.withUnsafeBytes { bytes -> ([Certificate?], UInt) in
            guard let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else { return ([], 0) }
            defer { BIO_free(bio) }
            var found: [Certificate?] = []
            // An encrypted block would be asked a pass phrase for on the terminal: the callback says there is none.
            while let x509 = PEM_read_bio_X509(bio, nil, { _, _, _, _ in 0 }, nil) {
                found.append(Certificate(x509))
                X509_free(x509)
            }
            return (found, ERR_peek_last_error())
        }
        guard copenssl_is_end_of_pem(error) != 0 || bytes.isEmpty else { throw .damaged(found.count + 1) }
        guard !found.isEmpty else { throw .none }
        var certificates: [Certificate] = []
        for certificate in found {
            guard let certificate else { throw .damaged(certificates.count + 1) }
            certificates.append(certificate)
        }
        return certificates
    }

    /// The certificate that ends first of the chain by which OpenSSL has found a peer's certificate good; nil before
    /// the handshake is over.
    ///
    /// - Parameter connection: OpenSSL's `SSL *`, which nobody else uses meanwhile.
    public static func firstToEnd(inChainOf connection: UnsafeMutableRawPointer) -> Certificate? {
        // SAFETY: the chain belongs to the connection, which the caller lends for the length of this call; what is
        // wanted of it is copied.
        guard let chain = SSL_get0_verified_chain(OpaquePointer(connection)) else { return nil }
        let certificates = (0..<copenssl_count(chain)).compactMap { index in
            copenssl_at(chain, index).flatMap { Certificate($0) }
        }
        return certificates.min { $0.notAfter < $1.notAfter }
    }

    /// Copies what it needs of an X509 that stays the caller's. Nil if its end is no time.
    private init?(_ x509: OpaquePointer) {
        var end = tm()
        guard let time = X509_get0_notAfter(x509), ASN1_TIME_to_tm(time, &end) == 1 else { return nil }
        notAfter = Int64(timegm(&end))
        subject = Self.text(of: X509_get_subject_name(x509))
    }

    private static func text(of name: OpaquePointer?) -> String {
        guard let name, let bio = BIO_new(BIO_s_mem()) else { return "" }
        defer { BIO_free(bio) }
        guard copenssl_print(bio, name) >= 0 else { return "" }
        var start: UnsafeMutablePointer<CChar>?
        let count = copenssl_memory(bio, &start)
        // SAFETY: the BIO's own memory of `count` bytes, copied before it is freed.
        let bytes = UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : max(0, count))
        return String(String(decoding: bytes, as: UTF8.self).prefix(256))
    }
}
