import CallCore
import Glibc
import Journal
import Testing

// What version 1 of the journal made and wrote, word for word. It never changes: such files are in the field.

/// A file as version 1 left it: an emergency still open after three presses, one meal resolved and one that an outage of
/// the disk left under a substitute journal; nine events.
func makeVersion1(at path: String) throws {
    try sql(
        path,
        """
        PRAGMA journal_mode = WAL;
        BEGIN IMMEDIATE;
        PRAGMA application_id = \(0x4359_4757);
        PRAGMA user_version = 1;
        \(tablesOfVersion1)
        \(viewsOfVersion1)
        INSERT INTO journal VALUES (1, 'k3f9qz', 1795444200000, 1000);
        INSERT INTO boot VALUES (1, '\(boot)'), (2, 'another-boot');
        INSERT INTO stream VALUES (1, 'k3f9qz', 'emergency', 3), (2, 'k3f9qz', 'meal', 3), (3, 'zzzzzz', 'meal', 2);
        \(eventsOfVersion1)
        \(callsOfVersion1)
        COMMIT;
        """)
    _ = chmod(path, 0o640)
}

/// What opening such a file must find: somebody is waited for since the call was raised, its last revision was its last
/// press, and it was never reopened.
let openCallsOfVersion1 = [
    Call(
        id: CallID(journal: own, number: 1), point: PointID(unchecked: "b3-u2-401"), label: "3号楼2单元401 床头",
        service: .emergency, priority: 1, state: .raised, revision: 3, presses: 3, raised: stamp(0), escalation: 0,
        actor: nil, reason: nil, times: [.raised: now], actors: [:],
        pressTimes: [0, 1, 2].map { WallTime(milliseconds: now.milliseconds + $0 * 1000) }, pressedRevision: 3,
        openedRevision: 1),
    Call(
        id: CallID(journal: JournalID(unchecked: "zzzzzz"), number: 1), point: PointID(unchecked: "b3-u2-402"),
        label: "402", service: .meal, priority: 3, state: .raised, revision: 1, presses: 1,
        raised: stamp(4, boot: "another-boot"), escalation: 0, actor: nil, reason: nil,
        times: [.raised: WallTime(milliseconds: now.milliseconds + 4000)], actors: [:],
        pressTimes: [WallTime(milliseconds: now.milliseconds + 4000)], pressedRevision: 1, openedRevision: 1),
]

private let eventsOfVersion1 = """
    INSERT INTO event VALUES
        (1, 1, 'pressed', 1795444200000, 1, 0, 812345678901, 1, 1, 'k3f9qz-1', 'b3-u2-401', '3号楼2单元401 床头', 1,
            'raised', 1, 1, 1795444200000, 1, 0, 812345678901, 1, 0, NULL, NULL),
        (1, 2, 'raised', 1795444200000, 1, 0, 812345678901, 1, 1, 'k3f9qz-1', 'b3-u2-401', '3号楼2单元401 床头', 1,
            'raised', 1, 1, 1795444200000, 1, 0, 812345678901, 1, 0, NULL, NULL),
        (1, 3, 'pressed', 1795444201000, 0, 1, 813345678901, 1, 1, 'k3f9qz-1', 'b3-u2-401', '3号楼2单元401 床头', 1,
            'raised', 2, 2, 1795444200000, 1, 0, 812345678901, 1, 0, NULL, NULL),
        (1, 4, 'pressed', 1795444202000, 1, 2, 814345678901, 1, 1, 'k3f9qz-1', 'b3-u2-401', '3号楼2单元401 床头', 1,
            'raised', 3, 3, 1795444200000, 1, 0, 812345678901, 1, 0, NULL, NULL),
        (2, 1, 'pressed', 1795444203000, 0, 3, 815345678901, 1, 1, 'k3f9qz-2', 'b3-u2-402', '402', 3, 'raised', 1, 1,
            1795444203000, 0, 3, 815345678901, 1, 0, NULL, NULL),
        (2, 2, 'raised', 1795444203000, 0, 3, 815345678901, 1, 1, 'k3f9qz-2', 'b3-u2-402', '402', 3, 'raised', 1, 1,
            1795444203000, 0, 3, 815345678901, 1, 0, NULL, NULL),
        (2, 3, 'resolved', 1795444263000, 1, 0, 875345678901, 1, 1, 'k3f9qz-2', 'b3-u2-402', '402', 3, 'resolved', 2, 1,
            1795444203000, 0, 3, 815345678901, 1, 0, 'desk-1/王', 'eaten'),
        (3, 1, 'pressed', 1795444204000, 1, 4, 816345678901, 2, 0, 'zzzzzz-1', 'b3-u2-402', '402', 3, 'raised', 1, 1,
            1795444204000, 1, 4, 816345678901, 2, 0, NULL, NULL),
        (3, 2, 'raised', 1795444204000, 1, 4, 816345678901, 2, 0, 'zzzzzz-1', 'b3-u2-402', '402', 3, 'raised', 1, 1,
            1795444204000, 1, 4, 816345678901, 2, 0, NULL, NULL);
    """

private let callsOfVersion1 = """
    INSERT INTO call VALUES
        ('k3f9qz', 1, 0, 'b3-u2-401', '3号楼2单元401 床头', 'emergency', 1, 'raised', 3, 3, 1795444200000, 1, 0,
            812345678901, 1, 0, NULL, NULL, 1795444200000, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
            NULL, '[1795444200000,1795444201000,1795444202000]'),
        ('k3f9qz', 2, 1, 'b3-u2-402', '402', 'meal', 3, 'resolved', 2, 1, 1795444203000, 0, 3, 815345678901, 1, 0,
            'desk-1/王', 'eaten', 1795444203000, NULL, NULL, NULL, 1795444263000, NULL, NULL, NULL, NULL, NULL,
            'desk-1/王', NULL, '[1795444203000]'),
        ('zzzzzz', 1, 0, 'b3-u2-402', '402', 'meal', 3, 'raised', 1, 1, 1795444204000, 1, 4, 816345678901, 2, 0, NULL,
            NULL, 1795444204000, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '[1795444204000]');
    """

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
