import CallCore
import Glibc

extension Site {
    /// The kinds of transmitters in this site's folders whose messages are a model's of rtl_433, by name.
    public func kinds(ofModel model: String) -> [String] {
        var reader = DeviceReader(
            folder: deviceFolder, services: Set(services.map(\.id)), files: DiskFiles(), problems: ProblemList())
        let names = Set(reader.folders.flatMap(Self.kinds)).sorted()
        return names.filter { name in
            let field = Field(text: name, place: Place(file: name, mark: Mark(line: 1, column: 1)), path: "")
            return reader.device(name, at: field)?.model?.name == model
        }
    }

    /// The names of a folder's kinds; none if it can't be read.
    private static func kinds(in folder: String) -> [String] {
        guard let entries = opendir(folder) else { return [] }
        defer { closedir(entries) }
        var names: [String] = []
        while let entry = readdir(entries) {
            // SAFETY: d_name is NUL-terminated (readdir(3)) and copied before the next call.
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".yaml"), !name.hasPrefix(".") { names.append(String(name.dropLast(5))) }
        }
        return names
    }
}
