import CallCore

/// The keys of the site file outside its points.
enum SiteKeys {
    static let site = Key(
        "site", .required, Kind<SiteID>.name(), example: "willow-court",
        "The property. The same in all its gateways; part of every MQTT topic.")
    static let gateway = Key(
        "gateway", .required, Kind<GatewayID>.name(reserved: ["desk"]), example: "gw-1",
        "This agent, unique in its site; part of every MQTT topic.")
    static let hardware = Key(
        "hardware", .optional("gpio"), Kind<Site.Hardware>.choice, example: "gpio",
        "Where presses come from: this board's lines, or a simulator's socket.")
    static let brokers = KeyDoc(
        "brokers", .list, .required, allowed: "a list of 1 to 16 brokers, each beginning with \"- host:\"",
        example: "[{host: 192.168.1.10}]",
        "The MQTT brokers, tried in this order.")
    static let services = KeyDoc(
        "services", .mapping, .optional("emergency, meal and errand, with the defaults below"),
        allowed: "a mapping from service to its settings, such as laundry: {priority: 4}",
        example: "{laundry: {priority: 4}}",
        "What presses can ask for, besides the standard three, and how calls are followed.")
    static let outputs = KeyDoc(
        "outputs", .mapping, .optional("none"),
        allowed: "a mapping from output to its settings, such as siren: {kind: relay, line: {name: GPIO20}}",
        example: "{siren: {kind: relay, line: {name: GPIO20}}}", "The board's lamps, buzzers and relays.")
    static let receivers = KeyDoc(
        "receivers", .mapping, .optional("none"),
        allowed: "a mapping from receiver to its settings, such as hall: {line: {name: GPIO27}}",
        example: "{hall: {line: {name: GPIO27}}}", "The radio receivers that hear the points' transmitters.")
    static let devices = Key(
        "devices", .optional("devices"), Kind<String>.path, example: "/data/devices",
        "The folder of this site's own kinds of transmitters; those that come with the gateway are found besides.")
    static let transmitters = Key(
        "transmitters", .optional("none"), Kind<String>.path, example: "transmitters.csv",
        "The table of points' transmitters that `courtyard-gateway enrol` keeps; it need not exist yet. With it, a point may have neither `line` nor `radio` until it is enrolled."
    )
    static let acknowledgement = Key(
        "acknowledgement", .optional("desk"), Kind<SiteRules.Acknowledgement>.choice, example: "broker",
        "Whose word makes a call `delivered`; `broker` for displays that never answer: then desks are not supervised.")
    static let nobodyListening = KeyDoc(
        "nobody-listening", .mapping, .optional("{next-broker: true}"),
        allowed: "a mapping such as {outputs: [siren], next-broker: true}", example: "{outputs: []}",
        "What is done, besides the fault of that name, while nobody hears an emergency.")
    static let dailyTest = Key(
        "daily-test", .optional(HoursText.write(SiteRules.dailyTestMinute)), Kind<DailyTest>.dailyTest,
        example: "04:15",
        "When a test call goes through broker and desk and back, every day, by the board's local time.")
    static let retention = Key(
        "retention", .optional(DurationText.write(Site.standardRetention)),
        Kind<Limit>.duration(.seconds(30 * 86_400)...(.seconds(3_650 * 86_400)), or: "forever"), example: "365d",
        "For how long the journal keeps closed calls and their events.")
    static let homeAssistant = Key(
        "home-assistant", .optional("off"), Kind<DiscoveryPrefix>.discoveryPrefix, example: "homeassistant",
        "Introduces the gateway to Home Assistant below this discovery prefix: see docs/home-assistant.md.")
    static let points = KeyDoc(
        "points", .listOrMapping, .required, allowed: "a list of call points, or {file: points.csv}",
        example: "{file: points.csv}",
        "The call points: a list, a CSV file, or a list in which `- file: points.csv` stands for a file's points.")
    static let defaults = KeyDoc(
        "defaults", .mapping, .optional("the defaults below"),
        allowed: "a mapping with any keys of a point but id, label, line and loop", example: "{minimum-width: 10ms}",
        "What holds for points that don't say otherwise.")
    static let journal = Key(
        "journal", .optional(Site.Files.standard.journal), Kind<String>.path, example: "/data/gateway.db",
        "The database of presses and calls.")
    static let control = Key(
        "control-socket", .optional(Site.Files.standard.control), Kind<String>.path,
        example: "/run/courtyard-gateway/gw-1.sock", "Where `status` and `watch` ask the running agent.")
    static let simulator = Key(
        "simulator-socket", .optional(Site.Files.standard.simulator), Kind<String>.path, example: "/tmp/lines.sock",
        "Where `courtyard-sim` presses buttons; only with `hardware: simulated`.")

    static let all = [
        site.doc, gateway.doc, hardware.doc, brokers, services, points, defaults, outputs, receivers,
        devices.doc, transmitters.doc, acknowledgement.doc,
        nobodyListening, dailyTest.doc, retention.doc, homeAssistant.doc, journal.doc, control.doc, simulator.doc,
    ]

    /// The most brokers a site may list.
    static let brokerLimit = 16
}

/// The keys of one broker.
enum BrokerKeys {
    static let host = Key(
        "host", .required, Kind<String>.host, example: "broker.willow.example",
        "Where it is. With `tls`, the name or address that its certificate carries.")
    static let port = Key(
        "port", .optional("1883; 8883 with tls"), Kind<Int>.whole(1...65_535), example: "8883", "Its TCP port.")
    static let version = Key(
        "version", .optional("5"), Kind<Site.Broker.MQTTVersion>.choice, example: "3.1.1",
        "The MQTT version it speaks. 5 tells when nobody is listening.")
    static let keepAlive = Key(
        "keep-alive", .optional("60s"), Kind<Duration>.duration(.seconds(10)...(.seconds(3_600)), wholeSeconds: true),
        example: "30s", "After how long without traffic a ping is sent; a dead link is noticed within 1.5 times this.")
    static let username = Key(
        "username", .optional("none"), Kind<String>.text(1...128), example: "gw-1", "The name to log in with.")
    static let passwordFile = Key(
        "password-file", .optional("none"), Kind<String>.path, example: "secrets/mqtt",
        "The file whose first line is the password; needs `username`.")
    static let tls = KeyDoc(
        "tls", .mapping, .optional("no TLS"), allowed: "a mapping with ca, and certificate and key if it needs them",
        example: "{ca: ca.pem}", "Encrypts the link and checks the broker's certificate.")

    static let all = [
        host.doc, port.doc, version.doc, keepAlive.doc, username.doc, passwordFile.doc, tls,
    ]

    /// Keys under which people write a password; none exists.
    static let secrets: Set<String> = ["password", "passwd", "pass", "pwd", "secret", "token"]
}

/// The keys of a broker's `tls`.
enum TLSKeys {
    static let ca = Key(
        "ca", .required, Kind<String>.path, example: "ca.pem",
        "PEM file of the authorities that may have signed the broker's certificate.")
    static let certificate = Key(
        "certificate", .optional("none"), Kind<String>.path, example: "gw-1.pem",
        "PEM file with the gateway's own certificate; needs `key`.")
    static let key = Key(
        "key", .optional("none"), Kind<String>.path, example: "gw-1.key",
        "PEM file with that certificate's key; needs `certificate`.")

    static let all = [ca.doc, certificate.doc, key.doc]
}
