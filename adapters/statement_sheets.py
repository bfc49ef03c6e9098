"""Writes statements as XLSX and CSV, with Vietnamese headings and amounts as whole numbers of đồng.

What comes from outside is text and nothing else: XLSX cells are written as strings, and in CSV, which a spreadsheet
reads as if somebody had typed it, a text that would begin a formula is led by an apostrophe. CSV is UTF-8 with a byte
order mark, cells apart by semicolons: what spreadsheets under Vietnamese settings open without asking.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]  # it brings no types

from adapters.statement_rows import Row
from adapters.statements import Group, Statement
from domain.errors import Invalid
from domain.instants import local
from domain.statements import Movement, Total

Cell = str | int | None
MOST_ROWS = 1_048_000
"""A sheet holds 1,048,576."""

KINDS = {"phi": "Phí", "le_phi": "Lệ phí", "price": "Giá dịch vụ", "financial_duty": "Nghĩa vụ tài chính", "": ""}
CHANNELS = {"online": "Trực tuyến", "counter": "Trực tiếp", "post": "Bưu chính"}
MEANS = {
    "platform": "Cổng thanh toán quốc gia",
    "vnpay": "VNPAY",
    "cash": "Tiền mặt",
    "transfer": "Chuyển khoản",
    "card": "Thẻ",
    "post": "Bưu chính thu hộ",
}
MOVEMENTS = {Movement.PAYMENT: "Thu", Movement.REFUND: "Hoàn trả"}

_PLACE_HEADINGS = ("Mã đơn vị", "Đơn vị", "Mã khoản thu", "Khoản thu", "Loại", "Hình thức nộp", "Hình thức thu", "Ngày")
_MONEY_HEADINGS = (
    "Số giao dịch",
    "Đã thu",
    "Số lần hoàn trả",
    "Đã hoàn trả",
    "Thực thu",
    "Phí",
    "Lệ phí",
    "Giá dịch vụ",
    "Nghĩa vụ tài chính",
    "Được để lại",
    "Nộp ngân sách",
)
TOTALS_HEADINGS = (*_PLACE_HEADINGS, *_MONEY_HEADINGS)
ROWS_HEADINGS = (
    "Thời điểm",
    "Thu hoặc hoàn trả",
    "Mã hồ sơ",
    "Số định danh hồ sơ",
    "Mã đơn vị",
    "Thủ tục",
    "Hình thức nộp",
    "Hình thức thu",
    "Nơi thu",
    "Số giao dịch",
    "Lần thanh toán",
    "Dòng",
    "Mã khoản thu",
    "Khoản thu",
    "Loại",
    "Ký hiệu biên lai",
    "Số biên lai",
    "Đã thu",
    "Đã hoàn trả",
    "Được để lại",
    "Nộp ngân sách",
)
SURPLUS_HEADINGS = ("Tiền thừa (ngoài phí, lệ phí)", "Số khoản", "Số tiền")


def write_xlsx(file: Path, statement: Statement, fees: Sequence[Row], surpluses: Sequence[Row]) -> None:
    """Write the totals on one sheet, the rows behind them on the next, and the surpluses apart on a third."""
    _require_room(fees)
    with xlsxwriter.Workbook(str(file), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        number, strong = book.add_format({"num_format": "#,##0"}), book.add_format({"bold": True})
        _sheet(book.add_worksheet("Tổng hợp"), _totals_page(statement), number, strong)
        _sheet(book.add_worksheet("Chi tiết"), [ROWS_HEADINGS, *map(_row_cells, fees)], number, strong)
        _sheet(book.add_worksheet("Tiền thừa"), [ROWS_HEADINGS, *map(_row_cells, surpluses)], number, strong)


def write_csv(file: Path, statement: Statement) -> None:
    """Write the totals of a statement, the last line being that of all."""
    _csv(file, [TOTALS_HEADINGS, *_totals(statement)])


def write_rows_csv(file: Path, rows: Iterable[Row]) -> None:
    """Write rows of a drill-down."""
    _csv(file, [ROWS_HEADINGS, *map(_row_cells, rows)])


def guarded(text: str) -> str:
    """The text so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _totals_page(statement: Statement) -> list[Sequence[Cell]]:
    made = f"Tính đến {local(statement.as_of):%d/%m/%Y %H:%M}"
    state = made if statement.is_final else f"{made}, kỳ chưa kết thúc"
    page: list[Sequence[Cell]] = [
        (f"Bảng tổng hợp thu phí, lệ phí: kỳ {statement.period.name}",),
        (f"{state}; đơn vị tính: đồng",),
        (),
        TOTALS_HEADINGS,
        *_totals(statement),
    ]
    return [*page, (), SURPLUS_HEADINGS, *_surplus(statement)] if statement.surplus else page


