import CallCore
import Testing

@Suite("Call lifecycle") struct CallLifecycleTests {
    @Test("Every step that the table has is legal, and no other")
    func table() {
        for state in CallState.allCases {
            for step in CallLifecycle.Step.allCases {
                let found = CallLifecycle.transitions.filter { $0.from == state && $0.step == step }
                #expect(found.count <= 1, "\(state) by \(step) leads to one state")
                #expect(CallLifecycle.transition(from: state, by: step) == found.first)
            }
        }
        #expect(!CallLifecycle.transitions.contains { $0.from.isClosed }, "a closed call is closed for ever")
    }

    @Test("From every open state a call can still end, and an emergency only by a person")
    func canEnd() {
        for state in CallState.allCases where !state.isClosed {
            let steps = CallLifecycle.transitions.filter { $0.from == state && $0.to.isClosed }.map(\.step)
            #expect(steps.contains(.cancel) && steps.contains(.reset), "\(state)")
        }
        #expect(Service.Rules.standard(for: .emergency).expiresAfter == nil)
    }

    @Test("raised, delivered, accepted, arrived, resolved: each with who and when, and one revision more")
    func wholeLife() throws {
        var world = Followed()
        world.press(bed)
        let id = try #require(world.call()?.id)
        let steps: [(CallCommand.Request, CallState, CallEventType)] = [
            (.received(id, revision: 1), .delivered, .delivered),
            (.accept(id, revision: 2, onTheWay: false), .accepted, .accepted),
            (.arrive(id, revision: 3), .arrived, .arrived),
            (.resolve(id, revision: 4, outcome: "fell, helped up"), .resolved, .resolved),
        ]
        for (index, (request, state, type)) in steps.enumerated() {
            world.wait(.seconds(1))
            let answer = world.ask(request, by: "desk-1/王\(index)")
            #expect(answer.refusal == nil, "\(state)")
            #expect(answer.call?.state == state && answer.call?.revision == index + 2)
            #expect(answer.call?.actor == "desk-1/王\(index)")
            let event = try #require(world.actions.events.last)
            #expect(event.type == type && event.call.state == state)
            #expect(event.call.times[state] == world.now.wall && event.call.actors[state] == "desk-1/王\(index)")
        }
        #expect(world.courtyard.openCalls.isEmpty && world.actions.kept.last?.reason == "fell, helped up")
        #expect(world.wait(.seconds(86_400)).isEmpty, "nothing is due for a closed call")
    }

    /// A call brought into `state`, and its id.
    private func world(in state: CallState) -> (Followed, CallID) {
        var world = Followed()
        world.press(bed)
        let id = world.call()!.id
        if state != .raised { world.command(.received(id, revision: 1)) }
        if state == .accepted || state == .arrived { world.command(.accept(id, revision: 2, onTheWay: false)) }
        if state == .arrived { world.command(.arrive(id, revision: 3)) }
        precondition(world.call()?.state == state)
        return (world, id)
    }

    private static let openStates: [CallState] = [.raised, .delivered, .accepted, .arrived]

    @Test("What the table doesn't have is refused by name, and nothing changes", arguments: openStates)
    func illegal(state: CallState) throws {
        let requests: [(CallLifecycle.Step, (CallID, Int) -> CallCommand.Request)] = [
            (.accept, { .accept($0, revision: $1, onTheWay: false) }),
            (.arrive, { .arrive($0, revision: $1) }),
            (.resolve, { .resolve($0, revision: $1, outcome: nil) }),
            (.cancel, { .cancel($0, revision: $1, reason: nil) }),
        ]
        for (step, request) in requests {
            var (world, id) = world(in: state)
            let before = try #require(world.call())
            let answer = world.ask(request(id, before.revision), by: "desk-2/李")
            if let legal = CallLifecycle.transition(from: state, by: step) {
                #expect(answer.refusal == nil && answer.call?.state == legal.to, "\(step) in \(state)")
            } else {
                #expect(answer.refusal?.hasPrefix("state: \(state.rawValue)") == true, "\(step) in \(state)")
                #expect(world.call() == before && answer.call?.state == state)
            }
        }
    }

    @Test("Of two desks the first has the call; the second is told who")
    func twoDesks() throws {
        var (world, id) = world(in: .delivered)
        #expect(world.command(.accept(id, revision: 2, onTheWay: false), by: "desk-1/王")?.refusal == nil)
        let second = world.ask(.accept(id, revision: 2, onTheWay: false), by: "desk-2/李")
        #expect(second.refusal == "state: accepted by desk-1/王" && second.call?.actor == "desk-1/王")
        let again = world.ask(.accept(id, revision: 2, onTheWay: false), by: "desk-1/王")
        #expect(again.refusal == nil && world.call()?.revision == 3, "the same person once more changes nothing")
    }

