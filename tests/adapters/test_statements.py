"""Statements on real PostgreSQL: what counts when, what each figure is made of, and what cannot be told."""

from __future__ import annotations

import csv
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from activities.ports import Unavailable
from adapters.law import PostgresLaw
from adapters.postgres import Pool, open_pool
from adapters.statement_rows import Row
from adapters.statement_sheets import ROWS_HEADINGS, TOTALS_HEADINGS, guarded, write_csv, write_rows_csv, write_xlsx
from adapters.statement_views import read_cursor, rows_shown, shown, write_cursor
from adapters.statements import Statement, Statements, Unsound
from domain.errors import Invalid
from domain.fees import FeeKind
from domain.instants import VIETNAM
from domain.periods import Span, parse_period
from domain.procedures import Channel
from domain.statements import By, Filters, Movement, Surplus, Total, Way, What, total_of
from tests.adapters.test_register import PAID, OnDisk, filed
from tests.ledger import Book
from tests.stories import COMMUNE

OTHER = "000.00.62.H48"
DAY = datetime(2026, 11, 26, 9, tzinfo=VIETNAM)
LATER = datetime(2027, 6, 1, tzinfo=VIETNAM)
QUARTER = parse_period("2026-Q4")
PHI, LE_PHI = ("PHI-1", "phi", 80_000, 85), ("LP-1", "le_phi", 100_000, 0)
PRICE, DUTY = ("GIA-1", "price", 30_000, 0), ("THUE-1", "financial_duty", 5_000_000, 0)


@pytest.fixture
async def book(pool: Pool) -> Book:
    return Book(pool, await filed(OnDisk(pool, await PostgresLaw(pool).latest()), PAID))


async def told(book: Book, period: str = "2026-Q4", by: str = "", as_of: datetime = LATER, **chosen: str) -> Statement:
    statements = Statements(book.pool, PostgresLaw(book.pool))
    division = tuple(By(each) for each in by.split(",") if each)
    filters = Filters(**chosen)  # type: ignore[arg-type]  # the names of the enumerations
    return await statements.statement(parse_period(period), filters, by=division, as_of=as_of)


async def listed(book: Book, period: str = "2026-Q4", limit: int = 100, **options: object) -> list[Row]:
    """All rows, a page at a time."""
    statements, rows = Statements(book.pool, PostgresLaw(book.pool)), list[Row]()
    filters = options.pop("filters", Filters())
    while True:
        after = read_cursor(write_cursor(rows[-1].place)) if rows else None
        page = await statements.rows(
            parse_period(period),
            filters,
            as_of=LATER,
            after=after,
            limit=limit,
            **options,  # type: ignore[arg-type]
        )
        rows += page
        if len(page) < limit:
            return rows


async def a_quarter(book: Book) -> None:
    """Four payments at two units, one of them back, with every kind of fee; and a surplus."""
    await book.paid(DAY, [PHI, LE_PHI], provider="platform", means="platform", channel="online", attempt="r-1")
    await book.paid(DAY + timedelta(days=1), [PHI])
    back = await book.paid(DAY + timedelta(days=2), [LE_PHI], unit=OTHER, means="card")
    await book.paid(DAY + timedelta(days=3), [PRICE, DUTY], unit=OTHER)
    await book.back(back, DAY + timedelta(days=5))
    await book.paid(DAY, surplus=100_000, provider="vnpay", means="vnpay", channel="online")


async def test_a_quarter_is_told_to_the_dong(book: Book) -> None:
    """What came, what went back, of which kind, and who keeps it; a surplus is in none of it."""
    await a_quarter(book)
    made = await told(book)

    assert made.total == Total(
        payments=4,
        collected=80_000 + 100_000 + 80_000 + 100_000 + 30_000 + 5_000_000,
        refunds=1,
        refunded=100_000,
        phi=160_000,
        le_phi=100_000,
        price=30_000,
        financial_duty=5_000_000,
        kept=68_000 + 68_000 + 30_000,
        treasury=12_000 + 12_000 + 100_000 + 5_000_000,
    )
    assert made.surplus == Surplus(received=1, received_amount=100_000, held=1, held_amount=100_000)
    assert made.is_final


