import Foundation
import Glibc
import LinuxSupport
import Synchronization
import Testing

@Suite("Threads and wake-ups") struct ThreadTests {
    @Test("A wake-up ends a sleep at once, also one that came before; two count as one")
    func wakeUp() {
        let wakeUp = WakeUp()
        wakeUp.wake()
        wakeUp.wake()
        let start = SuspendingClock().now
        wakeUp.sleep(until: start + .seconds(10))
        #expect(SuspendingClock().now - start < .seconds(5))
        #expect(!wakeUp.isAwake(by: SuspendingClock().now), "cleared by the sleep")
        wakeUp.sleep(until: SuspendingClock().now + .milliseconds(60))
        #expect(SuspendingClock().now - start >= .milliseconds(60), "never too early")
        DriverThread(named: "waker") { wakeUp.wake() }.start()
        wakeUp.sleep(until: nil)
    }

    @Test("A sleep ends as well when another descriptor is ready, and says so")
    func other() {
        let (wakeUp, other) = (WakeUp(), WakeUp())
        other.wake()
        #expect(wakeUp.sleep(until: nil, orReady: other.descriptor, for: Int32(POLLIN)) == Int32(POLLIN))
        other.clear()
        wakeUp.wake()
        #expect(wakeUp.sleep(until: nil, orReady: other.descriptor, for: Int32(POLLIN)) == 0)
        let past = SuspendingClock().now - .seconds(1)
        #expect(wakeUp.sleep(until: past, orReady: other.descriptor, for: Int32(POLLIN)) == 0)
    }

    @Test("A gate lets nobody pass before it is open, and everyone after")
    func gate() {
        let gate = DriverThread.Gate()
        #expect(!gate.pass(within: .milliseconds(20)))
        gate.open()
        for _ in 0..<2 { #expect(gate.pass(within: .seconds(10))) }
        #expect(gate.pass(by: SuspendingClock().now - .seconds(1)))
    }

    @Test("A thread has its name, hears no signal, and can be joined when its body is over")
    func thread() {
        let release = DriverThread.Gate()
        let seen = Mutex("")
        let thread = DriverThread(named: "a-driver") {
            var blocked = sigset_t()
            pthread_sigmask(SIG_BLOCK, nil, &blocked)
            let isDeaf = [SIGTERM, SIGHUP, SIGUSR1].allSatisfy { sigismember(&blocked, $0) == 1 }
            let name = try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
            seen.withLock { $0 = "\(name ?? "") \(isDeaf)" }
            _ = release.pass(within: .seconds(10))
        }
        thread.start()
        #expect(!thread.join(within: .milliseconds(20)))
        release.open()
        #expect(thread.join(within: .seconds(10)))
        #expect(seen.withLock { $0 } == "a-driver\n true")
    }

    @Test("Where there is no thread to be had, the asker is told which")
    func noThread() {
        let error = #expect(throws: SystemError.self) {
            try DriverThread.detach(named: "giant", stackBytes: 1 << 50) { Issue.record("it runs") }
        }
        #expect(error?.operation == "pthread_create 'giant'")
        #expect(error.map { "\($0)" }?.hasPrefix("pthread_create 'giant': ") == true)
    }
}
