package import CallCore
internal import GatewayAgent

/// A board without lamps.
package final class NoOutputs: Outputs {
    package init() {}

    package func show(_ output: OutputID, _ signal: Signal, _ pattern: OutputPattern) {}
    package func identify() {}
}
