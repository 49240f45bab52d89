"""How the journal lies on disk: tables that only grow, and the rules that the database itself keeps."""

from typing import Final

APPLICATION_ID: Final = 0x71666C78
"""``qflx`` in the file's head: this is a journal of ours and no other program's database."""

VERSION: Final = 3

TABLES: Final = ("orders", "transitions", "answers", "switch", "plans", "shadow", "comparisons")

_FIRST: Final = """
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
"""Version 1, as it was."""

_SECOND: Final = """
ALTER TABLE orders ADD COLUMN plan TEXT;
ALTER TABLE orders ADD COLUMN candle INTEGER;
ALTER TABLE switch ADD COLUMN step INTEGER;
CREATE INDEX transitions_let_through ON transitions (now) WHERE stage = 'intended' AND attempt = 0;
CREATE INDEX transitions_settled ON transitions (seq) WHERE stage = 'settled';
CREATE TABLE plans (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    mode TEXT NOT NULL CHECK (mode IN ('signal', 'shadow', 'live')),
    "by" TEXT NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX plans_by_name ON plans (name, seq);
CREATE TABLE shadow (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    plan TEXT NOT NULL,
    asset TEXT NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('call', 'put')),
    stake TEXT NOT NULL,
    expiry INTEGER NOT NULL,
    candle INTEGER,
    signalled INTEGER NOT NULL,
    opened INTEGER,
    closes INTEGER,
    open_price REAL,
    close_price REAL,
    payout INTEGER,
    profit TEXT,
    outcome TEXT NOT NULL CHECK (outcome IN ('pending', 'open', 'won', 'lost', 'tie', 'unknown', 'not_filled')),
    code TEXT NOT NULL,
    at INTEGER NOT NULL,
    digits INTEGER
);
CREATE UNIQUE INDEX shadow_once ON shadow (id, outcome);
CREATE UNIQUE INDEX shadow_ends_once ON shadow (id) WHERE outcome NOT IN ('pending', 'open');
CREATE INDEX shadow_by_time ON shadow (at);
"""
"""What version 2 adds: what plans do. `step` of the switch is the newest transition when it was turned."""

_THIRD: Final = """
CREATE TABLE comparisons (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    what TEXT NOT NULL CHECK (what IN ('begun', 'seen', 'ended', 'promoted')),
    at INTEGER NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX comparisons_by_name ON comparisons (name, seq);
CREATE UNIQUE INDEX comparisons_once ON comparisons (name, what) WHERE what <> 'seen';
"""
"""What version 3 adds: comparisons of plans."""

_ONE_DEAL_ONE_TRADE: Final = """
CREATE TRIGGER one_deal_one_trade BEFORE INSERT ON transitions
WHEN EXISTS (SELECT 1 FROM transitions WHERE deal_id = NEW.deal_id AND trade <> NEW.trade)
BEGIN SELECT RAISE(ABORT, 'this deal belongs to another trade'); END;
"""

_OVER_IS_OVER: Final = """
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

_NO_WAY_BACK: Final = """
CREATE TRIGGER shadow_no_way_back BEFORE INSERT ON shadow
WHEN EXISTS (
    SELECT 1 FROM shadow WHERE id = NEW.id
    AND (outcome NOT IN ('pending', 'open') OR (outcome = 'open' AND NEW.outcome = 'pending'))
)
BEGIN SELECT RAISE(ABORT, 'this shadow deal has come further already'); END;
"""

_FOR_GOOD: Final = """
CREATE TRIGGER {table}_{what} BEFORE {what} ON {table}
BEGIN SELECT RAISE(ABORT, 'the journal is only ever added to'); END;
"""

_NOT_REPLACED: Final = """
CREATE TRIGGER {table}_REPLACE BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})
BEGIN SELECT RAISE(ABORT, 'the journal is only ever added to'); END;
"""

_SAME: Final = {
    "orders": "seq = NEW.seq OR id = NEW.id OR request = NEW.request",
    "shadow": "seq = NEW.seq OR (id = NEW.id AND outcome = NEW.outcome)",
}
"""What makes a row the same as one that is there, beside its number."""

_TRIGGERS: Final = "".join(
    [
        _ONE_DEAL_ONE_TRADE,
        _OVER_IS_OVER,
        _NO_WAY_BACK,
        *(_FOR_GOOD.format(table=table, what=what) for table in TABLES for what in ("UPDATE", "DELETE")),
        *(_NOT_REPLACED.format(table=table, same=_SAME.get(table, "seq = NEW.seq")) for table in TABLES),
    ]
)

_STAMP: Final = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"

SCHEMA: Final = _FIRST + _SECOND + _THIRD + _TRIGGERS + _STAMP

MIGRATIONS: Final = {1: _SECOND + _THIRD + _TRIGGERS + _STAMP, 2: _THIRD + _TRIGGERS + _STAMP}
"""From an older version to this one, once its triggers are gone."""

_AS_IF_THIRD: Final = "CREATE TEMP TABLE comparisons (seq, name, what, at, data);"
_AS_IF_SECOND: Final = """
CREATE TEMP VIEW orders AS SELECT *, NULL AS plan, NULL AS candle FROM main.orders;
CREATE TEMP VIEW switch AS SELECT *, NULL AS step FROM main.switch;
CREATE TEMP TABLE plans (seq, name, enabled, mode, "by", reason, at);
CREATE TEMP TABLE shadow (seq, id, plan, asset, side, stake, expiry, candle, signalled, opened, closes, open_price,
    close_price, payout, profit, outcome, code, at, digits);
"""
AS_IF_NEW: Final = {1: _AS_IF_SECOND + _AS_IF_THIRD, 2: _AS_IF_THIRD}
"""Lets a file of an older version, which nobody may change just now, be read as one of this; nothing is written."""
