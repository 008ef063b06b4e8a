import CallCore
import Glibc
import Testing

@testable import courtyard_sim

@Suite("The demo's children and their directory")
struct ChildTests {
    private func started(_ script: String, in directory: ThrowAwayDirectory) throws -> Child {
        try Child("the child", "/bin/sh", ["-c", script], log: "\(directory.path)/child.log")
    }

    private func wait(within limit: Duration = .seconds(10), until done: () -> Bool) -> Bool {
        let end = Moment.now + limit
        while !done(), Moment.now < end { usleep(5000) }
        return done()
    }

    @Test("a child that ends is seen to, with its exit code and last words")
    func lastWords() throws {
        let directory = try ThrowAwayDirectory()
        defer { directory.remove() }
        let child = try started("for i in 1 2 3 4 5 6 7 8 9; do echo line $i; done; exit 7", in: directory)
        #expect(wait { child.end != nil })
        #expect(child.end == "exit code 7")
        #expect(child.lastLines == (2...9).map { "    line \($0)" }.joined(separator: "\n"))
        child.stop()  // nothing to do, and no wait
    }

    @Test("a child is asked to end first, so that it can say goodbye")
    func goodbye() throws {
        let directory = try ThrowAwayDirectory()
        defer { directory.remove() }
        let child = try started("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done", in: directory)
        #expect(wait { child.lastLines == "    up" })
        child.stop()
        #expect(child.end == "exit code 0")
        #expect(child.lastLines == "    up\n    bye")
    }

    @Test("a child that doesn't want to end is killed")
    func killed() throws {
        let directory = try ThrowAwayDirectory()
        defer { directory.remove() }
        let child = try started("trap '' TERM; echo up; while :; do sleep 0.05; done", in: directory)
        #expect(wait { child.lastLines == "    up" })
        let begun = Moment.now
        child.stop()
        #expect(child.end?.hasPrefix("signal 9") == true)
        #expect(Moment.now - begun >= Child.grace)
    }

    @Test("a program that isn't there is not started")
    func missing() throws {
        let directory = try ThrowAwayDirectory()
        defer { directory.remove() }
        // setpriv(1), where there is one, starts and finds nothing to become.
        let child = try? Child("nothing", "/nowhere/nothing", [], log: "\(directory.path)/child.log")
        #expect(child == nil || wait { child?.end.map { $0 != "exit code 0" } ?? false })
    }

    @Test("the directory is for its user alone, and goes with all its files")
    func directory() throws {
        let directory = try ThrowAwayDirectory()
        var information = stat()
        #expect(stat(directory.path, &information) == 0)
        #expect(information.st_mode & 0o777 == 0o700)
        try directory.write("床头\n", to: "points.csv")
        #expect(ThrowAwayDirectory.read("\(directory.path)/points.csv") == "床头\n")
        directory.remove()
        #expect(access(directory.path, F_OK) != 0)
    }

    @Test("programs are found in PATH first, and never a directory of their name")
    func programs() throws {
        let directory = try ThrowAwayDirectory()
        defer { directory.remove() }
        try directory.write("", to: "sh")
        #expect(Programs.find("sh", path: "\(directory.path):/bin") == "/bin/sh")  // not executable
        chmod("\(directory.path)/sh", 0o700)
        #expect(Programs.find("sh", path: "\(directory.path):/bin") == "\(directory.path)/sh")
        #expect(Programs.find("bin", path: "/usr") == nil)
        #expect(Programs.find("no-such-program", path: "/bin") == nil)
        #expect(Programs.find("no-such-program", path: nil) == nil)
    }
}
