internal import CLinux
internal import CallContract
internal import CallCore
internal import GatewayAgent
internal import GatewayTransport
internal import Glibc
internal import Journal
internal import LinuxSupport
internal import MQTTLink
internal import SiteConfig

/// The program: drivers, transport, journal and control joined to one agent, and the loop that turns it.
final class Gateway {
    private let siteFile: String
    private var site: Site
    private let log: Log
    private let clock = SystemClock()
    private let inbox = Inbox()
    private let store: JournalStore
    private let driver: LineDriver
    private let transport: MQTTTransport
    private let control: Control
    private let controlThread: DriverThread
    private let agent: GatewayAgent
    private var manager = ServiceManager()
    private var certificates = CertificateWatch()
    private var introduction = Introduction()
    private var startup = StartupPages()

    /// How long a stop may take for what is still on its way, and then for a last word and the disconnect: together
    /// under the three seconds that are promised.
    private static let flushFor = Duration.milliseconds(1200)
    private static let partFor = Duration.milliseconds(1000)

    init(site: Site, siteFile: String, volatileJournal: Bool, log: Log) throws {
        self.site = site
        self.siteFile = siteFile
        self.log = log
        signal(SIGPIPE, SIG_IGN)  // libmosquitto has not ignored it since 2.0.15
        mallopt(M_ARENA_MAX, 1)  // one heap: an arena per thread costs more memory than its lock costs time
        // First, since it says best that an agent runs here already, and leaves nothing behind if it fails.
        let start = try JournalStore.start(
            path: site.files.journal, allowVolatile: volatileJournal, clock: clock)
        store = start.store
        let inbox = inbox
        control = try Control(
            path: site.files.control, inbox: inbox, onSignal: { signal in inbox.put { $0.onSignal?(signal) } },
            onClockSet: { inbox.put { $0.clockWasSet() } })
        let control = control
        controlThread = DriverThread(named: "control") { control.run() }
        driver = try LineDriver(site, inbox: inbox)
        let topics = Topics(site: site.site, gateway: site.gateway)
        let identity = GatewayAgent.Identity(
            topics: topics, version: Version.text, boot: Kernel.bootID, simulated: site.hardware == .simulated)
        transport = MQTTTransport(identity) { inbox.put($0) }
        agent = GatewayAgent(
            identity, contents: start.contents, services: site.services,
            ports: .init(
                store: store, transport: transport, clock: clock, outputs: BoardOutputs(driver, log: log), log: log))
        tellStart(start)
    }

    private func tellStart(_ start: JournalStore.Start) {
        log.log(
            .notice,
            "courtyard-gateway \(Version.text): site \(site.site), gateway \(site.gateway), "
                + "\(site.points.count) call points, journal \(start.contents.id) in \(site.files.journal)", [:])
        if let failure = start.failure { agent.beginUnjournaled(failure.description) }
        if let aside = start.setAside {
            agent.report(
                .journalReplaced, what: "the journal was unusable (\(aside.reason)) and set aside as \(aside.paths[0])",
                remedy:
                    "keep the file for examination; presses in it that the broker had not acknowledged are there only")
        }
        if site.hardware == .simulated {
            agent.report(
                .simulatedHardware,
                what: "call points are simulated through \(site.files.simulator): no real button is heard",
                remedy: "set `hardware: gpio` in the site file")
        }
    }

    /// Runs until stopped.
    func run() throws {
        agent.onSignal = { [unowned self] signal in
            if signal == SIGHUP { reload() } else { agent.stop() }
        }
        let driver = driver
        agent.receiverStatistics = { driver.receiverStatistics }
        agent.adopt(site.rules)
        agent.keep(for: site.retention)
        introduction.tell(site, through: agent)
        agent.handle([])  // reserves connection numbers before the first connection
        controlThread.start()
        driver.start()
        try driver.watch(site)
        try transport.connect(site.brokers.map { MQTTLink.Broker($0) }, numbers: agent.connections)
        turn()
        stop()
        if let reason = store.needsRestart {
            log.log(.notice, "starting afresh: \(reason)", [:])
            throw ExitReason.startAfresh
        }
    }

