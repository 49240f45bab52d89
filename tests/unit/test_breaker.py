"""When something that keeps failing is left alone, and when it is tried again."""

from qfluxd.trading.breaker import Breaker


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_opens_at_the_last_failure_in_a_row() -> None:
    """A success in between starts the count anew; opening is told once."""
    breaker = Breaker(3, 30, Clock())
    assert [breaker.failed(), breaker.failed(), breaker.succeeded()] == [False, False, False]
    assert [breaker.failed(), breaker.failed(), breaker.failed()] == [False, False, True]
    assert (breaker.state, breaker.wait) == ("open", 30)


def test_after_the_cooldown_a_failure_opens_it_again_at_once() -> None:
    """One try is enough then, and nobody is told a second time."""
    clock = Clock()
    breaker = Breaker(2, 30, clock)
    breaker.failed()
    breaker.failed()
    clock.now = 29
    assert (breaker.state, breaker.wait) == ("open", 1)
    clock.now = 30
    assert (breaker.state, breaker.wait) == ("half-open", 0)
    assert breaker.failed() is False
    assert (breaker.state, breaker.wait) == ("open", 30)


def test_after_the_cooldown_a_success_closes_it() -> None:
    """That is told, and failures are counted from nothing again."""
    clock = Clock()
    breaker = Breaker(2, 30, clock)
    breaker.failed()
    breaker.failed()
    clock.now = 31
    assert breaker.succeeded() is True
    assert breaker.state == "closed"
    assert breaker.failed() is False
