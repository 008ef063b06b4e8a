/// The common mistakes that the reference page shows, each with the message that the reader really gives for it.
extension ReferencePage {
    private struct Mistake {
        let what: String
        /// Replaces `from` in a right file.
        let from: String
        let to: String
        var csv = goodCSV
    }

    private static let goodCSV = "id,label,chip,offset\nb1-u1-101,1号楼1单元101,pinctrl-bcm2711,5\n"

    private static let goodFile = """
        site: willow-court
        gateway: gw-1
        brokers:
          - host: 192.168.1.10
        points:
          - id: gate
            label: 东门
            line: {chip: pinctrl-bcm2711, offset: 24}
          - file: points.csv

        """

    private static let list: [Mistake] = [
        Mistake(what: "A duration without its unit", from: "    label: 东门", to: "    label: 东门\n    hold-after: 3"),
        Mistake(what: "A key with a slip in it", from: "    label:", to: "    lable:"),
        Mistake(
            what: "An id with capitals or Chinese characters; those go into the label", from: "id: gate", to: "id: 东门"),
        Mistake(what: "A service that isn't there", from: "    label: 东门", to: "    label: 东门\n    press: laundry"),
        Mistake(
            what:
                "A comma inside braces, where it begins the next key: put the hours in quotes, or leave the comma out",
            from: "brokers:", to: "services:\n  meal: {hours: 06:30-10:00, 10:30-13:00}\nbrokers:"),
        Mistake(
            what: "An output's name with a slip in it", from: "brokers:",
            to:
                "outputs:\n  siren: {kind: relay, line: {name: GPIO20}}\nnobody-listening: {outputs: [sirene]}\nbrokers:"
        ),
        Mistake(
            what: "Calls that only a reset ends, and no reset button", from: "brokers:",
            to: "services: {emergency: {resolve: point}}\nbrokers:"),
        Mistake(what: "A port or a scheme in the host", from: "192.168.1.10", to: "192.168.1.10:1883"),
        Mistake(
            what: "A password in the file", from: "192.168.1.10\n",
            to: "192.168.1.10\n    username: gw-1\n    password: …\n"),
        Mistake(what: "A chip by its path", from: "chip: pinctrl-bcm2711", to: "chip: /dev/gpiochip0"),
        Mistake(what: "One line for two points", from: "offset: 24", to: "offset: 5"),
        Mistake(what: "One id for two points", from: "id: gate", to: "id: b1-u1-101"),
        Mistake(what: "A full-width colon from a Chinese input method", from: "gateway: gw-1", to: "gateway：gw-1"),
        Mistake(what: "A tab before a key", from: "    label:", to: "\tlabel:"),
        Mistake(what: "A points file that isn't there", from: "points.csv", to: "point.csv"),
        Mistake(what: "Full-width commas in a points file", from: "", to: "", csv: "id，label，chip，offset\n"),
        Mistake(
            what: "A label with a comma that isn't in quotes", from: "", to: "",
            csv: "id,label,chip,offset\nb1-u1-101,1号楼,101,pinctrl-bcm2711,5\n"),
    ]

    /// The messages of one mistake, made with the points file in `/etc/courtyard-gateway`.
    private static func messages(of mistake: Mistake) -> [String] {
        let yaml = mistake.from.isEmpty ? goodFile : goodFile.replacing(mistake.from, with: mistake.to)
        return SiteConfigTests.messages(yaml, csv: ["points.csv": mistake.csv]).map {
            $0.replacing("/site/", with: "/etc/courtyard-gateway/")
        }
    }

    static var mistakes: String {
        list.map { mistake in
            var lines = messages(of: mistake)
            if lines.isEmpty { lines = ["NO MESSAGE"] }
            return "\(mistake.what):\n\n```\n\(lines.joined(separator: "\n"))\n```\n"
        }.joined(separator: "\n") + "\n" + gbk
    }

    /// The message for a file saved as plain CSV on a Chinese Windows: 1号楼 in GBK.
    private static var gbk: String {
        let csv = Array("id,label,chip,offset\nb1-u1-101,1".utf8) + [0xBA, 0xC5, 0xC2, 0xA5] + Array(",c,5\n".utf8)
        let lines = SiteConfigTests.messages(readSite(Array(goodFile.utf8), csv: ["points.csv": csv]))
        return "A points file saved as plain CSV:\n\n```\n\(lines.joined(separator: "\n"))\n```\n"
    }
}
