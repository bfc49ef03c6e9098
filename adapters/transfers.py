"""Transfers at the counter: the VietQR code by which a dossier's fee goes to the account of the settings."""

from __future__ import annotations

from adapters.settings import Settings
from domain.errors import Invalid, NotAllowed
from domain.vietqr import LONGEST_PURPOSE, Account, payload
from schema.case import Case


def transfer_code(settings: Settings, case: Case) -> str:
    """The text of the code that asks for what this dossier owes, with the beginning of its id as the purpose.

    Raises NotAllowed when nothing is owed, Invalid while the settings name no account.
    """
    if not case.expects_payment:
        raise NotAllowed("this dossier owes nothing", field="dossier", remedy="look at it with `motcua payment show`")
    bank, number, name = settings.vietqr_bin, settings.vietqr_account, settings.vietqr_name
    if bank is None or number is None or name is None:
        raise Invalid(
            "no account takes transfers here",
            field="MOTCUA_VIETQR_ACCOUNT",
            remedy="set MOTCUA_VIETQR_BIN, MOTCUA_VIETQR_ACCOUNT and MOTCUA_VIETQR_NAME",
        )
    return payload(Account(bank, number, name), case.fee_total, f"HS {case.dossier.hex}"[:LONGEST_PURPOSE])
