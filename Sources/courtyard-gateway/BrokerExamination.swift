internal import CallContract
internal import CallCore
internal import Certificates
internal import GatewayAgent
internal import GatewayTransport
internal import LinuxSupport
internal import MQTTLink
internal import SiteConfig
internal import Synchronization

extension Examination {
    /// One broker, tried as the agent would, under a client id of the doctor's own so that the agent isn't thrown out.
    static func broker(_ broker: Site.Broker, of site: Site) -> [Finding] {
        let thing = "broker \(broker.host):\(broker.port)"
        let answer = Answer()
        let topics = Topics(site: site.site, gateway: site.gateway)
        var configuration = MQTTLink.Configuration(
            clientID: "\(MQTTTransport.clientID(topics))-doctor", brokers: [MQTTLink.Broker(broker)])
        configuration.sessionExpirySeconds = 0
        do throws(MQTTError) {
            let link = try MQTTLink(configuration) {
                Attempt(number: 1)
            } report: {
                answer.hear($0)
            }
            try link.start()
            answer.wait()
            link.stop(within: .seconds(1))
        } catch {
            return [.bad(thing, "\(error)", remedy: "correct the broker in the site file")]
        }
        switch answer.heard {
        case .connected?:
            let words = broker.tls == nil ? "answers, without TLS" : "answers, certificate and name are good"
            return [.fine(thing, words)] + certificate(answer.certificate, of: broker)
        case .failed(_, _, let failure)?:
            return [.bad(thing, "\(failure)", remedy: remedy(failure))]
        default: return [.bad(thing, "no answer in 20 s", remedy: "check network, host and port")]
        }
    }

    /// How long the connected broker's certificate is good.
    private static func certificate(_ found: Certificate?, of broker: Site.Broker) -> [Finding] {
        guard let found else { return [] }
        let place = CertificateExpiry.Place.broker("\(broker.host):\(broker.port)")
        return [finding("certificate", CertificateExpiry(of: place, .success(found), at: SystemClock().now().wall))]
    }

    private static func remedy(_ failure: MQTTFailure) -> String {
        switch failure {
        case .unreachable, .timedOut: "check cable, network, host and port; is the broker running?"
        case .refused, .password: "check username and password file, and the broker's list of clients"
        case .tls(.notYetValid, _): "this board's clock is behind: check the time service"
        case .tls: "check ca, certificate and host name against the broker's certificate"
        default: "see the broker's log"
        }
    }
}

/// The first thing that says whether there is a connection.
private final class Answer: Sendable {
    private let first = Mutex<LinkReport?>(nil)
    private let seen = Mutex<Certificate?>(nil)
    private let ended = DriverThread.Gate()

    var heard: LinkReport? { first.withLock { $0 } }
    /// The broker's, if it has shown one.
    var certificate: Certificate? { seen.withLock { $0 } }

    func hear(_ report: LinkReport) {
        switch report {
        case .brokerCertificate(_, _, let certificate): seen.withLock { $0 = certificate }
        case .connected, .failed:
            first.withLock { if $0 == nil { $0 = report } }
            ended.open()
        default: break
        }
    }

    func wait() { _ = ended.pass(within: .seconds(20)) }
}
