internal import CLinux
internal import CallContract
internal import CallCore
internal import Glibc
internal import MQTTLink
internal import Synchronization

/// Questions to end: Ctrl-C, SIGTERM and SIGHUP, read instead of obeyed.
struct StopSignals {
    /// To be polled for reading.
    let descriptor: Int32

    /// From here on they are questions: this comes before any other thread. A reader that goes away is noticed when
    /// writing.
    init() {
        signal(SIGPIPE, SIG_IGN)
        var set = sigset_t()
        sigemptyset(&set)
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGCHLD] { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        descriptor = signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
    }

    /// Waits for a signal, for something that happens, or for the time.
    /// - Returns: true if somebody wants the program to stop.
    func wait(for happenings: Happenings, until moment: Moment) -> Bool {
        var entries = [descriptor, happenings.descriptor].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        poll(&entries, 2, Int32(max(0, (moment - .now).milliseconds) + 1))
        return isStopAsked()
    }

    /// True if somebody wants the program to stop; doesn't wait.
    func isStopAsked() -> Bool {
        var isStop = false
        var information = signalfd_siginfo()
        while read(descriptor, &information, MemoryLayout<signalfd_siginfo>.size) > 0 {
            if information.ssi_signo != UInt32(SIGCHLD) { isStop = true }
        }
        return isStop
    }
}

/// A connection to a site's broker that comes back by itself; what it hears goes to `happenings`.
struct SiteLink {
    private let link: MQTTLink

    /// - Parameter will: what the broker says for it when it is gone without a word.
    init(_ configuration: MQTTLink.Configuration, will: Message? = nil, _ happenings: Happenings) throws {
        let number = Atomic<UInt64>(0)
        link = try MQTTLink(configuration) {
            Attempt(number: number.add(1, ordering: .relaxed).newValue, will: will)
        } report: { report in
            switch report {
            case .received(let message): happenings.put(.received(message, at: .now))
            case .connected: happenings.put(.connected)
            case .failed(_, _, let failure), .disconnected(_, _, _, let failure):
                happenings.put(.disconnected(failure.description))
            case .subscribed(_, let reason) where reason >= 128:
                happenings.put(.disconnected("the broker refused the subscription"))
            case .acknowledged(_, let reason) where reason >= 128:
                happenings.put(.refused("the broker refused a message (reason \(reason))"))
            case .subscribed, .unsubscribed, .acknowledged, .connecting, .brokerCertificate, .waiting, .discarded,
                .ended:
                break
            }
        }
        try link.start()
    }

    /// - Returns: false if it could not be sent now.
    func publish(_ topic: String, _ payload: [UInt8], retain: Bool = false) -> Bool {
        (try? link.publish(Message(topic: topic, payload: payload, retain: retain))) != nil
    }

    /// - Parameter last: said before it goes, so that no will is needed.
    func stop(last: Message? = nil) { link.stop(last: last, within: .seconds(2)) }
}
