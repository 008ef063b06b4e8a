/// Tells a press from a hold and from a double press.
public struct Gestures: Hashable, Sendable {
    /// What one point's gestures ask for.
    public struct Settings: Hashable, Sendable {
        /// What a press asks for.
        public var press: ServiceID
        /// What holding the button asks for, if that is something else.
        public var hold: ServiceID?
        /// What pressing twice asks for, if that is something else.
        public var double: ServiceID?
        /// How long the button must be held down to be a hold. Default 2 s.
        public var holdAfter: Duration
        /// How soon after its release the second press must follow. Default 500 ms.
        public var doubleWithin: Duration

        public init(
            press: ServiceID = .emergency, hold: ServiceID? = nil, double: ServiceID? = nil,
            holdAfter: Duration = .seconds(2), doubleWithin: Duration = .milliseconds(500)
        ) {
            self.press = press
            self.hold = hold
            self.double = double
            self.holdAfter = holdAfter
            self.doubleWithin = doubleWithin
        }
    }
}
