"""What a dossier costs: the rows of the real catalogue as a table, then the order of operations and what is refused."""

import json
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.intake import fee_lines, submitted
from adapters.catalogue_files import read
from adapters.catalogue_versions import ADAPTERS, content, restore
from domain.catalogue_check import check
from domain.decisions import ReductionRow
from domain.errors import Invalid
from domain.fees import (
    MOST_ASKED,
    MOST_COUNTED,
    ChannelPrice,
    Duty,
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
from domain.instants import VIETNAM
from domain.payments import RefundPolicy
from domain.procedures import Channel
from domain.units import Place
from schema.messages import Actor
from schema.submissions import ClaimedExemption, Submission

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
    claim = Exemption(exemption, "giấy chứng nhận") if exemption else None
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


FEES = st.builds(
    FeeRow,
    code=st.sampled_from(["F", "G"]),
    name=st.just("Phí"),
    kind=st.sampled_from([FeeKind.PHI, FeeKind.LE_PHI, FeeKind.PRICE]),
    amount=st.integers(0, 10_000_000),
    per=st.sampled_from(Per),
    set_by=st.sampled_from(SetBy),
    basis=st.just("NQ"),
    valid_from=st.just(date(2020, 1, 1)),
    by_channel=st.sampled_from([(), (ChannelPrice(Channel.ONLINE, 7_000),)]),
    tiers=st.sampled_from([(), (Tier(2_001, 2), Tier(999)), (Tier(1_500),)]),
    cap=st.none() | st.integers(0, 500_000),
    rounding=st.sampled_from(Rounding),
    reliefs=st.lists(st.builds(Relief, st.sampled_from(ExemptionKind), st.just("Luật"), st.integers(1, 100))).map(
        tuple
    ),
)
DUTIES = st.lists(st.integers(1, MOST_ASKED), max_size=3).map(
    lambda amounts: [Duty(f"{n}/TB", each, "thông báo") for n, each in enumerate(amounts)]
)


@st.composite
def questions(draw):
    """Any fees, any resolution, any group that one of the fees knows, any counts, any duties."""
    fees = draw(st.lists(FEES, max_size=4))
    known = sorted({relief.kind for fee in fees for relief in fee.reliefs})
    group = draw(st.sampled_from([None, *known]))
    return (
        fees,
        {
            "reductions": [replace(HALF, percent=draw(st.integers(1, 100)), fees=("F",))],
            "channel": draw(st.sampled_from(Channel)),
            "on": TODAY,
            "exemption": Exemption(group, "giấy") if group else None,
            "quantity": draw(st.integers(1, 500)),
            "copies": draw(st.integers(1, 20)),
            "duties": draw(DUTIES),
        },
    )


@given(questions())
def test_every_line_adds_up(question):
    """Listed is exempted plus reduced plus due, no part is negative or above listed, and the total is the sum."""
    fees, asked = question
    found = assess(fees, **asked)

    for each in found.lines:
        assert each.listed == each.exempted + each.reduced + each.due
        assert all(0 <= part <= each.listed for part in (each.exempted, each.reduced, each.due))
    assert found.total == sum(each.due for each in found.lines)
    assert [each.code for each in found.lines] == [fee.code for fee in fees] + ["NVTC"] * len(asked["duties"])


@given(questions())
def test_an_exemption_never_costs_more(question):
    """Exempting and then cutting costs at most what cutting alone costs, for each fee."""
    fees, asked = question
    exempt, cut_alone = assess(fees, **asked), assess(fees, **{**asked, "exemption": None})

    assert all(one.due <= other.due for one, other in zip(exempt.lines, cut_alone.lines, strict=True))


@given(questions())
def test_the_cut_never_costs_more(question):
    """Filed online while a resolution is in force, no fee costs more than on the day before it."""
    fees, asked = question
    after, before = assess(fees, **asked), assess(fees, **{**asked, "on": date(2022, 7, 6)})

    assert all(one.due <= other.due for one, other in zip(after.lines, before.lines, strict=True))


@given(questions())
def test_duties_are_untouched(question):
    """A financial duty is asked as the notice says, whatever the fees beside it, and names the notice."""
    fees, asked = question
    lines = assess(fees, **asked).lines[len(fees) :]

    assert [(line.listed, line.exempted, line.reduced, line.due) for line in lines] == [
        (duty.amount, 0, 0, duty.amount) for duty in asked["duties"]
    ]
    assert all(duty.notice in line.basis[0] for line, duty in zip(lines, asked["duties"], strict=True))
    assert {(line.kind, line.kept_percent, line.refund) for line in lines} <= {
        (FeeKind.FINANCIAL_DUTY, 0, RefundPolicy.NEVER)
    }


@given(questions())
def test_one_unit_at_a_time(question):
    """A fee for each copy or person costs as many times what one of them costs."""
    fees, asked = question
    plain = [replace(fee, per=Per.PERSON, tiers=(), cap=None) for fee in fees]
    many, one = assess(plain, **asked), assess(plain, **{**asked, "quantity": 1})

    assert [line.due for line in many.lines[: len(plain)]] == [
        line.due * asked["quantity"] for line in one.lines[: len(plain)]
    ]


@pytest.mark.parametrize("field", ["quantity", "copies"])
@pytest.mark.parametrize("value", [0, -1, MOST_COUNTED + 1, 10**30, 1.5, True])
def test_counts_out_of_bounds(field, value):
    """No copy, half a page or a million persons is not a dossier's fee: refused, not billed."""
    counts = {field: value}
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


@pytest.mark.parametrize("evidence", ["", "  ", "\n"])
def test_exemption_without_evidence(evidence):
    """Whoever claims an exemption says what proves it, even where there is nothing to pay."""
    for rows in ([replace(FEE, reliefs=(POOR,))], []):
        claim = Exemption(ExemptionKind.POOR_HOUSEHOLD, evidence, "clerk")
        with pytest.raises(Invalid) as refused:
            assess(rows, [], channel=Channel.COUNTER, on=TODAY, exemption=claim)

        assert refused.value.field == "exemption.evidence"
        assert refused.value.remedy


DUTY = Duty("1234/TB-CCT", 5_000_000, "thông báo")
BAD_DUTIES = [
    (replace(DUTY, notice=""), "notice"),
    (replace(DUTY, notice="của bà Nguyễn Thị Thử"), "notice"),
    (replace(DUTY, proof=" "), "proof"),
    (replace(DUTY, amount=0), "amount"),
    (replace(DUTY, amount=-1), "amount"),
    (replace(DUTY, amount=0.5), "amount"),
    (replace(DUTY, amount=MOST_ASKED + 1), "amount"),
]


@pytest.mark.parametrize("duty, field", BAD_DUTIES)
def test_bad_duty(duty, field):
    """A financial duty without its notice's number, its proof or a sane amount is refused, and not repeated."""
    with pytest.raises(Invalid) as refused:
        assess([], [], channel=Channel.COUNTER, on=TODAY, duties=[duty])

    assert refused.value.field == f"duties.{field}"
    assert "Thử" not in f"{refused.value} {refused.value.remedy}"


def test_a_notice_is_asked_once():
    """The same tax notice entered twice would be collected twice: refused."""
    with pytest.raises(Invalid) as refused:
        assess([], [], channel=Channel.COUNTER, on=TODAY, duties=[DUTY, replace(DUTY, amount=1)])

    assert refused.value.field == "duties.notice"


def test_place_chooses_the_row():
    """Of rows for kinds of communes only that of the dossier's place counts, and without a place nothing is guessed."""
    rows = [replace(FEE, amount=100_000, place=Place.PLAIN), replace(FEE, amount=40_000, place=Place.DIFFICULT)]
    asked = {"reductions": [], "channel": Channel.COUNTER, "on": TODAY}

    assert assess(rows, place=Place.PLAIN, **asked).total == 100_000
    assert assess(rows, place=Place.DIFFICULT, **asked).total == 40_000
    with pytest.raises(Invalid) as refused:
        assess(rows, **asked)
    assert refused.value.field == "place"


def test_a_line_carries_what_the_books_need():
    """Share kept and refund policy of the row stand in the line, and in the event's line as plain JSON."""
    fee = replace(FEE, kind=FeeKind.PHI, kept_percent=85, refund=RefundPolicy.ON_REFUSAL)
    found = assess([fee], [HALF], channel=Channel.ONLINE, on=TODAY)

    assert fee_lines(found) == [
        {
            "code": "F",
            "name": "Lệ phí",
            "kind": "phi",
            "listed": 75_000,
            "exempted": 0,
            "reduced": 37_500,
            "due": 37_500,
            "basis": ["NQ", "NQ 11"],
            "kept_percent": 85,
            "refund": "on_refusal",
        }
    ]


@pytest.mark.parametrize(
    "procedure, kept, refund",
    [
        ("1.011441", [85], ["before_appraisal"]),
        ("1.011442", [85], ["before_appraisal"]),
        ("1.011443", [85], ["before_appraisal"]),
        ("2.001610", [0, 0], ["on_refusal", "before_appraisal"]),
        ("1.001612", [0], ["before_appraisal"]),
    ],
)
def test_shares_and_refunds_of_the_catalogue(procedure, kept, refund):
    """85% of secured transactions is kept (law.md 5.7); publication goes back on refusal; the rest is the default."""
    lines = cost(procedure, "counter").lines

    assert ([line.kept_percent for line in lines], [line.refund for line in lines]) == (kept, refund)


WRONG_ROWS = {
    "more kept than all": {"kind": FeeKind.PHI, "kept_percent": 101},
    "less than nothing kept": {"kind": FeeKind.PHI, "kept_percent": -1},
    "a share of a lệ phí kept": {"kind": FeeKind.LE_PHI, "kept_percent": 85},
    "a share of a price kept": {"kind": FeeKind.PRICE, "kept_percent": 85},
    "a listed financial duty": {"kind": FeeKind.FINANCIAL_DUTY},
    "beyond reason": {"amount": MOST_ASKED + 1},
    "tiers of a whole dossier": {"tiers": (Tier(1_000),)},
    "cap of a whole dossier": {"cap": 1_000},
    "tiers beside prices for channels": {
        "per": Per.PAGE, "tiers": (Tier(1_000),), "by_channel": (ChannelPrice(Channel.ONLINE, 1),)
    },
}  # fmt: skip


@pytest.mark.parametrize("changes", WRONG_ROWS.values(), ids=WRONG_ROWS)
def test_rows_that_may_not_be_published(changes):
    """Only of a phí is a share kept (Law 97/2015 Art. 12), a duty is never listed, and no price counts for nothing."""
    rows = tuple(replace(row, **changes) if row.code == "LP-KDVT" else row for row in LAW.fees)
    (found,) = check(replace(LAW, fees=rows))

    assert found.entry == "fee LP-KDVT/2020-04-01"
    assert found.remedy


def test_a_price_may_not_be_cut():
    """A resolution on phí and lệ phí lists nothing else."""
    rows = tuple(replace(row, kind=FeeKind.PRICE) if row.code == "LP-HKD" else row for row in LAW.fees)
    (found,) = check(replace(LAW, fees=rows))

    assert "LP-HKD" in found.message


def test_two_resolutions_may_not_cut_one_fee():
    """A fee listed by two resolutions on the same days for the same channel would be cut by whichever came first."""
    other = replace(LAW.reductions[0], decision="NQ khác", fees=("LP-HKD",))
    (found,) = check(replace(LAW, reductions=(*LAW.reductions, other)))
    later = replace(other, channel=Channel.POST)

    assert "LP-HKD" in found.message
    assert not list(check(replace(LAW, reductions=(*LAW.reductions, later))))


def test_a_row_of_before_stays_readable():
    """A fee published before rows had a place, a kept share or a refund policy is read with their defaults."""
    old = ADAPTERS["fee"].dump_python(FEE, mode="json")
    for field in ("place", "kept_percent", "refund"):
        del old[field]
    kept = restore([("fee", content("fee", FEE)), ("fee", json.dumps(old))]).fees

    assert [replace(row, version="") for row in kept] == [FEE, FEE]
    assert kept[0].version != kept[1].version


def submission(**changes):
    """A late registration of a death, whose fee exempts poor households."""
    body = {
        "procedure": "1.000656",
        "case": "late",
        "unit": "000.00.61.H48",
        "channel": "counter",
        "return_method": "counter",
        "components": [],
        "applicant": {"name": "Nguyễn Thị Thử"},
        "exemption": {"kind": "poor_household", "evidence": "Sổ hộ nghèo số 12"},
    }
    return Submission.model_validate({**body, **changes})


def worded(law=LAW, **changes):
    """What event 1 says of such a submission."""
    made = {"dossier": UUID(int=1), "command": UUID(int=2), "at": datetime(2026, 11, 23, 9, tzinfo=VIETNAM)}
    return submitted(law, submission(**changes), **made, actor=Actor(system="test", role="clerk"), digest="").data


@pytest.mark.parametrize("given, granted", [({}, "000.00.61.H48"), ({"granted_by": "leader"}, "leader")])
def test_the_event_says_who_granted(given, granted):
    """Event 1 has the kind of an exemption and who granted it, the receiving unit unless it is said; no evidence."""
    data = worded(exemption={"kind": "poor_household", "evidence": "Sổ hộ nghèo số 12", **given})

    assert data["fee"]["exemption"] == {"kind": "poor_household", "granted_by": granted}
    assert data["fee"]["total"] == 0
    assert "Sổ" not in str(data)


@pytest.mark.parametrize(
    "changes, field", [({"evidence": " "}, "exemption.evidence"), ({"granted_by": "Nguyen"}, "exemption.granted_by")]
)
def test_a_claim_that_nobody_can_check(changes, field):
    """An exemption without evidence, or granted by nobody known, is refused with field and remedy."""
    claim = {"kind": "poor_household", "evidence": "Sổ hộ nghèo số 12", **changes}
    with pytest.raises(Invalid) as refused:
        worded(exemption=claim)

    assert refused.value.field == field
    assert refused.value.remedy
    assert "Nguyen" not in str(refused.value)


def test_a_claim_of_before_has_its_digest():
    """A claim that does not say who granted it is written as claims always were, so that its digest stays the same."""
    claim = ClaimedExemption(kind=ExemptionKind.CHILD, evidence="Giấy khai sinh")

    assert claim.model_dump(mode="json") == {"kind": "child", "evidence": "Giấy khai sinh"}


def test_the_fee_is_that_of_the_place():
    """The usual case of a difficult commune is another than that of a plain one, and its fee is that case's."""
    rows = tuple(
        row
        for fee in LAW.fees
        for row in (
            (replace(fee, case="plain"), replace(fee, case="difficult", amount=1_000))
            if fee.code == "LP-GCN-BD"
            else (fee,)
        )
    )
    law = replace(LAW, fees=rows)
    data = worded(law, procedure="1.013831", case=None, unit="000.00.63.H48", exemption=None)

    assert data["case"] == "difficult"
    assert [line["due"] for line in data["fee"]["lines"]] == [1_000, 290_000]
