extension Site {
    /// A file that the site file names and that is of no use as it is.
    public struct UnusableFile: Hashable, Sendable, CustomStringConvertible {
        /// The key that names it: `brokers[0].tls.ca`.
        public let keyPath: String
        /// Its absolute path.
        public let path: String
        public let trouble: FileTrouble

        /// The key, the file, what is wrong and what to do.
        public var description: String { "\(keyPath): \(path) is \(trouble); \(remedy)" }

        /// What to do about it.
        public var remedy: String {
            switch trouble {
            case .missing: "copy it there, or name the right file"
            case .directory, .notAFile: "name a file"
            case .forbidden: "let the gateway's user read it (see its owner and mode with ls -l)"
            case .empty: "fill it"
            case .tooLarge(_, let limit): "name a file of up to \(grouped(limit)) bytes"
            case .failed: "see to the disk or the mount it is on"
            }
        }
    }

    /// The most bytes that a password, certificate or key file may have; bundles of all public authorities have 250 KB.
    static let namedFileLimit = 4 << 20

    /// Which of the brokers' password, certificate and key files can't be read by this user, in the site file's order.
    /// Reading the site file doesn't look at them, so that it can be checked on another machine.
    public func unusableFiles() -> [UnusableFile] {
        brokers.enumerated().flatMap { index, broker in
            let named = [
                (BrokerKeys.passwordFile.name, broker.passwordFile), ("tls.\(TLSKeys.ca.name)", broker.tls?.ca),
                ("tls.\(TLSKeys.certificate.name)", broker.tls?.certificate),
                ("tls.\(TLSKeys.key.name)", broker.tls?.key),
            ]
            return named.compactMap { key, path -> UnusableFile? in
                guard let path, let trouble = Self.trouble(with: path) else { return nil }
                return UnusableFile(keyPath: "brokers[\(index)].\(key)", path: path, trouble: trouble)
            }
        }
    }

    private static func trouble(with path: String) -> FileTrouble? {
        do throws(FileTrouble) {
            let size = try OpenFile(path).regularSize()
            guard size > 0 else { return .empty }
            return size > namedFileLimit ? .tooLarge(size: size, limit: namedFileLimit) : nil
        } catch {
            return error
        }
    }
}
