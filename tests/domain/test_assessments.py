"""What dossiers cost, worked out by hand; the table stands in assessments.toml, which says how to read it."""

import tomllib
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from adapters.catalogue_files import read
from adapters.catalogue_versions import ADAPTERS
from domain.deadlines import require_channel
from domain.errors import Invalid
from domain.fees import Duty, Exemption, ExemptionKind, assess
from domain.procedures import Channel
from domain.units import Place

FILE = tomllib.loads(Path(__file__).with_name("assessments.toml").read_text("utf-8"))
SHIPPED = read().catalogue
SHAPE = SHIPPED.procedure("2.000635", date(2026, 11, 23))
LAW = replace(
    SHIPPED,
    fees=(*SHIPPED.fees, *(ADAPTERS["fee"].validate_python(row) for row in FILE["fee"])),
    reductions=(*SHIPPED.reductions, *(ADAPTERS["reduction"].validate_python(row) for row in FILE["reduction"])),
    procedures=(
        *SHIPPED.procedures,
        *(replace(SHAPE, code=code, fees=tuple(fees)) for code, fees in FILE["procedures"].items()),
    ),
)
ROWS = {title: [line.split("|") for line in text.splitlines() if line] for title, text in FILE["tables"].items()}
CASES = [pytest.param(*map(str.strip, row), id=f"{title}: {row[6].strip()}") for title in ROWS for row in ROWS[title]]


EFFECTIVE = {
    "06/07/2022",
    "07/07/2022",
    "30/11/2023",
    "01/12/2023",
    "30/06/2025",
    "01/07/2025",
    "31/12/2025",
    "01/01/2026",
}
"""The days before and on which the law changed, each pair."""


def assessed(day, asked, channel, more):
    """Ask the law as the table words it."""
    on = datetime.strptime(day, "%d/%m/%Y").date()
    code, *rest = asked.split()
    case = next((word for word in rest if not word.startswith("@")), None)
    place = next((Place(word[1:]) for word in rest if word.startswith("@")), None)
    procedure = LAW.procedure(code, on)
    require_channel(procedure, Channel(channel))
    rows = LAW.fee_rows(procedure, on, case)
    return assess(rows, LAW.reductions, channel=Channel(channel), on=on, place=place, **given(more))


def given(more):
    """Counts, group and duties out of the table's fourth column."""
    words = [each.split() for each in more.split(",") if each != "-"]
    found = {name: amount(value) for name, value in (pair for pair in words if pair[0] in ("quantity", "copies"))}
    for name, *values in words:
        if name == "exempt":
            found["exemption"] = Exemption(ExemptionKind(values[0]), "giấy chứng nhận")
        if name == "duty":
            found["duties"] = (*found.get("duties", ()), Duty(values[0], amount(values[1]), "bản chụp thông báo"))
    return found


def amount(text):
    return int(text.replace(".", ""))


@pytest.mark.parametrize("day, asked, channel, more, amounts, total, why", CASES)
def test_what_a_dossier_costs(day, asked, channel, more, amounts, total, why):
    """Each fee is listed, exempted, reduced and due as the texts say, to the đồng; what is no question is refused."""
    if amounts.startswith("refused"):
        with pytest.raises(Invalid) as refused:
            assessed(day, asked, channel, more)
        assert (refused.value.field, bool(refused.value.remedy)) == (amounts.split()[1], True), why
        return
    found = assessed(day, asked, channel, more)
    expected = [tuple(map(amount, line.split())) for line in amounts.split("+") if line.strip()]

    assert [(line.listed, line.exempted, line.reduced, line.due) for line in found.lines] == expected, why
    assert found.total == amount(total), why
    assert all(all(text.strip() for text in line.basis) and line.basis for line in found.lines), why


def test_the_table_is_one():
    """At least 120 assessments with a reason each, around every day on which the law changed, none twice."""
    rows = [tuple(map(str.strip, row)) for rows in ROWS.values() for row in rows]
    days = {row[0] for row in rows}

    assert len(rows) == len({row[:4] for row in rows}) >= 120
    assert all(len(row) == 7 and row[6] for row in rows)
    assert days >= EFFECTIVE
