extension Schema {
    /// Times are milliseconds since 1970 UTC; the views show them in local time. A row of `event` never changes. Its
    /// place, (stream, sequence), lets one commit touch one page of it; a stream's row is also its cursor, so marking a
    /// hundred events acknowledged is one number. A call of 20 presses takes about 500 bytes.
    static let tables = """
        -- This database: one row.
        CREATE TABLE journal (
            only INTEGER PRIMARY KEY CHECK (only = 1),
            id TEXT NOT NULL,                   -- the first part of its calls' and events' ids
            created_ms INTEGER NOT NULL,
            connection_limit INTEGER NOT NULL   -- no connection number above this one has been used
        ) STRICT;

        -- The kernel's boot ids, each written out once.
        CREATE TABLE boot (id INTEGER PRIMARY KEY, boot TEXT NOT NULL UNIQUE) STRICT;

        -- The series in which events are numbered. A journal that is not this database's own is one kept in memory
        -- while this one couldn't be written.
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
            on_the_way INTEGER NOT NULL,        -- 1: whoever accepted it has set out
            receiver TEXT,                      -- who heard its last press; NULL for a wired button's
            level INTEGER,                      -- how strongly, in tenths of a dB as the receiver counts them
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
            on_the_way INTEGER NOT NULL,
            receiver TEXT, level INTEGER,       -- as in event
            -- Since when somebody is waited for: it was reopened or accepted then. NULL: since it was raised.
            waiting_ms INTEGER,
            waiting_synchronized INTEGER,
            waiting_uncertainty_ms INTEGER,
            waiting_monotonic_ns INTEGER,
            waiting_boot INTEGER,
            pressed_revision INTEGER NOT NULL,  -- its revision when it was last pressed
            opened_revision INTEGER NOT NULL,   -- its revision when it was raised or last reopened
            time_raised INTEGER, time_delivered INTEGER, time_accepted INTEGER,
            time_arrived INTEGER, time_resolved INTEGER, time_cancelled INTEGER,
            actor_raised TEXT, actor_delivered TEXT, actor_accepted TEXT,
            actor_arrived TEXT, actor_resolved TEXT, actor_cancelled TEXT,
            press_times TEXT NOT NULL,          -- the last presses, a JSON list of milliseconds
            PRIMARY KEY (journal, number)
        ) STRICT, WITHOUT ROWID;

        -- Open calls are found without reading the others.
        CREATE INDEX open_call ON call (journal, number) WHERE closed = 0;

        -- The last answers to desks' commands, so that a command that comes again is answered the same. `number`
        -- counts up; `state`, `revision` and `actor` are the call's just afterwards.
        CREATE TABLE answer (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,            -- the command's
            command TEXT NOT NULL,
            refusal TEXT,                       -- NULL: it was carried out
            call TEXT,                          -- NULL: it named no call that there was
            state TEXT,
            revision INTEGER,
            actor TEXT
        ) STRICT;

        -- What is known of each call point's transmitter; that it was heard is written once an hour at most.
        CREATE TABLE transmitter (
            point TEXT PRIMARY KEY,
            identity TEXT NOT NULL,             -- protocol and bits of the transmitter that this is about
            heard_ms INTEGER, receiver TEXT, level INTEGER,
            missing INTEGER NOT NULL,           -- 1: it should have told that it is there, and hasn't
            tampered INTEGER NOT NULL,
            low_since_ms INTEGER,               -- its battery; NULL: not low
            low_told_ms INTEGER
        ) STRICT, WITHOUT ROWID;
        """

    /// For people, with times of the board's local clock. Made anew by every migration.
    static let views = [
        View(
            name: "history",
            sql: """
                -- All events.
                CREATE VIEW history AS SELECT
                    strftime('%Y-%m-%d %H:%M:%f', occurred_ms / 1000.0, 'unixepoch', 'localtime') AS at,
                    service, type, point, label, state, presses, escalation, actor, reason, receiver, call,
                    journal || '-' || service || '-' || sequence AS event,
                    sequence <= acknowledged AS published, occurred_synchronized AS clock_synchronized,
                    stream, sequence
                FROM event JOIN stream ON stream.id = event.stream;
                """),
        View(
            name: "recent",
            sql: """
                -- The last 100 events of each service, newest first.
                CREATE VIEW recent AS SELECT
                    at, service, type, point, label, state, presses, escalation, actor, reason, receiver, call, event,
                    published
                FROM history
                WHERE sequence > (SELECT max(sequence) FROM event WHERE event.stream = history.stream) - 100
                ORDER BY at DESC, sequence DESC;
                """),
        View(
            name: "open_calls",
            sql: """
                -- What is waiting, most urgent and oldest first. `waiting`: since when somebody is waited for.
                CREATE VIEW open_calls AS SELECT
                    journal || '-' || number AS call,
                    strftime('%Y-%m-%d %H:%M:%f', raised_ms / 1000.0, 'unixepoch', 'localtime') AS raised,
                    strftime(
                        '%Y-%m-%d %H:%M:%f', coalesce(waiting_ms, raised_ms) / 1000.0, 'unixepoch', 'localtime'
                    ) AS waiting,
                    service, point, label, state, on_the_way, presses, escalation, actor, receiver, revision
                FROM call INDEXED BY open_call WHERE closed = 0
                ORDER BY priority, raised_ms;
                """),
    ]
}
