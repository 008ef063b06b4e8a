// The walk test: somebody goes from call point to call point and presses each once.
extension Courtyard {
    /// The next press of each of these is a test; every other press, and the one after it, calls as ever.
    mutating func walk(_ points: Set<PointID>?, _ now: Now) -> [Action] {
        walked = points?.intersection(watches.keys)
        return walkFault(now)
    }

    mutating func walkedTo(_ point: CallPoint, heardBy reception: Reception?, _ now: Now) -> [Action] {
        guard calls.joinedCall(of: point.id, .test) == nil else { return walkFault(now) }
        return raiseTest(at: point.id, label: point.label, heardBy: reception, now).actions + walkFault(now)
    }

    private mutating func walkFault(_ now: Now) -> [Action] {
        guard let walked else { return clear(.walkTest) }
        return set(
            .walkTest,
            what: "somebody tests the call points: the next press of each is a test, the one after it a call",
            remedy: walked.isEmpty
                ? "all have been pressed: end `courtyard-gateway walk-test`"
                : "nothing; it is over when `courtyard-gateway walk-test` ends", now)
    }
}
