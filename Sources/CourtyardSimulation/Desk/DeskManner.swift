/// How the people at a simulated desk behave.
package struct DeskManner {
    /// From seeing a call to taking it, from taking it to being there, from there to the end: drawn for each call.
    package var acceptAfter: ClosedRange<Duration>
    package var arriveAfter: ClosedRange<Duration>
    package var resolveAfter: ClosedRange<Duration>
    /// From having a call to saying that it is on the screen.
    package var sayReceivedAfter = Duration.zero
    /// Sees calls and says nothing.
    package var ignores = false
    /// Calls of these services are cancelled where others are accepted.
    package var refuses: Set<String> = []
    /// A command without an answer is sent again after this, under the same id.
    package var asksAgainAfter = Duration.seconds(5)

    package init(
        acceptAfter: ClosedRange<Duration>, arriveAfter: ClosedRange<Duration>, resolveAfter: ClosedRange<Duration>,
        sayReceivedAfter: Duration = .zero, ignores: Bool = false, refuses: Set<String> = []
    ) {
        self.acceptAfter = acceptAfter
        self.arriveAfter = arriveAfter
        self.resolveAfter = resolveAfter
        self.sayReceivedAfter = sayReceivedAfter
        self.ignores = ignores
        self.refuses = refuses
    }
}
