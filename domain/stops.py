"""Owns what stops what: for each typed reason to wait, its effect on each clock, with the legal basis of the cell.

It is the only table of its kind. `docs/decisions` may argue with a cell, code may not: a procedure that names a basis
of its own for another effect says so in its stop (`domain.clocks.Stop.effect`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class StopReason(StrEnum):
    """Why somebody waits."""

    PAPERS = "papers"  # asked for papers before acceptance (form 02 at the one-stop)
    SUPPLEMENT = "supplement"  # after acceptance: the appraisal finds the dossier insufficient
    FEE_AT_RECEIPT = "fee_at_receipt"  # asked before acceptance
    FEE = "fee"  # an ordinary fee after acceptance
    FINANCIAL_DUTY = "financial_duty"  # the applicant pays taxes or levies on land
    LAND_WORK = "land_work"  # levy, land price, measuring, posting, expertise: the land procedures' list
    FORCE_MAJEURE = "force_majeure"  # or failure of the registration system
    CONSULTATION = "consultation"  # another office is asked for its opinion
    WITHDRAWAL = "withdrawal"  # the applicant has asked for the dossier back


class ClockColumn(StrEnum):
    """The clocks on which a reason may have an effect of its own."""

    ACCEPTANCE = "acceptance"
    PROMISED = "promised"
    STATUTORY = "statutory"
    STEP = "step"
    INDEX_766 = "index_766"  # no timer: the punctuality that Decision 766 reports


class Effect(StrEnum):
    """What waiting for a reason does to a clock."""

    RUNS = "runs"
    STOPS = "stops"  # it stands still, and goes on afterwards
    RESTARTS = "restarts"  # it stands still, and the term is counted from zero afterwards
    ENDS = "ends"  # its question is answered; what comes after sets a clock of its own
    IDLE = "idle"  # it is not running when this can happen: not begun, or over


class Policy(StrEnum):
    """What completion of the dossier does to its term; a property of the procedure version."""

    RESTART = "restart"  # counted again from zero (Decree 61/2018, Article 19(4))
    RESUME = "resume"  # counted on, the wait left out (index of Decision 766; some sector laws)


@dataclass(frozen=True)
class Cell:
    """One effect and the text that it rests on; `certain` is false where it was derived and not read."""

    effect: Effect
    basis: str
    certain: bool = True


_ANSWERED = Cell(Effect.IDLE, "NĐ 61/2018/NĐ-CP, Điều 17: đã tiếp nhận, đồng hồ trả lời đã kết thúc")
_NOT_BEGUN = Cell(Effect.IDLE, "NĐ 309/2026/NĐ-CP, Điều 17(3): thời hạn chỉ tính từ khi tiếp nhận hồ sơ đủ, đúng")
_ARTICLE_19_4 = Cell(Effect.RESTARTS, "NĐ 61/2018/NĐ-CP, Điều 19(4): tính lại từ đầu khi hồ sơ đủ")
_CONSULTING = Cell(Effect.RUNS, "NĐ 61/2018/NĐ-CP, Điều 19(5): việc lấy ý kiến nằm trong thời hạn")
_FEE_LATER = Cell(Effect.RUNS, "NĐ 61/2018/NĐ-CP, Điều 22: thu phí không làm ngừng thời hạn, trừ khi thủ tục quy định")
_DUTY = Cell(Effect.STOPS, "pháp luật đất đai: không tính thời gian thực hiện nghĩa vụ tài chính")
_LAND = Cell(
    Effect.STOPS,
    "pháp luật đất đai: không tính thời gian cơ quan thuế xác định nghĩa vụ tài chính, xác định giá đất, khấu trừ, "
    "trích đo, niêm yết công khai, giám định, chia thừa kế, xác định chi phí hạ tầng",
)
_FORCE = Cell(Effect.STOPS, "NĐ 99/2022/NĐ-CP, Điều 16: không tính thời gian bất khả kháng, sự cố hệ thống đăng ký")
_WITHDRAWN = Cell(Effect.ENDS, "mã trạng thái 7: đồng hồ giải quyết kết thúc ở 9, hoặc 3, 7, 8")
_ONLY_SUPPLEMENTS = Cell(Effect.RUNS, "QĐ 766/QĐ-TTg: chỉ trừ thời gian chờ bổ sung hồ sơ", certain=False)

TABLE: Mapping[StopReason, Mapping[ClockColumn, Cell]] = {
    StopReason.PAPERS: {
        ClockColumn.ACCEPTANCE: Cell(
            Effect.ENDS, "NĐ 61/2018/NĐ-CP, Điều 17: mẫu 02 là câu trả lời; nộp lại thì bắt đầu đồng hồ mới"
        ),
        ClockColumn.PROMISED: _NOT_BEGUN,
        ClockColumn.STATUTORY: _NOT_BEGUN,
        ClockColumn.STEP: _NOT_BEGUN,
        ClockColumn.INDEX_766: Cell(Effect.ENDS, "QĐ 766/QĐ-TTg: chỉ có yêu cầu bổ sung thì kết thúc lúc yêu cầu"),
    },
    StopReason.SUPPLEMENT: {
        ClockColumn.ACCEPTANCE: _ANSWERED,
        ClockColumn.PROMISED: _ARTICLE_19_4,
        ClockColumn.STATUTORY: _ARTICLE_19_4,
        ClockColumn.STEP: Cell(
            Effect.RESTARTS, "NĐ 61/2018/NĐ-CP, Điều 19(4): bước tính lại cùng hồ sơ", certain=False
        ),
        ClockColumn.INDEX_766: Cell(Effect.STOPS, "QĐ 766/QĐ-TTg: trừ thời gian chờ bổ sung; quá một lần là quá hạn"),
    },
    StopReason.FEE_AT_RECEIPT: {
        ClockColumn.ACCEPTANCE: Cell(
            Effect.ENDS, "NĐ 61/2018/NĐ-CP, Điều 17, 22: hồ sơ đủ, yêu cầu nộp phí trước là câu trả lời", certain=False
        ),
        ClockColumn.PROMISED: _NOT_BEGUN,
        ClockColumn.STATUTORY: _NOT_BEGUN,
        ClockColumn.STEP: _NOT_BEGUN,
        ClockColumn.INDEX_766: _NOT_BEGUN,
    },
    StopReason.FEE: {
        ClockColumn.ACCEPTANCE: _ANSWERED,
        ClockColumn.PROMISED: _FEE_LATER,
        ClockColumn.STATUTORY: _FEE_LATER,
        ClockColumn.STEP: _FEE_LATER,
        ClockColumn.INDEX_766: _ONLY_SUPPLEMENTS,
    },
    StopReason.FINANCIAL_DUTY: {
        ClockColumn.ACCEPTANCE: _ANSWERED,
        ClockColumn.PROMISED: _DUTY,
        ClockColumn.STATUTORY: _DUTY,
        ClockColumn.STEP: _DUTY,
        ClockColumn.INDEX_766: _ONLY_SUPPLEMENTS,
    },
    StopReason.LAND_WORK: {
        ClockColumn.ACCEPTANCE: _ANSWERED,
        ClockColumn.PROMISED: _LAND,
        ClockColumn.STATUTORY: _LAND,
        ClockColumn.STEP: _LAND,
        ClockColumn.INDEX_766: _ONLY_SUPPLEMENTS,
    },
    StopReason.FORCE_MAJEURE: {
        ClockColumn.ACCEPTANCE: _ANSWERED,
        ClockColumn.PROMISED: _FORCE,
        ClockColumn.STATUTORY: _FORCE,
        ClockColumn.STEP: _FORCE,
        ClockColumn.INDEX_766: _ONLY_SUPPLEMENTS,
    },
    StopReason.CONSULTATION: {
        ClockColumn.ACCEPTANCE: _ANSWERED,
        ClockColumn.PROMISED: _CONSULTING,
        ClockColumn.STATUTORY: _CONSULTING,
        ClockColumn.STEP: _CONSULTING,
        ClockColumn.INDEX_766: _ONLY_SUPPLEMENTS,
    },
    StopReason.WITHDRAWAL: dict.fromkeys(ClockColumn, _WITHDRAWN),
}
"""The effect of each reason on each clock, under the default policy after a supplement."""


def effect_of(reason: StopReason, clock: ClockColumn, policy: Policy = Policy.RESTART) -> Effect:
    """What waiting for that reason does to that clock; `policy` is the procedure's own after a supplement."""
    effect = TABLE[reason][clock].effect
    if reason is StopReason.SUPPLEMENT and effect is Effect.RESTARTS and policy is Policy.RESUME:
        return Effect.STOPS
    return effect
