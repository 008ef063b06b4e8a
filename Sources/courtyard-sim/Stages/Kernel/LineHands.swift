internal import CLinux
internal import CallCore
internal import CourtyardSimulation
internal import Glibc
internal import SiteConfig

/// Hands at the lines of a kernel's simulated chips (gpio-sim): files that say where a line is pulled, and what is on it.
final class LineHands: Hands {
    private let site: Site
    private let wiring: Wiring
    private let directory: String
    /// What is where, once the site file is complete.
    private var lines: [PointID: (path: String, activeLow: Bool)] = [:]
    private var outputs: [Watched] = []
    private var lookout = Lookout(at: .now)
    private var isAttached = false
    private var tables = 0

    /// One output, and the file that has its level.
    private struct Watched {
        let id: String
        let file: Int32
        let activeLow: Bool
    }

    /// - Parameter directory: where files of the site may stand.
    init(_ scenario: Scenario, directory: String) {
        site = scenario.site
        wiring = Wiring(scenario.site)
        self.directory = directory
    }

    deinit { for output in outputs { close(output.file) } }

    let settings = [("hardware", "gpio")]
    let finestGap = Duration.zero
    let descriptor: Int32 = -1
    var nextLook: Moment? { isAttached && !lookout.isEmpty ? lookout.next : nil }
    var isUndecided: Bool { isAttached && lookout.isUndecided }

    private static func file(_ chip: String, _ offset: Int, _ name: String) -> String {
        "/run/gpio-sim/\(chip)/sim_gpio\(offset)/\(name)"
    }

    func complete(_ siteFile: String) throws(StageFailure) -> String {
        let text = try wiring.complete(siteFile) { bytes throws(StageFailure) in
            tables += 1
            let path = "\(directory)/points\(tables).csv"
            try write(bytes, to: path)
            return path
        }
        let path = "\(directory)/wired.yaml"
        try write(Array(text.utf8), to: path)
        let wired: Site
        do { wired = try SiteReader.read(path: path) } catch {
            throw StageFailure("the site can't be given lines: \(error)")
        }
        if lines.isEmpty { try takeUp(wired) }
        return text
    }

    private func takeUp(_ wired: Site) throws(StageFailure) {
        for (offset, point) in wiring.watched.enumerated() {
            guard let line = wired.lines.first(where: { $0.point == point }) else { continue }
            lines[point] = (Self.file(Wiring.inputs, offset, "pull"), line.activeLow)
            // At rest: buttons open, wires whole.
            try pull(point, made: point.loopOwner != nil)
        }
        for (index, receiver) in wired.receivers.enumerated() {
            lines[receiver.id.pin] = (Self.file(Wiring.inputs, wiring.watched.count + index, "pull"), false)
            try pull(receiver.id.pin, made: false)
        }
        for (offset, output) in site.outputs.enumerated() {
            let path = Self.file(Wiring.outputs, offset, "value")
            let file = open(path, O_RDONLY | O_CLOEXEC)
            guard file >= 0 else { throw StageFailure("\(path): \(String(cString: strerror(errno)))") }
            outputs.append(
                Watched(
                    id: output.id.text, file: file,
                    activeLow: wired.outputLines.first { $0.output == output.id }?.activeLow ?? false))
            lookout.watch(output, at: .now)
        }
    }

    private func write(_ bytes: [UInt8], to path: String) throws(StageFailure) {
        let fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        defer { if fd >= 0 { close(fd) } }
        guard fd >= 0, Glibc.write(fd, bytes, bytes.count) == bytes.count else {
            throw StageFailure("\(path) can't be written: \(String(cString: strerror(errno)))")
        }
    }

    func attach(within limit: Duration) {
        isAttached = true
        lookout.happened(at: .now)
    }
    func detach() { isAttached = false }

    func set(_ point: PointID, _ changes: [Bool]) throws(StageFailure) {
        for made in changes { try pull(point, made: made) }
    }

    func setWire(of point: PointID, whole: Bool) throws(StageFailure) { try pull(point.loop, made: whole) }

    private func pull(_ point: PointID, made: Bool) throws(StageFailure) {
        lookout.happened(at: .now)
        guard let line = lines[point] else { throw StageFailure("\(point) has no line") }
        let word = made != line.activeLow ? "pull-up" : "pull-down"
        let file = open(line.path, O_WRONLY | O_CLOEXEC)
        defer { if file >= 0 { close(file) } }
        guard file >= 0, Glibc.write(file, word, word.utf8.count) > 0 else {
            throw StageFailure("\(line.path): \(String(cString: strerror(errno)))")
        }
    }

    func send(_ sending: RadioSending) throws(StageFailure) -> Duration {
        let start = Moment.now
        for edge in sending.edges {
            let due = start + .nanoseconds(edge.at)
            while Moment.now < due { Self.sleep(until: due) }
            for receiver in sending.receivers { try pull(receiver.pin, made: edge.carrier) }
        }
        return .zero
    }

    private static func sleep(until due: Moment) {
        var time = timespec(
            tv_sec: Int(due.nanoseconds / 1_000_000_000), tv_nsec: Int(due.nanoseconds % 1_000_000_000))
        clock_nanosleep(CLOCK_MONOTONIC, Int32(TIMER_ABSTIME), &time, nil)
    }

    func takeShown() throws(StageFailure) -> [(output: String, signal: String)] {
        let now = Moment.now
        guard isAttached, lookout.next <= now else { return [] }
        return lookout.look(at: now) { index in
            var byte: UInt8 = 0
            guard pread(outputs[index].file, &byte, 1, 0) == 1 else { return nil }
            return (byte == UInt8(ascii: "1")) != outputs[index].activeLow
        }.map { (outputs[$0.output].id, $0.signal) }
    }
}
