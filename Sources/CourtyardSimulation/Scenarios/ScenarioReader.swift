internal import CallCore
package import SiteConfig

/// Reads a scenario file, and the site in it. Everything that is wrong with them is found at once.
package enum ScenarioReader {
    /// Reads the scenario file at `path`.
    /// - Throws: everything that is wrong with it; also that it is missing, too large or not readable.
    package static func read(path: String) throws(SiteProblems) -> Scenario {
        let disk = DiskFiles()
        let content: [UInt8]
        do throws(FileTrouble) {
            content = try disk.bytes(of: path, limit: TextFile.Format.scenario.limit)
        } catch {
            let problems = ProblemList()
            TextFile.report(error, of: path, format: .scenario, to: problems)
            throw problems.result!
        }
        return try read(content, name: path, directory: SiteReader.directory(of: path), files: disk)
    }

    /// Reads a scenario file's bytes.
    /// - Parameters:
    ///   - name: what messages call the file.
    ///   - directory: the absolute path of its directory, from which relative paths start.
    package static func read(
        _ bytes: [UInt8], name: String, directory: String, files: any SiteFiles
    ) throws(SiteProblems) -> Scenario {
        let problems = ProblemList()
        var scenario: Scenario?
        if let text = TextFile(bytes, name: name, format: .scenario, problems: problems),
            let root = YAMLTree.read(text, problems: problems)
        {
            let reading = ScenarioReading(file: name, directory: directory, files: files, problems: problems)
            scenario = reading.scenario(Part(node: root, place: Place(file: name, mark: root.mark), path: ""))
        }
        if let result = problems.result { throw result }
        guard let scenario else { preconditionFailure("a scenario without problems gave no scenario") }
        return scenario
    }
}

/// One reading of one scenario file.
private struct ScenarioReading {
    let file: String
    let directory: String
    let files: any SiteFiles
    let problems: ProblemList

    /// The most steps of one scenario.
    private static let stepLimit = 10_000
    /// 2026-08-24, a Monday, ten in the morning.
    private static let starts = WallTime(milliseconds: 1_787_536_800_000)

    func scenario(_ root: Part) -> Scenario? {
        guard
            let section = Section(
                root, allowed: "a mapping that begins with \"scenario: \"", keys: ScenarioKeys.all,
                problems: problems)
        else { return nil }
        let title = section.value(ScenarioKeys.scenario, problems)
        let about = section.value(ScenarioKeys.about, problems) ?? ""
        let brokers = section.value(ScenarioKeys.brokers, problems) ?? 1
        let starts = section.value(ScenarioKeys.starts, problems) ?? Self.starts
        let site = site(section, brokers: brokers)
        let part = section.part(ScenarioKeys.steps, problems)
        // Without its site, what a step names can't be looked up; its words still can.
        let steps = StepReader(site: site?.site, brokers: brokers, problems: problems)
        let items = part?.items(allowed: ScenarioKeys.steps.allowed, problems: problems) ?? []
        if let part, items.isEmpty || items.count > Self.stepLimit {
            problems.add(
                part.place, part.path, found: "\(items.count) steps", allowed: "1 to \(Self.stepLimit) steps")
        }
        let read = items.prefix(Self.stepLimit).compactMap { item in steps.step(item).map { ($0, item) } }
        refuseImpossible(read)
        guard let title, let site else { return nil }
        return Scenario(
            file: file, title: title, about: about, site: site.site, siteNode: site.node, brokers: brokers,
            starts: starts, steps: read.map(\.0))
    }

    /// What nobody can do with a board that has no power, or has some.
    private func refuseImpossible(_ steps: [(step: Scenario.Step, item: Part)]) {
        var hasPower = true
        for (step, item) in steps {
            guard case .deed(let deed) = step.act else { continue }
            switch deed {
            case .power(let deed):
                let isCut = deed == .cut
                if hasPower != isCut {
                    problems.add(
                        item.place, item.path, found: "\(quoted(step.text)) while the power is \(isCut ? "off" : "on")",
                        allowed: isCut ? "power: on before" : "power: cut before")
                }
                hasPower = !isCut
            case .agent, .clock:
                if !hasPower {
                    problems.add(
                        item.place, item.path, found: "\(quoted(step.text)) while the power is off",
                        allowed: "power: on before")
                }
            case .newCard:
                if hasPower {
                    problems.add(
                        item.place, item.path, found: "\(quoted(step.text)) while the power is on",
                        allowed: "power: cut before")
                }
            default: break
            }
        }
    }

    // MARK: The site

    private func site(_ section: Section, brokers: Int) -> (site: Site, node: Node)? {
        guard let (part, directory) = sitePart(section) else { return nil }
        guard var mapping = SiteMapping(part.node) else {
            problems.add(part.place, part.path, found: part.node.found, allowed: ScenarioKeys.site.allowed)
            return nil
        }
        if !mapping.has("site") { mapping.set("site", "willow-court") }
        if !mapping.has("gateway") { mapping.set("gateway", "gw-1") }
        mapping.set("hardware", "simulated")
        mapping.setBrokers((1...brokers).map { ("broker-\($0)", 1883) })
        let whole = Part(node: mapping.node, place: part.place, path: part.path)
        let before = problems.total
        guard let site = SiteReader.read(whole, directory: directory, files: files, problems: problems),
            problems.total == before
        else { return nil }
        mapping.resolveFiles(from: directory)
        return (site, mapping.node)
    }

    /// The site's mapping, and the directory from which its paths start.
    private func sitePart(_ section: Section) -> (Part, String)? {
        if let part = section.parts[ScenarioKeys.site.name] { return (part, directory) }
        guard let field = section.fields[ScenarioKeys.site.name] else {
            if section.present.contains(ScenarioKeys.site.name) { return nil }
            return tree(Array(StandardCourtyard.yaml.utf8), name: StandardCourtyard.name).map { ($0, directory) }
        }
        let path = field.text.hasPrefix("/") ? field.text : "\(directory)/\(field.text)"
        do throws(FileTrouble) {
            let content = try files.bytes(of: path, limit: TextFile.Format.yaml.limit)
            return tree(content, name: path).map { ($0, SiteReader.directory(of: path)) }
        } catch {
            TextFile.report(error, of: path, format: .yaml, at: (field.place, path: field.path), to: problems)
            return nil
        }
    }

    private func tree(_ content: [UInt8], name: String) -> Part? {
        guard let text = TextFile(content, name: name, format: .yaml, problems: problems),
            let root = YAMLTree.read(text, problems: problems)
        else { return nil }
        return Part(node: root, place: Place(file: name, mark: root.mark), path: "")
    }
}
