"""How statements and their rows are shown as JSON, for the gateway and the command line; no person is in them."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from adapters.statement_rows import Place, Row
from adapters.statements import Group, Statement
from adapters.views import spell
from domain.errors import Invalid
from domain.statements import By, Filters, Total

_PLACE = (str, str, str, str, int)


def shown(statement: Statement) -> dict[str, Any]:
    """A statement: its divisions, each with the question that lists its rows, the total, and the surplus apart."""
    return {
        "period": statement.period.name,
        "begins": spell(statement.period.begins),
        "ends": spell(statement.period.ends),
        "as_of": spell(statement.as_of),
        "final": statement.is_final,
        "filters": _chosen(statement.filters),
        "by": [str(each) for each in statement.by],
        "groups": [_group(statement, each) for each in statement.groups],
        "total": _total(statement.total),
        "surplus": asdict(statement.surplus) if statement.surplus else None,
    }


def rows_shown(rows: Sequence[Row], limit: int) -> dict[str, Any]:
    """A page of rows, and where the next one begins; `next` is null at the end."""
    following = write_cursor(rows[-1].place) if len(rows) == limit else None
    return {"rows": [_row(each) for each in rows], "next": following}


def write_cursor(place: Place) -> str:
    """Where a page ended, as an opaque text."""
    parts = (place.at.isoformat(), place.movement, place.provider, place.transaction, place.position)
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None) -> Place | None:
    """Read such a text back; Invalid when it is none of ours."""
    if cursor is None:
        return None
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor + "==="))
        if [type(part) for part in parts] != list(_PLACE):
            raise ValueError(cursor)
        at = datetime.fromisoformat(parts[0])
        if at.tzinfo is None or not all(part.isprintable() for part in parts[1:4]) or not 0 <= parts[4] < 2**31:
            raise ValueError(cursor)
        return Place(at, *parts[1:])
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise Invalid("this is no cursor of ours", field="cursor", remedy="send 'next' of the page before") from None


def _group(statement: Statement, group: Group) -> dict[str, Any]:
    key = {name: getattr(group, name) for each in statement.by for name in _NAMES[each]}
    named = {"unit_name": statement.unit_names.get(group.unit, "")} if By.UNIT in statement.by else {}
    rows = {"period": group.day or statement.period.name, **_chosen(statement.filters)}
    rows |= {name: value for name, value in key.items() if name not in ("name", "day")}
    return {**key, **named, **_total(group.total), "rows": rows}


_NAMES = {
    By.UNIT: ("unit",),
    By.FEE: ("fee", "name", "kind"),
    By.CHANNEL: ("channel",),
    By.MEANS: ("means",),
    By.DAY: ("day",),
}


def _total(total: Total) -> dict[str, int]:
    return {**asdict(total), "net": total.net}


def _chosen(filters: Filters) -> dict[str, str]:
    return {name: str(value) for name, value in asdict(filters).items() if value is not None}


def _row(row: Row) -> dict[str, Any]:
    line, place = row.line, row.place
    share = line.share if line else None
    return {
        "movement": place.movement,
        "at": spell(place.at),
        "provider": place.provider,
        "transaction": place.transaction,
        "position": place.position,
        "dossier": str(row.dossier),
        "code": row.code,
        "attempt": row.attempt,
        "unit": row.unit,
        "procedure": row.procedure,
        "channel": row.channel,
        "means": row.means,
        "fee": line.fee if line else None,
        "name": line.name if line else None,
        "kind": line.kind if line else None,
        "amount": row.amount,
        "kept": share.kept if share else None,
        "treasury": share.treasury if share else None,
        "receipt": {"series": row.series, "number": row.number} if row.series else None,
    }
