package import CallCore
package import GatewayAgent
package import Journal

extension VirtualGateway {
    /// What somebody who watches the board is told, each thing at the moment at which it happens.
    package struct Ears {
        /// The journal is asked to commit this.
        package var committing: (Journal.Batch) -> Void = { _ in }
        /// The journal has this on its disk now.
        package var committed: (Journal.Batch) -> Void = { _ in }
        /// The journal refused a commit.
        package var refused: (JournalError) -> Void = { _ in }
        /// Handed to the transport.
        package var sent: (OutgoingMessage) -> Void = { _ in }
        package var shown: (OutputID, Signal) -> Void = { _, _ in }
        package var logged: (LogLevel, String) -> Void = { _, _ in }
        /// The loop has made a turn.
        package var turned: () -> Void = {}
        /// What the agent carries out, each thing just before.
        package var told: (Action) -> Void = { _ in }
        /// The program has started from what the journal held, or without one; or it is gone.
        package var started: (Journal.Contents, JournalError?) -> Void = { _, _ in }
        package var ended: () -> Void = {}
        package var powerLost: () -> Void = {}
    }
}
