"""What a report says, as plain values: for programs, and for a terminal."""

from typing import Any

from qfluxd.research.report.growth import growth
from qfluxd.research.report.material import Arm, Material
from qfluxd.research.report.verdict import left, of_arm, overall, tries


def facts(material: Material) -> dict[str, Any]:
    """The verdict, and per strategy every figure that it rests on, fit for JSON."""
    verdict = overall(material)
    return {
        "verdict": verdict.tone,
        "says": verdict.says,
        "because": list(verdict.because),
        "notes": list(material.notes),
        "tried": tries(material),
        "strategies": [_of(arm, material) for arm in material.arms],
        "origins": [
            {"title": origin.title, **origin.facts, "command": origin.command, "versions": dict(origin.versions)}
            for origin in material.origins
        ],
    }


def _of(arm: Arm, material: Material) -> dict[str, Any]:
    summary, verdict, allowed = arm.summary, of_arm(arm, material), left(arm, material)
    low, high = arm.earned or (None, None)
    return {
        "name": arm.name,
        "where": arm.where,
        "verdict": verdict.tone,
        "says": verdict.says,
        "measured": summary.verdict,
        "trades": arm.trades.height,
        "won": summary.won,
        "lost": summary.lost,
        "ties": summary.tie,
        "unknown": summary.unknown,
        "not_entered": arm.counts.get("not_filled", 0),
        "rate": summary.rate,
        "low": summary.interval.low,
        "high": summary.interval.high,
        "break_even": summary.break_even,
        "mean_payout": summary.mean_payout,
        "profit": float(summary.profit),
        "staked": float(summary.staked),
        "unit_profit": summary.unit_profit,
        "unit_profit_low": low,
        "unit_profit_high": high,
        "drawdown": growth(arm.ended).deepest,
        "losses_in_a_row": arm.streaks.lost,
        "evidence": summary.edge,
        "evidence_best": allowed.evidence,
        "evidence_needed": allowed.needed,
        "needed": summary.needed,
        "refused": dict(arm.refusals),
        "audits": [{"name": each.name, "level": each.level, "meaning": each.meaning} for each in arm.findings],
    }
