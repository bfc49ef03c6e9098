"""The catalogue as shipped is sound, and each way of breaking it is found, with file, entry and remedy."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from shutil import copytree

import pytest

from adapters.catalogue_files import FOLDER, BadCatalogue, examine, read, read_sound
from domain.calendars import Closure
from domain.catalogue_check import check
from domain.decisions import Source
from domain.entries import entries, name
from domain.fees import Relief, Tier
from domain.milestones import ClockKind, Rung
from domain.procedures import FeeTiming, OnlineLevel, Stage, StepKind
from domain.terms import Term, TermUnit
from domain.units import Place, UnitRole

LOADED = read()
LAW = LOADED.catalogue
TODAY = date(2026, 11, 23)


def test_the_catalogue_is_sound():
    """The shipped catalogue has no finding, and its calendars hold this year and the next."""
    assert examine(FOLDER, TODAY) == ()


def test_every_term_fee_and_level_is_used():
    """Between them the procedures use every kind of term but the rarest, of price and of level."""
    units = {case.term.unit for each in LAW.procedures for case in each.cases}
    levels = {unit.level for unit in LAW.units} | {each.level for each in LAW.procedures}

    assert units >= set(TermUnit) - {TermUnit.MONTH, TermUnit.HOUR}
    # No procedure of the province is known to ask for its fee with the supplement; the engine can (tests/workflows).
    assert {each.fee_timing for each in LAW.procedures} == set(FeeTiming) - {FeeTiming.AT_SUPPLEMENT}
    assert {fee.kind.value for fee in LAW.fees} >= {"phi", "le_phi"}
    assert {fee.per.value for fee in LAW.fees} >= {"dossier", "page", "copy"}
    assert {level.value for level in levels} >= {"province", "department", "district", "commune", "vertical"}


def test_what_is_uncertain_says_why():
    """An entry that is not certain carries a note, except a row that only says a short term stays whole."""
    for kind, entry in entries(LAW):
        if kind == "calendar" or entry.certain:
            continue
        assert entry.note or getattr(entry, "no_cut", ""), name(kind, entry)


def changed(field, code, /, **changes):
    """The catalogue with one of its entries changed: the first whose code, procedure or decision is `code`."""
    rows = list(getattr(LAW, field))
    at = next(i for i, row in enumerate(rows) if code in (getattr(row, n, None) for n in ("code", "procedure")))
    rows[at] = replace(rows[at], **changes)
    return replace(LAW, **{field: tuple(rows)})


def twice(field, code, /, **changes):
    """The catalogue with an entry standing twice, the second time with changes."""
    row = next(each for each in getattr(LAW, field) if each.code == code)
    return replace(LAW, **{field: (*getattr(LAW, field), replace(row, **changes))})


def test_each_kind_of_commune_may_have_its_own_price():
    """Rows of one code for different places stand side by side."""
    plain = changed("fees", "LP-HKD", place=Place.PLAIN)
    row = next(each for each in plain.fees if each.code == "LP-HKD")
    both = replace(plain, fees=(*plain.fees, replace(row, place=Place.DIFFICULT, amount=row.amount // 2)))

    assert tuple(check(both, TODAY)) == ()


HOUR, NOTHING = Term(Decimal(1), TermUnit.WORKING_HOUR), Term(Decimal(0), TermUnit.WORKING_HOUR)


def rung(clock, name, /, **changes):
    """The catalogue with one rung of one ladder changed."""
    rows = tuple(replace(each, **changes) if (each.clock, each.rung) == (clock, name) else each for each in LAW.rungs)
    return replace(LAW, rungs=rows)


def procedure(code):
    return next(each for each in LAW.procedures if each.code == code)


def fee(code):
    return next(each for each in LAW.fees if each.code == code)


def process(code):
    return next(each for each in LAW.processes if each.code == code)


def stages(code, number, /, **changes):
    """The stages of a process with the first step of one of them changed."""
    found = list(process(code).stages)
    found[number] = Stage((replace(found[number].steps[0], **changes), *found[number].steps[1:]))
    return tuple(found)


def case(code, **changes):
    first, *others = procedure(code).cases
    return (replace(first, **changes), *others)


def paper(code, /, **changes):
    first, *others = procedure(code).components
    return (replace(first, **changes), *others)


def calendar(**changes):
    return replace(LAW, calendars=(replace(LAW.calendars[0], **changes), *LAW.calendars[1:]))


def closed(times=1, **changes):
    storm = Closure("000.00.61.H48", date(2026, 9, 9), "Bão", "quyết định")
    return replace(LAW, closures=(replace(storm, **changes),) * times)


def years_without(*missing):
    return tuple(year for year in LAW.calendars[0].years if year.year not in missing)


def cut(code, /, **changes):
    return changed("shortenings", code, **changes)


def reduction(**changes):
    return replace(LAW, reductions=(replace(LAW.reductions[0], **changes),))


BROKEN = {
    "unknown parent": (changed("units", "000.00.61.H48", parent="000.00.99.H48"), "unit 000.00.61.H48"),
    "unknown successor": (changed("units", "000.00.53.H48", successors=("x",)), "unit 000.00.53.H48"),
    "successor of a living unit": (changed("units", "000.00.53.H48", valid_to=None), "unit 000.00.53.H48"),
    "unknown calendar of a unit": (changed("units", "000.00.61.H48", calendar="x"), "unit 000.00.61.H48"),
    "tax code of nobody": (changed("units", "000.00.61.H48", tax_code="40001234"), "unit 000.00.61.H48"),
    "malformed code part": (changed("units", "000.00.61.H48", code_part="61.H48"), "unit 000.00.61.H48"),
    "desk where none may be": (changed("units", "000.00.61.H48", role=UnitRole.ECONOMY), "unit 000.00.61.H48"),
    "code part of two units": (
        changed("units", "000.00.62.H48", code_part="000.00.61.H48"),
        "unit 000.00.62.H48",
    ),
    "malformed code": (changed("units", "000.00.62.H48", code="xã Vạn Tường"), "unit xã Vạn Tường"),
    "overlapping procedures": (twice("procedures", "1.001193"), "procedure 1.001193"),
    "overlapping units": (twice("units", "000.00.61.H48", valid_from=date(2026, 1, 1)), "unit 000.00.61.H48"),
    "overlapping fees": (twice("fees", "LP-HKD", amount=1), "fee LP-HKD"),
    "overlapping processes": (twice("processes", "KS-LUAT", code="KS-2"), "process KS-2"),
    "calendar twice": (twice("calendars", "state-office"), "calendar state-office"),
    "ends before it begins": (changed("fees", "LP-HKD", valid_to=date(2020, 1, 1)), "fee LP-HKD"),
    "empty basis": (changed("fees", "LP-HKD", basis=" "), "fee LP-HKD"),
    "empty basis of a case": (changed("procedures", "1.001193", cases=case("1.001193", basis="")), "procedure"),
    "empty decision": (changed("processes", "KS-LUAT", decision=""), "process KS-LUAT"),
    "no case": (changed("procedures", "1.001193", cases=()), "procedure 1.001193"),
    "case twice": (
        changed("procedures", "1.001193", cases=procedure("1.001193").cases * 2),
        "procedure 1.001193",
    ),
    "term of nothing": (
        changed("procedures", "2.000004", cases=case("2.000004", term=Term(Decimal(0), TermUnit.WORKING_DAY))),
        "procedure 2.000004",
    ),
    "component twice": (
        changed("procedures", "1.001193", components=procedure("1.001193").components * 2),
        "procedure 1.001193",
    ),
    "component of no paper": (
        changed("procedures", "1.001193", components=paper("1.001193", originals=0)),
        "procedure 1.001193",
    ),
    "no supplement window": (changed("procedures", "1.001193", supplement_days=0), "procedure 1.001193"),
    "no channel": (changed("procedures", "1.001193", channels=()), "procedure 1.001193"),
    "online level without the channel": (
        changed("procedures", "1.001193", online_level=OnlineLevel.NONE),
        "procedure 1.001193",
    ),
    "fee without timing": (changed("procedures", "1.004222", fee_timing=FeeTiming.NONE), "procedure 1.004222"),
    "timing without fee": (changed("procedures", "1.004222", fees=()), "procedure 1.004222"),
    "unknown fee": (changed("procedures", "1.004222", fees=("x",)), "procedure 1.004222"),
    "days without a fee row": (
        changed("fees", "LP-CUTRU", valid_from=date(2024, 1, 1)),
        "procedure 1.004222",
    ),
    "fee of an unknown case": (changed("fees", "LP-CUTRU", case="x"), "procedure 1.004222"),
    "fee of no procedure": (twice("fees", "LP-HKD", code="LP-X"), "fee LP-X"),
    "unknown receiving role": (changed("procedures", "1.001193", receives=("role:x",)), "procedure 1.001193"),
    "unknown receiving unit": (changed("procedures", "1.001193", receives=("x",)), "procedure 1.001193"),
    "nobody receives": (changed("procedures", "1.001193", receives=("role:committee",)), "procedure 1.001193"),
    "unknown lead": (changed("procedures", "2.000004", lead="x"), "procedure 2.000004"),
    "lead not yet there": (changed("procedures", "2.000488", lead="000.00.12.H48"), "procedure 2.000488"),
    "steps over the term": (
        changed("processes", "KM-LUAT", stages=stages("KM-LUAT", 1, share=Decimal(4))),
        "process KM-LUAT",
    ),
    "steps under the promised term": (
        changed("processes", "KM-906", stages=stages("KM-906", 1, share=Decimal(2))),
        "process KM-906",
    ),
    "step of no time": (
        changed("processes", "KM-LUAT", stages=stages("KM-LUAT", 1, share=Decimal(0))),
        "process KM-LUAT",
    ),
    "step finer than terms are counted": (
        changed("processes", "KM-LUAT", stages=stages("KM-LUAT", 1, share=Decimal("3.4"))),
        "process KM-LUAT",
    ),
    "unit of a step unknown": (
        changed("processes", "KM-LUAT", stages=stages("KM-LUAT", 1, unit="x")),
        "process KM-LUAT",
    ),
    "division that a receiver lacks": (
        changed("processes", "KS-LUAT", stages=stages("KS-LUAT", 1, unit="receiving/department")),
        "process KS-LUAT",
    ),
    "two steps of one code": (
        changed("processes", "KM-LUAT", stages=stages("KM-LUAT", 1, code="receive")),
        "process KM-LUAT",
    ),
    "does not begin at the one-stop": (
        changed("processes", "KM-LUAT", stages=stages("KM-LUAT", 0, kind=StepKind.APPRAISE)),
        "process KM-LUAT",
    ),
    "does not end with a signature": (
        changed("processes", "KM-LUAT", stages=stages("KM-LUAT", 2, kind=StepKind.CONSULT)),
        "process KM-LUAT",
    ),
    "signs in the middle": (
        changed("processes", "KM-LUAT", stages=stages("KM-LUAT", 1, kind=StepKind.SIGN)),
        "process KM-LUAT",
    ),
    "receives elsewhere": (
        changed("processes", "KM-LUAT", stages=stages("KM-LUAT", 0, unit="000.00.03.H48")),
        "process KM-LUAT",
    ),
    "no stage": (changed("processes", "KM-LUAT", stages=()), "process KM-LUAT"),
    "process of an unknown procedure": (twice("processes", "KM-LUAT", code="X", procedure="x"), "process X"),
    "process of an unknown case": (twice("processes", "KM-LUAT", code="X", case="x"), "process X"),
    "days without a process": (
        changed("processes", "KM-LUAT", valid_from=date(2023, 1, 1)),
        "procedure 2.000004",
    ),
    "promise without a process": (
        replace(LAW, processes=tuple(each for each in LAW.processes if each.code != "KM-906")),
        "procedure 2.000004",
    ),
    "promise above 80%": (
        cut("2.000004", source=Source.ANNEX, promised=Decimal("4.5")),
        "shortening 906/QĐ-UBND/2.000004",
    ),
    "percent below the floor": (cut("2.000004", percent=10), "shortening 906/QĐ-UBND/2.000004"),
    "pilot that returns on paper": (
        changed("procedures", "2.000004", return_methods=("counter",)),
        "shortening 906/QĐ-UBND/2.000004",
    ),
    "not cut without ground": (cut("2.000004", no_cut="nhiều việc"), "shortening 906/QĐ-UBND/2.000004"),
    "not cut though two days of hours": (
        changed("procedures", "2.000908", cases=case("2.000908", term=Term(Decimal(16), TermUnit.WORKING_HOUR))),
        "shortening 906/QĐ-UBND/2.000908",
    ),
    "cut to nothing": (cut("1.001193", no_cut=""), "shortening 906/QĐ-UBND/1.001193"),
    "annex without figure": (cut("2.000004", source=Source.ANNEX), "shortening 906/QĐ-UBND/2.000004"),
    "derived with figure": (cut("2.000004", promised=Decimal(4)), "shortening 906/QĐ-UBND/2.000004"),
    "shortened case unknown": (cut("2.000004", case="x"), "shortening 906/QĐ-UBND/2.000004/x"),
    "grain of nothing": (cut("2.000004", grain=Decimal(0)), "shortening 906/QĐ-UBND/2.000004"),
    "negative money": (changed("fees", "LP-HKD", amount=-1), "fee LP-HKD"),
    "fractional money": (changed("fees", "LP-HKD", amount=Decimal("0.5")), "fee LP-HKD"),
    "negative cap": (changed("fees", "PHI-CTBS", cap=-1), "fee PHI-CTBS"),
    "negative tier": (changed("fees", "PHI-CTBS", tiers=(Tier(-1),)), "fee PHI-CTBS"),
    "tiers in disorder": (
        changed("fees", "PHI-CTBS", tiers=(Tier(2000, 5), Tier(1500, 2), Tier(1000))),
        "fee PHI-CTBS",
    ),
    "closed last tier": (changed("fees", "PHI-CTBS", tiers=(Tier(2000, 2),)), "fee PHI-CTBS"),
    "price twice for a channel": (
        changed("fees", "LP-CUTRU", by_channel=fee("LP-CUTRU").by_channel * 2),
        "fee LP-CUTRU",
    ),
    "relief above all": (changed("fees", "LP-HKD", reliefs=(Relief("child", "Luật", 120),)), "fee LP-HKD"),
    "cut of an unknown fee": (reduction(fees=("x",)), "reduction 11/2022/NQ-HĐND"),
    "cut of a ministry's fee": (reduction(fees=("PHI-CTBS",)), "reduction 11/2022/NQ-HĐND"),
    "cut of a price listed per channel": (reduction(fees=("LP-CUTRU",)), "reduction 11/2022/NQ-HĐND"),
    "breach that goes up, nobody knows when": (rung("promised", "province", after=None), "rung promised/province"),
    "warning at a distance": (rung("promised", "warn", after=HOUR), "rung promised/warn"),
    "silence of nothing": (
        rung("promised", "silence", after=NOTHING),
        "rung promised/silence",
    ),
    "silence of nobody asked": (rung("promised", "ask", clock=ClockKind.STEP), "rung promised/silence"),
    "collection that is breached": (rung("collection", "remind", rung=Rung.BREACH), "rung collection/breach"),
    "clock without an end": (rung("step", "breach", clock=ClockKind.MOVED), "rung step/warn"),
    "cut of more than all": (reduction(percent=150), "reduction 11/2022/NQ-HĐND"),
    "year missing": (calendar(years=years_without(2025)), "calendar state-office"),
    "next year missing": (calendar(years=years_without(2027), special_days=()), "calendar state-office"),
    "year twice": (calendar(years=(*years_without(), years_without()[0])), "calendar state-office"),
    "closure of nobody": (closed(unit="x"), "closure x/2026-09-09"),
    "closure of a day off": (closed(day=date(2026, 9, 6)), "closure 000.00.61.H48/2026-09-06"),
    "closure without ground": (closed(basis=""), "closure 000.00.61.H48/2026-09-09"),
    "closure twice": (closed(2), "closure 000.00.61.H48/2026-09-09"),
    "day twice": (calendar(special_days=LAW.calendars[0].special_days[:1] * 2), "calendar state-office"),
    "no opening hours": (calendar(sessions=()), "calendar state-office"),
    "basis of a year missing": (
        calendar(years=(replace(years_without()[0], basis=""), *years_without()[1:])),
        "calendar state-office",
    ),
}


@pytest.mark.parametrize("broken, entry", BROKEN.values(), ids=BROKEN)
def test_each_break_is_found(broken, entry):
    """What is inconsistent is found in the entry that is at fault, with a remedy."""
    at_fault = [found for found in check(broken, LOADED.origins, TODAY) if found.entry.startswith(entry)]

    assert at_fault
    assert all(found.message and found.remedy for found in at_fault)


def test_a_finding_names_the_file():
    """A finding says in which file its entry stands."""
    (found,) = check(changed("fees", "LP-HKD", amount=-5), LOADED.origins)

    assert found.file == "procedures/1.001612.toml"
    assert found.entry == "fee LP-HKD/2021-01-04"


def test_rows_may_follow_one_another():
    """A fee may change its amount from one day to the next without a finding."""
    old, last = fee("LP-HKD"), date(2026, 12, 31)
    rows = (replace(old, valid_to=last), replace(old, amount=90_000, valid_from=last + timedelta(days=1)))
    fees = tuple(each for each in LAW.fees if each is not old)

    assert not list(check(replace(LAW, fees=(*fees, *rows))))


def test_short_terms_may_stay_whole():
    """One working day or less needs no cut under Decision 906 when the row gives its ground."""
    one_day = case("2.000004", term=Term(Decimal(1), TermUnit.WORKING_DAY))
    law = replace(
        changed("procedures", "2.000004", cases=one_day),
        shortenings=cut("2.000004", no_cut="một ngày làm việc").shortenings,
    )

    assert not [found for found in check(law) if found.entry.startswith("shortening")]


FILES = {
    "fractional money": ("procedures/1.001612.toml", "amount = 100000", "amount = 100000.5", "amount"),
    "money in words": ("procedures/1.001612.toml", "amount = 100000", 'amount = "nhiều"', "amount"),
    "misspelt key": ("procedures/1.001612.toml", "amount = 100000", "amount = 100000\nroundin = 1", "roundin"),
    "missing key": ("procedures/1.001612.toml", "amount = 100000\n", "", "amount"),
    "misspelt key inside a case": ("procedures/1.001612.toml", "{ key =", "{ kye = 1, key =", "cases.kye"),
    "unknown unit of a term": ("procedures/2.000004.toml", '"working_day"', '"workday"', "term.unit"),
    "unknown kind of entry": ("procedures/1.001612.toml", "[[fee]]", "[[fees]]", "kind of entry"),
    "version by hand": ("procedures/1.001612.toml", "amount = 100000", 'amount = 100000\nversion = "1"', "version"),
    "not TOML": ("units.toml", "[[unit]]", "[[unit", "not TOML"),
    "no day": ("decisions.toml", "2023-06-14", '"bao giờ"', "valid_from"),
}


@pytest.mark.parametrize("file, old, new, said", FILES.values(), ids=FILES)
def test_unreadable_files(tmp_path: Path, file, old, new, said):
    """A file that cannot be read as a catalogue is refused with its name, the entry, the field and a remedy."""
    folder = copytree(FOLDER, tmp_path / "catalogue")
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")

    findings = examine(folder)
    assert any(found.file == file and said in found.message and found.remedy for found in findings)
    with pytest.raises(BadCatalogue) as refused:
        read_sound(folder)
    assert refused.value.remedy


def test_empty_folder(tmp_path: Path):
    """A folder without entries is no catalogue: nothing is published from it by mistake."""
    (found,) = examine(tmp_path)

    assert "no entry" in found.message
