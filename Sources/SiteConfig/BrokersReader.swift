import CallCore

extension SiteReading {
    /// The brokers of the list at `part`, in their order; those that are wrong are reported and left out.
    func brokers(_ part: Part) -> [Site.Broker] {
        let allowed = SiteKeys.brokers.allowed
        guard let items = part.items(allowed: allowed, problems: problems) else { return [] }
        if items.isEmpty || items.count > SiteKeys.brokerLimit {
            problems.add(part.place, part.path, found: "\(items.count) brokers", allowed: allowed)
        }
        return items.prefix(SiteKeys.brokerLimit).compactMap(broker)
    }

    private func broker(_ part: Part) -> Site.Broker? {
        guard
            let section = Section(
                part, allowed: "a broker, beginning with \"host:\"", keys: BrokerKeys.all,
                secrets: BrokerKeys.secrets, problems: problems)
        else { return nil }
        let host = section.value(BrokerKeys.host, problems)
        let port = section.value(BrokerKeys.port, problems)
        let version = section.value(BrokerKeys.version, problems)
        let keepAlive = section.value(BrokerKeys.keepAlive, problems)
        let username = section.value(BrokerKeys.username, problems)
        let passwordFile = section.value(BrokerKeys.passwordFile, problems)
        // A password without a name is not allowed in MQTT 3.1.1 (section 3.1.2.9).
        if section.present.contains(BrokerKeys.passwordFile.name) {
            section.missing(BrokerKeys.username.name, allowed: "a name to go with the password-file", problems)
        }
        let tls = section.part(BrokerKeys.tls, problems).flatMap(self.tls)
        guard let host else { return nil }
        return Site.Broker(
            host: host, port: port ?? (tls == nil ? 1_883 : 8_883), version: version ?? .v5, username: username,
            passwordFile: passwordFile.map { absolutePath($0, from: directory) }, tls: tls,
            keepAliveSeconds: Int(keepAlive?.components.seconds ?? 60))
    }

    private func tls(_ part: Part) -> Site.Broker.TLS? {
        guard
            let section = Section(part, allowed: BrokerKeys.tls.allowed, keys: TLSKeys.all, problems: problems)
        else { return nil }
        let ca = section.value(TLSKeys.ca, problems)
        let certificate = section.value(TLSKeys.certificate, problems)
        let key = section.value(TLSKeys.key, problems)
        if section.present.contains(TLSKeys.certificate.name) {
            section.missing(TLSKeys.key.name, allowed: "the file of the certificate's key", problems)
        }
        if section.present.contains(TLSKeys.key.name) {
            section.missing(TLSKeys.certificate.name, allowed: "the file of the key's certificate", problems)
        }
        guard let ca else { return nil }
        return Site.Broker.TLS(
            ca: absolutePath(ca, from: directory), certificate: certificate.map { absolutePath($0, from: directory) },
            key: key.map { absolutePath($0, from: directory) })
    }
}
