import Foundation
import MQTTLink
import Synchronization
import Testing

/// One after the other: they measure times and look at the process's threads.
@Suite(.serialized) enum LinkTests {}

/// A link with its recorder, numbering its attempts from 1, stopped when the test lets it go.
final class TestLink: Sendable {
    let link: MQTTLink
    let recorder: Recorder
    let clientID: String

    /// `will`: made for each attempt's number.
    init(
        _ brokers: [MQTTLink.Broker], clientID: String = "t-\(UInt32.random(in: 0...UInt32.max))",
        _ change: (inout MQTTLink.Configuration) -> Void = { _ in }, will: (@Sendable (UInt64) -> Message)? = nil
    ) throws {
        var configuration = MQTTLink.Configuration(clientID: clientID, brokers: brokers)
        configuration.shortestWait = .milliseconds(50)
        configuration.longestWait = .milliseconds(200)
        change(&configuration)
        let recorder = Recorder()
        let counter = Counter()
        link = try MQTTLink(
            configuration,
            attempt: {
                let number = counter.next()
                return Attempt(number: number, will: will?(number))
            }, report: { recorder.note($0) })
        self.recorder = recorder
        self.clientID = clientID
        try link.start()
    }

    deinit { link.stop(within: .seconds(1)) }

    @discardableResult
    func connected(from start: Int = 0, within seconds: Double = 10) throws -> UInt64 {
        try recorder.one(from: start, within: seconds, "connect", \.connected)
    }

    /// The first failed attempt.
    func failure(within seconds: Double = 10) throws -> MQTTFailure {
        try recorder.one(within: seconds, "failure", \.failed)
    }

    /// Publishes and waits for the answer's reason.
    func publish(_ message: Message, within seconds: Double = 10) throws -> UInt8 {
        let publish = try link.publish(message)
        return try recorder.one(within: seconds, "acknowledgement of \(publish)") { report in
            report.acknowledged.flatMap { $0.0 == publish ? $0.1 : nil }
        }
    }

    /// Publishes; waits until the connection allows it.
    func publishWhenOpen(_ message: Message) throws -> PublishID {
        while true {
            switch Result(catching: { () throws(MQTTError) -> PublishID in try link.publish(message) }) {
            case .success(let publish): return publish
            case .failure(.windowFull): Thread.sleep(forTimeInterval: 0.001)
            case .failure(let error): throw error
            }
        }
    }
}

/// Counts up from 1.
final class Counter: Sendable {
    private let count = Mutex<UInt64>(0)
    func next() -> UInt64 {
        count.withLock {
            $0 += 1
            return $0
        }
    }
}

func text(_ topic: String, _ payload: String, retain: Bool = false) -> Message {
    Message(topic: topic, payload: Array(payload.utf8), retain: retain)
}
