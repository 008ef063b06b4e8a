import Foundation
import Synchronization

/// Passes one connection after the other on to a port, until it is cut or goes silent. To be ended by the test.
final class Relay: Sendable {
    let port: Int
    private let listening: Int32
    private let open = Mutex<[Int32]>([])
    private let silent = Mutex(false)

    init(to target: Int) {
        listening = listener(port: 0, backlog: 16)
        port = MQTTLinkTests.port(of: listening)
        Thread.detachNewThread { [self] in
            while true {
                let near = accept(listening, nil, nil)
                if near < 0 { break }
                carry(near, connecting(to: target))
            }
            // By the thread that uses it: its number must not become another test's meanwhile.
            close(listening)
        }
    }

    /// Both sides see their connection end without a word.
    func cut() {
        open.withLock { for socket in $0 { shutdown(socket, Int32(SHUT_RDWR)) } }
    }

    /// From now on nothing gets through, and nobody is told: a link that has fallen silent.
    func fallSilent() { silent.withLock { $0 = true } }

    func end() {
        shutdown(listening, Int32(SHUT_RDWR))
        cut()
    }

    /// Both directions, until both have ended.
    private func carry(_ near: Int32, _ far: Int32) {
        _ = fcntl(far, F_SETFL, fcntl(far, F_GETFL) & ~O_NONBLOCK)
        open.withLock { $0 = [near, far] }
        let isBackDone = DispatchSemaphore(value: 0)
        Thread.detachNewThread { [self] in
            pass(far, near)
            isBackDone.signal()
        }
        pass(near, far)
        isBackDone.wait()
        open.withLock { $0 = [] }
        close(near)
        close(far)
    }

    private func pass(_ from: Int32, _ to: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(from, &buffer, buffer.count, 0)
            if count <= 0 { break }
            if !silent.withLock({ $0 }) { _ = send(to, buffer, count, Int32(MSG_NOSIGNAL)) }
        }
        shutdown(to, Int32(SHUT_RDWR))
    }
}
