import CallCore
import Testing

@testable import SimulatedLines

@Suite("Simulated contacts")
struct ContactsTests {
    private let button = PointID(unchecked: "b1")
    private var loop: PointID { button.loop }
    private let now = Moment(nanoseconds: 1)

    private func watched() -> Contacts {
        var contacts = Contacts()
        #expect(
            contacts.watch([button, loop], at: now)
                == [.armed(button, made: false, at: now), .armed(loop, made: true, at: now)],
            "a button is open at first, and a wire whole")
        return contacts
    }

    @Test("A hand that goes lets a button go, and a cut wire is whole again")
    func letGo() {
        var contacts = watched()
        #expect(contacts.set(button, made: true, by: 7, at: now) == [.edge(button, made: true, at: now)])
        #expect(contacts.set(loop, made: false, by: 7, at: now) == [.edge(loop, made: false, at: now)])
        #expect(contacts.letGo(8, at: now) == [])
        #expect(
            contacts.letGo(7, at: now) == [.edge(button, made: false, at: now), .edge(loop, made: true, at: now)])
        #expect(contacts.letGo(7, at: now) == [])
    }

    @Test("What was put back before its connection ends stays as it is")
    func putBack() {
        var contacts = watched()
        _ = contacts.set(loop, made: false, by: 7, at: now)
        #expect(contacts.set(loop, made: true, by: 7, at: now) == [.edge(loop, made: true, at: now)])
        #expect(contacts.set(loop, made: true, by: 7, at: now) == [], "no change")
        #expect(contacts.letGo(7, at: now) == [])
    }

    @Test("Somebody else can mend a wire, and the one who cut it then lets nothing go")
    func mended() {
        var contacts = watched()
        _ = contacts.set(loop, made: false, by: 7, at: now)
        #expect(contacts.set(loop, made: true, by: 8, at: now) == [.edge(loop, made: true, at: now)])
        #expect(contacts.letGo(7, at: now) == [])
        #expect(contacts.letGo(8, at: now) == [])
    }

    @Test("A new list keeps what is cut, and arms only what is new; a point that is gone is let go in silence")
    func newList() {
        var contacts = watched()
        _ = contacts.set(loop, made: false, by: 7, at: now)
        let other = PointID(unchecked: "b2").loop
        #expect(contacts.watch([button, loop, other], at: now) == [.armed(other, made: true, at: now)])
        #expect(contacts.watch([button], at: now) == [])
        #expect(contacts.letGo(7, at: now) == [])
        #expect(contacts.set(loop, made: true, by: 7, at: now) == nil)
    }
}

@Suite("Requests of the simulator's protocol")
struct RequestTests {
    private static let longest = String(repeating: "a", count: 64)

    @Test("Points and loops are made and opened, by ids of up to 64 bytes")
    func points() {
        let point = PointID(unchecked: Self.longest)
        #expect(Request("made \(point)") == .set(point, made: true))
        #expect(Request("open \(point.loop)") == .set(point.loop, made: false))
        #expect(Request("open b1~loop") == .set(PointID(unchecked: "b1").loop, made: false))
        #expect(Request("list") == .list && Request("outputs") == .outputs)
    }

    @Test(
        "Anything else is none",
        arguments: [
            "", "made", "made B1", "made b1 b2", "made ~loop", "made b1~loop~loop", "made b1~LOOP", "made b1~",
            "cut b1",
            "open \(longest)a", "open \(longest)a~loop", "outputs b1", "list all", "output b1 idle",
        ])
    func none(line: String) { #expect(Request(line) == nil) }
}

@Suite("What simulated outputs show")
struct ShownOutputsTests {
    private let lamp = OutputID(unchecked: "lamp")
    private let buzzer = OutputID(unchecked: "buzzer")

    @Test("A new output is idle, an old one goes on, and one that is gone is forgotten")
    func list() {
        var outputs = ShownOutputs()
        #expect(outputs.drive([lamp]) == [lamp])
        #expect(outputs.show(lamp, .received) == true)
        #expect(outputs.drive([lamp, buzzer]) == [buzzer])
        #expect(outputs.all == [buzzer, lamp])
        #expect(outputs.all.map(outputs.line) == ["output buzzer idle", "output lamp received"])
        #expect(outputs.drive([buzzer]) == [])
        #expect(outputs.drive([lamp]) == [lamp])
        #expect(outputs.line(lamp) == "output lamp idle" && outputs.line(buzzer) == nil)
    }

    @Test("Only a change is one, and what isn't on the list shows its signal once it is, up to a bound")
    func changes() {
        var outputs = ShownOutputs()
        #expect(outputs.show(lamp, .sent) == false)
        for number in 0..<1000 { #expect(outputs.show(OutputID(unchecked: "x\(number)"), .sent) == false) }
        _ = outputs.drive([lamp, OutputID(unchecked: "x999")])
        #expect(outputs.line(lamp) == "output lamp sent")
        #expect(outputs.line(OutputID(unchecked: "x999")) == "output x999 idle")
        #expect(outputs.show(lamp, .sent) == false)
        #expect(outputs.show(lamp, .nobodyListening) == true)
        #expect(outputs.line(lamp) == "output lamp nobody-listening")
    }
}
