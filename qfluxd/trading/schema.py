"""How the journal lies on disk: tables that only grow, and the rules that the database itself keeps."""

APPLICATION_ID = 0x71666C78
"""``qflx`` in the file's head: this is a journal of ours and no other program's database."""

VERSION = 1

TABLES = ("orders", "transitions", "answers", "switch")

_TABLES = """
CREATE TABLE orders (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    request TEXT UNIQUE,
    asset TEXT NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('call', 'put')),
    stake TEXT NOT NULL,
    expiry INTEGER NOT NULL,
    received INTEGER NOT NULL,
    expires_at INTEGER,
    by_hand INTEGER NOT NULL CHECK (by_hand = (request IS NULL))
);
CREATE TABLE transitions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    trade TEXT NOT NULL REFERENCES orders (id),
    stage TEXT NOT NULL CHECK (stage IN
        ('received', 'intended', 'clicking', 'clicked', 'accepted', 'refused', 'settled', 'unknown')),
    code TEXT NOT NULL,
    detail TEXT NOT NULL,
    at INTEGER NOT NULL,
    now INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    account TEXT CHECK (account IN ('demo', 'real')),
    deal_id TEXT,
    deal TEXT,
    artifacts TEXT
);
CREATE INDEX transitions_of_trade ON transitions (trade, seq);
CREATE INDEX transitions_by_time ON transitions (at);
CREATE INDEX transitions_over ON transitions (trade) WHERE stage IN ('refused', 'settled');
CREATE INDEX transitions_of_deal ON transitions (deal_id) WHERE deal_id IS NOT NULL;
CREATE UNIQUE INDEX one_click_per_attempt ON transitions (trade, attempt)
    WHERE stage = 'clicking' AND artifacts IS NULL;
CREATE TABLE answers (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    request TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('ok', 'refused', 'unsure')),
    code TEXT NOT NULL,
    detail TEXT NOT NULL,
    data TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX answers_to ON answers (request, seq);
CREATE TABLE switch (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    state TEXT NOT NULL CHECK (state IN ('active', 'paused', 'killed')),
    reason TEXT NOT NULL,
    since INTEGER NOT NULL
);
"""

_ONE_DEAL_ONE_TRADE = """
CREATE TRIGGER one_deal_one_trade BEFORE INSERT ON transitions
WHEN EXISTS (SELECT 1 FROM transitions WHERE deal_id = NEW.deal_id AND trade <> NEW.trade)
BEGIN SELECT RAISE(ABORT, 'this deal belongs to another trade'); END;
"""

_OVER_IS_OVER = """
CREATE TRIGGER over_is_over BEFORE INSERT ON transitions
WHEN EXISTS (
    SELECT 1 FROM transitions t WHERE t.trade = NEW.trade AND t.stage IN ('refused', 'settled') AND t.stage <> NEW.stage
    AND NOT EXISTS (SELECT 1 FROM transitions WHERE trade = t.trade AND seq > t.seq AND stage = 'accepted')
    AND NOT (
        NEW.stage = 'accepted' AND NEW.deal_id IS NOT NULL
        AND t.stage = 'refused' AND t.code IN ('broker_refused', 'not_sent', 'not_placed')
        AND EXISTS (SELECT 1 FROM transitions WHERE trade = t.trade AND stage = 'clicking')
    )
)
BEGIN SELECT RAISE(ABORT, 'this trade is over'); END;
"""
"""What is over stays so, but for an order whose click was out: its deal proves that it was not refused after all."""

_FOR_GOOD = """
CREATE TRIGGER {table}_{what} BEFORE {what} ON {table}
BEGIN SELECT RAISE(ABORT, 'the journal is only ever added to'); END;
"""

_NOT_REPLACED = """
CREATE TRIGGER {table}_REPLACE BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})
BEGIN SELECT RAISE(ABORT, 'the journal is only ever added to'); END;
"""

SCHEMA = "".join(
    [
        _TABLES,
        _ONE_DEAL_ONE_TRADE,
        _OVER_IS_OVER,
        *(_FOR_GOOD.format(table=table, what=what) for table in TABLES for what in ("UPDATE", "DELETE")),
        *(_NOT_REPLACED.format(table=table, same="seq = NEW.seq") for table in TABLES if table != "orders"),
        _NOT_REPLACED.format(table="orders", same="seq = NEW.seq OR id = NEW.id OR request = NEW.request"),
        f"PRAGMA application_id = {APPLICATION_ID};",
        f"PRAGMA user_version = {VERSION};",
    ]
)
