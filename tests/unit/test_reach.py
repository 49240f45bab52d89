"""What the hands can reach through the line to Chrome, and what they are told where there is none."""

import pytest

from qfluxd.drivers.pocketoption.reach import Reach
from qfluxd.errors import Disconnected, PageError


async def test_without_a_line_there_is_nothing_to_reach() -> None:
    """No page, no reload, no certainty about frames; none of it hangs."""
    reach = Reach(may_reload=True)
    with pytest.raises(PageError) as raised:
        reach.where()
    assert raised.value.code == "no_page"
    assert not await reach.reload()
    with pytest.raises(PageError) as asked:
        await reach.reload(asked=True)
    assert asked.value.code == "no_page"
    with pytest.raises(Disconnected):
        await reach.caught_up("tab")
    assert reach.unseen() == 0
