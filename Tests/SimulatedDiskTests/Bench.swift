import CallCore
import Glibc
import Journal
import SimulatedDisk

/// A journal on a simulated disk, and what was promised of it.
final class Bench {
    let directory: String
    let disk: SimulatedDisk
    var path: String { directory + "/gateway.db" }
    private(set) var journal: Journal?
    /// The number of the last press whose commit returned.
    private(set) var committed: UInt64 = 0
    /// The number of the last press that a commit was tried with.
    private(set) var tried: UInt64 = 0

    init(seed: UInt64) throws {
        try SimulatedDisk.install()
        let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        var template = Array("\(parent)/courtyard-disk-tests.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Unexpected("no directory can be made in \(parent)") }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        disk = SimulatedDisk(directory: directory, seed: seed)
    }

    deinit {
        journal = nil
        for name in names { unlink("\(directory)/\(name)") }
        rmdir(directory)
    }

    /// The files, sorted.
    var names: [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var found: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { found.append(name) }
        }
        return found.sorted()
    }

    /// Opens the journal and finds in it what was promised. A commit that was under way may be there or not; what is
    /// found is the truth from then on.
    func open() throws {
        // A program that another test starts has this process's locks from its fork until its exec.
        let opening = try patiently {
            try Journal.open(at: path, now: now, allowVolatile: true, makeID: { own })
        }
        journal = opening.journal
        // The power went while it was opened.
        guard !disk.isPowerCut else { return }
        if let aside = opening.setAside { throw Unexpected("set aside: \(aside.reason)") }
        let last = opening.contents.nextCall - 1
        guard last == committed || last == tried else {
            throw Unexpected("committed \(committed), tried \(tried), found \(last)")
        }
        try check(opening.contents, last)
        committed = last
        tried = last
    }

    private func check(_ contents: Journal.Contents, _ last: UInt64) throws {
        guard last > 0 else {
            guard contents.openCalls.isEmpty, contents.cursors.isEmpty else { throw Unexpected("\(contents)") }
            return
        }
        guard contents.openCalls == [call(last)] else { throw Unexpected("open: \(contents.openCalls), last \(last)") }
        guard contents.cursors.map(\.last) == [last] else { throw Unexpected("cursors \(contents.cursors)") }
        // What the broker has, it has, even if the commit that says so failed.
        let acknowledged = contents.cursors.map(\.acknowledgedThrough)
        guard acknowledged == [last - 1] || acknowledged == [last] && tried > last else {
            throw Unexpected("cursors \(contents.cursors)")
        }
        let events = try journal?.events(journal: own, service: .emergency, from: 1, limit: .max)
        guard events?.map(\.sequence) == Array(1...last) else {
            throw Unexpected("events \(events?.map(\.sequence) ?? []) of 1...\(last)")
        }
    }

    /// Commits the next press, and answers whether somebody could be told. While something is wrong with the disk it may
    /// be refused.
    @discardableResult func commit() throws -> Bool {
        guard let journal else { throw Unexpected("no journal is open") }
        tried = committed + 1
        do {
            try journal.commit(press(tried))
        } catch {
            guard disk.isPowerCut || disk.trouble != nil else { throw error }
            return false
        }
        guard !disk.isPowerCut else { return false }
        committed = tried
        return true
    }

    /// Makes sure that the journal is open and usable, and commits until it has.
    func proveUsable() throws {
        disk.trouble = nil
        if journal == nil { try open() }
        for _ in 1...3 {
            guard try commit() else { throw Unexpected("a commit on a sound disk was not made") }
        }
    }

    /// A new start after the end of whoever had the journal.
    func drop() { journal = nil }

    func restorePower() {
        journal = nil
        disk.restorePower()
    }

    private func patiently(_ open: () throws -> Journal.Opening) throws -> Journal.Opening {
        for _ in 1...200 {
            do { return try open() } catch JournalError.inUse { usleep(10_000) }
        }
        return try open()
    }
}

struct Unexpected: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

let own = JournalID(unchecked: "k3f9qz")
/// 2026-11-23T14:30:00Z.
let now = WallTime(milliseconds: 1_795_444_200_000)

func stamp(_ number: UInt64) -> Stamp {
    Stamp(
        boot: "5f1c0b7e-3f0a-4a53-9a54-0d2f6a9b1c11", moment: Moment(nanoseconds: Int64(number) * 1_000_000_000),
        wall: WallTime(milliseconds: now.milliseconds + Int64(number) * 1000),
        quality: ClockQuality(synchronized: true, uncertaintyMs: 3))
}

func call(_ number: UInt64, state: CallState = .raised) -> Call {
    Call(
        id: CallID(journal: own, number: number), point: PointID(unchecked: "b3-u2-\(401 + number % 20)"),
        label: "3号楼2单元401 床头", service: .emergency, priority: 1, state: state, revision: 1, presses: 1,
        raised: stamp(number), escalation: 0, actor: nil, reason: nil, times: [.raised: stamp(number).wall],
        actors: [:], pressTimes: [stamp(number).wall], waitingSince: stamp(number), pressedRevision: 1,
        openedRevision: 1, isOnTheWay: false)
}

/// A press: its event, its call, the end of the call before it, and that the broker has the event before it.
func press(_ number: UInt64) -> Journal.Batch {
    var batch = Journal.Batch()
    let pressed = call(number)
    batch.events = [
        CallEvent(
            journal: own, sequence: number, type: .pressed, occurred: stamp(number), call: pressed, journaled: true)
    ]
    batch.calls = [pressed]
    if number > 1 {
        batch.calls.append(call(number - 1, state: .resolved))
        batch.acknowledged = [.init(journal: own, service: .emergency, through: number - 1)]
    }
    return batch
}
