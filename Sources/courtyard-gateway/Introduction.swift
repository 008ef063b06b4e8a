internal import CallContract
internal import CallCore
internal import GatewayAgent
internal import SiteConfig

/// What Home Assistant has been told of this gateway, so that what is no more can be taken back.
struct Introduction {
    private var prefix: String?
    private var services: Set<ServiceID> = []

    /// Tells it of the site as it is now.
    mutating func tell(_ site: Site, through agent: GatewayAgent) {
        let topics = Topics(site: site.site, gateway: site.gateway)
        if let prefix, prefix != site.homeAssistant {
            agent.introduce(HomeAssistant.removal(prefix: prefix, topics: topics))
            services = []
        }
        prefix = site.homeAssistant
        guard let prefix else { return }
        let present = site.services.map(\.id)
        agent.introduce(
            HomeAssistant.discovery(
                prefix: prefix, topics: topics, version: Version.text, services: present,
                withdrawn: services.subtracting(present)))
        services.formUnion(present)
    }
}
