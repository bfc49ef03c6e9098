"""Owns the checks of fees and of the province's cuts: whole đồng, and no promise above the law's floor."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise

from domain.catalogue import Catalogue
from domain.check_tools import Wrong
from domain.decisions import MOST_PROMISED, ReductionRow, ShorteningRow, Source, may_stay_whole, promised_term
from domain.errors import DomainError
from domain.fees import CUTTABLE, MOST_ASKED, FeeKind, FeeRow, Per, SetBy, Tier
from domain.procedures import Case, Procedure
from domain.validity import do_overlap


def wrong_money(catalogue: Catalogue) -> Iterator[Wrong]:
    """What is wrong with fees, shortened terms and reductions."""
    used = {code for procedure in catalogue.procedures for code in procedure.fees}
    for fee in catalogue.fees:
        for message, remedy in _fee(fee, used):
            yield Wrong("fee", fee, message, remedy)
    for cut in catalogue.shortenings:
        for message, remedy in _shortening(cut, catalogue):
            yield Wrong("shortening", cut, message, remedy)
    for reduction in catalogue.reductions:
        for message, remedy in _reduction(reduction, catalogue):
            yield Wrong("reduction", reduction, message, remedy)
    for one, other in combinations(catalogue.reductions, 2):
        twice = (
            sorted(set(one.fees) & set(other.fees)) if one.channel is other.channel and do_overlap(one, other) else []
        )
        if twice:
            remedy = "end the earlier resolution, or list each fee in one of the two"
            yield Wrong("reduction", other, f"{', '.join(twice)} would be cut by {one.decision} as well", remedy)


def _fee(fee: FeeRow, used: set[str]) -> Iterator[tuple[str, str]]:
    if fee.code not in used:
        yield "no procedure names this fee", "name it in `fees` of its procedure, or remove it"
    listed = (*(price.amount for price in fee.by_channel), *(tier.amount for tier in fee.tiers))
    for amount in (fee.amount, *listed, *(() if fee.cap is None else (fee.cap,))):
        if type(amount) is not int or not 0 <= amount <= MOST_ASKED:
            yield (
                f"the amount {amount} is not a whole number of đồng from 0 to {MOST_ASKED}",
                "give whole đồng, such as 20000",
            )
    yield from _counted(fee)
    yield from _booked(fee)
    if not _are_in_order(fee.tiers):
        yield (
            "its tiers are not in order with an open last one",
            "order them by up_to and leave it out of the last",
        )
    channels = [price.channel for price in fee.by_channel]
    if len(set(channels)) < len(channels):
        yield "a channel has two listed prices", "keep one of the two"
    for relief in fee.reliefs:
        if not 1 <= relief.percent <= 100 or not relief.basis.strip():
            yield f"the relief '{relief.kind}' has no basis or is not 1–100%", "give basis and percent"


def _counted(fee: FeeRow) -> Iterator[tuple[str, str]]:
    """Prices that would silently not count: of the counted by a whole dossier, or of a channel beside tiers."""
    if fee.per is Per.DOSSIER and (fee.tiers or fee.cap is not None):
        yield "it has tiers or a cap, and is for a whole dossier", "give per = page, copy or person, or remove them"
    if fee.tiers and fee.by_channel:
        yield "it has tiers and prices for each channel", "keep one of the two"


def _booked(fee: FeeRow) -> Iterator[tuple[str, str]]:
    """Only of a phí may the collecting body keep a share (Law 97/2015 Art. 12); a duty is never listed."""
    if type(fee.kept_percent) is not int or not 0 <= fee.kept_percent <= 100:
        yield f"kept_percent is {fee.kept_percent}", "give 0 to 100"
    elif fee.kept_percent and fee.kind is not FeeKind.PHI:
        yield f"of a '{fee.kind}' nothing is kept", "take kept_percent out, or correct the kind"
    if fee.kind is FeeKind.FINANCIAL_DUTY:
        yield (
            "a financial duty has no listed amount",
            "remove the row: an officer enters the duty with the tax office's notice",
        )


def _are_in_order(tiers: tuple[Tier, ...]) -> bool:
    if not tiers:
        return True
    bounds = [tier.up_to for tier in tiers[:-1] if tier.up_to is not None]
    rising = all(one < other for one, other in pairwise((0, *bounds)))
    return rising and len(bounds) == len(tiers) - 1 and tiers[-1].up_to is None


def _shortening(cut: ShorteningRow, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    if (cut.source is Source.ANNEX and not cut.no_cut) is (cut.promised is None):
        yield (
            "the annex gives a figure, a derived or uncut row none",
            "give `promised` for source = annex, and leave it out otherwise",
        )
        return
    if cut.grain <= 0 or not 0 < cut.percent < 100:
        yield "grain or percent is out of range", "give a grain above 0 and a percent between 1 and 99"
        return
    cases = list(_cases(cut, catalogue))
    if not cases:
        yield (
            f"case '{cut.case}' of procedure '{cut.procedure}' is unknown in its validity",
            "correct procedure or case",
        )
    for case in cases:
        yield from _floor(cut, case)
    if cut.online_only and any("online" not in each.return_methods for each in _procedures(cut, catalogue)):
        yield (
            "the pilot returns results online, which its procedure does not",
            "add 'online' to its return_methods, or remove online_only",
        )


def _cases(cut: ShorteningRow, catalogue: Catalogue) -> Iterator[Case]:
    for procedure in _procedures(cut, catalogue):
        yield from (case for case in procedure.cases if case.key == cut.case)


def _procedures(cut: ShorteningRow, catalogue: Catalogue) -> Iterator[Procedure]:
    return (each for each in catalogue.procedures if each.code == cut.procedure and do_overlap(each, cut))


def _floor(cut: ShorteningRow, case: Case) -> Iterator[tuple[str, str]]:
    """The promised term is at most 80% of the statutory one, unless that is too short to cut."""
    if cut.no_cut:
        if not may_stay_whole(case.term):
            length = f"{case.term.amount} {case.term.unit}"
            yield (
                f"no_cut on {length}: '{cut.no_cut}' is no ground",
                "only same-day and one working day or less stay whole",
            )
        return
    try:
        promised = promised_term(cut, case.term)
    except DomainError as refused:
        yield refused.message, refused.remedy
        return
    most = case.term.amount * MOST_PROMISED
    if promised.amount > most:
        yield (
            f"it promises {promised.amount} {case.term.unit}, more than 80% of {case.term.amount}",
            f"promise at most {most}, or mark the row no_cut with its ground",
        )


def _reduction(reduction: ReductionRow, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    if not 1 <= reduction.percent <= 100:
        yield f"percent is {reduction.percent}", "give 1 to 100"
    for code in reduction.fees:
        rows = [fee for fee in catalogue.fees if fee.code == code]
        if not rows:
            yield f"the fee '{code}' is unknown", "add its row, or correct the code"
        if any(fee.set_by is not SetBy.COUNCIL for fee in rows):
            yield f"the fee '{code}' is not the council's", "list only fees that the provincial council fixed"
        if any(fee.kind not in CUTTABLE for fee in rows):
            yield f"'{code}' is neither phí nor lệ phí", "list only fees: a resolution on fees cuts nothing else"
        if any(fee.by_channel for fee in rows):
            yield (
                f"the fee '{code}' has listed prices for each channel",
                "such a fee is never cut again: remove it",
            )
