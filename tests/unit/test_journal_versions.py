"""A journal of an older version: brought up to date in place, whole or not at all, and readable even before that."""

import sqlite3
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from qfluxd.errors import DataError, Unavailable
from qfluxd.model import Deal, PlanSwitched, Trade, TradingSwitch
from qfluxd.trading.journal import FILE, Contradiction, Journal, read_journal
from qfluxd.trading.pace import Passed
from qfluxd.trading.records import ComparisonStep, Opening, Step, canonical
from qfluxd.trading.returns import Closing
from qfluxd.trading.schema import VERSION

AT = 1_763_769_600_000
DEAL = Deal("d1", "EURUSD_otc", "call", Decimal("1.50"), 92, AT, AT + 60_000, 1.1, "demo", "USD", 1.2, Decimal("-1.50"))

TABLES = ("orders", "transitions", "answers", "switch")
VERSION_1 = """
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
CREATE TRIGGER one_deal_one_trade BEFORE INSERT ON transitions
WHEN EXISTS (SELECT 1 FROM transitions WHERE deal_id = NEW.deal_id AND trade <> NEW.trade)
BEGIN SELECT RAISE(ABORT, 'this deal belongs to another trade'); END;
CREATE TRIGGER over_is_over BEFORE INSERT ON transitions
WHEN EXISTS (
    SELECT 1 FROM transitions WHERE trade = NEW.trade AND stage IN ('refused', 'settled') AND stage <> NEW.stage
)
BEGIN SELECT RAISE(ABORT, 'this trade is over'); END;
"""
"""As it was, with the first form of the rule that what is over stays so."""

FOR_GOOD = """
CREATE TRIGGER {table}_{what} BEFORE {what} ON {table}
BEGIN SELECT RAISE(ABORT, 'the journal is only ever added to'); END;
"""
DATA = f"""
INSERT INTO switch (state, reason, since) VALUES ('active', 'trading begins', {AT - 9});
INSERT INTO switch (state, reason, since) VALUES ('killed', 'enough', {AT - 8});
INSERT INTO switch (state, reason, since) VALUES ('active', 'well again', {AT - 7});
INSERT INTO orders (id, request, asset, side, stake, expiry, received, expires_at, by_hand)
    VALUES ('o1', '"r1"', 'EURUSD_otc', 'call', '1.50', 60000, {AT}, {AT + 9}, 0);
INSERT INTO orders (id, request, asset, side, stake, expiry, received, expires_at, by_hand)
    VALUES ('hand-d2', NULL, 'X', 'put', '2', 60000, {AT}, NULL, 1);
INSERT INTO transitions (trade, stage, code, detail, at, now, attempt)
    VALUES ('o1', 'received', 'received', '', {AT}, {AT}, 0);
INSERT INTO transitions (trade, stage, code, detail, at, now, attempt)
    VALUES ('o1', 'intended', 'intended', '', {AT}, {AT}, 0);
INSERT INTO transitions (trade, stage, code, detail, at, now, attempt, account)
    VALUES ('o1', 'clicking', 'clicking', '', {AT}, {AT}, 1, 'demo');
INSERT INTO answers (request, kind, code, detail, data, at) VALUES ('"r1"', 'ok', 'accepted', '', '{{}}', {AT});
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a journal of version 1 in which something was done."""
    connection = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    connection.executescript(VERSION_1)
    for table in TABLES:
        for what in ("UPDATE", "DELETE"):
            connection.execute(FOR_GOOD.format(table=table, what=what))
    connection.executescript(
        f"PRAGMA application_id = {0x71666C78}; PRAGMA user_version = 1; PRAGMA journal_mode = WAL;"
    )
    connection.executescript(DATA)
    settled = msgspec.json.encode(DEAL).decode()
    connection.execute(
        "INSERT INTO transitions (trade, stage, code, detail, at, now, attempt, account, deal_id, deal)"
        " VALUES ('o1', 'settled', 'lost', '', ?, ?, 1, 'demo', 'd1', ?)",
        (AT + 3, AT + 3, settled),
    )
    connection.close()
    return tmp_path


def version(folder: Path) -> int:
    """The version of the file."""
    with sqlite3.connect(folder / FILE) as connection:
        found = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    return int(found)


def known(trade: Trade | None) -> tuple[str, str | None] | None:
    """How far a trade has come, and by which plan."""
    return None if trade is None else (trade.stage, trade.plan)


def test_a_journal_of_version_1_is_brought_up_to_date_and_loses_nothing(folder: Path) -> None:
    """Trades, steps, answers, switch and results are as they were, and what is new can be kept."""
    with Journal(folder, AT + 10) as journal:
        assert known(journal.trade("o1")) == ("settled", None)
        assert [step.stage for step in journal.steps("o1")] == ["received", "intended", "clicking", "settled"]
        assert journal.told('"r1"') is not None
        assert journal.switch() == TradingSwitch("active", "well again", AT - 7)
        assert journal.closings() == [(Closing("demo", "EURUSD_otc", None, Decimal("-1.50"), DEAL.closes), True)]
        assert journal.let_through() == [(AT, Passed("o1", "EURUSD_otc", None, None, AT))]
        assert (journal.resumed(), journal.began()) == (AT - 7, AT - 9)
        assert (journal.plan_switches(), journal.shadow_deals(0)) == ({}, [])
        switched = PlanSwitched("trend", True, "live", "mqtt", "", AT)
        opening = Opening("o2", canonical("r2"), "X", "put", Decimal(1), 5_000, AT, plan="trend", candle=AT - 5)
        journal.add(switched, opening, Step("o2", "received", "received", "", AT, AT))
    assert version(folder) == VERSION
    with Journal(folder, AT + 20) as journal:
        assert journal.plan_switches() == {"trend": switched}
        (past,) = (past for past in journal.unfinished(AT) if past.opening.id == "o2")
        assert past.opening == opening


