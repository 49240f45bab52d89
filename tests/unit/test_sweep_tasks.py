"""Work is handed out once, and what ends its worker is found without losing the rest."""

import math
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qfluxd.model import DAY
from qfluxd.research.sweep.engine import Broken, Lost
from qfluxd.research.sweep.rows import encode
from qfluxd.research.sweep.settings import Settings, Source
from qfluxd.research.sweep.space import Axis, Variant
from qfluxd.research.sweep.suspects import Suspects
from qfluxd.research.sweep.tasks import Done, Job, Queue, Unit, spans

JOB = Job(
    Settings(strategy="random", axes=(Axis("timeframe", ("1m",)),)), Source("here", 0, DAY, "", {"A": "", "B": ""}), "1"
)
NOTHING = Done(encode([]), (), 0.0)


def variants(count: int) -> list[Variant]:
    """So many variants."""
    return [Variant(number, (number,), 60_000, {}) for number in range(count)]


@given(st.integers(0, 60), st.integers(1, 5), st.lists(st.floats(0.001, 20), max_size=20), st.integers(1, 8))
def test_each_unit_is_handed_out_once(count: int, parts: int, seconds: list[float], workers: int) -> None:
    """Whatever tasks turn out to take, all variants on all assets and spans are handed out, each once."""
    queue = Queue(JOB, spans(0, parts * DAY, DAY))
    done: set[Unit] = {(0, "A", 0)}
    queue.add(variants(count), done)
    handed: Counter[Unit] = Counter()
    while (task := queue.take(workers)) is not None:
        handed.update(task.units)
        if seconds:
            queue.learn(len(task.units), seconds.pop())
    wanted = {(number, asset, day * DAY) for number in range(count) for asset in "AB" for day in range(parts)}
    assert handed == Counter(wanted - done)


def test_tasks_are_coarse_and_smaller_towards_the_end() -> None:
    """Once it is known how long a unit takes, tasks take four seconds, and in the end as little as one."""
    queue = Queue(JOB, [(0, DAY)])
    queue.add(variants(100), set())
    first = queue.take(2)
    assert first is not None
    queue.learn(len(first.units), 0.5 * len(first.units))
    sizes = []
    while (task := queue.take(2)) is not None:
        sizes.append(len(task.units))
    assert sizes[0] == 8
    assert set(sizes[-4:]) == {2}


@given(st.integers(0, 10**9), st.integers(1, 10**6), st.none() | st.integers(10**4, 10**6))
def test_spans_cover_the_time(start: int, length: int, most: int | None) -> None:
    """Spans follow on each other from the beginning to the end, none longer than was asked for."""
    found = spans(start, start + length, most)
    assert found[0][0] == start
    assert found[-1][1] == start + length
    assert all(one[1] == two[0] for one, two in pairwise(found))
    assert most is None or all(end - begin <= most for begin, end in found)


def run_with(poison: set[int], queue: Queue, *, can_blame: bool) -> tuple[set[Unit], list[int], int]:
    """Hand everything to workers that die of the poisonous variants: what was done, what failed, how many died."""
    suspects, done, failed, deaths = Suspects(queue.halves), set[Unit](), [], 0
    while (task := suspects.waiting.popleft() if suspects.waiting else queue.take(2)) is not None:
        if not poison & {number for number, _, _ in task.units}:
            done.update(task.units)
            continue
        deaths += 1
        failed += [
            failure.variant for failure in suspects.take(task, Lost("it died", is_blamed=can_blame or deaths > 1))
        ]
    return done, failed, deaths


@given(st.integers(1, 40), st.sets(st.integers(0, 39), max_size=3), st.booleans())
def test_only_what_kills_its_worker_is_given_up(count: int, poison: set[int], can_blame: bool) -> None:
    """All variants are computed but those that end every worker, which are told as failed on each asset."""
    queue = Queue(JOB, [(0, DAY)])
    queue.add(variants(count), set())
    queue.learn(1, 0.1)
    done, failed, deaths = run_with(poison, queue, can_blame=can_blame)
    wrong = {number for number in poison if number < count}
    assert Counter(failed) == Counter(dict.fromkeys(wrong, 2))
    assert done == {(number, asset, 0) for number in range(count) if number not in wrong for asset in "AB"}
    assert deaths <= 1 + 2 * len(wrong) * (3 + math.ceil(math.log2(2 * count)))


def test_an_unexpected_error_is_tried_again() -> None:
    """A unit that raised what nobody expected gets another chance, and then its reason is told."""
    queue = Queue(JOB, [(0, DAY)])
    queue.add(variants(1), {(0, "B", 0)})
    suspects = Suspects(queue.halves)
    task = queue.take(1)
    assert task is not None
    assert suspects.take(task, Broken("MemoryError: no room")) == ()
    (failure,) = suspects.take(suspects.waiting.popleft(), Broken("MemoryError: no room"))
    assert (failure.variant, failure.asset, failure.why) == (0, "A", "MemoryError: no room")


def test_a_task_knows_its_units() -> None:
    """The units of a task are those of its pieces, and halves share them out."""
    queue = Queue(JOB, [(0, DAY)])
    queue.add(variants(3), set())
    queue.learn(1, 0.001)
    task = queue.take(1)
    assert task is not None
    one, two = queue.halves(task)
    assert sorted(one.units + two.units) == sorted(task.units)
    assert len({task.number, one.number, two.number}) == 3
    with pytest.raises(StopIteration):
        next(iter(queue.task([]).units))