    private func turn() {
        let control = control
        let transport = transport
        var watchdog = Watchdog(
            from: clock.now().moment,
            threads: driver.threads + [("control", control.checkIn), ("mqtt", transport.checkIn)])
        var isReady = false
        while !agent.isStopping, store.needsRestart == nil || !agent.hasToldAll {
            let deadline = [agent.nextDeadline, watchdog?.due, nextCertificateCheck].compactMap { $0 }.min()
            let batch = inbox.take(until: deadline)
            agent.checkClock()
            checkCertificates()
            agent.lost(messages: inbox.takeDroppedMessages())
            agent.handle(batch)
            agent.tidyJournal()
            if !isReady, agent.hasStarted {
                manager.ready()
                isReady = true
            }
            startup.look(agent)
            if let late = watchdog?.round(at: clock.now().moment, manager), !late.isEmpty {
                log.log(.error, "no progress: \(late.joined(separator: ", ")); the watchdog is not fed", [:])
            }
            manager.status(agent.statusLine)
        }
    }

    /// A check that is overdue waits for a clock that is right, which wakes the loop.
    private var nextCertificateCheck: Moment? {
        certificates.nextCheck.flatMap { $0 > clock.now().moment ? $0 : nil }
    }

    private func checkCertificates() {
        let now = clock.now()
        let broker = transport.brokerCertificate
        guard certificates.isDue(broker: broker, now) else { return }
        let finding = certificates.finding(site, broker: broker, now)
        agent.report(.certificateExpiring, what: finding?.what, remedy: finding?.remedy ?? "")
    }

    /// No new presses, then what is still to be told, then the last word.
    private func stop() {
        log.log(.notice, "stopping", [:])
        manager.stopping()
        driver.stop()
        agent.stop()
        let end = clock.now().moment + Self.flushFor
        repeat {
            agent.handle(inbox.take(until: min(end, agent.nextDeadline ?? end)))
        } while !agent.hasToldAll && clock.now().moment < end
        agent.leaveMarks()
        store.close()
        transport.disconnect(lastWords: agent.lastWords, within: Self.partFor)
        control.stop()
        _ = controlThread.join(within: .milliseconds(200))
    }

    // MARK: Reload

    /// A valid file applies; an invalid one is refused whole, and the old one stays in force.
    private func reload() {
        manager.reloading(at: clock.now().moment)
        defer { manager.ready() }
        do throws(SiteProblems) {
            apply(try SiteReader.read(path: siteFile))
        } catch {
            log.log(.error, "the site file was not taken over: \(error)", [:])
            agent.report(
                .siteFileRefused,
                what:
                    "\(siteFile) has \(error.total) problem\(error.total == 1 ? "" : "s"); the one before is still in force",
                remedy: "run `courtyard-gateway check -c \(siteFile)`, mend the file, reload again")
        }
    }

    private func reconnect() {
        do throws(MQTTError) {
            try transport.reconnect(site.brokers.map { MQTTLink.Broker($0) }, lastWords: agent.partingWords)
        } catch {
            log.log(.error, "brokers: \(error)", [:])
        }
    }

    private func apply(_ new: Site) {
        let differences = site.differences(to: new)
        guard differences.needsRestart.isEmpty else {
            let keys = differences.needsRestart.joined(separator: ", ")
            log.log(.error, "the site file was not taken over: \(keys) changed, which takes a restart", [:])
            return agent.report(
                .siteFileRefused, what: "the site file changes \(keys), which takes a restart",
                remedy: "systemctl restart courtyard-gateway")
        }
        site = new
        agent.report(.siteFileRefused, what: nil)
        agent.adopt(new.rules)
        agent.keep(for: new.retention)
        introduction.tell(new, through: agent)
        do { try driver.watch(new) } catch { log.log(.error, "receivers: \(error)", [:]) }
        certificates.lookAgain()
        checkCertificates()
        if differences.brokersChanged { reconnect() }
        log.log(
            .notice,
            "site file taken over: \(differences.added.count) points added, \(differences.changed.count) changed, "
                + "\(differences.removed.count) removed", [:])
    }
}

/// Why `run` ends with a failure that a restart cures.
enum ExitReason: Error, CustomStringConvertible {
    case startAfresh

    var description: String { "restarting to take up the journal" }
}
