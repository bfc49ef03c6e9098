"""How dossiers read when they are printed: whole ids, Việt Nam's clock, nothing taken for markup."""

from __future__ import annotations

from typing import Any

import pytest

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