@pytest.mark.parametrize(
    "by, lines",
    [
        ("unit", [("000.00.61.H48", 2, 260_000), (OTHER, 2, 5_030_000)]),
        ("fee", [("GIA-1", 1, 30_000), ("LP-1", 2, 100_000), ("PHI-1", 2, 160_000), ("THUE-1", 1, 5_000_000)]),
        ("channel", [("counter", 3, 5_110_000), ("online", 1, 180_000)]),
        ("means", [("card", 1, 0), ("cash", 2, 5_110_000), ("platform", 1, 180_000)]),
        (
            "day",
            [
                ("2026-11-26", 1, 180_000),
                ("2026-11-27", 1, 80_000),
                ("2026-11-28", 1, 100_000),
                ("2026-11-29", 1, 5_030_000),
                ("2026-12-01", 0, -100_000),  # went back on a day of its own
            ],
        ),
    ],
)
async def test_a_statement_is_divided_as_asked(book: Book, by: str, lines: list[tuple[str, int, int]]) -> None:
    """Payments and net of each division; the net amounts add up to the whole."""
    await a_quarter(book)
    made = await told(book, by=by)

    assert [(getattr(each, by), each.total.payments, each.total.net) for each in made.groups] == lines
    assert sum(each.total.net for each in made.groups) == made.total.net


async def test_every_figure_drills_down_to_its_rows(book: Book) -> None:
    """The rows of each division, asked for as the answer says, add up to it; a page at a time nothing is lost."""
    await a_quarter(book)
    made = await told(book, by="unit,fee,channel,means")
    seen = 0
    for group, answer in zip(made.groups, shown(made)["groups"], strict=True):
        question = dict(answer["rows"])
        period = question.pop("period")
        rows = await listed(book, period, limit=1, filters=Filters(**question))
        assert total_of(row.line for row in rows if row.line) == group.total
        seen += len(rows)

    assert seen == len(await listed(book)) == 7


async def test_a_row_says_where_its_money_is_found(book: Book) -> None:
    """Provider, transaction, dossier, attempt, receipt and line."""
    paid = await book.paid(DAY, [PHI, LE_PHI], provider="platform", means="platform", attempt="r-1")
    await book.receipt(paid, "61-26E", 7)
    page = rows_shown(await listed(book), 100)

    assert page["next"] is None
    first, second = page["rows"]
    assert (first["provider"], first["transaction"], first["position"]) == ("platform", paid, 0)
    assert (first["dossier"], first["attempt"], first["at"]) == (str(book.dossier), "r-1", DAY.isoformat())
    assert (first["fee"], first["amount"], first["kept"], first["treasury"]) == ("PHI-1", 80_000, 68_000, 12_000)
    assert first["receipt"] == second["receipt"] == {"series": "61-26E", "number": 7}
    assert second["position"] == 1


@pytest.mark.parametrize(
    "at, inside",
    [
        (QUARTER.begins - timedelta(microseconds=1), False),
        (QUARTER.begins, True),
        (QUARTER.ends - timedelta(microseconds=1), True),
        (QUARTER.ends, False),
    ],
)
async def test_the_first_instant_counts_and_the_last_does_not(book: Book, at: datetime, inside: bool) -> None:
    """Midnight in Việt Nam belongs to the day that it begins."""
    await book.paid(at, [PHI])

    assert (await told(book)).total.payments == inside
    assert len(await listed(book)) == inside


async def test_months_and_days_add_up_to_the_quarter(book: Book) -> None:
    """Whoever sends twelve monthly statements has sent the year."""
    await a_quarter(book)
    for span in (Span.MONTH, Span.DAY):
        parts = [(await told(book, part.name)).total for part in parse_period("2026-11").parts(span)]
        assert sum(parts, Total()) == (await told(book, "2026-11")).total
    months = [(await told(book, part.name)).total for part in QUARTER.parts(Span.MONTH)]
    assert sum(months, Total()) == (await told(book)).total


async def test_what_goes_back_in_a_later_period_counts_there(book: Book) -> None:
    """The period in which it was paid stands as it was told; the later one can be below 0."""
    paid = await book.paid(DAY, [("PHI-1", "phi", 333, 85)])
    await book.back(paid, QUARTER.ends + timedelta(days=1))
    before, after = (await told(book)).total, (await told(book, "2027-Q1")).total

    assert (before.net, before.kept, before.treasury) == (333, 283, 50)
    assert (after.payments, after.refunds, after.net, after.kept, after.treasury) == (0, 1, -333, -283, -50)


async def test_a_refund_that_is_only_asked_for_has_not_moved(book: Book) -> None:
    """Money is back when it is back."""
    await book.back(await book.paid(DAY, [PHI]), None)

    assert (await told(book)).total.refunds == 0


async def test_a_surplus_is_held_until_it_is_back(book: Book) -> None:
    """It came in one quarter and went back in the next: it is held at the end of the first alone."""
    paid = await book.paid(DAY, surplus=70_000)
    await book.paid(DAY, surplus=30_000, unit=OTHER)
    await book.back(paid, QUARTER.ends + timedelta(days=1))

    assert (await told(book)).surplus == Surplus(2, 100_000, 0, 0, 2, 100_000)
    assert (await told(book, "2027-Q1")).surplus == Surplus(0, 0, 1, 70_000, 1, 30_000)
    assert (await told(book, "2027-Q1", unit=COMMUNE)).surplus == Surplus(0, 0, 1, 70_000)
    assert (await told(book, fee="PHI-1")).surplus is None
    assert [row.amount for row in await listed(book, "2027-Q1", what=What.HELD)] == [30_000]
    moved = await listed(book, "2027-Q1", what=What.SURPLUS)
    assert [(row.movement, row.amount) for row in moved] == [(Movement.REFUND, 70_000)]
    assert (await told(book)).total == Total()


