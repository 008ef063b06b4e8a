internal import ArgumentParser
internal import CallCore
internal import GPIOLines
internal import Glibc
internal import Synchronization

/// `courtyard-gateway capture`: what a receiver's pin shows, for `decode`.
struct Capture: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Record what a radio receiver's DATA pin shows.",
        discussion: """
            Writes a pulse file (.ook) until the time is over or Ctrl-C ends it. The agent must not hold the line. Press \
            the button while it records, then look at the file with decode.
            """)

    @Option(help: "The chip's label, in brackets in gpiodetect.")
    var chip: String?
    @Option(help: "The line's number on that chip; needs --chip.")
    var offset: Int?
    @Option(help: "The line's name in gpioinfo; alone it finds the line.")
    var name: String?
    @Option(help: "For how long, in seconds.")
    var seconds = 10
    @Option(help: ArgumentHelp("The file to write; the standard output unless given.", valueName: "file"))
    var output: String?

    func validate() throws {
        guard (1...86_400).contains(seconds) else { throw ValidationError("--seconds is from 1 to 86400") }
        guard address != nil else { throw ValidationError("say where the pin is: --chip and --offset, or --name") }
    }

    private var address: LineAddress? {
        switch (chip, offset, name) {
        case (let chip?, let offset?, let name): .offset(chip: chip, offset: offset, name: name)
        case (let chip, nil, let name?): .name(name, chip: chip)
        default: nil
        }
    }

    /// Set by Ctrl-C.
    private static let isStopped = Atomic(false)

    func run() throws {
        guard let address else { return }
        let file = try openOutput()
        defer { fclose(file) }
        var stops = sigset_t()
        sigemptyset(&stops)
        for number in [SIGINT, SIGTERM] {
            sigaddset(&stops, number)
            signal(number) { _ in Capture.isStopped.store(true, ordering: .relaxed) }
        }
        // Whoever started this may have blocked them.
        pthread_sigmask(SIG_UNBLOCK, &stops, nil)
        do throws(LineTrouble) {
            let pin = try ReceiverPin(address)
            try record(pin, into: file) { Output.error("recording \(address) for \(seconds) s; Ctrl-C ends it") }
        } catch {
            Output.error(error.what)
            throw ExitCode.failure
        }
        guard fflush(file) == 0, ferror(file) == 0 else {
            Output.error("\(output ?? "the standard output") can't be written: \(String(cString: strerror(errno)))")
            throw ExitCode.failure
        }
    }

    private func record(
        _ pin: ReceiverPin, into file: UnsafeMutablePointer<FILE>, begun: () -> Void
    ) throws(LineTrouble) {
        var (recorder, lost, edges) = (PulseRecorder(), 0, 0)
        fputs(PulseRecorder.head, file)
        fflush(file)
        begun()
        let end = SystemClock().now().moment + .seconds(Int64(seconds))
        while !Self.isStopped.load(ordering: .relaxed) {
            let now = SystemClock().now().moment
            guard now < end else { break }
            // A Ctrl-C just before the wait doesn't end it.
            let batch = try pin.wait(until: min(end, now + .milliseconds(200)))
            if batch.isBroken {
                lost += 1
                fputs(recorder.breakOff(), file)
            }
            edges += batch.edges.count
            for edge in batch.edges {
                let package = recorder.take(carrier: edge.carrier, at: edge.at)
                guard !package.isEmpty else { continue }
                fputs(package, file)
                fflush(file)  // for whoever looks at it meanwhile
            }
        }
        fputs(recorder.finish(), file)
        let losses = lost == 0 ? "" : "; \(lost) times edges were lost, coming faster than they could be read"
        Output.error(
            edges == 0
                ? "no edge came: is the receiver powered, and is this its DATA pin?"
                : "\(edges) edges, \(recorder.written) pulses written\(losses)")
    }

    private func openOutput() throws -> UnsafeMutablePointer<FILE> {
        guard let file = output.map({ fopen($0, "w") }) ?? fdopen(STDOUT_FILENO, "w") else {
            Output.error("\(output ?? "the standard output") can't be written: \(String(cString: strerror(errno)))")
            throw ExitCode.failure
        }
        return file
    }
}
