"""What the journal is asked, as SQL over `qfluxd.trading.rows`."""

from typing import Final

from qfluxd.model import DAY, Millis
from qfluxd.trading import rows

# Only names of columns are put into these; what comes from outside is always bound.
STEPS = f"SELECT {rows.STEP} FROM transitions t WHERE t.trade = ? ORDER BY t.seq"  # noqa: S608 - as said
TOLD = f"SELECT {rows.TOLD} FROM answers WHERE request = ? ORDER BY seq DESC LIMIT 1"  # noqa: S608 - as said
SWITCH = f"SELECT {rows.SWITCH} FROM switch ORDER BY seq DESC LIMIT 1"  # noqa: S608 - as said
NEWEST = f"""
SELECT {rows.ORDER}, {rows.STEP} FROM orders o
JOIN transitions t ON t.seq = (SELECT max(seq) FROM transitions WHERE trade = o.id)
"""  # noqa: S608 - as said
UNFINISHED = f"""
SELECT {rows.ORDER} FROM orders o WHERE NOT EXISTS
(SELECT 1 FROM transitions t WHERE t.trade = o.id AND t.stage IN ('refused', 'settled')
 AND (t.stage = 'settled' OR t.at < ?)
 AND NOT EXISTS (SELECT 1 FROM transitions WHERE trade = o.id AND seq > t.seq AND stage <> t.stage))
ORDER BY o.seq
"""  # noqa: S608 - as said
RESUMED = "SELECT since, step FROM switch WHERE state = 'active' AND reason <> '' ORDER BY seq DESC LIMIT 1"
CLOSINGS = f"""
WITH resumed AS (
    SELECT coalesce(step, (SELECT max(seq) FROM transitions WHERE at < since), 0) AS step FROM ({RESUMED})
), settled AS (
    SELECT t.seq, t.trade, t.deal, json_extract(t.deal, '$.closes') AS closes FROM transitions t
    WHERE t.stage = 'settled' AND t.deal IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM transitions WHERE trade = t.trade AND stage = 'settled' AND seq < t.seq)
)
SELECT {rows.CLOSED}, t.seq > resumed.step FROM settled t JOIN orders o ON o.id = t.trade, resumed
WHERE t.seq > resumed.step OR t.closes >= (SELECT max(closes) FROM settled) - ?
OR t.seq > coalesce((SELECT seq FROM settled ORDER BY seq DESC LIMIT 1 OFFSET ?), 0)
ORDER BY t.seq
"""  # noqa: S608 - as said
LET_THROUGH = f"""
SELECT {rows.PASSED} FROM transitions t JOIN orders o ON o.id = t.trade
WHERE t.stage = 'intended' AND t.attempt = 0
AND t.now >= (SELECT max(now) FROM transitions WHERE stage = 'intended' AND attempt = 0) - ?
AND NOT EXISTS (SELECT 1 FROM transitions WHERE trade = t.trade AND stage = 'intended' AND seq < t.seq)
ORDER BY t.seq
"""  # noqa: S608 - as said
PLANS = f"SELECT {rows.PLAN} FROM plans WHERE seq IN (SELECT max(seq) FROM plans GROUP BY name) ORDER BY seq"  # noqa: S608 - as said
FILED = f"""
SELECT {rows.PLAN} FROM plans WHERE seq IN (SELECT max(seq) FROM plans WHERE by = 'file' GROUP BY name)
"""  # noqa: S608 - as said
SHADOW = f"""
SELECT {rows.SHADOW} FROM shadow WHERE seq IN (SELECT max(seq) FROM shadow GROUP BY id)
AND (at >= ? OR outcome IN ('pending', 'open')) ORDER BY seq
"""  # noqa: S608 - as said
COMPARISONS = f"SELECT {rows.COMPARISON} FROM comparisons WHERE what <> 'seen' ORDER BY seq"  # noqa: S608 - as said
SEEN = f"SELECT {rows.COMPARISON} FROM comparisons WHERE name = ? AND what = 'seen' ORDER BY seq"  # noqa: S608 - as said
SETTLED = f"""
{NEWEST} WHERE t.stage = 'settled'
ORDER BY (SELECT min(seq) FROM transitions WHERE trade = o.id AND stage = 'settled') DESC LIMIT ?
"""  # noqa: S608 - as said
OF_PLAN = f"{NEWEST} WHERE o.plan = ? AND o.received >= ? ORDER BY o.seq"
REMEMBERED: Final[Millis] = 9 * DAY
"""Results of the newest days are what limits by the day and week rest on, wherever those begin."""
PACE: Final[Millis] = 2 * DAY
"""The same of how many orders were let through."""
STREAK: Final = 10_000
"""So many results are looked through for losses in a row, however old they are."""
