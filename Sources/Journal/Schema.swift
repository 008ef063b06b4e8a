internal import CallCore

/// The layout of the database: how a new one is made, and how an older one becomes one of `version`.
struct Schema {
    /// Stands in the file as `user_version`.
    let version: Int
    /// Makes the tables of an empty database.
    let create: String
    /// What people read. They hold nothing, so every migration drops those of these names and makes them anew.
    let views: [View]
    /// `steps[n]` turns the tables of version n into those of n + 1. Released steps never change.
    let steps: [Int: String]
    /// The tables a sound journal has.
    let tableNames: [String]

    /// One view and the SQL that makes it.
    struct View {
        let name: String
        let sql: String
    }

    /// Stands in the file as `application_id` (bytes 68 to 71 of the header): `CYGW`.
    static let applicationID: Int64 = 0x4359_4757

    static let current = Schema(
        version: 4, create: tables, views: views, steps: [1: stepFrom1, 2: stepFrom2, 3: stepFrom3],
        tableNames: ["journal", "boot", "stream", "event", "call", "answer", "transmitter"])

    /// What a file is found to be.
    enum Finding {
        case ours(version: Int)
        /// Somebody else's, with the reason.
        case foreign(String)
    }

    /// Reads only the header and the list of tables.
    func examine(_ connection: Connection) throws(JournalError) -> Finding {
        let operation = "reading its header"
        let application = try connection.number("PRAGMA application_id", for: operation)
        let version = try connection.number("PRAGMA user_version", for: operation)
        guard application == Self.applicationID else {
            return .foreign("it is another program's database (application id \(application))")
        }
        guard version <= self.version else {
            throw JournalError.newerSchema(path: connection.path, found: Int(version), known: self.version)
        }
        return .ours(version: Int(version))
    }

    /// Brings a database of an older version up to this one, all steps in one transaction.
    func migrate(_ connection: Connection, from old: Int) throws(JournalError) {
        guard old < version else { return }
        let operation = "migrating it from schema \(old) to \(version)"
        do throws(JournalError) {
            try connection.run("BEGIN IMMEDIATE", for: operation)
            // First, since a step may take away a column that a view shows.
            for view in views { try connection.run("DROP VIEW IF EXISTS \(view.name)", for: operation) }
            for step in old..<version {
                guard let sql = steps[step] else {
                    throw JournalError.corrupt(connection.path, operation, "there is no schema \(step)")
                }
                try connection.run(sql, for: operation)
            }
            for view in views { try connection.run(view.sql, for: operation) }
            try connection.run("PRAGMA user_version = \(version); COMMIT", for: operation)
        } catch {
            connection.rollBack()
            throw error
        }
    }

    /// Fills an empty database.
    func create(in connection: Connection, id: JournalID, now: WallTime) throws(JournalError) {
        let operation = "making a new journal"
        // In rollback mode until it is complete, so that the header in the main file is right from the start.
        try connection.run("BEGIN IMMEDIATE", for: operation)
        try connection.run("PRAGMA application_id = \(Self.applicationID)", for: operation)
        try connection.run("PRAGMA user_version = \(version)", for: operation)
        try connection.run(create, for: operation)
        for view in views { try connection.run(view.sql, for: operation) }
        let row = try connection.prepare("INSERT INTO journal VALUES (1, ?, ?, 0)", for: operation)
        row.put(id.text)
        row.put(now.milliseconds)
        try row.run()
        try connection.run("COMMIT", for: operation)
    }

    /// Throws `corrupt` if a table is missing.
    func requireTables(_ connection: Connection) throws(JournalError) {
        let operation = "reading its tables"
        let find = try connection.prepare(
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?", for: operation)
        for table in tableNames {
            find.put(table)
            let found = try find.step() && find.flag()
            find.reset()
            guard found else { throw JournalError.corrupt(connection.path, operation, "table \(table) is missing") }
        }
    }
}
