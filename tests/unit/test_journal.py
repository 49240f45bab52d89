"""The journal: what is added is on disk, stays as it is, and belongs to one daemon."""

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from qfluxd.errors import DataError, Unavailable
from qfluxd.model import DAY, Deal, PlanSwitched, Stage, TradingSwitch
from qfluxd.trading.journal import FILE, Contradiction, Journal, read_journal
from qfluxd.trading.pace import Passed
from qfluxd.trading.records import ComparisonStep, Opening, Record, Step, Told, canonical, trade_of
from qfluxd.trading.returns import Closing
from qfluxd.trading.schema import TABLES
from qfluxd.trading.shadow import ShadowDeal

AT = 1_763_769_600_000
OPENING = Opening("o1", canonical("r1"), "EURUSD_otc", "call", Decimal("1.50"), 60_000, AT, AT + 9_000)
RECEIVED = Step("o1", "received", "received", "", AT, AT + 700)
DEAL = Deal("d1", "EURUSD_otc", "call", Decimal("1.50"), 92, AT, AT + 60_000, 1.1, "demo", "USD", 1.2, Decimal("-1.50"))
ACCEPTED = Step("o1", "accepted", "accepted", "", AT + 2, AT + 702, 1, "demo", DEAL, "trades/o1")
SETTLED = Step("o1", "settled", "lost", "", AT + 3, AT + 703, 1, "demo", DEAL, "trades/o1")
SWITCHED = PlanSwitched("trend", True, "shadow", "mqtt", "looks well", AT)
SHADOW = ShadowDeal(
    id="trend/EURUSD_otc/1",
    plan="trend",
    asset="EURUSD_otc",
    side="put",
    stake=Decimal("1.50"),
    expiry=60_000,
    candle=AT - 60_000,
    signalled=AT,
    opened=None,
    closes=None,
    open_price=None,
    close_price=None,
    payout=92,
    profit=None,
    outcome="pending",
    code="pending",
    at=AT,
    digits=5,
)
OPENED = msgspec.structs.replace(
    SHADOW, outcome="open", code="open", at=AT + 400, opened=AT + 400, closes=AT + 60_000, open_price=1.1
)
ENDED = msgspec.structs.replace(
    OPENED, outcome="won", code="won", at=AT + 60_100, close_price=1.05, profit=Decimal("1.38")
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal with one order received."""
    with Journal(tmp_path, AT) as journal:
        journal.add(OPENING, RECEIVED)
        yield journal


def test_a_new_journal_is_private_and_lets_orders_through(tmp_path: Path) -> None:
    """The file is for its owner only, trading is active since now, and no trade is in it."""
    with Journal(tmp_path, AT) as journal:
        assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
        assert journal.switch().state == "active"
        assert journal.began() == AT
        assert journal.trades(10) == []
        journal.add(OPENING, RECEIVED)
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_everything_added_is_read_as_it_was(journal: Journal) -> None:
    """Orders, steps with their deals, answers and the switch come back equal, by every key."""
    told = Told(canonical("r1"), "ok", "accepted", "", b'{"stake":1.50}', AT + 5)
    journal.add(ACCEPTED, told, TradingSwitch("paused", "news", AT + 6))
    assert journal.steps("o1") == (RECEIVED, ACCEPTED)
    trade = trade_of(OPENING, ACCEPTED)
    assert [journal.trade("o1"), journal.asked('"r1"'), journal.of_deal("d1"), *journal.trades(5)] == [trade] * 4
    assert journal.told('"r1"') == told
    assert journal.switch() == TradingSwitch("paused", "news", AT + 6)
    assert journal.trade("o2") is None
    assert journal.told("r1") is None


def test_the_next_daemon_reads_what_the_last_one_wrote(tmp_path: Path) -> None:
    """Closing and opening changes nothing; what is not over is unfinished, what is over is not."""
    with Journal(tmp_path, AT) as journal:
        journal.add(OPENING, RECEIVED)
        journal.add(
            Opening("o2", None, "X", "put", Decimal(1), 5_000, AT, foreign=True),
            Step("o2", "settled", "tie", "", AT, AT),
        )
    with Journal(tmp_path, AT + 1) as journal:
        (past,) = journal.unfinished(AT)
        assert (past.opening, past.steps) == (OPENING, (RECEIVED,))
        assert journal.began() == AT


def order(number: int, *steps: Step, plan: str | None = None, candle: int | None = None) -> tuple[Record, ...]:
    """An order by its number, and what became of it."""
    name = f"n{number}"
    opening = Opening(name, canonical(name), "X", "put", Decimal(1), 5_000, AT, plan=plan, candle=candle)
    return opening, *(msgspec.structs.replace(step, trade=name) for step in steps)


def settled(number: int, profit: str = "-1", closes: int = AT) -> Step:
    """A step with which an order ends."""
    deal = msgspec.structs.replace(DEAL, id=f"d{number}", asset="X", closes=closes, profit=Decimal(profit))
    return Step("", "settled", "", "", AT, AT, 1, "demo", deal)


def test_which_orders_were_let_through_is_found_again(journal: Journal) -> None:
    """Each once, when it was for the first time, by both clocks, with its plan and candle; in the newest two days."""
    intended = Step("o1", "intended", "intended", "", AT + 1, AT + 701)
    again = Step("o1", "intended", "missed", "", AT + 2, AT + 702, 1)
    noted = msgspec.structs.replace(intended, artifacts="trades/o1")
    journal.add(intended, again, noted, ACCEPTED, SETTLED, SETTLED)
    later = msgspec.structs.replace(intended, at=AT, now=AT + 2 * DAY)
    journal.add(*order(2, later, plan="trend", candle=AT - 5))
    first, second = (
        (AT + 1, Passed("o1", "EURUSD_otc", None, None, AT + 701)),
        (AT, Passed("n2", "X", "trend", AT - 5, later.now)),
    )
    assert journal.let_through() == [first, second]
    journal.add(*order(3, msgspec.structs.replace(later, now=AT + 702 + 2 * DAY)))
    assert [passed.order for _, passed in journal.let_through()] == ["n2", "n3"]


def test_what_deals_came_to_is_found_again(journal: Journal) -> None:
    """Each once, as they were settled one after the other, with its plan, and whether trading was resumed before."""
    journal.add(ACCEPTED, SETTLED, SETTLED)
    assert journal.closings() == [(Closing("demo", "EURUSD_otc", None, Decimal("-1.50"), DEAL.closes), True)]
    journal.add(TradingSwitch("paused", "", AT), TradingSwitch("active", "well again", AT - DAY))
    journal.add(*order(2, settled(2, "0.92", AT - 5), plan="trend"), TradingSwitch("killed", "", AT))
    assert [(closing.plan, closing.profit, lately) for closing, lately in journal.closings()] == [
        (None, Decimal("-1.50"), False),
        ("trend", Decimal("0.92"), True),
    ]
    assert journal.resumed() == AT - DAY


def test_settled_trades_come_in_the_order_in_which_they_were_settled(journal: Journal) -> None:
    """Not in that in which they were opened, and whatever is noted of them afterwards; those that run are left out."""
    journal.add(*order(2), *order(3), *order(4))
    ends = {number: msgspec.structs.replace(settled(number), trade=f"n{number}") for number in (2, 3, 4)}
    journal.add(ACCEPTED, ends[4], ends[2], msgspec.structs.replace(ends[4], artifacts="trades/n4"), ends[3])
    assert [trade.id for trade in journal.settled(10)] == ["n4", "n2", "n3"]
    assert [trade.id for trade in journal.settled(2)] == ["n2", "n3"]


def test_results_are_found_whatever_this_machine_s_clock_was_set_to(journal: Journal) -> None:
    """What counts is when a deal closed by the broker's clock: nine days before the newest, whenever written."""
    behind = msgspec.structs.replace(SETTLED, at=SETTLED.at - 30 * DAY)
    journal.add(ACCEPTED, behind, *order(2, settled(2, closes=DEAL.closes - 9 * DAY)))
    journal.add(TradingSwitch("paused", "", AT), TradingSwitch("active", "well again", AT))
    assert [closing.closes for closing, _ in journal.closings()] == [DEAL.closes, DEAL.closes - 9 * DAY]


def test_old_results_are_left_out_but_for_those_that_may_be_a_streak(journal: Journal) -> None:
    """Older than nine days and from before trading was resumed, only the newest are looked at."""
    for number in range(10, 15):
        journal.add(*order(number, settled(number, closes=AT - 30 * DAY + number)))
    journal.add(ACCEPTED, SETTLED, TradingSwitch("paused", "", AT), TradingSwitch("active", "well again", AT))
    assert [closing.closes - AT for closing, _ in journal.closings(3)] == [13 - 30 * DAY, 14 - 30 * DAY, 60_000]
    assert len(journal.closings()) == 6


def test_what_was_switched_is_found_again(journal: Journal) -> None:
    """The newest switch of each plan, the one that was switched last at the end."""
    off = PlanSwitched("trend", False, "live", "bench", "too slow", AT + 1)
    other = PlanSwitched("other", True, "signal", "http", "", AT)
    journal.add(SWITCHED, other)
    assert journal.plan_switches() == {"trend": SWITCHED, "other": other}
    journal.add(off)
    assert list(journal.plan_switches().items()) == [("other", other), ("trend", off)]


def test_deals_on_paper_are_found_again_as_they_stand(journal: Journal) -> None:
    """Those that are not over however old, and those that ended since a moment; every field as it was."""
    journal.add(SHADOW)
    assert journal.shadow_deals(AT + DAY) == [SHADOW]
    journal.add(OPENED)
    assert journal.shadow_deals(AT + DAY) == [OPENED]
    journal.add(msgspec.structs.replace(SHADOW, id="x", candle=None, payout=None, digits=None), ENDED)
    assert [deal.id for deal in journal.shadow_deals(AT)] == ["x", SHADOW.id]
    assert journal.shadow_deals(AT)[1] == ENDED
    assert [deal.id for deal in journal.shadow_deals(ENDED.at + 1)] == ["x"]


def test_a_deal_on_paper_goes_one_way(journal: Journal) -> None:
    """Each step once, never back, and never on once it is over."""
    for step, wrong in (
        (SHADOW, (SHADOW,)),
        (OPENED, (SHADOW, OPENED)),
        (ENDED, (SHADOW, OPENED, ENDED, msgspec.structs.replace(ENDED, outcome="lost"))),
    ):
        journal.add(step)
        for again in wrong:
            with pytest.raises(Contradiction):
                journal.add(msgspec.structs.replace(again, code="again"))
    assert journal.shadow_deals(0) == [ENDED]


@pytest.mark.parametrize("table", TABLES)
def test_nobody_changes_or_removes_a_row(journal: Journal, table: str) -> None:
    """Update, delete and replace are refused by the database itself, from any program."""
    begun = ComparisonStep("duel", "begun", AT, b"{}")
    journal.add(ACCEPTED, Told('"r1"', "ok", "accepted", "", b"{}", AT), SWITCHED, SHADOW, begun)
    with sqlite3.connect(journal.file) as other:
        column = {"orders": "asset", "switch": "reason", "plans": "reason", "comparisons": "data"}.get(table, "code")
        for sql in (
            f"UPDATE {table} SET {column} = 'x'",
            f"DELETE FROM {table}",
            f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="only ever added to"):
                other.execute(sql)
    other.close()


def test_the_database_itself_keeps_the_rules_that_matter_most(journal: Journal) -> None:
    """One request, one order; one attempt, one click; one deal, one trade; what is over stays so."""
    click = Step("o1", "clicking", "clicking", "", AT, AT, 1)
    journal.add(click, ACCEPTED)
    other = Opening("o2", canonical("r2"), "X", "put", Decimal(1), 5_000, AT)
    twins: list[tuple[Record, ...]] = [
        (Opening("o3", canonical("r1"), "X", "put", Decimal(1), 5_000, AT),),
        (click,),
        (other, Step("o2", "accepted", "accepted", "", AT, AT, 1, "demo", DEAL)),
        (Step("o2", "received", "received", "", AT, AT),),
    ]
    for records in twins:
        with pytest.raises(Contradiction):
            journal.add(*records)
    journal.add(SETTLED)
    for stage in ("unknown", "accepted"):
        with pytest.raises(Contradiction, match="over"):
            journal.add(msgspec.structs.replace(ACCEPTED, stage=stage))
    assert journal.steps("o1") == (RECEIVED, click, ACCEPTED, SETTLED)


REFUSED = Step("o1", "refused", "broker_refused", "", AT + 1, AT + 1, 1, "demo")
CLICK = Step("o1", "clicking", "clicking", "", AT, AT, 1, "demo")


def test_a_refusal_is_mended_by_the_deal_of_an_order_whose_click_was_out(journal: Journal) -> None:
    """It is unfinished again, is settled like any other, and is over then for good."""
    journal.add(CLICK, REFUSED)
    assert journal.unfinished(AT + 2) == []
    journal.add(ACCEPTED)
    assert [past.opening.id for past in journal.unfinished(AT + 2)] == ["o1"]
    journal.add(SETTLED)
    assert journal.unfinished(AT + 2) == []
    for stage in ("refused", "accepted", "unknown"):
        with pytest.raises(Contradiction, match="over"):
            journal.add(msgspec.structs.replace(ACCEPTED, stage=stage))


@pytest.mark.parametrize(
    ("before", "code", "stage"),
    [
        ((), "broker_refused", "accepted"),
        ((CLICK,), "stale", "accepted"),
        ((CLICK,), "restarted", "accepted"),
        ((CLICK,), "not_sent", "unknown"),
        ((CLICK,), "not_placed", "settled"),
    ],
)
def test_no_other_refusal_is_mended_and_by_nothing_else(
    journal: Journal, before: tuple[Step, ...], code: str, stage: Stage
) -> None:
    """What was not clicked, or stopped by a guard, stays refused; so does what no deal of the broker's speaks for."""
    journal.add(*before, msgspec.structs.replace(REFUSED, code=code))
    with pytest.raises(Contradiction, match="over"):
        journal.add(msgspec.structs.replace(ACCEPTED, stage=stage))
    with pytest.raises(Contradiction, match="over"):
        journal.add(msgspec.structs.replace(ACCEPTED, deal=None))


def test_what_was_refused_of_late_is_found_beside_what_is_unfinished(journal: Journal) -> None:
    """For the next daemon, which may be told the same refusal once more."""
    journal.add(CLICK, REFUSED)
    assert [past.opening.id for past in journal.unfinished(AT + 1)] == ["o1"]
    assert journal.unfinished(AT + 2) == []


def test_only_one_daemon_has_the_journal(journal: Journal) -> None:
    """A second one is told so with what to do, and may have it when the first has let go."""
    folder = journal.file.parent
    with pytest.raises(Unavailable, match=r"another qfluxd uses .*state_dir"):
        Journal(folder, AT)
    journal.close()
    Journal(folder, AT).close()


def test_a_reader_looks_in_while_the_daemon_writes_and_after(journal: Journal) -> None:
    """It sees what was added up to now, keeps nobody out, and can change nothing."""
    folder = journal.file.parent
    with read_journal(folder) as reader:
        journal.add(ACCEPTED)
        assert [trade.stage for trade in reader.trades(5)] == ["accepted"]
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader._connection.execute("INSERT INTO switch (state, reason, since) VALUES ('active', '', 1)")
    journal.close()
    with read_journal(folder) as reader:
        assert reader.switch().state == "active"
        assert reader.steps("o1") == (RECEIVED, ACCEPTED)


def test_a_reader_needs_a_journal(tmp_path: Path) -> None:
    """Where there is none it says so, and creates none."""
    with pytest.raises(Unavailable, match="no journal"), read_journal(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def _garbage(file: Path) -> None:
    file.write_bytes(b"not a database at all" * 400)


def _emptied(file: Path) -> None:
    file.write_bytes(b"")


def _cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def _overwritten(file: Path) -> None:
    with file.open("r+b") as handle:
        handle.seek(4096 * 2)
        handle.write(b"\xff" * 4096)


def _foreign(file: Path) -> None:
    file.unlink()
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE orders (id)")
    other.close()


def _newer(file: Path) -> None:
    with sqlite3.connect(file) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()


@pytest.mark.parametrize("spoil", [_garbage, _emptied, _cut, _overwritten, _foreign, _newer])
def test_a_spoiled_file_is_named_and_never_begun_anew(journal: Journal, spoil: object) -> None:
    """Damaged, emptied, foreign or newer: the error names file and remedy, and the file stays as it is."""
    file = journal.file
    journal.close()
    assert callable(spoil)
    spoil(file)
    before = file.read_bytes()
    for _ in range(2):
        with pytest.raises(DataError, match=FILE.replace(".", r"\.")) as caught:
            Journal(file.parent, AT)
        assert "move it" in str(caught.value)
    assert file.read_bytes() == before


def test_a_row_that_makes_no_sense_is_named(journal: Journal) -> None:
    """A deal that is no deal is a damaged journal, not a crash."""
    with sqlite3.connect(journal.file) as other:
        other.execute(
            "INSERT INTO transitions (trade, stage, code, detail, at, now, attempt, deal_id, deal)"
            " VALUES ('o1', 'accepted', '', '', 1, 1, 1, 'd', '{}')"
        )
    other.close()
    with pytest.raises(DataError, match="makes no sense"):
        journal.trades(1)


def test_the_log_of_a_journal_that_is_gone_is_not_mixed_into_a_new_one(tmp_path: Path) -> None:
    """A -wal file alone is the rest of a journal: nothing is begun until somebody has looked."""
    (tmp_path / f"{FILE}-wal").write_bytes(b"x" * 100)
    with pytest.raises(DataError, match=r"bring journal\.sqlite back"):
        Journal(tmp_path, AT)


def test_a_beginning_that_was_cut_short_is_begun_again(tmp_path: Path) -> None:
    """The rest of a draft is no journal."""
    (tmp_path / f"{FILE}.new").write_bytes(b"half")
    with Journal(tmp_path, AT) as journal:
        assert journal.trades(1) == []
    assert not (tmp_path / f"{FILE}.new").exists()


@contextmanager
def _full_disk(most: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_takes_nothing_and_loses_nothing(journal: Journal) -> None:
    """What cannot be written raises, leaves no trace, and can be written once there is room."""
    log = journal.file.with_name(f"{FILE}-wal")
    with _full_disk(log.stat().st_size), pytest.raises(Unavailable, match="disk's space"):
        journal.add(ACCEPTED, SETTLED)
    assert journal.steps("o1") == (RECEIVED,)
    journal.add(ACCEPTED, SETTLED)
    assert journal.steps("o1") == (RECEIVED, ACCEPTED, SETTLED)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Where the journal cannot even be begun, the folder is named with the remedy."""
    with pytest.raises(Unavailable, match="state_dir"):
        Journal(tmp_path / "nowhere", AT)


_WRITER = """
import sys
from decimal import Decimal
from pathlib import Path
from qfluxd.trading.journal import Journal
from qfluxd.trading.records import Opening, Step, canonical
with Journal(Path(sys.argv[1]), 1) as journal:
    for number in range(10_000):
        name = f"o{number}"
        opening = Opening(name, canonical(number), "X", "call", Decimal(1), 5_000, number)
        journal.add(opening, Step(name, "received", "received", "", number, number))
        print(number, flush=True)
"""


def test_a_writer_that_is_killed_loses_nothing_it_had_written(tmp_path: Path) -> None:
    """Every order that was reported as written before the kill is there, whole, and the lock is free."""
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        reported = [int(next(writer.stdout)) for _ in range(50)]
        writer.send_signal(signal.SIGKILL)
        reported += [int(line) for line in writer.stdout if line.endswith("\n")]
    with Journal(tmp_path, AT) as journal:
        kept = {int(json.loads(trade.request or "null")) for trade in journal.trades(100_000)}
        assert kept >= set(reported)
        assert all(journal.steps(f"o{number}")[0].at == number for number in reported)


def test_a_log_torn_in_its_last_write_keeps_everything_before(tmp_path: Path) -> None:
    """A power cut in the middle of a write costs that write alone."""
    copy = tmp_path / "copy"
    copy.mkdir()
    with Journal(tmp_path, AT) as journal:
        journal.add(OPENING, RECEIVED)
        journal.add(ACCEPTED)
        for name in (FILE, f"{FILE}-wal"):  # as the disk has them while the daemon lives
            (copy / name).write_bytes((tmp_path / name).read_bytes())
    os.truncate(copy / f"{FILE}-wal", (copy / f"{FILE}-wal").stat().st_size - 100)
    with Journal(copy, AT) as journal:
        assert journal.steps("o1") == (RECEIVED,)


def test_a_journal_that_was_taken_away_is_not_written_any_more(tmp_path: Path) -> None:
    """A file that is moved or deleted under a running daemon stops every write, instead of losing what was decided."""
    with Journal(tmp_path, 1_000) as journal:
        (tmp_path / FILE).rename(tmp_path / "elsewhere")
        with pytest.raises(Unavailable, match="taken away"):
            journal.add(TradingSwitch("paused", "x", 2_000))

        (tmp_path / "elsewhere").rename(tmp_path / FILE)
        journal.add(TradingSwitch("paused", "x", 2_000))
        assert journal.switch().state == "paused"


def test_what_the_file_said_is_told_beside_what_was_switched(journal: Journal) -> None:
    """The newest word of the file on each plan, whatever a command said since."""
    filed = PlanSwitched("trend", True, "signal", "file", "", 1)
    commanded = PlanSwitched("trend", True, "live", "command", "", 2)
    journal.add(filed)
    journal.add(commanded)
    assert (journal.filed_plans(), journal.plan_switches()) == ({"trend": filed}, {"trend": commanded})
    changed = PlanSwitched("trend", False, "signal", "file", "", 3)
    journal.add(changed)
    assert (journal.filed_plans(), journal.plan_switches()) == ({"trend": changed}, {"trend": changed})
