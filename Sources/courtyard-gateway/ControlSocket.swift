internal import ArgumentParser
internal import CLinux
internal import CallContract
internal import Glibc
internal import LinuxSupport

/// The other end of a running agent's `Control`.
struct ControlSocket {
    let path: String

    /// True if an agent answers there.
    var isThere: Bool {
        guard let fd = try? UnixSocket.connect(path) else { return false }
        close(fd)
        return true
    }

    /// Sends one word and reads the one answer that comes back.
    func answer<Answer: Decodable>(to word: String, _ type: Answer.Type) throws -> Answer {
        var found: Answer?
        try ask(word) { line in
            found = try? WireJSON.read(type, from: line)
            return false
        }
        guard let found else {
            Output.error("\(path): no answer to \(word) came from there. Is this the agent's control-socket?")
            throw ExitCode.failure
        }
        return found
    }

    /// Sends one word and hands on each line that comes back, until `each` says no or the agent ends.
    /// - Parameter isOver: looked at every 200 ms: then it is enough.
    func ask(
        _ word: String, until isOver: (() -> Bool)? = nil, _ each: ([UInt8]) throws -> Bool
    ) throws {
        let fd: Int32
        do throws(SocketError) {
            fd = try UnixSocket.connect(path)
        } catch {
            Output.error("\(error). Is courtyard-gateway running? Is this its control-socket, and may you use it?")
            throw ExitCode.failure
        }
        defer { close(fd) }
        _ = send(fd, word + "\n", word.utf8.count + 1, Int32(MSG_NOSIGNAL))
        var unread: [UInt8] = []
        // So much of it has no end of a line in it.
        var looked = 0
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            while let newline = unread[looked...].firstIndex(of: 10) {
                let line = Array(unread[..<newline])
                unread.removeSubrange(...newline)
                looked = 0
                guard try each(line) else { return }
            }
            looked = unread.count
            if let isOver {
                if isOver() { return }
                var polled = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
                guard poll(&polled, 1, 200) > 0 else { continue }
            }
            let count = read(fd, &buffer, buffer.count)
            guard count > 0 else { return }
            unread += buffer.prefix(count)
        }
    }
}
