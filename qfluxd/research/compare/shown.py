"""A comparison as topics and answers show it."""

import msgspec

from qfluxd.api.payloads import ComparedPayload, ComparisonPayload, ContestPayload, TurnsPayload
from qfluxd.api.shapes import length_name, score_payload
from qfluxd.model import Refusal
from qfluxd.research.compare.history import Case
from qfluxd.research.compare.report import ArmReport, ContestReport, Report


def shown(case: Case, report: Report, earlier: int, refusal: Refusal | None, left: str = "") -> ComparisonPayload:
    """The whole of it; `refusal` says why its winner may not be promoted, `left` why that is left to a person."""
    setting = case.setting
    return ComparisonPayload(
        comparison=setting.name,
        result=report.word,
        winner=report.winner,
        sentence=report.sentence,
        kind=setting.kind,
        mode=setting.mode,
        slot=length_name(setting.slot),
        seed=setting.seed,
        rule=msgspec.structs.asdict(setting.rule),
        since=setting.since,
        ended=report.at,
        strategies=tuple(_arm(arm) for arm in report.arms),
        contests=tuple(_contest(contest) for contest in report.contests),
        turns=None if report.ratio is None else TurnsPayload(report.ratio.seen, report.ratio.e_value),
        beside=report.beside,
        earlier=earlier,
        promotable=refusal is None,
        promotion=_promotion(case, refusal, left),
    )


def _promotion(case: Case, refusal: Refusal | None, left: str) -> str:
    if case.promotion is not None:
        return f"{case.promotion.arm} was promoted by {case.promotion.by}: {case.promotion.reason}"
    if refusal is not None:
        return refusal.detail
    return "compare/promote lets the winner trade live" + (f"; it is not done unasked: {left}" if left else "")


def _arm(arm: ArmReport) -> ComparedPayload:
    return ComparedPayload(arm.name, arm.summary.unit_profit, score_payload(arm.summary))


def _contest(contest: ContestReport) -> ContestPayload:
    return ContestPayload(
        strategy=contest.arm,
        against=contest.first,
        chances=contest.chances,
        agreed=contest.agreed,
        unknown=contest.unknown,
        earned=contest.arm_earned,
        against_earned=contest.first_earned,
        ahead=contest.ahead,
        better=contest.better,
        worse=contest.worse,
        same=contest.same,
        level=contest.level,
        needed=contest.needed,
        claim=contest.claim,
        sentence=contest.sentence,
    )