async def test_as_it_was_known_then(book: Book) -> None:
    """What was recorded later does not change what was told earlier."""
    await book.paid(DAY, [PHI])
    await book.paid(DAY, [PHI], recorded_at=DAY + timedelta(days=9))
    back = await book.paid(DAY, [LE_PHI])
    await book.back(back, DAY + timedelta(days=8))
    then = await told(book, as_of=DAY + timedelta(days=7))

    assert (then.total.payments, then.total.refunds, then.is_final) == (2, 0, False)
    now = await told(book)
    assert (now.total.payments, now.total.refunds) == (3, 1)


@pytest.mark.parametrize(
    "chosen, rows",
    [
        ({"unit": OTHER}, 4),
        ({"fee": "PHI-1"}, 2),
        ({"kind": FeeKind.LE_PHI}, 3),
        ({"channel": Channel.ONLINE}, 2),
        ({"means": Way.CARD}, 2),
        ({"means": Way.CARD, "unit": COMMUNE}, 0),
    ],
)
async def test_a_part_is_chosen(book: Book, chosen: dict[str, str], rows: int) -> None:
    """The same filters for totals and rows."""
    await a_quarter(book)
    found = await listed(book, filters=Filters(**chosen))  # type: ignore[arg-type]

    assert len(found) == rows
    assert total_of(row.line for row in found if row.line) == (await told(book, **chosen)).total
    assert all(row.movement is Movement.PAYMENT for row in await listed(book, movement=Movement.PAYMENT))


@pytest.mark.parametrize("lines", [[], [("PHI-1", "phi", 79_999, 0)]])
async def test_a_ledger_that_does_not_add_up_is_not_told(book: Book, lines: list[tuple[str, str, int, int]]) -> None:
    """Lines that are not their payment's amount: there is no figure rather than a wrong one."""
    paid = await book.paid(DAY, lines, amount=80_000)
    with pytest.raises(Unsound, match=paid):
        await told(book)

    assert (await told(book, "2026-Q3")).total == Total()


async def test_a_refund_in_part_is_not_told(book: Book) -> None:
    """Money goes back whole; a row that says otherwise is looked into first."""
    await book.back(await book.paid(DAY, [PHI]), DAY, amount=1)
    with pytest.raises(Unsound):
        await told(book)


async def test_rows_that_do_not_add_up_to_the_totals_are_noticed(book: Book) -> None:
    """The totals of the database and those of the rows are two calculations; here one of them is bent."""
    await a_quarter(book)
    bent = "CREATE OR REPLACE VIEW money_movement AS "
    body = await book.pool.fetchval("SELECT pg_get_viewdef('money_movement')")
    assert "line.kept_percent" in body
    await book.pool.execute(bent + body.replace("COALESCE(line.kept_percent, 0)", "(random() * 100)::integer"))
    with pytest.raises(Unsound, match="do not add up"):
        await told(book, by="fee")


async def test_an_unknown_unit_is_refused(book: Book) -> None:
    """With the field and what would mend it, for totals and rows alike."""
    for asked in (told(book, unit="000.99"), listed(book, filters=Filters(unit="000.99"))):
        with pytest.raises(Invalid) as refusal:
            await asked
        assert (refusal.value.field, bool(refusal.value.remedy)) == ("unit", True)


@pytest.mark.parametrize("cursor", ["", "nonsense", "W10", write_cursor.__name__ * 9, "WzEsMiwzLDQsNV0"])
def test_a_cursor_of_somebody_else_is_refused(cursor: str) -> None:
    """It names the field."""
    with pytest.raises(Invalid) as refusal:
        read_cursor(cursor)

    assert refusal.value.field == "cursor"


async def test_without_a_database_it_is_unavailable() -> None:
    """Nobody is told that nothing was collected."""
    async with await open_pool("postgresql://nobody@127.0.0.1:1/nothing", 1) as away:
        with pytest.raises(Unavailable):
            await Statements(away, PostgresLaw(away)).statement(QUARTER, Filters(), as_of=LATER)


