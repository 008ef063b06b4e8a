internal import CallCore

/// The layout of the database: how a new one is made, and how an older one becomes one of `version`.
struct Schema {
    /// Stands in the file as `user_version`.
    let version: Int
    /// Makes everything in an empty database.
    let create: String
    /// `steps[n]` turns a database of version n into one of n + 1. Released steps never change.
    let steps: [Int: String]
    /// The tables a sound journal has.
    let tables: [String]

    /// Stands in the file as `application_id` (bytes 68 to 71 of the header): `CYGW`.
    static let applicationID: Int64 = 0x4359_4757

    static let current = Schema(
        version: 1, create: tablesOfVersion1 + viewsOfVersion1, steps: [:],
        tables: ["journal", "boot", "stream", "event", "call"])

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
            for step in old..<version {
                guard let sql = steps[step] else {
                    throw JournalError.corrupt(connection.path, operation, "there is no schema \(step)")
                }
                try connection.run(sql, for: operation)
            }
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
        for table in tables {
            find.put(table)
            let found = try find.step() && find.flag()
            find.reset()
            guard found else { throw JournalError.corrupt(connection.path, operation, "table \(table) is missing") }
        }
    }
}

/// Times are milliseconds since 1970 UTC; the views show them in local time. A row of `event` never changes. Its
/// place, (stream, sequence), lets one commit touch one page of it; a stream's row is also its cursor, so marking a
/// hundred events acknowledged is one number. A call of 20 presses takes about 500 bytes.
private let tablesOfVersion1 = """
    -- This database: one row.
    CREATE TABLE journal (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        id TEXT NOT NULL,                   -- the first part of its calls' and events' ids
        created_ms INTEGER NOT NULL,
        connection_limit INTEGER NOT NULL   -- no connection number above this one has been used
    ) STRICT;

    -- The kernel's boot ids, each written out once.
    CREATE TABLE boot (id INTEGER PRIMARY KEY, boot TEXT NOT NULL UNIQUE) STRICT;

    -- The series in which events are numbered. A journal that is not this database's own is one kept in memory while
    -- this one couldn't be written.
    CREATE TABLE stream (
        id INTEGER PRIMARY KEY,
        journal TEXT NOT NULL,
        service TEXT NOT NULL,
        acknowledged INTEGER NOT NULL,      -- the broker has every event up to this sequence
        UNIQUE (journal, service)
    ) STRICT;

    -- What happened, with the call as it was just afterwards.
    CREATE TABLE event (
        stream INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        type TEXT NOT NULL,
        occurred_ms INTEGER NOT NULL,
        occurred_synchronized INTEGER NOT NULL,
        occurred_uncertainty_ms INTEGER NOT NULL,
        occurred_monotonic_ns INTEGER NOT NULL,
        occurred_boot INTEGER NOT NULL,
        journaled INTEGER NOT NULL,         -- 0: it went out before it could be written here
        call TEXT NOT NULL,
        point TEXT NOT NULL,
        label TEXT NOT NULL,
        priority INTEGER NOT NULL,
        state TEXT NOT NULL,
        revision INTEGER NOT NULL,
        presses INTEGER NOT NULL,
        raised_ms INTEGER NOT NULL,
        raised_synchronized INTEGER NOT NULL,
        raised_uncertainty_ms INTEGER NOT NULL,
        raised_monotonic_ns INTEGER NOT NULL,
        raised_boot INTEGER NOT NULL,
        escalation INTEGER NOT NULL,
        actor TEXT,
        reason TEXT,
        PRIMARY KEY (stream, sequence)
    ) STRICT, WITHOUT ROWID;

    -- Every call as it is now. Those of another journal were adopted after the card was swapped.
    CREATE TABLE call (
        journal TEXT NOT NULL,
        number INTEGER NOT NULL,
        closed INTEGER NOT NULL,            -- 1: resolved or cancelled, for ever
        point TEXT NOT NULL,
        label TEXT NOT NULL,
        service TEXT NOT NULL,
        priority INTEGER NOT NULL,
        state TEXT NOT NULL,
        revision INTEGER NOT NULL,
        presses INTEGER NOT NULL,
        raised_ms INTEGER NOT NULL,
        raised_synchronized INTEGER NOT NULL,
        raised_uncertainty_ms INTEGER NOT NULL,
        raised_monotonic_ns INTEGER NOT NULL,
        raised_boot INTEGER NOT NULL,
        escalation INTEGER NOT NULL,
        actor TEXT,
        reason TEXT,
        time_raised INTEGER, time_delivered INTEGER, time_accepted INTEGER,
        time_arrived INTEGER, time_resolved INTEGER, time_cancelled INTEGER,
        actor_raised TEXT, actor_delivered TEXT, actor_accepted TEXT,
        actor_arrived TEXT, actor_resolved TEXT, actor_cancelled TEXT,
        press_times TEXT NOT NULL,          -- the last presses, a JSON list of milliseconds
        PRIMARY KEY (journal, number)
    ) STRICT, WITHOUT ROWID;

    -- Open calls are found without reading the others.
    CREATE INDEX open_call ON call (journal, number) WHERE closed = 0;

    """

private let viewsOfVersion1 = """
    -- All events, for people.
    CREATE VIEW history AS SELECT
        strftime('%Y-%m-%d %H:%M:%f', occurred_ms / 1000.0, 'unixepoch', 'localtime') AS at,
        service, type, point, label, state, presses, escalation, actor, reason, call,
        journal || '-' || service || '-' || sequence AS event,
        sequence <= acknowledged AS published, occurred_synchronized AS clock_synchronized, stream, sequence
    FROM event JOIN stream ON stream.id = event.stream;

    -- The last 100 events of each service, newest first.
    CREATE VIEW recent AS SELECT
        at, service, type, point, label, state, presses, escalation, actor, reason, call, event, published
    FROM history
    WHERE sequence > (SELECT max(sequence) FROM event WHERE event.stream = history.stream) - 100
    ORDER BY at DESC, sequence DESC;

    -- What is waiting, most urgent and oldest first.
    CREATE VIEW open_calls AS SELECT
        journal || '-' || number AS call,
        strftime('%Y-%m-%d %H:%M:%f', raised_ms / 1000.0, 'unixepoch', 'localtime') AS raised,
        service, point, label, state, presses, escalation, actor, revision
    FROM call INDEXED BY open_call WHERE closed = 0
    ORDER BY priority, raised_ms;
    """
