import Foundation
import Synchronization

/// Passes one connection after the other on to a port, until it is cut or goes silent.
final class Relay: Sendable {
    let port: Int
    private let listening: Int32
    private let target: Int
    private let open = Mutex<[Int32]>([])
    private let silent = Mutex(false)

    init(to target: Int) throws {
        self.target = target
        listening = listener(port: 0, backlog: 16)
        port = MQTTLinkTests.port(of: listening)
        Thread.detachNewThread { [self, listening] in
            while true {
                let near = accept(listening, nil, nil)
                guard near >= 0 else { return }
                let far = connecting(to: target)
                var flags = fcntl(far, F_GETFL)
                flags &= ~O_NONBLOCK
                _ = fcntl(far, F_SETFL, flags)
                open.withLock { $0 += [near, far] }
                pass(near, far)
                pass(far, near)
            }
        }
    }

    deinit {
        cut()
        shutdown(listening, Int32(SHUT_RDWR))
        close(listening)
    }

    /// Both sides see their connection end without a word.
    func cut() {
        open.withLock { sockets in
            for socket in sockets { shutdown(socket, Int32(SHUT_RDWR)) }
            sockets = []
        }
    }

    /// From now on nothing gets through, and nobody is told: a link that has fallen silent.
    func fallSilent() { silent.withLock { $0 = true } }

    private func pass(_ from: Int32, _ to: Int32) {
        Thread.detachNewThread { [self] in
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = recv(from, &buffer, buffer.count, 0)
                if count <= 0 { break }
                if !silent.withLock({ $0 }) { _ = send(to, buffer, count, Int32(MSG_NOSIGNAL)) }
            }
            shutdown(to, Int32(SHUT_RDWR))
        }
    }
}