def test_its_rules_are_those_of_this_version_from_then_on(folder: Path) -> None:
    """Older forms of them are gone: a refusal is mended by its deal; and nothing is changed or removed."""
    with Journal(folder, AT) as journal:
        opening = Opening("o3", canonical("r3"), "X", "put", Decimal(1), 5_000, AT)
        click = Step("o3", "clicking", "clicking", "", AT, AT, 1, "demo")
        refused = Step("o3", "refused", "broker_refused", "", AT, AT, 1, "demo")
        deal = msgspec.structs.replace(DEAL, id="d3", profit=None)
        journal.add(opening, click, refused)
        journal.add(Step("o3", "accepted", "accepted", "", AT, AT, 1, "demo", deal))
        with pytest.raises(Contradiction):
            journal.add(Step("o1", "unknown", "", "", AT, AT))
    with sqlite3.connect(folder / FILE) as other:
        for sql in (
            "UPDATE plans SET name = 'x'",
            "DELETE FROM orders",
            "INSERT OR REPLACE INTO switch SELECT * FROM switch",
        ):
            if "plans" in sql:
                other.execute(
                    "INSERT INTO plans (name, enabled, mode, \"by\", reason, at) VALUES ('p', 1, 'live', '', '', 1)"
                )
            with pytest.raises(sqlite3.IntegrityError, match="only ever added to"):
                other.execute(sql)
    other.close()


def test_it_is_read_as_it_is_without_being_changed(folder: Path) -> None:
    """`qfluxd trades` beside no daemon: every question is answered, and the file stays of its version."""
    with read_journal(folder) as reader:
        assert known(reader.trade("o1")) == ("settled", None)
        assert [trade.id for trade in reader.trades(9)] == ["o1"]
        assert known(reader.asked('"r1"')) == known(reader.of_deal("d1")) == ("settled", None)
        assert len(reader.steps("o1")) == 4
        assert reader.switch().reason == "well again"
        assert (reader.plan_switches(), reader.shadow_deals(0)) == ({}, [])
    assert version(folder) == 1


def test_a_reader_goes_on_while_the_daemon_brings_it_up_to_date(folder: Path) -> None:
    """What was opened before is read on after."""
    with read_journal(folder) as reader:
        with Journal(folder, AT) as journal:
            journal.add(TradingSwitch("paused", "news", AT))
        assert reader.switch().reason == "news"
        assert known(reader.trade("o1")) == ("settled", None)
    with read_journal(folder) as reader:
        assert reader.switch().reason == "news"


def test_where_it_cannot_be_brought_up_to_date_it_stays_as_it_was(folder: Path) -> None:
    """All or nothing: a table in the way leaves version 1, every rule of it, and a sentence."""
    with sqlite3.connect(folder / FILE) as other:
        other.execute("CREATE TABLE shadow (mine)")
    other.close()
    with pytest.raises(Unavailable, match="cannot be brought up to date"):
        Journal(folder, AT)
    assert version(folder) == 1
    with sqlite3.connect(folder / FILE) as other:
        columns = [row[1] for row in other.execute("PRAGMA table_info(orders)")]
        with pytest.raises(sqlite3.IntegrityError, match="only ever added to"):
            other.execute("DELETE FROM orders")
    other.close()
    assert "plan" not in columns


def test_one_of_a_version_that_is_not_known_yet_is_refused_with_what_to_do(folder: Path) -> None:
    """Whoever opens it, and it is not touched."""
    with sqlite3.connect(folder / FILE) as other:
        other.execute(f"PRAGMA user_version = {VERSION + 1}")
    other.close()
    with pytest.raises(DataError, match="newer qfluxd"):
        Journal(folder, AT)
    with pytest.raises(DataError, match="newer qfluxd"), read_journal(folder):
        pass
    assert version(folder) == VERSION + 1


def test_one_that_does_not_say_its_version_is_damaged(folder: Path) -> None:
    """Nobody knows what to make of it: it is refused with what to do, and not touched."""
    with sqlite3.connect(folder / FILE) as other:
        other.execute("PRAGMA user_version = 0")
    other.close()
    with pytest.raises(DataError, match="move it"):
        Journal(folder, AT)
    with pytest.raises(DataError, match="move it"), read_journal(folder):
        pass
    assert version(folder) == 0


def test_a_journal_of_version_2_is_brought_up_to_date_too(tmp_path: Path) -> None:
    """It has no comparisons yet, can be read as it is, and takes them once a daemon has opened it."""
    switched = PlanSwitched("trend", True, "live", "mqtt", "", AT)
    with Journal(tmp_path, AT) as journal:
        journal.add(switched)
    with sqlite3.connect(tmp_path / FILE) as older:
        older.executescript("DROP TABLE comparisons; PRAGMA user_version = 2;")
    older.close()
    with read_journal(tmp_path) as reader:
        assert (reader.comparisons(), reader.seen("duel"), reader.plan_switches()) == ([], [], {"trend": switched})
    assert version(tmp_path) == 2
    begun, seen = ComparisonStep("duel", "begun", AT, b"{}"), ComparisonStep("duel", "seen", AT, b"[1]")
    with Journal(tmp_path, AT) as journal:
        assert journal.plan_switches() == {"trend": switched}
        journal.add(begun, seen, seen)
        assert (journal.comparisons(), journal.seen("duel")) == ([begun], [seen, seen])
        with pytest.raises(Contradiction):
            journal.add(msgspec.structs.replace(begun, data=b"[]"))
    assert version(tmp_path) == VERSION
