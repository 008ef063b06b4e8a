internal import CallCore

/// A line as the site file describes it, whichever way its level goes.
protocol DrivenLine: Hashable, Sendable {
    associatedtype ID: Name
    /// Whose line it is; one line each.
    var id: ID { get }
    var address: LineAddress { get }
}

extension WatchedLine: DrivenLine {
    var id: PointID { point }
}

extension OutputLine: DrivenLine {
    var id: OutputID { output }
}
