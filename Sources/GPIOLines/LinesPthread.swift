internal import Glibc

/// The running thread: a `LinesThread` on a small stack, with every signal blocked.
struct LinesPthread: Sendable {
    /// Reading lines recurses nowhere; 256 KiB is more than ten times what was seen in use.
    private static let stackBytes = 256 * 1024

    private let thread: pthread_t

    init(running worker: LinesThread) throws(GPIOError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, Self.stackBytes)

        // A new thread inherits the mask: signals belong to the program's own threads.
        var everySignal = sigset_t()
        var before = sigset_t()
        sigfillset(&everySignal)
        pthread_sigmask(SIG_SETMASK, &everySignal, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }

        // SAFETY: the thread takes over this one reference, and with it the worker, which nobody else has.
        let reference = Unmanaged.passRetained(worker)
        var thread = pthread_t()
        let code = pthread_create(&thread, &attributes, { argument in
            pthread_setname_np(pthread_self(), "lines")
            Unmanaged<LinesThread>.fromOpaque(argument!).takeRetainedValue().run()
            return nil
        }, reference.toOpaque())
        guard code == 0 else {
            reference.release()
            throw .start(operation: "pthread_create", code: code)
        }
        self.thread = thread
    }

    /// Waits until the thread has ended; on the thread itself, lets it go.
    func finish() {
        if pthread_equal(thread, pthread_self()) != 0 { pthread_detach(thread) } else { pthread_join(thread, nil) }
    }
}
