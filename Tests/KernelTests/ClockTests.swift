import CallCore
import Foundation
import GatewayAgent
import Glibc
import LinuxSupport
import Synchronization
import Testing

@testable import courtyard_gateway

extension AgentOnKernelLines {
    /// What takes a kernel whose clock and files one may change.
    @Suite struct ClockTests {
        /// Steps the wall clock.
        private func step(by seconds: Int) throws {
            var now = timespec()
            clock_gettime(CLOCK_REALTIME, &now)
            now.tv_sec += seconds
            guard clock_settime(CLOCK_REALTIME, &now) == 0 else { throw Trouble("clock_settime: errno \(errno)") }
        }

        @Test("Whoever sets the wall clock, forwards or back, is noticed at once, each time")
        func setting() throws {
            let settings = Mutex(0)
            let control = try Control(path: "/run/clock-test.sock", inbox: Inbox()) { _ in
            } onClockSet: {
                settings.withLock { $0 += 1 }
            }
            let thread = DriverThread(named: "control") { control.run() }
            thread.start()
            defer {
                control.stop()
                _ = thread.join(within: .seconds(1))
            }
            usleep(200_000)
            #expect(settings.withLock { $0 } == 0)
            var expected = 0
            for seconds in [3600, -7200, 3600, 86_400 * 400, -86_400 * 400] {
                try step(by: seconds)
                expected += 1
                try wait(until: "step \(expected)", within: .seconds(2)) { settings.withLock { $0 } == expected }
            }
            usleep(200_000)
            #expect(settings.withLock { $0 } == expected, "told once for each")
        }

        @Test("Two steps between two looks count as one, and the one after them is noticed again")
        func together() throws {
            let watch = ClockWatch()
            try step(by: 60)
            try step(by: -60)
            #expect(watch.look())
            #expect(!watch.look())
            try step(by: 60)
            #expect(watch.look())
            try step(by: -60)
        }

        @Test("Another zone in /etc/localtime is noticed within a minute of the clock")
        func zone() throws {
            unsetenv("TZ")
            let directory = ProcessInfo.processInfo.environment["COURTYARD_AGENT_GUEST"]!
            let time = LocalTime()
            let (zones, minute) = (["Asia/Shanghai", "America/New_York"], 1_797_000_000)  // in December
            for (index, expected) in [28_800, -18_000].enumerated() {
                let file = "\(directory)/zone-\(index)"
                try FileManager.default.copyItem(atPath: "/usr/share/zoneinfo/\(zones[index])", toPath: file)
                guard mount(file, "/etc/localtime", nil, UInt(MS_BIND), nil) == 0 else {
                    throw Trouble("mount: errno \(errno)")
                }
                #expect(time.offset(at: minute + 60 * index) == .seconds(expected))
            }
            umount2("/etc/localtime", 0)
            umount2("/etc/localtime", 0)
        }
    }
}
