"""The text of a VietQR code, field by field, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from domain.errors import Invalid
from domain.vietqr import Account, checksum, payload

TREASURY = Account("970436", "0011001234567", "KBNN QUANG NAM")


@pytest.mark.parametrize(
    "data, crc",
    [(b"123456789", 0x29B1), (b"", 0xFFFF), (b"A", 0xB915), (b"\x00", 0xE1F0)],
)
def test_the_checksum_is_the_published_one(data: bytes, crc: int) -> None:
    """CRC-16/CCITT-FALSE, with the check value of the catalogues of checksums."""
    assert checksum(data) == crc


@pytest.mark.parametrize(
    "account, amount, purpose, body",
    [
        (
            TREASURY,
            100_000,
            "H48-261126-0001",
            "00020101021238570010A00000072701270006970436011300110012345670208QRIBFTTA"
            "530370454061000005802VN62190815H48-261126-00016304",
        ),
        (
            Account("970418", "1", "A"),
            1,
            "x",
            "00020101021238450010A00000072701150006970418010110208QRIBFTTA5303704540115802VN62050801x6304",
        ),
        (
            Account("970405", "ABCDEFGHIJ123456789", "A"),
            10**12,
            "LE PHI HO SO 0123456789AB",
            "00020101021238630010A0000007270133000697040501" + "19ABCDEFGHIJ1234567890208QRIBFTTA"
            "5303704541310000000000005802VN62290825LE PHI HO SO 0123456789AB6304",
        ),
    ],
)
def test_the_text_of_a_code(account: Account, amount: int, purpose: str, body: str) -> None:
    """Tags, lengths and values in the order of the standard, and a checksum over all of it."""
    text = payload(account, amount, purpose)

    assert text[:-4] == body
    assert text[-4:] == f"{checksum(body.encode()):04X}"


@pytest.mark.parametrize(
    "facts, field",
    [
        ({"bin": "97043"}, "bin"),
        ({"bin": "97043６"}, "bin"),
        ({"bin": "970436\n"}, "bin"),
        ({"number": ""}, "number"),
        ({"number": "0" * 20}, "number"),
        ({"number": "12 34"}, "number"),
        ({"name": "  "}, "name"),
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": 10**12 + 1}, "amount"),
        ({"amount": 1.5}, "amount"),
        ({"amount": True}, "amount"),
        ({"purpose": ""}, "purpose"),
        ({"purpose": "x" * 26}, "purpose"),
        ({"purpose": "lệ phí"}, "purpose"),
        ({"purpose": "x\n"}, "purpose"),
    ],
)
def test_what_no_bank_could_carry_out_is_refused(facts: dict[str, Any], field: str) -> None:
    """The refusal names the field and what would mend it."""
    given: dict[str, Any] = {"bin": "970436", "number": "1", "name": "A", "amount": 1, "purpose": "x", **facts}
    with pytest.raises(Invalid) as refusal:
        payload(Account(given["bin"], given["number"], given["name"]), given["amount"], given["purpose"])

    assert refusal.value.field == field
    assert refusal.value.remedy
