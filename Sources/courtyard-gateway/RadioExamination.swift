internal import CallCore
internal import GPIOLines
internal import Glibc
internal import SiteConfig

// The doctor's look at receivers and transmitters.
extension Examination {
    static func radio(_ site: Site) -> [Finding] {
        let receivers = site.receivers.filter { site.hardware == .gpio || $0.decodesItself }.map(receiver)
        let devices = Set(site.points.compactMap { $0.radio?.device }).sorted { $0.name < $1.name }
        let kinds = devices.map { device in kind(device, count: site.points.count { $0.radio?.device == device }) }
        let waiting = site.points.filter { !$0.isWired && $0.radio == nil }
        guard !waiting.isEmpty else { return receivers + kinds }
        let names = waiting.prefix(5).map(\.id.text).joined(separator: ", ")
        return receivers + kinds + [
            .note(
                "transmitters", "\(waiting.count) call points have none yet: \(names)\(waiting.count > 5 ? " …" : "")",
                remedy: "courtyard-gateway enrol \(waiting[0].id)")
        ]
    }

    private static func receiver(_ receiver: RadioReceiver) -> Finding {
        let thing = "receiver \(receiver.id)"
        switch receiver.source {
        case .simulated: return .fine(thing, "simulated")
        case .pin(let address): return pin(receiver, address)
        case .serial(let source):
            return access(source.path, R_OK) == 0
                ? .fine(thing, source.path)
                : .bad(
                    thing, "\(source.path): \(String(cString: strerror(errno)))",
                    remedy: "plug it in; the gateway's user must be in the port's group (dialout)")
        case .program(let command):
            // It isn't started here: the stick may be the running agent's.
            guard program(command[0]) == nil else {
                return .fine(
                    thing,
                    "\(command[0]) is there; whether it hears, `courtyard-gateway status` says of a running agent")
            }
            return .bad(
                thing, "no program \(command[0])", remedy: "install it (apt install rtl-433), or write its whole path")
        case .datagrams(let host, let port): return .fine(thing, "messages of an rtl_433 to \(host) port \(port)")
        }
    }

    /// Where a program is; nil if it can't be run.
    private static func program(_ name: String) -> String? {
        if name.contains("/") { return access(name, X_OK) == 0 ? name : nil }
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
        return path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    /// Listens for a moment: noise is the sign of life of a receiver that has no squelch.
    private static func pin(_ receiver: RadioReceiver, _ address: LineAddress) -> Finding {
        let thing = "receiver \(receiver.id)"
        do throws(LineTrouble) {
            let pin = try ReceiverPin(address)
            let end = SystemClock().now().moment + listensFor
            var edges = 0
            while SystemClock().now().moment < end { edges += try pin.wait(until: end).edges.count }
            let found = "\(address): \(edges) edges in \(listensFor.milliseconds) ms"
            guard edges == 0, !receiver.isSquelched else { return .fine(thing, found) }
            return .bad(
                thing, "\(found), not even noise",
                remedy: "look at its power and its DATA wire; say squelch: true if it is silent while nobody sends")
        } catch {
            if case .busy(_, GPIOLines.consumer) = error {
                return .fine(thing, "\(address) is held by the running agent")
            }
            return .bad(thing, error.what, remedy: "compare the receiver's line with `gpioinfo`")
        }
    }

    private static let listensFor = Duration.milliseconds(500)

    private static func kind(_ device: RadioDevice, count: Int) -> Finding {
        let points = "\(count) call point\(count == 1 ? "" : "s")"
        let supervised =
            device.supervision.map { "reports every \($0.interval.components.seconds / 3600) h at least" }
            ?? "can't be supervised: nobody knows whether it still works until it is pressed"
        let secret =
            device.isRolling
            ? "its code changes, and that isn't verified"
            : device.isClonable ? "can be copied off the air" : "can't be copied"
        let text =
            "\(points), \(device.model.map { "rtl_433 \($0.name)" } ?? device.radioProtocol.rawValue); \(secret); \(supervised)"
        return device.supervision == nil
            ? .note(
                "transmitters \(device.name)", text, remedy: "try them by hand every month: courtyard-gateway walk-test"
            )
            : .fine("transmitters \(device.name)", text)
    }
}
