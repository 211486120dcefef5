-- Readings summed up, so that years answer at once. Made from `readings` and `moments` alone: a
-- quarter is right unless it is named in `stale`, a day unless it is in `stale_days`.

-- One row per series and quarter of an hour (UTC; `number` = at / 900 s) with readings in it.
-- first, last, low, high, total: times 10^exponent. *_after: µs since the quarter began.
-- longest: the longest step between two readings in it, in µs; changes: steps of a counter that are
-- no difference. plus, minus (1e-9 kWh) and covered (µs): of power only, the area under and above
-- the line through the readings, also across the quarter's borders; no line is drawn over 120 s.
CREATE TABLE quarters (
    device INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    number INTEGER NOT NULL,
    count INTEGER NOT NULL,
    first_after INTEGER NOT NULL,
    last_after INTEGER NOT NULL,
    exponent INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL,
    total NUMERIC NOT NULL,
    longest INTEGER NOT NULL,
    changes INTEGER NOT NULL,
    plus INTEGER,
    minus INTEGER,
    covered INTEGER,
    PRIMARY KEY (device, quantity, number)
) WITHOUT ROWID;

-- The same per day of UTC; `number` = at / 86,400 s.
CREATE TABLE days (
    device INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    number INTEGER NOT NULL,
    count INTEGER NOT NULL,
    first_after INTEGER NOT NULL,
    last_after INTEGER NOT NULL,
    exponent INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL,
    total NUMERIC NOT NULL,
    longest INTEGER NOT NULL,
    changes INTEGER NOT NULL,
    plus INTEGER,
    minus INTEGER,
    covered INTEGER,
    PRIMARY KEY (device, quantity, number)
) WITHOUT ROWID;

-- Quarters of a device that have to be summed up again, and days; a day with a stale quarter is
-- stale.
CREATE TABLE stale (
    number INTEGER NOT NULL,
    device INTEGER NOT NULL,
    PRIMARY KEY (number, device)
) WITHOUT ROWID;
CREATE TABLE stale_days (
    number INTEGER NOT NULL,
    device INTEGER NOT NULL,
    PRIMARY KEY (number, device)
) WITHOUT ROWID;
INSERT INTO stale SELECT DISTINCT at / 900000000, device FROM moments WHERE at >= 0;
INSERT INTO stale_days SELECT DISTINCT number / 96, device FROM stale;

-- Where the integration of a power stands: `at` and `power` (1e-6 W) of its newest reading, and the
-- energy so far (1e-9 kWh).
CREATE TABLE integrals (
    device INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    at INTEGER NOT NULL,
    power INTEGER NOT NULL,
    energy INTEGER NOT NULL,
    PRIMARY KEY (device, quantity)
) WITHOUT ROWID;