def _totals(statement: Statement) -> list[Sequence[Cell]]:
    whole: tuple[Cell, ...] = ("Tổng cộng", *("",) * (len(_PLACE_HEADINGS) - 1), *_money(statement.total))
    divisions: list[Sequence[Cell]] = [(*_place(statement, group), *_money(group.total)) for group in statement.groups]
    return [*divisions, whole]


def _place(statement: Statement, group: Group) -> tuple[str, ...]:
    name = statement.unit_names.get(group.unit, "")
    kind, channel, means = KINDS[group.kind], _named(CHANNELS, group.channel), _named(MEANS, group.means)
    return group.unit, name, group.fee, group.name, kind, channel, means, group.day


def _money(total: Total) -> tuple[int, ...]:
    came = (total.payments, total.collected, total.refunds, total.refunded, total.net)
    return (*came, total.phi, total.le_phi, total.price, total.financial_duty, total.kept, total.treasury)


def _surplus(statement: Statement) -> list[Sequence[Cell]]:
    found = statement.surplus
    assert found is not None  # whoever calls has looked
    return [
        ("Nhận trong kỳ", found.received, found.received_amount),
        ("Đã trả lại trong kỳ", found.returned, found.returned_amount),
        ("Còn giữ cuối kỳ", found.held, found.held_amount),
    ]


def _row_cells(row: Row) -> Sequence[Cell]:
    line, place = row.line, row.place
    is_refund = row.movement is Movement.REFUND
    sign = -1 if is_refund else 1
    return (
        f"{local(place.at):%Y-%m-%d %H:%M:%S}",
        MOVEMENTS[row.movement],
        row.code,
        str(row.dossier),
        row.unit,
        row.procedure,
        _named(CHANNELS, row.channel),
        _named(MEANS, row.means),
        place.provider,
        place.transaction,
        row.attempt,
        place.position + 1,
        line.fee if line else None,
        line.name if line else "Tiền thừa",
        KINDS[line.kind] if line else None,
        row.series,
        f"{row.number:07d}" if row.number is not None else None,
        0 if is_refund else row.amount,
        row.amount if is_refund else 0,
        sign * line.share.kept if line else 0,
        sign * line.share.treasury if line else 0,
    )


def _named(names: dict[str, str], code: str) -> str:
    return names.get(code, code)


def _sheet(sheet: Any, page: Sequence[Sequence[Cell]], number: Any, strong: Any) -> None:
    headings = (TOTALS_HEADINGS, ROWS_HEADINGS, SURPLUS_HEADINGS)
    for height, cells in enumerate(page):
        form = strong if cells in headings or height == 0 else None
        for width, cell in enumerate(cells):
            if isinstance(cell, int):
                sheet.write_number(height, width, cell, number)
            elif cell:
                sheet.write_string(height, width, cell, form)
        if cells in (TOTALS_HEADINGS, ROWS_HEADINGS):
            sheet.freeze_panes(height + 1, 0)
    sheet.set_column(0, len(ROWS_HEADINGS) - 1, 18)


def _csv(file: Path, page: Iterable[Sequence[Cell]]) -> None:
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        for cells in page:
            writer.writerow([guarded(cell) if isinstance(cell, str) else cell for cell in cells])


def _require_room(rows: Sequence[Row]) -> None:
    if len(rows) > MOST_ROWS:
        raise Invalid(
            f"{len(rows)} rows are more than a sheet holds",
            field="period",
            remedy="choose a shorter period or one unit, or write CSV",
        )
