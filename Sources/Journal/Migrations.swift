// How the tables of each version become those of the next. Files of every version are in the field, so a step that was
// released never changes; what it makes must agree with what `Tables.swift` makes.
extension Schema {
    /// Version 2 follows a call until somebody has come, and remembers the answers to commands. Of the rows only those
    /// of open calls are written, so a journal of years is migrated at once.
    ///
    /// Version 1 reopened nothing, so every call was last opened at revision 1; and its revisions counted presses, so
    /// the last one is that of the last press.
    static let stepFrom1 = """
        ALTER TABLE event ADD COLUMN on_the_way INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE call ADD COLUMN on_the_way INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE call ADD COLUMN waiting_ms INTEGER;
        ALTER TABLE call ADD COLUMN waiting_synchronized INTEGER;
        ALTER TABLE call ADD COLUMN waiting_uncertainty_ms INTEGER;
        ALTER TABLE call ADD COLUMN waiting_monotonic_ns INTEGER;
        ALTER TABLE call ADD COLUMN waiting_boot INTEGER;
        ALTER TABLE call ADD COLUMN pressed_revision INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE call ADD COLUMN opened_revision INTEGER NOT NULL DEFAULT 1;
        UPDATE call SET pressed_revision = revision WHERE closed = 0;
        CREATE TABLE answer (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            command TEXT NOT NULL,
            refusal TEXT,
            call TEXT,
            state TEXT,
            revision INTEGER,
            actor TEXT
        ) STRICT;
        """

    /// Version 3 tells which receiver heard a press over the air. No row is written.
    static let stepFrom2 = """
        ALTER TABLE event ADD COLUMN receiver TEXT;
        ALTER TABLE event ADD COLUMN level INTEGER;
        ALTER TABLE call ADD COLUMN receiver TEXT;
        ALTER TABLE call ADD COLUMN level INTEGER;
        """

    /// Version 4 remembers what is known of transmitters. No row is written.
    static let stepFrom3 = """
        CREATE TABLE transmitter (
            point TEXT PRIMARY KEY,
            identity TEXT NOT NULL,
            heard_ms INTEGER, receiver TEXT, level INTEGER,
            missing INTEGER NOT NULL,
            tampered INTEGER NOT NULL,
            low_since_ms INTEGER,
            low_told_ms INTEGER
        ) STRICT, WITHOUT ROWID;
        """
}