async def test_csv_has_vietnamese_headings_and_whole_numbers(book: Book, tmp_path: Path) -> None:
    """UTF-8 with its mark, cells apart by semicolons, the total in the last line."""
    await a_quarter(book)
    write_csv(tmp_path / "totals.csv", made := await told(book, by="unit,fee"))
    write_rows_csv(tmp_path / "rows.csv", await listed(book))
    totals, rows = read_csv(tmp_path / "totals.csv"), read_csv(tmp_path / "rows.csv")

    assert (tmp_path / "totals.csv").read_bytes().startswith("\ufeff".encode())
    assert (tuple(totals[0]), tuple(rows[0])) == (TOTALS_HEADINGS, ROWS_HEADINGS)
    collected, net = TOTALS_HEADINGS.index("Đã thu"), TOTALS_HEADINGS.index("Thực thu")
    assert [row[net] for row in totals[-1:]] == [str(made.total.net)]
    assert sum(int(row[collected]) for row in totals[1:-1]) == made.total.collected
    came, went = ROWS_HEADINGS.index("Đã thu"), ROWS_HEADINGS.index("Đã hoàn trả")
    assert sum(int(row[came]) - int(row[went]) for row in rows[1:]) == made.total.net
    assert sum(int(row[-2]) for row in rows[1:]) == made.total.kept


@pytest.mark.parametrize("text", ["=1+1", "+84", "-1", "@SUM(A1)", "\t=1", "\r=1"])
async def test_no_cell_becomes_a_formula(book: Book, tmp_path: Path, text: str) -> None:
    """A fee's name or a transaction that begins like one is a text, in CSV and in the workbook."""
    await book.paid(DAY, [(text, "phi", 1_000, 0)], transaction=text)
    made, rows = await told(book, by="fee"), await listed(book)
    write_rows_csv(tmp_path / "rows.csv", rows)
    write_xlsx(tmp_path / "book.xlsx", made, rows, [])

    transaction = ROWS_HEADINGS.index("Số giao dịch")
    assert read_csv(tmp_path / "rows.csv")[1][transaction] == guarded(text) == f"'{text}"
    assert "<f>" not in "".join(sheet(tmp_path / "book.xlsx", number) for number in (1, 2, 3))


async def test_the_workbook_has_totals_and_rows(book: Book, tmp_path: Path) -> None:
    """The columns of the rows add up to the last line of the totals; amounts are numbers with thousands apart."""
    await a_quarter(book)
    fees, surpluses = list[Row](), list[Row]()

    def keep(what: What, row: Row) -> None:
        (fees if what is What.FEES else surpluses).append(row)

    statements = Statements(book.pool, PostgresLaw(book.pool))
    made = await statements.statement(QUARTER, Filters(), by=(By.UNIT,), as_of=LATER, sink=keep)
    write_xlsx(tmp_path / "book.xlsx", made, fees, surpluses)
    totals, rows, apart = (cells(tmp_path / "book.xlsx", number) for number in (1, 2, 3))

    assert (totals[3], rows[0], apart[0]) == (list(TOTALS_HEADINGS), list(ROWS_HEADINGS), list(ROWS_HEADINGS))
    whole = next(row for row in totals if row and row[0] == "Tổng cộng")
    for name in ("Đã thu", "Đã hoàn trả", "Được để lại", "Nộp ngân sách"):
        column, total = ROWS_HEADINGS.index(name), TOTALS_HEADINGS.index(name)
        assert sum(row[column] for row in rows[1:]) == whole[total], name
    assert "Ủy ban nhân dân xã Bình Sơn" in totals[4]
    assert len(apart) == 2
    styles = zipfile.ZipFile(tmp_path / "book.xlsx").read("xl/styles.xml").decode()
    assert 'formatCode="#,##0"' in styles or 'numFmtId="3"' in styles


def read_csv(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream, delimiter=";"))


def sheet(file: Path, number: int) -> str:
    return zipfile.ZipFile(file).read(f"xl/worksheets/sheet{number}.xml").decode()


def cells(file: Path, number: int) -> list[list[object]]:
    """What stands on a sheet: texts, whole numbers, None where a cell is empty."""
    space = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    strings = ElementTree.fromstring(zipfile.ZipFile(file).read("xl/sharedStrings.xml"))
    texts = ["".join(each.itertext()) for each in strings.findall("x:si", space)]
    page: list[list[object]] = []
    for row in ElementTree.fromstring(sheet(file, number)).iterfind(".//x:row", space):
        page += [[] for _ in range(int(row.attrib["r"]) - len(page))]
        for cell in row.findall("x:c", space):
            value = cell.findtext("x:v", namespaces=space)
            assert value is not None
            column = cell.attrib["r"].rstrip("0123456789")
            width = 0
            for letter in column:
                width = 26 * width + ord(letter) - 64
            page[-1] += [None] * (width - 1 - len(page[-1]))
            page[-1].append(texts[int(value)] if cell.attrib.get("t") == "s" else int(value))
    return page
