public import CallCore

extension Site {
    /// What a newly read site file changes in a running agent.
    public struct Differences: Hashable, Sendable {
        /// Points that are new, in the new file's order.
        public let added: [CallPoint]
        /// Points that stay, with other settings or another label, as they are now.
        public let changed: [CallPoint]
        /// Points that are gone, in the old file's order.
        public let removed: [PointID]
        /// Lines that are no longer watched as they were: to be let go first, since another point may take them over.
        public let releasedLines: [WatchedLine]
        /// Lines to be watched from now on. Those in neither list are not to be touched, so that no edge is lost.
        public let requestedLines: [WatchedLine]
        /// True if brokers were added, removed, reordered or changed.
        public let brokersChanged: Bool
        /// Outputs' lines that are no longer driven as they were: to be let go first.
        public let releasedOutputLines: [OutputLine]
        /// Outputs' lines to be driven from now on. Those in neither list are not to be touched, so that no lamp blinks.
        public let requestedOutputLines: [OutputLine]
        /// True if outputs were added or removed, show other points or have other patterns; also on simulated hardware.
        public let outputsChanged: Bool
        /// True if receivers were added, removed or changed.
        public let receiversChanged: Bool
        /// True if services were added or removed or have other priorities or rules.
        public let servicesChanged: Bool
        /// True if the acknowledgement, the daily test or what is done when nobody listens are others.
        public let rulesChanged: Bool
        /// True if closed calls are kept for longer or shorter.
        public let retentionChanged: Bool
        /// True if the gateway is introduced to Home Assistant elsewhere, now or no more.
        public let homeAssistantChanged: Bool
        /// The keys whose change takes a restart, as the site file has them; nothing can be applied before it.
        public let needsRestart: [String]

        /// True if the files say the same. The files they name may still differ: a renewed certificate, say.
        public var isEmpty: Bool {
            added.isEmpty && changed.isEmpty && removed.isEmpty && releasedLines.isEmpty && requestedLines.isEmpty
                && releasedOutputLines.isEmpty && requestedOutputLines.isEmpty && !outputsChanged && !receiversChanged
                && !brokersChanged
                && !servicesChanged && !rulesChanged && !retentionChanged && !homeAssistantChanged
                && needsRestart.isEmpty
        }
    }

    /// What is different in `new`.
    public func differences(to new: Site) -> Differences {
        let oldPoints = Dictionary(points.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let kept = Set(new.points.map(\.id))
        let oldLines = Set(lines)
        let newLines = Set(new.lines)
        let oldOutputLines = Set(outputLines)
        let newOutputLines = Set(new.outputLines)
        return Differences(
            added: new.points.filter { oldPoints[$0.id] == nil },
            changed: new.points.filter { point in oldPoints[point.id].map { $0 != point } ?? false },
            removed: points.map(\.id).filter { !kept.contains($0) },
            releasedLines: lines.filter { !newLines.contains($0) },
            requestedLines: new.lines.filter { !oldLines.contains($0) },
            brokersChanged: brokers != new.brokers,
            releasedOutputLines: outputLines.filter { !newOutputLines.contains($0) },
            requestedOutputLines: new.outputLines.filter { !oldOutputLines.contains($0) },
            outputsChanged: Set(outputs) != Set(new.outputs),
            receiversChanged: receivers != new.receivers,
            servicesChanged: services != new.services,
            rulesChanged: acknowledgement != new.acknowledgement || dailyTestMinute != new.dailyTestMinute
                || nobodyListening != new.nobodyListening,
            retentionChanged: retention != new.retention,
            homeAssistantChanged: homeAssistant != new.homeAssistant,
            needsRestart: restartKeys(new))
    }

    private func restartKeys(_ new: Site) -> [String] {
        var keys: [String] = []
        if site != new.site { keys.append(SiteKeys.site.name) }
        if gateway != new.gateway { keys.append(SiteKeys.gateway.name) }
        if hardware != new.hardware { keys.append(SiteKeys.hardware.name) }
        if files.journal != new.files.journal { keys.append(SiteKeys.journal.name) }
        if files.control != new.files.control { keys.append(SiteKeys.control.name) }
        if files.simulator != new.files.simulator { keys.append(SiteKeys.simulator.name) }
        return keys
    }
}
