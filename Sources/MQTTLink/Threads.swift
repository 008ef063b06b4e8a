internal import CLinux
internal import Glibc

/// Threads of our own, where a call may block.
enum Threads {
    private final class Body {
        let name: String
        let run: @Sendable () -> Void
        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Starts a detached thread with all signals blocked: they are the main thread's business. The kernel keeps 15
    /// bytes of the name.
    static func start(
        named name: String, stackBytes: Int, run: @escaping @Sendable () -> Void
    ) throws(MQTTError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, stackBytes)
        // SAFETY: the body is retained here and released once, by the thread or, if there is none, below.
        let body = Unmanaged.passRetained(Body(name: name, run: run))
        var thread = pthread_t()
        let code = pthread_create(&thread, &attributes, threadMain, body.toOpaque())
        guard code == 0 else {
            body.release()
            throw .system(operation: "pthread_create '\(name)'", errno: code)
        }
    }

    private static let threadMain: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { raw in
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
        // SAFETY: the pointer is the retained Body that `start` passed, exactly once.
        guard let raw else { return nil }
        let body = Unmanaged<Body>.fromOpaque(raw).takeRetainedValue()
        setName(body.name)
        body.run()
        return nil
    }

    /// By the kernel's file (proc(5)), since the Glibc module has neither pthread_setname_np nor prctl. Only a help for
    /// whoever looks at the process, so a failure is let go.
    private static func setName(_ name: String) {
        let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        // SAFETY: writes the name's bytes, which live until the call returns.
        _ = name.withCString { write(file, $0, strlen($0)) }
        close(file)
    }
}

/// A signal whose only effect is that a blocking call of the thread it is sent to returns with EINTR.
enum Nudge {
    /// SIGURG: by default ignored, so it does no harm where it strays, and used by nothing else here (signal(7)).
    private static let signalNumber = SIGURG

    /// Once: a handler that does nothing, without SA_RESTART, which would make the call go on.
    private static let handler: Void = {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }
        sigaction(signalNumber, &action, nil)
    }()

    /// Lets the calling thread be nudged from now on.
    static func allow() {
        handler
        var one = sigset_t()
        sigemptyset(&one)
        sigaddset(&one, signalNumber)
        pthread_sigmask(SIG_UNBLOCK, &one, nil)
    }

    /// Nudges a thread, which the caller knows to be still running.
    static func send(to thread: pthread_t) { pthread_kill(thread, signalNumber) }
}
