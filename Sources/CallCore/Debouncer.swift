/// Turns the edges of one contact into presses and releases, on the kernel's monotonic time alone.
///
/// ```
///  contact   ______|‾|_|‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾|_|‾|________________________
///                  ^ first edge: the press's time
///                  |<- minimum ->|             |<--- quiet --->|
///                                ^ raised                      ^ released (at its last opening)
/// ```
public struct Debouncer: Hashable, Sendable {
    /// How one contact is judged.
    public struct Settings: Hashable, Sendable {
        /// For how long the contact must be made before it counts, 0 to 50 ms; 0 counts the edge itself. Shorter is
        /// faster, longer ignores more of the spikes that mains wiring and lightning put on a long line.
        public var minimumWidth: Duration
        /// How long the contact must stay open to be released. Switches bounce for 1 to 10 ms, worn ones for 20 (J.
        /// Ganssle, "A Guide to Debouncing", 2004); two taps of a hurried finger are more than 50 ms apart.
        public var quiet: Duration

        public init(minimumWidth: Duration = .milliseconds(5), quiet: Duration = .milliseconds(25)) {
            self.minimumWidth = minimumWidth
            self.quiet = quiet
        }
    }
}
