import Foundation
import Glibc
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
}
