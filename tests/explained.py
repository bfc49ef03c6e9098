"""The stories whose explanations are kept as texts, in both languages: `python -m tests.explained` writes them anew.

Whoever writes them anew reads them as a clerk would, before they are kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from adapters.explanation import Explanation
from adapters.explanation_text import LANGUAGES, plain, worded
from tests.told import CENTRE, COMMUNE, CONSTRUCTION, ECONOMY, HOUSE, HOUSEHOLD, LAND, PROMOTION, Told

TEXTS = Path(__file__).parent / "adapters" / "explanations"
PAGE = Path(__file__).parents[1] / "docs" / "explain.md"
SHOWN = (("papers_over_tet", "vi"), ("late_with_apology", "en"))
"""The texts that the page shows."""

BIRTH, TOURS, ELSEWHERE = "1.001193", "2.001628", "000.00.62.H48"

Tale = Callable[[], Awaitable[Explanation]]


async def online_and_shortened() -> Explanation:
    """Filed on a Sunday night; the term cut from three days to two; wholly in time."""
    told = Told()
    told.submit("11/01/2026 22:40", HOUSEHOLD, channel="online")
    await told.do("12/01/2026 09:05", "accept")
    await told.do("12/01/2026 10:20", "pay", amount=told.case.fee_total, means="transfer")
    await told.do("13/01/2026 09:30", "propose", "officer", ECONOMY, step="appraise")
    await told.do("13/01/2026 15:45", "approve", "leader", COMMUNE)
    return told.explained("14/01/2026 08:00")


async def after_three_o_clock() -> Explanation:
    """A birth, registered the same day, but received at the counter at 15:20 of the last day before a holiday."""
    told = Told()
    told.submit("23/11/2026 15:20", BIRTH)
    await told.do("23/11/2026 15:24", "accept")
    return told.explained("23/11/2026 16:00")


async def papers_over_tet() -> Explanation:
    """Asked once for a paper; the term runs anew from its completion, over Tết."""
    told = Told(names={f"officer-of-{ECONOMY}": "Lê Thị Thụ Lý"})
    told.submit("06/02/2026 08:10", HOUSEHOLD)
    await told.do("06/02/2026 08:20", "accept")
    await told.do("06/02/2026 08:30", "pay", amount=told.case.fee_total, means="cash")
    await told.do("06/02/2026 09:00", "forward")
    why = {"reason": "Giấy đề nghị thiếu chữ ký của chủ hộ"}
    papers = {"components": ["giay-de-nghi"]}
    await told.do("09/02/2026 10:00", "request_supplement", "officer", ECONOMY, texts=why, **papers)
    await told.do("12/02/2026 14:00", "supplement", **papers)
    await told.wait_until("13/02/2026 09:00")
    return told.explained("13/02/2026 09:00")


async def two_departments() -> Explanation:
    """Two departments side by side, one of them late; the dossier as a whole in time."""
    told = Told(names={f"officer-of-{CONSTRUCTION}": "Phạm Văn Quy Hoạch", f"officer-of-{LAND}": "Võ Thị Đất Đai"})
    told.submit("20/07/2026 14:10", HOUSE, case="house")
    await told.do("20/07/2026 14:25", "accept")
    await told.do("20/07/2026 15:10", "forward")
    await told.do("22/07/2026 10:00", "propose", "officer", LAND, step="consult-land")
    await told.do("24/07/2026 09:00", "propose", "officer", CONSTRUCTION, step="consult-planning")
    await told.do("27/07/2026 09:00", "propose", "officer", ECONOMY, step="appraise")
    await told.do("27/07/2026 16:00", "approve", "leader", COMMUNE)
    await told.do("28/07/2026 08:00", "pay", amount=told.case.fee_total, means="cash")
    await told.do("28/07/2026 08:05", "return", method="counter")
    return told.explained("28/07/2026 09:00")


async def into_the_next_year() -> Explanation:
    """Ten working days from late December: they end in a year whose holidays are not announced."""
    told = Told()
    told.submit("22/12/2026 09:00", TOURS, CENTRE)
    await told.do("22/12/2026 09:10", "accept")
    if told.case.owes:
        await told.do("22/12/2026 09:15", "pay", amount=told.case.fee_total, means="cash")
    await told.do("22/12/2026 09:30", "forward")
    return told.explained("24/12/2026 09:00")


async def refused() -> Explanation:
    """Refused by the department within its term."""
    told = Told()
    told.submit("03/08/2026 08:00", PROMOTION, CENTRE)
    await told.do("03/08/2026 08:15", "accept")
    await told.do("03/08/2026 08:20", "forward")
    why = {"reason": "Giải thưởng vượt mức giá trị được phép", "legal_basis": "NĐ 81/2018/NĐ-CP"}
    await told.do("05/08/2026 10:30", "refuse", "leader", told.case.open_steps()[0].unit, texts=why)
    await told.do("05/08/2026 15:00", "return", method="counter")
    return told.explained("06/08/2026 08:00")


async def late_with_apology() -> Explanation:
    """The system was down over the due instant; form 04 gave a second appointment, which was kept."""
    told = Told()
    told.submit("20/04/2026 08:00", PROMOTION, CENTRE)
    await told.do("20/04/2026 08:20", "accept")
    await told.do("20/04/2026 08:40", "forward")
    unit = told.case.open_steps()[0].unit
    why = {"reason": "Phải xác minh thể lệ với nhà tài trợ"}
    await told.do("24/04/2026 08:30", "answer_late", "officer", unit, texts=why, cause="workload")
    why |= {"legal_basis": "NĐ 61/2018/NĐ-CP, Điều 19(9)"}
    new = "2026-05-06T11:30:00+07:00"
    await told.do("24/04/2026 10:00", "sign_apology", "leader", unit, texts=why, cause="workload", appointment=new)
    await told.do("24/04/2026 10:30", "move_appointment", unit=CENTRE)
    await told.wait_until("29/04/2026 09:00", found="29/04/2026 09:00")
    step = told.case.open_steps()[0].code
    await told.do("04/05/2026 09:00", "propose", "officer", unit, step=step)
    await told.do("05/05/2026 16:00", "approve", "leader", told.case.open_steps()[0].unit)
    return told.explained("05/05/2026 16:30")


async def taxes_on_land() -> Explanation:
    """The applicant has to pay a levy: the term stands still, and goes on with what was left of it."""
    told = Told()
    told.submit("06/07/2026 08:00", HOUSE, case="house")
    await told.do("06/07/2026 08:10", "accept")
    await told.do("06/07/2026 08:20", "forward")
    basis = {"legal_basis": "Luật Đất đai 2024, Điều 154"}
    await told.do("08/07/2026 10:00", "require_duty", "officer", LAND, texts=basis, notice="TB-0701")
    await told.do("14/07/2026 10:00", "resume", "officer", LAND)
    await told.wait_until("15/07/2026 08:00")
    return told.explained("15/07/2026 08:00")


async def outside_its_territory() -> Explanation:
    """Handed in at another commune after 15:00: the term runs from the arrival at the one that resolves it."""
    told = Told()
    told.submit("06/08/2026 15:30", HOUSEHOLD, ELSEWHERE, territory=COMMUNE)
    await told.do("06/08/2026 15:40", "accept")
    await told.do("06/08/2026 15:45", "pay", amount=told.case.fee_total, means="cash")
    await told.do("07/08/2026 08:10", "forward")
    return told.explained("07/08/2026 09:00")


async def withdrawn() -> Explanation:
    """Taken back while papers were asked for: it was neither on time nor late."""
    told = Told()
    told.submit("06/08/2026 08:30", HOUSEHOLD)
    await told.do("06/08/2026 09:00", "accept")
    await told.do("06/08/2026 09:05", "pay", amount=told.case.fee_total, means="cash")
    await told.do("06/08/2026 09:10", "forward")
    await told.do("06/08/2026 10:05", "request_supplement", "officer", ECONOMY, components=["giay-de-nghi"])
    await told.do("07/08/2026 08:00", "withdraw", "applicant")
    await told.do("07/08/2026 09:00", "stop")
    await told.do("07/08/2026 10:00", "return", method="counter")
    return told.explained("10/08/2026 10:00")


TALES: dict[str, Tale] = {
    tale.__name__: tale
    for tale in (
        online_and_shortened,
        after_three_o_clock,
        papers_over_tet,
        two_departments,
        into_the_next_year,
        refused,
        late_with_apology,
        taxes_on_land,
        outside_its_territory,
        withdrawn,
    )
}


def text_of(explained: Explanation, language: str) -> str:
    """The whole explanation in one language."""
    return plain(worded(explained, LANGUAGES[language]))


def path_of(name: str, language: str) -> Path:
    """Where the text of a tale is kept."""
    return TEXTS / f"{name}.{language}.txt"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def main() -> None:
    """Write every text anew, and on the page those that it shows."""
    TEXTS.mkdir(exist_ok=True)
    for name, tale in TALES.items():
        explained = asyncio.run(tale())
        for language in LANGUAGES:
            before, now = _read(path_of(name, language)), text_of(explained, language)
            path_of(name, language).write_text(now, encoding="utf-8")
            if before and (name, language) in SHOWN:
                PAGE.write_text(_read(PAGE).replace(before, now), encoding="utf-8")
            print(path_of(name, language))


if __name__ == "__main__":
    main()
