internal import COpenSSL

/// What OpenSSL thinks of a peer's certificate that it has refused.
public struct CertificateVerdict: Hashable, Sendable {
    /// An X509_V_ERR code (openssl/x509_vfy.h), never 0.
    public let code: Int
    /// OpenSSL's words for it.
    public let text: String

    /// Nil if it has not refused it.
    ///
    /// - Parameter connection: OpenSSL's `SSL *`, which nobody else uses meanwhile.
    public init?(on connection: UnsafeMutableRawPointer) {
        // SAFETY: the caller lends the connection for the length of this call; the text is constant storage.
        code = SSL_get_verify_result(OpaquePointer(connection))
        guard code != 0, let words = X509_verify_cert_error_string(code) else { return nil }
        text = String(cString: words)
    }
}