    @Test("A second desk may show a call that is delivered or accepted already")
    func receivedTwice() throws {
        for state in Self.openStates.dropFirst() {
            var (world, id) = world(in: state)
            let before = try #require(world.call())
            #expect(world.command(.received(id, revision: 1), by: "desk-2")?.refusal == nil)
            #expect(world.call() == before)
        }
    }

    @Test("Whoever has accepted sets out: told in the record, without another event")
    func onTheWay() throws {
        var (world, id) = world(in: .accepted)
        let events = world.actions.events.count
        #expect(world.command(.accept(id, revision: 3, onTheWay: true))?.call?.revision == 4)
        #expect(world.call()?.isOnTheWay == true && world.actions.events.count == events)
        var (other, second) = self.world(in: .delivered)
        #expect(other.command(.accept(second, revision: 2, onTheWay: true))?.refusal == nil)
        #expect(other.call()?.isOnTheWay == true && other.call()?.state == .accepted)
    }

    @Test("Who has not seen the last press can't end the call")
    func pressedSince() throws {
        var (world, id) = world(in: .accepted)
        world.press(bed)
        let pressed = try #require(world.call())
        #expect(pressed.revision == 4 && pressed.presses == 2)
        for request in [
            CallCommand.Request.resolve(id, revision: 3, outcome: nil), .cancel(id, revision: 3, reason: nil),
        ] {
            #expect(world.command(request)?.refusal?.hasPrefix("revision: the resident has pressed again") == true)
        }
        #expect(world.call() == pressed)
        #expect(world.command(.arrive(id, revision: 3))?.refusal == nil, "coming is never too early")
        #expect(world.command(.resolve(id, revision: 4, outcome: nil))?.refusal == nil)
    }

    @Test("A revision that the call never had, and a call that isn't open, are refused")
    func unknown() throws {
        var (world, id) = world(in: .delivered)
        #expect(
            world.command(.accept(id, revision: 99, onTheWay: false))?.refusal?.hasPrefix("revision: 99 is one") == true
        )
        let other = CallID("zzzzzz-1")!
        let answer = world.ask(.cancel(other, revision: 1, reason: nil))
        #expect(answer.refusal?.hasPrefix("call: zzzzzz-1 is not open here") == true && answer.call == nil)
    }

    @Test("The same command id is answered the same, also after a restart, and changes nothing")
    func idempotent() throws {
        var (world, id) = world(in: .delivered)
        let request = CallCommand.Request.accept(id, revision: 2, onTheWay: false)
        let answer = world.ask(request, id: "a-1")
        let refused = world.ask(request, by: "desk-2", id: "a-2")
        func again(_ world: inout Followed, _ id: String) -> [Action] {
            world.tell(.command(CallCommand(id: id, actor: "anyone", request: request)))
        }
        let before = world.call()
        #expect(again(&world, "a-1") == [.answerAgain(answer)] && again(&world, "a-2") == [.answerAgain(refused)])
        #expect(world.call() == before)
        var restarted = Followed(open: [before!], answers: [answer, refused], from: 9000)
        #expect(again(&restarted, "a-1") == [.answerAgain(answer)])
        #expect(again(&restarted, "a-2") == [.answerAgain(refused)])
        let other = restarted.tell(
            .command(CallCommand(id: "a-1", actor: nil, request: .cancel(id, revision: 3, reason: nil))))
        guard case .answerAgain(let mixed) = other.first else { return #expect(Bool(false), "no answer") }
        #expect(mixed.refusal == "id: was used before, for accept" && restarted.call() == before)
    }

    @Test("The last 1,024 answers are remembered, and no more")
    func bounded() throws {
        var world = Followed()
        for n in 0..<1025 { world.command(.cancel(CallID("zzzzzz-1")!, revision: 1, reason: nil), id: "id-\(n)") }
        #expect(world.command(.test(nil), id: "id-1") == nil, "remembered: answered as before")
        #expect(world.command(.test(nil), id: "id-0")?.refusal == nil, "forgotten")
    }

    @Test("A press after the call was closed is a new call")
    func newCall() throws {
        var (world, id) = world(in: .arrived)
        world.command(.resolve(id, revision: 4, outcome: nil))
        #expect(world.press(bed).types == [.pressed, .raised] && world.call()?.id.number == id.number + 1)
    }

    @Test("Whoever gives no name is never taken for the one who acted before")
    func nameless() throws {
        var (world, id) = world(in: .delivered)
        #expect(world.call()?.actor == "desk-1/王")
        let answer = world.ask(.accept(id, revision: 2, onTheWay: false), by: nil)
        #expect(answer.refusal == nil && answer.call?.actor == nil && world.call()?.actor == nil)
        let other = world.ask(.accept(id, revision: 3, onTheWay: true), by: "desk-1/王")
        #expect(other.refusal == "state: accepted" && world.call()?.isOnTheWay == false)
    }
}
