public import CallCore

/// The columns of the table of enrolled transmitters.
enum TransmitterColumns {
    static let point = Key(
        "point", .required, Kind<PointID>.name(), example: "b3-u2-401", "The point that it calls from.")
    static let device = RadioKeys.device
    static let code = RadioKeys.code

    static let all = [point.doc, device.doc, code.doc]
}

extension Site {
    /// The table of enrolled transmitters with one more, which takes the place of the point's own.
    public func enrolling(_ point: PointID, device: String, code: RadioCode) -> [UInt8] {
        var rows = points.filter { enrolled.contains($0.id) && $0.id != point }.compactMap { point in
            point.radio.map { "\(point.id),\($0.device.name),\($0.code.hexadecimal)" }
        }
        rows.append("\(point),\(device),\(code.hexadecimal)")
        let head = TransmitterColumns.all.map(\.name).joined(separator: ",")
        return Array((([head] + rows.sorted()).joined(separator: "\n") + "\n").utf8)
    }
}

/// Reads the table of transmitters that `courtyard-gateway enrol` keeps.
struct TransmittersReader {
    let files: any SiteFiles
    let problems: ProblemList

    /// The points with their transmitters, and which those are.
    /// - Parameter field: names the table; one that doesn't exist yet is empty.
    func read(
        _ path: String, at field: Field, into points: [CallPoint], unwired: Set<PointID>, _ radio: inout RadioReader
    ) -> (points: [CallPoint], enrolled: Set<PointID>) {
        guard let text = text(path, at: field) else { return (points, []) }
        var table = PointsTable(text, keys: TransmitterColumns.all, problems: problems)
        let places = Dictionary(points.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        var points = points
        var first: [PointID: Place] = [:]
        while let row = table.nextRow() {
            let transmitter = radio.transmitter(row, device: TransmitterColumns.device, code: TransmitterColumns.code)
            guard let id = row.value(TransmitterColumns.point, problems),
                let field = row.fields[TransmitterColumns.point.name]
            else { continue }
            guard let index = places[id] else {
                problems.add(
                    field.place, field.path, found: "the unknown point \(quoted(id.text))",
                    allowed: "\(problems.guess(for: id.text, of: places.keys.map(\.text)))a point of this gateway")
                continue
            }
            guard first[id] == nil, points[index].radio == nil else {
                problems.add(
                    field.place, field.path, found: "a second transmitter for \(quoted(id.text))",
                    allowed: "one for each point, here or in its radio")
                continue
            }
            if points[index].gestures.asks(for: .reset) {
                problems.add(
                    field.place, field.path, found: "a transmitter for \(quoted(id.text)), which has the gesture reset",
                    allowed: "reset at wired points only: a code can be copied off the air")
            }
            first[id] = field.place
            points[index].radio = transmitter
            points[index].isWired = !unwired.contains(id)
        }
        return (points, Set(first.keys))
    }

    private func text(_ path: String, at field: Field) -> TextFile? {
        do throws(FileTrouble) {
            let content = try files.bytes(of: path, limit: TextFile.Format.csv.limit)
            return content.isEmpty ? nil : TextFile(content, name: path, format: .csv, problems: problems)
        } catch .missing {
            return nil
        } catch {
            TextFile.report(error, of: path, format: .csv, at: (field.place, path: field.path), to: problems)
            return nil
        }
    }
}
