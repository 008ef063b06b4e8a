internal import CSQLite

/// One prepared statement. Values are put and read in the order of its parameters and columns.
final class Statement {
    private let handle: OpaquePointer
    private let connection: Connection  // keeps the connection open for as long as the statement lives
    private let operation: String
    private var parameter: Int32 = 0
    private var column: Int32 = 0
    private var bindCode = SQLITE_OK

    /// Takes over `handle`.
    init(_ handle: OpaquePointer, of connection: Connection, operation: String) {
        self.handle = handle
        self.connection = connection
        self.operation = operation
    }

    deinit { sqlite3_finalize(handle) }

    /// Ends the current run, so that neither locks nor a read transaction stay behind.
    func reset() {
        sqlite3_reset(handle)
        parameter = 0
        bindCode = SQLITE_OK
    }

    /// Takes the next row, if there is one. After the last row, and after an error, the statement is reset.
    @inline(never)  // inlined into a loop it crashes the optimizer of Swift 6.3.1 (CopyPropagation)
    func step() throws(JournalError) -> Bool {
        let code = bindCode == SQLITE_OK ? sqlite3_step(handle) : bindCode
        if code == SQLITE_ROW {
            column = 0
            return true
        }
        let error = code == SQLITE_DONE ? nil : connection.failure(operation, code: code)
        reset()
        if let error { throw error }
        return false
    }

    /// Runs a statement that answers no rows.
    func run() throws(JournalError) { _ = try step() }

    // MARK: Parameters

    func put(_ number: Int64) { note(sqlite3_bind_int64(handle, nextParameter(), number)) }

    func put(_ number: Int) { put(Int64(number)) }

    func put(_ flag: Bool) { put(flag ? 1 : 0 as Int64) }

    func put(_ number: Int64?) {
        guard let number else { return note(sqlite3_bind_null(handle, nextParameter())) }
        put(number)
    }

    func put(_ text: String) {
        var text = text
        let parameter = nextParameter()
        // SAFETY: the bytes are valid for the length of the call; the destructor value -1 (SQLITE_TRANSIENT in
        // sqlite3.h, a cast that Swift doesn't import) tells SQLite to copy them before it returns. An empty text may
        // have no address, which SQLite would take for NULL.
        text.withUTF8 { bytes in
            let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
            bytes.withMemoryRebound(to: CChar.self) { characters in
                note(
                    characters.isEmpty
                        ? sqlite3_bind_text(handle, parameter, "", 0, copied)
                        : sqlite3_bind_text(
                            handle, parameter, characters.baseAddress, Int32(clamping: characters.count), copied))
            }
        }
    }

    func put(_ text: String?) {
        guard let text else { return note(sqlite3_bind_null(handle, nextParameter())) }
        put(text)
    }

    private func nextParameter() -> Int32 {
        parameter += 1
        return parameter
    }

    /// The first refusal counts; `step` tells it.
    private func note(_ code: Int32) {
        if bindCode == SQLITE_OK { bindCode = code }
    }

    // MARK: Columns of the current row

    func number() -> Int64 { sqlite3_column_int64(handle, nextColumn()) }

    func integer() -> Int { Int(clamping: number()) }

    func flag() -> Bool { number() != 0 }

    /// True if the next column has no value.
    var isNull: Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    func skip(_ count: Int) { column += Int32(count) }

    func optionalNumber() -> Int64? {
        if isNull {
            skip(1)
            return nil
        }
        return number()
    }

    /// NULL reads as an empty text.
    func text() -> String { optionalText() ?? "" }

    func optionalText() -> String? {
        let column = nextColumn()
        // SAFETY: the bytes stay valid until the next step; they are copied here, `count` of them as SQLite says.
        guard let bytes = sqlite3_column_text(handle, column) else { return nil }
        let count = Int(sqlite3_column_bytes(handle, column))
        return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    private func nextColumn() -> Int32 {
        defer { column += 1 }
        return column
    }
}
