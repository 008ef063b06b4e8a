import CallCore
import GPIOLines
import Testing

@Suite("Finding lines")
struct ChipSurveyTests {
    private let survey = ChipSurvey(chips: [
        GPIOChip(path: "/dev/gpiochip0", label: "pinctrl-rp1", lineNames: ["ID_SDA", "GPIO17", "", "NC"]),
        GPIOChip(path: "/dev/gpiochip10", label: "expander", lineNames: ["B0", "B1", "NC"]),
    ])

    private func locate(_ address: LineAddress, in survey: ChipSurvey) -> Result<ChipSurvey.Place, LineTrouble> {
        Result { () throws(LineTrouble) in try survey.locate(address) }
    }

    @Test("A line is found by chip label and offset, whatever the chip's number")
    func byOffset() throws {
        let place = try survey.locate(.offset(chip: "expander", offset: 1, name: nil))
        #expect(place.chip == 1 && place.offset == 1)
    }

    @Test("A line is found by its name, on any chip or on the one named")
    func byName() throws {
        #expect(try survey.locate(.name("GPIO17", chip: nil)).offset == 1)
        #expect(try survey.locate(.name("NC", chip: "expander")).chip == 1)
    }

    @Test("An unknown chip, an unknown name and an offset past the end are missing lines, named as in the site file")
    func missing() {
        #expect(
            locate(.offset(chip: "other", offset: 1, name: nil), in: survey)
                == .failure(.missing(line: "other offset 1")))
        #expect(
            locate(.offset(chip: "expander", offset: 3, name: nil), in: survey)
                == .failure(.missing(line: "expander offset 3")))
        #expect(
            locate(.offset(chip: "expander", offset: -1, name: nil), in: survey)
                == .failure(.missing(line: "expander offset -1")))
        #expect(
            locate(.name("GPIO17", chip: "expander"), in: survey) == .failure(.missing(line: "expander GPIO17")))
        #expect(locate(.name("", chip: nil), in: survey) == .failure(.missing(line: "")))
    }

    @Test("A line that goes by another name than the site file says is refused, showing both names")
    func renamed() {
        #expect(
            locate(.offset(chip: "pinctrl-rp1", offset: 1, name: "GPIO18"), in: survey)
                == .failure(.renamed(line: "pinctrl-rp1 offset 1 (GPIO18)", found: "GPIO17")))
        #expect(
            locate(.offset(chip: "pinctrl-rp1", offset: 2, name: "GPIO18"), in: survey)
                == .failure(.renamed(line: "pinctrl-rp1 offset 2 (GPIO18)", found: "no name")))
    }

    @Test("A name that two lines carry is refused, showing both places")
    func ambiguousName() {
        #expect(
            locate(.name("NC", chip: nil), in: survey)
                == .failure(
                    .refused(
                        line: "NC", reason: "pinctrl-rp1 offset 3 and expander offset 2 both have this name")))
    }

    @Test("A label that two chips carry is refused, showing both")
    func ambiguousLabel() {
        let twins = ChipSurvey(
            chips: ["/dev/gpiochip1", "/dev/gpiochip2"].map {
                GPIOChip(path: $0, label: "mcp23017", lineNames: ["A"])
            })
        #expect(
            locate(.offset(chip: "mcp23017", offset: 0, name: nil), in: twins)
                == .failure(
                    .refused(
                        line: "mcp23017 offset 0",
                        reason: "/dev/gpiochip1 and /dev/gpiochip2 both have the label mcp23017")))
    }

    @Test("What isn't found while a chip may not be opened is a matter of permissions")
    func closedChip() {
        let closed = ChipSurvey(chips: [], closed: [ClosedChip(path: "/dev/gpiochip0", code: 13)])
        guard case .failure(.refused(line: "B0", let reason)) = locate(.name("B0", chip: nil), in: closed) else {
            Issue.record("not refused")
            return
        }
        #expect(reason.contains("/dev/gpiochip0") && reason.contains("group gpio"))
    }
}
