import Foundation
import GatewayAgent
import Glibc
import LinuxSupport
import Synchronization
import Testing

@testable import courtyard_gateway

/// What needs no right to set the clock; the setting itself is tried by Tests/KernelTests, in a kernel of its own.
@Suite("The watch on the wall clock") struct ClockWatchTests {
    /// True if the descriptor becomes readable within the time.
    private func isReadable(_ watch: ClockWatch, within milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: watch.descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, milliseconds) > 0
    }

    @Test("A clock that is synchronized and that nobody sets wakes nobody")
    func quiet() {
        let watch = ClockWatch(interval: .milliseconds(20)) { true }
        #expect(watch.descriptor >= 0)
        #expect(!isReadable(watch, within: 500))
        #expect(!watch.look(), "and a look finds nothing")
        #expect(!isReadable(watch, within: 100))
    }

    @Test("One that is not is looked at in its interval, and told of once when it has become so")
    func becomesSynchronized() {
        let state = Mutex(false)
        let watch = ClockWatch(interval: .milliseconds(200)) { state.withLock { $0 } }
        for _ in 0..<2 {
            #expect(!isReadable(watch, within: 20), "not before its time")
            #expect(isReadable(watch, within: 5000))
            #expect(!watch.look(), "nothing has changed")
        }
        state.withLock { $0 = true }
        #expect(isReadable(watch, within: 5000))
        #expect(watch.look())
        #expect(!isReadable(watch, within: 500), "synchronized: nothing wakes")
        state.withLock { $0 = false }
        #expect(watch.look(), "and told when it is so no more")
        #expect(isReadable(watch, within: 5000), "from when on it is looked at again")
    }

    @Test("Its thread sleeps while nothing happens")
    func idle() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "control-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let settings = Mutex(0)
        let control = try Control(path: directory.path + "/control.sock", inbox: Inbox()) { _ in
        } onClockSet: {
            settings.withLock { $0 += 1 }
        }
        let task = Mutex("")
        let thread = DriverThread(named: "clock-test") {
            let place = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
            task.withLock { $0 = place ?? "" }
            control.run()
        }
        thread.start()
        let asleep = DriverThread.Gate()
        control.checkIn { asleep.open() }
        #expect(asleep.pass(within: .seconds(5)))
        usleep(200_000)
        let before = try switches(of: task.withLock { $0 })
        usleep(3_000_000)
        #expect(try switches(of: task.withLock { $0 }) == before)
        control.stop()
        #expect(thread.join(within: .seconds(5)))
        #expect(settings.withLock { $0 } == 0)
    }

    /// How often a thread of this process has gone to sleep (proc(5)).
    private func switches(of task: String) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(task)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt") })
        return try #require(Int(line.split(separator: "\t")[1]))
    }
}
