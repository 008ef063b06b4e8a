internal import CallContract
internal import CallCore
internal import Certificates
internal import GatewayTransport
internal import SiteConfig

/// Says in time that a certificate runs out: the fault `certificate-expiring`, from 30 days before on.
///
/// Looks at the start, every twelve hours, when it is told to (`lookAgain`), and when a broker with another certificate
/// has been connected; never by a clock that nobody has set.
struct CertificateWatch {
    private var lastLook: Moment?
    private var lastBroker: BrokerCertificate?
    private var reader = CertificateReader()

    /// Between two looks. A day's change of the number of days is told at most half a day late.
    static let interval = Duration.seconds(12 * 3600)
    /// Time to order a new one, and time to worry.
    static let (noticeDays, urgentDays) = (30, 7)
    private static let daySeconds: Int64 = 86_400
    /// As many are named in one fault; the first ones to end.
    private static let mostNamed = 3

    /// The site file was read again: whoever says so may have put new files in place within one tick of their clock.
    mutating func lookAgain() {
        lastLook = nil
        reader = CertificateReader()
    }

    /// Whether it is time for `finding`.
    func isDue(broker: BrokerCertificate?, _ now: Now) -> Bool {
        guard now.quality.synchronized else { return false }
        guard let lastLook, broker == lastBroker else { return true }
        return now.moment >= lastLook + Self.interval
    }

    /// When it is time again if nothing happens before; nil before the first look, which a clock that is set brings
    /// about.
    var nextCheck: Moment? { lastLook.map { $0 + Self.interval } }

    /// Looks at the files and at the broker's certificate: what to say of them and what to do about it, nil if all is
    /// well or the clock is not to be believed.
    mutating func finding(
        _ site: Site, broker: BrokerCertificate? = nil, _ now: Now
    ) -> (what: String, remedy: String)? {
        guard now.quality.synchronized else { return nil }
        (lastLook, lastBroker) = (now.moment, broker)
        let found = expiries(site, broker: broker, at: now.wall).filter(\.isWorthSaying)
        guard let first = found.first else { return nil }
        let more = found.count > Self.mostNamed ? ["and \(found.count - Self.mostNamed) more"] : []
        return ((found.prefix(Self.mostNamed).map(\.text) + more).joined(separator: "; "), first.remedy)
    }

    /// Everything that ends some day, what ends first first; what can't be read before that.
    mutating func expiries(
        _ site: Site, broker: BrokerCertificate?, at wall: WallTime
    ) -> [CertificateExpiry] {
        var all = site.certificateFiles.map { CertificateExpiry(of: .file($0), reader.read($0), at: wall) }
        // An authority of ours stands in the broker's chain too: once is enough.
        if let broker, !all.contains(where: { $0.certificate == broker.certificate }) {
            all.append(CertificateExpiry(of: .broker(broker.broker), .success(broker.certificate), at: wall))
        }
        return all.sorted { ($0.certificate?.notAfter ?? .min) < ($1.certificate?.notAfter ?? .min) }
    }
}

/// Until when one file or broker is good, in words.
struct CertificateExpiry {
    /// Where the certificate is.
    enum Place {
        case file(CertificateFile)
        case broker(String)
    }

    let place: Place
    private let found: Result<Certificate, CertificateFile.Trouble>
    private let wall: WallTime

    init(of place: Place, _ found: Result<Certificate, CertificateFile.Trouble>, at wall: WallTime) {
        self.place = place
        self.found = found
        self.wall = wall
    }

    var certificate: Certificate? { try? found.get() }

    /// Seconds until it ends; negative once it has; nil if nobody can say.
    private var left: Int64? { certificate.map { $0.notAfter - wall.milliseconds / 1000 } }

    /// Ends within 30 days, or can't be read.
    var isWorthSaying: Bool { left.map { $0 <= Int64(CertificateWatch.noticeDays) * 86_400 } ?? true }
    /// Ends within 7 days, has ended, or can't be read.
    var isUrgent: Bool { left.map { $0 <= Int64(CertificateWatch.urgentDays) * 86_400 } ?? true }

    /// The thing, whose certificate, and how long it is good still.
    var text: String {
        switch found {
        case .failure(let trouble): "\(name) \(trouble): the next connection to the broker will fail"
        case .success(let certificate): text(of: certificate, left: left ?? 0)
        }
    }

    private func text(of certificate: Certificate, left: Int64) -> String {
        let thing = certificate.subject.isEmpty ? name : "\(name) (\(certificate.subject))"
        let day = WallTime(milliseconds: certificate.notAfter * 1000).description.prefix(10)
        if left < 0 { return "\(thing) expired on \(day): no new connection to the broker succeeds" }
        if !isUrgent { return "\(thing) expires in \(left / 86_400) days, on \(day)" }
        let rest = left >= 2 * 86_400 ? "\(left / 86_400) days" : "\(left / 3600) hours"
        return "only \(rest) left: \(thing) expires on \(day), and then the broker can't be reached"
    }

    private var name: String {
        switch place {
        case .file(let file): file.path
        case .broker(let name): "the certificate of broker \(name)"
        }
    }

    /// What to do about it.
    var remedy: String {
        switch (place, found) {
        case (.file(let file), .failure):
            "put a certificate in PEM format there that the gateway's user may read: \(file.path)"
        case (.file(let file), _) where file.use == .authority:
            "put the new certificate of the brokers' authority into \(file.path), then reload"
        case (.file(let file), _):
            "have the gateway's certificate renewed and put it into \(file.path), its key beside it, then reload"
        case (.broker, _): "renew the broker's certificate and restart the broker"
        }
    }
}
