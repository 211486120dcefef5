-- The store is a view of the journal: everything here can be made again from it.
-- Times are microseconds since 1970 UTC unless a column's name says _ns. `key` is the exception:
-- a device's own time without a zone, counted as if it were UTC.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE devices (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE, -- <protocol>:<serial>
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL
);

CREATE TABLE quantities (
    id INTEGER PRIMARY KEY, -- less than 2^20, see readings.id
    name TEXT NOT NULL UNIQUE,
    unit TEXT NOT NULL,
    kind TEXT NOT NULL
);

-- One row per device and quantity; `latest` is the reading with the greatest `at`.
CREATE TABLE series (
    device INTEGER NOT NULL REFERENCES devices (id),
    quantity INTEGER NOT NULL REFERENCES quantities (id),
    readings INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    latest_at INTEGER NOT NULL,
    latest INTEGER NOT NULL,
    PRIMARY KEY (device, quantity)
) WITHOUT ROWID;

CREATE TABLE conversations (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE, -- the journal's id
    protocol TEXT NOT NULL DEFAULT '',
    role TEXT NOT NULL DEFAULT '',
    station TEXT NOT NULL DEFAULT '',
    peer TEXT NOT NULL DEFAULT '',
    upstream TEXT NOT NULL DEFAULT '',
    opened_ns INTEGER NOT NULL DEFAULT 0,
    synthetic INTEGER NOT NULL DEFAULT 0,
    closed_ns INTEGER,
    reason TEXT NOT NULL DEFAULT '',
    device_bytes INTEGER NOT NULL DEFAULT 0,
    headend_bytes INTEGER NOT NULL DEFAULT 0,
    chunks INTEGER NOT NULL DEFAULT 0,
    first_seq INTEGER -- the lowest chunk read; above 0 when the journal before it was pruned
);

-- What the readings of one message at one instant share. A message that adds quantities to an
-- instant already held is a further part of it.
CREATE TABLE moments (
    id INTEGER PRIMARY KEY,
    device INTEGER NOT NULL REFERENCES devices (id),
    clock INTEGER NOT NULL,
    key INTEGER NOT NULL,
    fold INTEGER NOT NULL,
    part INTEGER NOT NULL,
    at INTEGER NOT NULL,
    received INTEGER NOT NULL,
    conversation INTEGER REFERENCES conversations (id),
    seq INTEGER,
    flags INTEGER NOT NULL -- 1 live, 2 synthetic, 4 kept over a rebuild
);
CREATE UNIQUE INDEX moments_identity ON moments (device, clock, key, fold, part);
CREATE INDEX moments_at ON moments (device, at);

-- id = moment * 2^20 + quantity. It only grows, so it is also the cursor of sinks.
-- value * 10^exponent; exponent NULL: a state's text.
CREATE TABLE readings (
    id INTEGER PRIMARY KEY,
    value NOT NULL,
    exponent INTEGER
);

CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    eventid TEXT NOT NULL,
    at INTEGER NOT NULL,
    severity TEXT NOT NULL,
    device TEXT, -- by name: an event does not make a device known
    station TEXT NOT NULL,
    conversation INTEGER REFERENCES conversations (id),
    seq INTEGER,
    message TEXT NOT NULL,
    fields TEXT NOT NULL
);
CREATE INDEX events_at ON events (at);

CREATE TABLE facts (
    device INTEGER NOT NULL REFERENCES devices (id),
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    private INTEGER NOT NULL,
    at INTEGER NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (device, name)
) WITHOUT ROWID;

CREATE TABLE clocks (
    device TEXT PRIMARY KEY,
    state TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE pending (
    conversation INTEGER NOT NULL REFERENCES conversations (id),
    stream TEXT NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (conversation, stream)
) WITHOUT ROWID;
