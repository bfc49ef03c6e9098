"""Owns what a cashier's end-of-day closing may be: which day, what was counted, and why it is not what was taken."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from domain.errors import Invalid

MOST = 10**15
"""Đồng in one drawer that nobody believes."""


class Reason(StrEnum):
    """Why what was counted is not what the ledger says."""

    WRONG_CHANGE = "wrong_change"
    BAD_NOTE = "bad_note"
    NOT_ENTERED = "not_entered"
    NOT_COLLECTED = "not_collected"
    WRONG_MEANS = "wrong_means"
    LOST = "lost"
    UNEXPLAINED = "unexplained"


REASONS: Mapping[Reason, str] = {
    Reason.WRONG_CHANGE: "trả lại tiền thừa, thiếu",
    Reason.BAD_NOTE: "tiền giả, tiền không đủ tiêu chuẩn lưu thông",
    Reason.NOT_ENTERED: "đã thu nhưng chưa nhập sổ",
    Reason.NOT_COLLECTED: "đã nhập sổ nhưng chưa thu",
    Reason.WRONG_MEANS: "nhập sai hình thức thu",
    Reason.LOST: "mất tiền",
    Reason.UNEXPLAINED: "chưa rõ nguyên nhân",
}
"""As they stand on paper."""


def parse_counted(text: str) -> int:
    """Read an amount that somebody counted: whole đồng from 0. Invalid for anything else."""
    plain = text.strip()
    if not plain.isascii() or not plain.isdigit() or int(plain[:20]) > MOST:
        raise Invalid(
            "what was counted is not a whole amount of đồng",
            field="counted",
            remedy=f"give whole đồng from 0 to {MOST}, without separators, such as 1250000",
        )
    return int(plain)


def require_closable(day: date, today: date) -> None:
    """Refuse a day that is still to come; the day that runs may be closed when its work is over."""
    if day > today:
        raise Invalid(
            f"{day.isoformat()} is still to come",
            field="day",
            remedy=f"close {today.isoformat()} or a day before it",
        )


def require_explained(ledger: int, counted: int, reason: Reason | None) -> None:
    """Refuse a difference without a reason, and a reason without a difference."""
    difference = counted - ledger
    if difference and reason is None:
        raise Invalid(
            f"the ledger says {ledger} đồng, {counted} were counted: {difference:+d} without a reason",
            field="reason",
            remedy=f"count again, or give one of: {', '.join(Reason)}",
        )
    if not difference and reason is not None:
        raise Invalid("there is no difference to give a reason for", field="reason", remedy="leave it out")
