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


_ORDER = "530370454061800005802VN62340107NPS68690819thanh toan don hang6304"


@pytest.mark.parametrize(
    "body, crc",
    [
        ("00020101021138600010A00000072701300006970403011697040311012345670208QRIBFTTC53037045802VN6304", "4F52"),
        ("00020101021238570010A00000072701270006970403011300110123456780208QRIBFTTA" + _ORDER, "2E2E"),
        ("00020101021238600010A00000072701300006970403011697040311012345670208QRIBFTTC" + _ORDER, "A203"),
    ],
)
def test_the_checksum_is_that_of_the_published_examples(body: str, crc: str) -> None:
    """The examples of the NAPAS format 1.5.2: to a card and to an account, with and without an amount."""
    assert f"{checksum(body.encode()):04X}" == crc


@pytest.mark.parametrize(
    "account, amount, purpose, text",
    [
        (
            ("970422", "0023457923442"),
            40_123,
            "test text string",
            "00020101021238570010A00000072701270006970422011300234579234420208QRIBFTTA"
            "53037045405401235802VN62200816test text string6304D9C6",
        ),
        (
            ("970425", "123456789"),
            1_000_000,
            "V1TH1375842",
            "00020101021238530010A0000007270123000697042501091234567890208QRIBFTTA"
            "5303704540710000005802VN62150811V1TH137584263043158",
        ),
        (
            ("970416", "257678859"),
            999_999,
            "Cam on nhe",
            "00020101021238530010A0000007270123000697041601092576788590208QRIBFTTA"
            "530370454069999995802VN62140810Cam on nhe6304E786",
        ),
        (
            ("970418", "V3CAS8854359196"),
            5_000,
            "CSM1W5K8S37 Thanh Toan",
            "00020101021238590010A000000727012900069704180115V3CAS88543591960208QRIBFTTA"
            "5303704540450005802VN62260822CSM1W5K8S37 Thanh Toan6304D35C",
        ),
    ],
)
def test_others_write_the_same_text(account: tuple[str, str], amount: int, purpose: str, text: str) -> None:
    """What three published programs and one provider of payments give for the same transfer, letter by letter."""
    assert payload(Account(*account, "KBNN QUANG NAM"), amount, purpose) == text


def test_a_checksum_keeps_its_leading_zero() -> None:
    """Four figures always."""
    assert payload(Account("970415", "0011001932418", "A"), 120_000, "TEST5").endswith("63040FF5")


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
