internal import CallCore
internal import GatewayAgent
internal import Journal

/// Writes down what the gateway does, a line for each thing, for somebody who wants to understand a seed.
final class TraceWriter: Judge {
    private let court: Court
    private let write: (String) -> Void

    init(_ court: Court, _ write: @escaping (String) -> Void) {
        self.court = court
        self.write = write
    }

    private func say(_ text: String) { write("\(court.world.agenda.now.worldTime)  \(text)") }

    func started(_ contents: Journal.Contents?) {
        let journal = contents.map { "journal \($0.id), \($0.openCalls.count) open calls" } ?? "no journal"
        say("  the program runs, \(court.gateway.boot), \(journal)")
    }
    func ended() { say("  the program is gone") }
    func refused() { say("  the journal refuses a commit") }

    func told(_ action: Action) {
        switch action {
        case .append(let event):
            say(
                "  \(event.journal)-\(event.service)-\(event.sequence) \(event.type) \(event.call.point) "
                    + "call \(event.call.id) at \(event.occurred.moment.nanoseconds) ns"
                    + (event.journaled ? "" : ", unjournalled"))
        case .keep(let call): say("  \(call.id) is \(call.state), revision \(call.revision), \(call.presses) presses")
        case .answer(let answer), .answerAgain(let answer):
            say("  \(answer.command) \(answer.id): \(answer.refusal ?? "carried out")")
        case .set(let fault): say("  fault \(fault.id): \(fault.what)")
        case .clear(let id): say("  fault \(id) is over")
        case .offer(let id): say("  \(id) is offered again")
        case .tryNextBroker(let reason): say("  on to the next broker: \(reason)")
        case .signal, .show, .forget, .remember: break
        }
    }

    func shown(_ output: OutputID, _ signal: Signal) { say("  \(output) shows \(signal.rawValue)") }

    func taken(_ message: VirtualMessage, by broker: Int) {
        say("  broker-\(broker + 1) takes \(message.topic), \(message.payload.count) bytes")
    }
}
