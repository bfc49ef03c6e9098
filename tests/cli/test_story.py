"""How dossiers read when they are printed: whole ids, Việt Nam's clock, nothing taken for markup."""

from __future__ import annotations

from typing import Any

import pytest

from cli.dates import print_dates, print_reasons
from cli.story import print_list, print_story

ROW: dict[str, Any] = {
    "dossier": "01a20615-3689-7be6-bf3f-0355e59c2b29",
    "code": "000.00.61.H48-261123-0004",
    "procedure": "1.001612",
    "unit": "000.00.61.H48",
    "status": 4,
    "status_name": "Đang xử lý",
    "due": {"promised": "2026-11-27T10:00:00+00:00"},
    "held_by": ["000.01.61.H48", "000.02.61.H48"],
    "closed": False,
}
EVENT: dict[str, Any] = {
    "type": "clock.breached",
    "occurred_at": "2026-11-27T17:00:00+07:00",
    "recorded_at": "2026-11-30T08:00:00+07:00",
    "actor": {"role": "engine", "unit": None},
    "data": {"clock": "promised", "found_at": "2026-11-30T01:00:00+00:00"},
    "texts": None,
}
STORY: dict[str, Any] = {
    **ROW,
    "procedure_name": "Đăng ký thành lập hộ kinh doanh",
    "channel": "counter",
    "submission": {"applicant": {"name": "[bold]Trần[/] Văn Mẫu"}},
    "fee": {"lines": []},
    "possible": [],
    "events": [EVENT],
}
WALK: list[dict[str, Any]] = [
    {"day": "2026-11-23", "counted": "0", "reason": "day of acceptance, not counted"},
    {"day": "2026-11-24", "counted": "0", "reason": "Ngày Văn hóa Việt Nam 24/11"},
    {"day": "2026-11-25", "counted": "1", "reason": "working day"},
    {"day": "2026-11-26", "counted": "1", "reason": "working day"},
]
DATES: dict[str, Any] = {
    **ROW,
    "basis": ["NĐ 168/2025/NĐ-CP"],
    "calendar": "state-office@1",
    "provisional": True,
    "terms": {"statutory": "2 working_day", "promised": "2 working_day"},
    "walks": {"statutory": WALK, "promised": WALK},
    "stops": [],
    "clocks": [],
}


def test_a_list_that_is_piped_holds_every_id_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """Each dossier stands on one line, with id, code and the instant on Việt Nam's clock."""
    print_list([ROW])
    line = next(line for line in capsys.readouterr().out.splitlines() if ROW["dossier"] in line)

    assert ROW["code"] in line
    assert "Fri 27/11/2026 17:00:00" in line
    assert "000.01.61.H48, 000.02.61.H48" in line


def test_an_empty_list_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody has to guess what an empty table means."""
    print_list([])

    assert capsys.readouterr().out == "no dossier\n"


def test_what_people_wrote_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that looks like markup stays a name."""
    print_story(STORY)

    assert "[bold]Trần[/] Văn Mẫu" in capsys.readouterr().out


def test_an_event_found_late_says_when(capsys: pytest.CaptureFixture[str]) -> None:
    """At its own instant, with the instant at which it was found below it, and units by name where known."""
    print_story(STORY, {"000.00.61.H48": "Xã Bình Sơn"})
    out = capsys.readouterr().out

    assert "Fri 27/11/2026 17:00:00  clock.breached" in out
    assert "found late, on Mon 30/11/2026 08:00:00" in out
    assert "Xã Bình Sơn (000.00.61.H48)" in out


def test_the_reasons_name_the_days_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Terms that are counted alike are told once; a year that is not announced yet is said."""
    print_reasons(DATES)
    out = capsys.readouterr().out

    assert "luật định = hẹn trả: 2 ngày làm việc, counted Wed 25/11, Thu 26/11" in out
    assert "Tue 24/11 Ngày Văn hóa Việt Nam 24/11" in out
    assert "provisional: " in out


def test_the_count_is_shown_day_by_day(capsys: pytest.CaptureFixture[str]) -> None:
    """One row a day; a dossier that is not accepted has none, and says why."""
    print_dates({**DATES, "law": "3aac719ce37439fb"})
    print_dates({**DATES, "basis": []})
    out = capsys.readouterr().out

    assert out.count("Wed 25/11/2026") == 1
    assert "not accepted yet" in out
