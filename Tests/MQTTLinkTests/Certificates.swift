import Foundation
import MQTTLink

/// A small certificate authority in a directory, run by openssl.
struct Certificates {
    let directory: URL

    init() throws {
        directory = try temporaryDirectory()
        let settings = """
            [ca]
            default_ca = own
            [own]
            new_certs_dir = .
            database = index.txt
            serial = serial
            default_md = sha256
            policy = any
            copy_extensions = copy
            unique_subject = no
            [any]
            commonName = supplied
            """
        try settings.write(to: file("ca.cnf"), atomically: true, encoding: .utf8)
        try "".write(to: file("index.txt"), atomically: true, encoding: .utf8)
        try "01".write(to: file("serial"), atomically: true, encoding: .utf8)
        for ca in ["ca", "other"] {
            try openssl("req -x509 -nodes -days 3650 -keyout \(ca).key -out \(ca).pem -subj /CN=\(ca)" + Self.curve)
        }
    }

    private static let curve = " -newkey ec -pkeyopt ec_paramgen_curve:prime256v1"

    /// Makes `<name>.pem` and `<name>.key`, signed by "ca". Dates are openssl's `YYMMDDHHMMSSZ`.
    func issue(_ name: String, for alternative: String, from: String = "200101000000Z", to: String = "491231000000Z")
        throws
    {
        let request =
            "req -nodes -keyout \(name).key -out \(name).csr -subj /CN=\(name) -addext subjectAltName=\(alternative)"
        try openssl(request + Self.curve)
        let dates = "-startdate \(from) -enddate \(to)"
        try openssl(
            "ca -batch -config ca.cnf -cert ca.pem -keyfile ca.key -in \(name).csr -out \(name).pem -notext " + dates)
    }

    func file(_ name: String) -> URL { directory.appendingPathComponent(name) }
    func path(_ name: String) -> String { file(name).path }

    /// Takes its arguments apart at the blanks.
    func openssl(_ arguments: String) throws {
        try run("openssl", arguments.split(separator: " ").map(String.init), in: directory)
    }
}
