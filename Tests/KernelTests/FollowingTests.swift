import CLinux
import CallContract
import Glibc
import Testing

@testable import CallCore
@testable import courtyard_gateway

extension AgentOnKernelLines {
    /// Calls followed with lamps on kernel lines, and by a clock that one may set.
    @Suite struct FollowingTests {
        private static let outputs = [
            "outputs:",
            "  lamp: {kind: lamp, line: {chip: expander, offset: 0}, points: [\"b*\"], "
                + "patterns: {sent: \"on\", received: \"off\", accepted: \"on\", arrived: \"off\"}}",
            "  bell: {kind: relay, line: {chip: expander, offset: 1}, active: low}",
            "services: {emergency: {accept-within: 10s, escalation: [{outputs: [bell]}]}}",
        ]

        private func expect(_ offset: Int, _ on: Bool, _ rig: Rig, _ what: String) throws {
            try wait(until: "\(what): line \(offset) \(on)") { try rig.level("expander", offset) == on }
        }

        @Test(
            "A lamp shows what becomes of the call, also to an agent that was killed; a relay rings until somebody accepts"
        )
        func reassurance() throws {
            try Rig.run { rig in
                rig.more = Self.outputs
                try rig.listen()
                try rig.start([Button(0)])
                try expect(0, false, rig, "at rest")
                try expect(1, true, rig, "active low, so off is high")
                try rig.drive("buttons 0 1", "sleep 60ms", "buttons 0 0", "sleep 60ms")
                try expect(0, true, rig, "sent")
                let call = try #require(try rig.desk.call(of: "b0")?.data.call)
                try rig.command("received", #"{"id":"c1","call":"\#(call)"}"#)
                try expect(0, false, rig, "received")
                try expect(1, false, rig, "escalated after ten seconds")
                try rig.killAgent()
                try rig.start([Button(0)])
                try expect(1, false, rig, "escalated, after a restart")
                let revision = try #require(try rig.desk.call(of: "b0")?.data.revision)
                try rig.command("accept", #"{"id":"c2","call":"\#(call)","revision":\#(revision),"actor":"王"}"#)
                try expect(1, true, rig, "the relay is off")
                try expect(0, true, rig, "accepted")
                try rig.killAgent()
                try rig.start([Button(0)])
                try expect(0, true, rig, "accepted, after a restart")
                try rig.command("arrive", #"{"id":"c3","call":"\#(call)","revision":\#(revision + 1),"actor":"王"}"#)
                try expect(0, false, rig, "arrived")
            }
        }

        @Test("An output's chip that is pulled out is a fault; put back, it shows what it should")
        func unplugged() throws {
            try Rig.run { rig in
                rig.more = Self.outputs
                try rig.listen()
                try rig.start([Button(0)])
                try rig.plug("out", "expander")
                try wait(until: "the fault") { try rig.desk.fault("output-failing") != nil }
                try rig.drive("buttons 0 1", "sleep 60ms", "buttons 0 0", "sleep 60ms")
                try rig.plug("in", "expander")
                try wait(until: "the fault is over", within: .seconds(20)) {
                    try rig.desk.fault("output-failing") == nil
                }
                try expect(0, true, rig, "sent")
            }
        }

        @Test("A wire's loop that is cut is a fault of its own, and no call")
        func loop() throws {
            try Rig.run { rig in
                try rig.pull(1, high: true)
                try rig.start([Button(0, "loop: {chip: buttons, offset: 1}")])
                try rig.pull(1, high: false)
                try wait(until: "wire-open") { try rig.desk.fault("wire-open")?.points == ["b0"] }
                try wait(until: "the point says so") { try rig.desk.point("b0")?.state == "wire-open" }
                try rig.pull(1, high: true)
                try wait(until: "mended") { try rig.desk.fault("wire-open") == nil }
                try rig.settle()
                #expect(try rig.desk.presses(of: "b0").isEmpty)
            }
        }

        // MARK: The clock

        /// Marks the kernel's clock as set by somebody, or not (adjtimex(2)).
        private func synchronize(_ isSynchronized: Bool) throws {
            var state = timex()
            state.modes = UInt32(ADJ_STATUS | ADJ_MAXERROR)
            state.status = isSynchronized ? STA_PLL : STA_UNSYNC
            state.maxerror = isSynchronized ? 1000 : 16_000_000
            guard adjtimex(&state) != -1 else { throw Trouble("adjtimex: errno \(errno)") }
        }

        private func step(by seconds: Int) throws {
            var now = timespec()
            clock_gettime(CLOCK_REALTIME, &now)
            now.tv_sec += seconds
            guard clock_settime(CLOCK_REALTIME, &now) == 0 else { throw Trouble("clock_settime: errno \(errno)") }
        }

        @Test("A day with no clock: calls are followed, and their times are put right once somebody sets it")
        func noClock() throws {
            let day = 86_400
            try synchronize(false)
            try step(by: -day)
            var isBack = false
            defer {
                if !isBack { try? step(by: day) }
                try? synchronize(false)
            }
            try Rig.run { rig in
                try rig.listen()
                try rig.start([Button(0)])
                try wait(until: "the fault") { try rig.desk.fault("clock-not-synchronised") != nil }
                try rig.drive("buttons 0 1", "sleep 60ms", "buttons 0 0", "sleep 60ms")
                try wait(until: "the call") { try rig.desk.call(of: "b0") != nil }
                let before = try #require(try rig.desk.call(of: "b0"))
                #expect(!before.data.clock.synchronized)
                try step(by: day)
                isBack = true
                try wait(until: "the corrected record") { try rig.desk.call(of: "b0")?.data.revision == 2 }
                // Setting the clock marks it as not synchronized until a time service says otherwise.
                try synchronize(true)
                try rig.command("sync", #"{"id":"s1"}"#)
                try wait(until: "a clock that is right") {
                    try rig.desk.call(of: "b0")?.data.clock.synchronized == true
                }
                let after = try #require(try rig.desk.call(of: "b0"))
                let moved = after.data.raisedAt.milliseconds - before.data.raisedAt.milliseconds
                #expect(abs(moved - Int64(day) * 1000) < 2000 && after.data.revision == 3)
                #expect(after.data.monotonicNs == before.data.monotonicNs)
                try wait(until: "the fault is over") { try rig.desk.fault("clock-not-synchronised") == nil }
                try rig.command(
                    "accept", #"{"id":"c1","call":"\#(after.data.call)","revision":\#(before.data.revision)}"#)
                try wait(until: "accepted") { try rig.desk.call(of: "b0")?.data.state == "accepted" }
                try step(by: -3600)
                try wait(until: "clock-stepped") { try rig.desk.fault("clock-stepped") != nil }
                #expect(try rig.desk.call(of: "b0")?.data.state == "accepted")
                try step(by: 3600)
            }
        }

        @Test("At its hour the daily test goes to the desk and back; the next is a day later")
        func dailyTest() throws {
            try synchronize(true)
            var stepped = 0
            defer {
                try? step(by: -stepped)
                try? synchronize(false)
            }
            // A few seconds before the hour of this gateway.
            var test = DailyTest(gateway: "gw-1")
            let now = SystemClock().now()
            test.plan(minute: SiteRules.dailyTestMinute, now: now)
            stepped = Int((try #require(test.next) - now.moment).components.seconds) - 8
            try step(by: stepped)
            try synchronize(true)
            try Rig.run { rig in
                try rig.listen()
                try rig.start([Button(0)])
                try wait(until: "the test call") { try rig.desk.call(of: "gw-1") != nil }
                let call = try #require(try rig.desk.call(of: "gw-1")?.data.call)
                try rig.command("received", #"{"id":"c1","call":"\#(call)","actor":"desk-1"}"#)
                try wait(until: "tested") { try rig.desk.events("tested", of: "gw-1").count == 1 }
                let tested = try #require(try rig.desk.events("tested", of: "gw-1").first)
                #expect(tested.data.service == "test" && (tested.data.roundTripMs ?? -1) >= 0)
                #expect(try rig.desk.fault("test-missed") == nil)
                try rig.settle()
                #expect(try rig.desk.raisings(of: "gw-1").count == 1)
            }
        }

        @Test("A certificate that ends within a month is a fault; a reload with a new one ends it")
        func certificate() throws {
            try synchronize(true)
            defer { try? synchronize(false) }
            try Rig.run { rig in
                let ca = "\(rig.directory)/ca.pem"
                func make(days: Int) throws {
                    try Program(
                        "openssl",
                        [
                            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                            "-nodes", "-subj", "/CN=courtyard", "-days", "\(days)", "-keyout",
                            "\(rig.directory)/ca.key", "-out", ca,
                        ], in: rig.directory
                    ).succeed()
                }
                try make(days: 6)
                rig.brokers = "[{host: 127.0.0.1}, {host: 127.0.0.1, port: 8883, tls: {ca: \(ca)}}]"
                try rig.listen()
                try rig.start([Button(0)])
                try wait(until: "the fault") { try rig.desk.fault("certificate-expiring")?.what.contains(ca) == true }
                try make(days: 400)
                try rig.reload([Button(0)])
                try wait(until: "the fault is over") { try rig.desk.fault("certificate-expiring") == nil }
            }
        }

        @Test("A meal ordered outside the hours is cancelled at once, once the clock is known to be right")
        func closed() throws {
            try synchronize(true)
            defer { try? synchronize(false) }
            try Rig.run { rig in
                var now = timespec()
                clock_gettime(CLOCK_REALTIME, &now)
                // Open for an hour that begins in five.
                let minutes = [5, 6].map { (now.tv_sec / 60 + $0 * 60) % 1440 }
                func text(_ minute: Int) -> String {
                    [minute / 60, minute % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
                }
                rig.more = ["services: {meal: {hours: \"\(text(minutes[0]))-\(text(minutes[1]))\"}}"]
                try rig.listen()
                try rig.start([Button(0, "press: meal")])
                try rig.drive("buttons 0 1", "sleep 60ms", "buttons 0 0", "sleep 60ms")
                try rig.settle()
                let cancelled = try #require(try rig.desk.events("cancelled", of: "b0").first)
                #expect(cancelled.data.reason == "outside-hours" && cancelled.data.service == "meal")
                #expect(try rig.desk.call(of: "b0") == nil)
            }
        }
    }
}
