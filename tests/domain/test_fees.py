"""What a dossier costs: the rows of the real catalogue as a table, then the order of operations."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.catalogue_files import read
from domain.decisions import ReductionRow
from domain.errors import Invalid
from domain.fees import (
    ChannelPrice,
    Exemption,
    ExemptionKind,
    FeeKind,
    FeeRow,
    Per,
    Relief,
    Rounding,
    SetBy,
    Tier,
    assess,
)
from domain.procedures import Channel

LAW = read().catalogue
TODAY = date(2026, 11, 23)


def cost(procedure, channel, on=TODAY, case=None, exemption=None, **counts):
    asked = LAW.procedure(procedure, on)
    rows = LAW.fee_rows(asked, on, case)
    claim = Exemption(ExemptionKind(exemption), "giấy chứng nhận") if exemption else None
    return assess(rows, LAW.reductions, channel=Channel(channel), on=on, exemption=claim, **counts)


CASES = [
    # what is asked, total due, why
    (("1.001193", "counter"), {}, 0, "birth in time is free"),
    (("2.000908", "online"), {}, 0, "copies from the registry are free"),
    (("2.000004", "online"), {}, 0, "promotions are free"),
    (("1.004222", "counter"), {}, 20_000, "listed for the counter"),
    (("1.004222", "online"), {}, 10_000, "listed for online, never cut again"),
    (("1.004222", "online"), {"exemption": "elderly"}, 0, "exempted"),
    (("2.000635", "online"), {"quantity": 3}, 24_000, "8,000 per copy, the ministry's: not cut"),
    (("2.000815", "counter"), {"quantity": 1}, 2_000, "first page"),
    (("2.000815", "counter"), {"quantity": 2}, 4_000, "second page"),
    (("2.000815", "counter"), {"quantity": 3}, 5_000, "1,000 from the third page"),
    (("2.000815", "counter"), {"quantity": 198}, 200_000, "exactly the ceiling"),
    (("2.000815", "counter"), {"quantity": 500}, 200_000, "the ceiling of a copy"),
    (("2.000815", "counter"), {"quantity": 500, "copies": 2}, 400_000, "the ceiling is for each copy"),
    (("2.000815", "online"), {"quantity": 3}, 5_000, "the ministry's: not cut online"),
    (("1.001612", "counter"), {}, 100_000, "the council's, at the counter"),
    (("1.001612", "post"), {}, 100_000, "the council's, by post"),
    (("1.001612", "online"), {}, 50_000, "the council's, half online"),
    (("1.001612", "online"), {"on": date(2022, 7, 6)}, 100_000, "the day before Resolution 11/2022"),
    (("1.001612", "online"), {"on": date(2022, 7, 7)}, 50_000, "the day of Resolution 11/2022"),
    (("1.014199", "counter"), {}, 600_000, "the council's, at the counter"),
    (("1.014199", "online"), {}, 300_000, "the council's, half online"),
    (("1.013225", "online"), {"case": "house"}, 37_500, "half of 75,000, to the đồng"),
    (("1.013225", "counter"), {"case": "works"}, 150_000, "the row of the case"),
    (("3.000333", "online"), {}, 200_000, "the ministry's: not cut"),
    (("3.000333", "online"), {"exemption": "student"}, 100_000, "half by the circular"),
    (("3.000333", "counter"), {"exemption": "poor_household"}, 0, "exempted"),
]


@pytest.mark.parametrize("asked, more, total, why", CASES, ids=[f"{c[0][0]} {c[0][1]}: {c[3]}" for c in CASES])
def test_total(asked, more, total, why):
    """Each row of the catalogue costs what the law lists for that channel, day, case and group."""
    assert cost(*asked, **more).total == total


FEE = FeeRow("F", "Lệ phí", FeeKind.LE_PHI, 75_000, Per.DOSSIER, SetBy.COUNCIL, "NQ", date(2020, 1, 1))
HALF = ReductionRow("NQ 11", 50, ("F",), Channel.ONLINE, "NQ 11", date(2022, 7, 7), date(2027, 12, 31))
POOR = Relief(ExemptionKind.POOR_HOUSEHOLD, "Luật 97/2015, Điều 10")


def line(fee, channel=Channel.ONLINE, on=TODAY, exemption=None, cuts=(HALF,), **counts):
    claim = Exemption(exemption) if exemption else None
    (only,) = assess([fee], cuts, channel=channel, on=on, exemption=claim, **counts).lines
    return only


def test_exemption_before_reduction():
    """Whoever is exempted owes nothing, and nothing is left for the cut to take."""
    found = line(replace(FEE, reliefs=(POOR,)), exemption=ExemptionKind.POOR_HOUSEHOLD)

    assert (found.listed, found.exempted, found.reduced, found.due) == (75_000, 75_000, 0, 0)
    assert found.basis == ("NQ", "Luật 97/2015, Điều 10")


def test_part_exemption_then_cut():
    """The cut takes its half of what a part exemption has left."""
    found = line(replace(FEE, reliefs=(replace(POOR, percent=40),)), exemption=ExemptionKind.POOR_HOUSEHOLD)

    assert (found.exempted, found.reduced, found.due) == (30_000, 22_500, 22_500)
    assert found.basis == ("NQ", "Luật 97/2015, Điều 10", "NQ 11")


@pytest.mark.parametrize(
    "changes",
    [
        {"fee": replace(FEE, set_by=SetBy.MINISTRY)},
        {"fee": replace(FEE, code="other")},
        {"fee": replace(FEE, by_channel=(ChannelPrice(Channel.ONLINE, 75_000),))},
        {"channel": Channel.COUNTER},
        {"channel": Channel.POST},
        {"on": date(2022, 7, 6)},
        {"on": date(2028, 1, 1)},
    ],
    ids=["ministry", "not listed", "listed per channel", "counter", "post", "before", "after"],
)
def test_no_cut_outside_the_resolution(changes):
    """Only council fees listed by the resolution, filed online, while it is in force, are cut."""
    found = line(changes.pop("fee", FEE), **changes)

    assert (found.reduced, found.due) == (0, 75_000)
    assert found.basis == ("NQ",)


ROUNDINGS = [
    (15_001, Rounding.NONE, 7_500),
    (15_000, Rounding.HALF_UP_1000, 8_000),
    (14_998, Rounding.HALF_UP_1000, 7_000),
    (15_000, Rounding.DOWN_1000, 7_000),
    (1_000, Rounding.DOWN_1000, 0),
]


@pytest.mark.parametrize("listed, rounding, due", ROUNDINGS)
def test_rounding_is_the_rows(listed, rounding, due):
    """Half of an amount is rounded as its row says."""
    assert line(replace(FEE, amount=listed, rounding=rounding)).due == due


def test_cut_on_the_unit_then_multiplied():
    """A fee per person is cut and rounded for one person, then multiplied."""
    fee = replace(FEE, amount=15_001, per=Per.PERSON)

    assert line(fee, quantity=3).due == 3 * 7_500


@given(
    amount=st.integers(0, 10_000_000),
    percent=st.integers(1, 100),
    relief=st.integers(1, 100),
    rounding=st.sampled_from(Rounding),
    per=st.sampled_from(Per),
    quantity=st.integers(1, 500),
    copies=st.integers(1, 20),
    is_exempt=st.booleans(),
)
def test_every_line_adds_up(amount, percent, relief, rounding, per, quantity, copies, is_exempt):
    """Listed is exempted plus reduced plus due, no part is negative, and the total is the sum of what is due."""
    fee = replace(FEE, amount=amount, per=per, rounding=rounding, reliefs=(replace(POOR, percent=relief),))
    claim = Exemption(ExemptionKind.POOR_HOUSEHOLD) if is_exempt else None
    found = assess(
        [fee, replace(fee, tiers=(Tier(amount, 2), Tier(amount // 2)), cap=amount * 3)],
        [replace(HALF, percent=percent)],
        channel=Channel.ONLINE,
        on=TODAY,
        exemption=claim,
        quantity=quantity,
        copies=copies,
    )

    for each in found.lines:
        assert each.listed == each.exempted + each.reduced + each.due
        assert min(each.listed, each.exempted, each.reduced, each.due) >= 0
    assert found.total == sum(each.due for each in found.lines)


@pytest.mark.parametrize("counts, field", [({"quantity": 0}, "quantity"), ({"copies": -1}, "copies")])
def test_counts_below_one(counts, field):
    """No copy, page or person is not a dossier's fee: refused, not billed as zero."""
    with pytest.raises(Invalid) as refused:
        cost("2.000815", "counter", **counts)

    assert refused.value.field == field


def test_unknown_exemption():
    """A group that none of the dossier's fees exempts is refused with those that they do."""
    with pytest.raises(Invalid) as refused:
        cost("1.004222", "counter", exemption="student")

    assert refused.value.field == "exemption"
    assert "elderly" in refused.value.remedy


def test_no_row_is_not_free():
    """On a day before the fee's first row the price is unknown, which is refused: no row does not mean free."""
    procedure = LAW.procedure("1.004222", TODAY)
    with pytest.raises(Invalid) as refused:
        LAW.fee_rows(procedure, date(2020, 1, 1))

    assert refused.value.field == "fee"
