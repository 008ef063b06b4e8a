internal import CLinux
internal import Glibc

/// A signal whose only effect is that a blocking call of the thread it is sent to returns with EINTR.
enum Nudge {
    /// SIGURG: by default ignored, so it does no harm where it strays, and used by nothing else here (signal(7)).
    private static let signalNumber = SIGURG

    /// Lets the calling thread be nudged from now on.
    static func allow() { clinux_let_interrupt(signalNumber) }

    /// Nudges a thread, which the caller knows to be still running.
    static func send(to thread: pthread_t) { pthread_kill(thread, signalNumber) }
}
