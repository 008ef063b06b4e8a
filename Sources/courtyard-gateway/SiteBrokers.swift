internal import MQTTLink
internal import SiteConfig

extension MQTTLink.Broker {
    /// One of the site file's brokers, in the link's terms.
    init(_ broker: Site.Broker) {
        self.init(host: broker.host, port: broker.port)
        version = broker.version == .v5 ? .v5 : .v311
        keepAliveSeconds = broker.keepAliveSeconds
        username = broker.username
        password = broker.passwordFile.map { .file($0) }
        tls = broker.tls.map { .init(ca: $0.ca, certificate: $0.certificate, key: $0.key) }
    }
}
