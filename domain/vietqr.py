"""Owns the text inside a VietQR code: one transfer of one amount into one account, as NAPAS writes it over EMVCo.

Every field is a tag of two figures, a length of two figures and a value; the last one is a checksum over all before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from domain.errors import Invalid

MOST = 10**12
"""The largest amount of one transfer: a slip of the finger should not become a code that can be scanned."""
LONGEST_PURPOSE = 25
"""What every bank's application shows of the purpose."""

_NAPAS = "A000000727"
_TO_ACCOUNT = "QRIBFTTA"
_DONG = "704"


@dataclass(frozen=True)
class Account:
    """An account of a collecting body: the bank by its number (BIN), and in whose name it is."""

    bin: str
    number: str
    name: str

    def __post_init__(self) -> None:
        _require(re.fullmatch(r"[0-9]{6}", self.bin), "bin", "a bank's number has six figures")
        _require(re.fullmatch(r"[0-9A-Za-z]{1,19}", self.number), "number", "give 1 to 19 letters and figures")
        _require(self.name.strip(), "name", "say in whose name the account is")


def payload(account: Account, amount: int, purpose: str) -> str:
    """Write the text of the code that asks for `amount` đồng; Invalid for what no bank could carry out."""
    whole = isinstance(amount, int) and not isinstance(amount, bool)
    _require(whole and 1 <= amount <= MOST, "amount", f"give whole đồng from 1 to {MOST}")
    _require(
        re.fullmatch(rf"[ -~]{{1,{LONGEST_PURPOSE}}}", purpose),
        "purpose",
        f"give 1 to {LONGEST_PURPOSE} letters without marks",
    )
    beneficiary = _field("00", account.bin) + _field("01", account.number)
    text = "".join(
        (
            _field("00", "01"),
            _field("01", "12"),  # for one payment: a bank's application does not let the amount be changed
            _field("38", _field("00", _NAPAS) + _field("01", beneficiary) + _field("02", _TO_ACCOUNT)),
            _field("53", _DONG),
            _field("54", str(amount)),
            _field("58", "VN"),
            _field("62", _field("08", purpose)),
            "6304",  # tag and length of the checksum are summed with the rest
        )
    )
    return text + f"{checksum(text.encode('ascii')):04X}"


def checksum(data: bytes) -> int:
    """CRC-16/CCITT-FALSE: polynomial 0x1021, begun at 0xFFFF, nothing reflected."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021) & 0xFFFF if crc & 0x8000 else crc << 1
    return crc


def _field(tag: str, value: str) -> str:
    return f"{tag}{len(value):02d}{value}"


def _require(good: object, field: str, remedy: str) -> None:
    if not good:
        raise Invalid(f"this {field} cannot stand in a VietQR code", field=field, remedy=remedy)
