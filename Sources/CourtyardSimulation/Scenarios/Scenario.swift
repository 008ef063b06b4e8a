package import CallCore
package import SiteConfig

/// A story that was read and found good: a courtyard, what is done in it, and what is expected of it.
package struct Scenario {
    /// One step, as it is told.
    package struct Step {
        /// Where it stands in its file.
        package let line: Int
        /// On one line, as the file has it.
        package let text: String
        package let act: Act
    }

    /// What a step is.
    package enum Act {
        /// Something is done; then the next step follows.
        case deed(StageDeed)
        /// A desk's command about the open call of a point: which call and which revision is known when it is its turn.
        case command(HandCommand)
        /// Time passes.
        case wait(Duration)
        /// Something must be seen, or hold, in time.
        case expect(Expectation)
        /// Something must not be seen, or hold, since the paragraph began and for this long.
        case never(Expectation, lasts: Duration)
    }

    /// The file, as it was named.
    package let file: String
    /// In a few words: the file's `scenario`.
    package let title: String
    /// What is tried and why it matters.
    package let about: String
    package let site: Site
    /// The site's mapping with everything that a stage added; a real agent is given it as a file.
    package let siteNode: Node
    /// How many brokers there are, 1 to 3.
    package let brokers: Int
    /// What the wall clock shows when the story begins.
    package let starts: WallTime
    package let steps: [Step]

    /// How long the story takes at least: its waits and deeds, without what is only waited for until it is seen.
    package var span: Duration { steps.reduce(.zero) { $0 + $1.act.least } }
}

extension Scenario.Act {
    /// How long it takes at least.
    var least: Duration {
        switch self {
        case .deed(let deed): deed.lasts
        case .command: .zero
        case .wait(let span): span
        case .expect(let expectation): expectation.times == nil ? .zero : expectation.within
        case .never(_, let span): span
        }
    }
}
