"""`motcua watch`: what stands still now, or stood as of an instant, and when the watch last looked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import typer

from adapters.settings import load_settings
from adapters.watch_book import WatchBook
from adapters.wiring import open_entrance, utc_now
from cli.console import JSON, leave, run, show_json
from domain.instants import local, parse_instant

MOST = 1_000
WORDS = {
    "rung_missed": "mốc hạn đã qua mà hồ sơ chưa ghi nhận",
    "acceptance_overdue": "quá hạn trả lời tiếp nhận",
    "apology_undone": "phiếu xin lỗi, hẹn lại (mẫu 04) chưa làm xong",
    "step_stuck": "bước xử lý quá hạn, không có tiến triển",
    "inbox_waiting": "đã nhận từ bên ngoài mà chưa chuyển vào xử lý",
    "engine_trouble": "quy trình của hồ sơ bị lỗi",
    "no_workflow": "hồ sơ chưa xong mà không có quy trình nào chạy",
    "workflow_behind": "quy trình chậm hơn sổ hồ sơ",
    "row_differs": "dòng trong sổ khác với các sự kiện của hồ sơ",
}
"""The kinds as people of the province read them."""


def watch(
    as_of: str | None = typer.Option(None, "--as-of", help="What stood at that instant, ISO 8601 (default: now)."),
    as_json: bool = JSON,
) -> None:
    """List what stands still: deadlines unrecorded, tasks undone, steps stuck, dossiers that nothing runs."""

    async def work() -> dict[str, Any]:
        instant = parse_instant(as_of) if as_of else utc_now()
        async with open_entrance(load_settings(), "cli") as entrance:
            book = WatchBook(entrance.pool)
            return {
                "as_of": instant,
                "looked": {name: at for name, at in (await book.looks()).items() if name in _LOOKS},
                "counts": await book.counts(instant),
                "standing": await book.standing(instant, MOST),
            }

    found = _plain(run(work(), {"instant": "--as-of"}))
    show_json(found) if as_json else _print(found)
    leave()


_LOOKS = frozenset({"dossiers", "inbox", "register", "engine"})


def _plain(value: Any) -> Any:
    """What JSON can hold, with instants on Vietnam's clock."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return local(value).isoformat()
    return value if isinstance(value, int | str | None) else str(value)


def _print(found: dict[str, Any]) -> None:
    for each in found["standing"]:
        what = "/".join(filter(None, (each["clock"], each["step"], each["rung"], each["about"])))
        typer.echo(f"{each['at'][:16]}  {each['kind']} ({WORDS[each['kind']]})  {what}")
        told = "; ".join(one["post"] for one in each["data"].get("addressees", ())) or each["unit"]
        typer.echo(f"    {each['dossier'] or '-'}  {each['procedure']}  → {told}")
    typer.echo(f"{len(found['standing'])} stand as of {found['as_of'][:16]}")
    oldest = min(found["looked"].values(), default="")
    typer.echo(f"every look was had as of {oldest[:19]} or later" if oldest else "the watch has not looked yet")


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(watch)
