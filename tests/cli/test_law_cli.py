"""The commands that ask the law: the JSON of the contract, the readable answer, and bad input."""

import json
from shutil import copytree

import pytest
import typer
from typer.testing import CliRunner

from adapters.catalogue_files import FOLDER, read
from cli.law import register

app = typer.Typer()
register(app)


def run(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


def answer(*arguments):
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def priced(place, amount):
    """A copy of the catalogue's files in which a household business costs that much."""
    folder = copytree(FOLDER, place / "catalogue")
    file = folder / "procedures" / "1.001612.toml"
    file.write_text(file.read_text("utf-8").replace("amount = 100000", f"amount = {amount}"), "utf-8")
    return folder


ONLINE = ("deadline", "--procedure", "2.001628", "--received", "2024-04-24T09:00:00+07:00", "--channel", "online")


def test_deadline_json():
    """`deadline --json` has the keys of the contract, with instants on Vietnam's clock."""
    found = answer(*ONLINE)

    assert found["statutory_due"] == "2024-05-10T17:00:00+07:00"
    assert found["promised_due"] == "2024-05-08T17:00:00+07:00"
    assert found["acceptance_due"] == "2024-04-25T09:30:00+07:00"
    assert found["calendar"].startswith("state-office@")
    assert found["basis"][0] == "Luật Du lịch 09/2017/QH14, Điều 32"
    assert found["version"] == read().catalogue.version


def test_walk_counts_day_by_day():
    """The walk has one row for each day, with what it counted and why, and adds up to the term."""
    walk = answer(*ONLINE)["walk"]

    assert [row["day"] for row in walk] == [f"2024-04-{day}" for day in range(24, 31)] + [
        f"2024-05-{day:02}" for day in range(1, 11)
    ]
    assert sum(row["counted"] for row in walk) == 10
    assert {"day": "2024-05-04", "counted": 1, "reason": "Thứ bảy làm bù cho 29/04/2024"} in walk
    assert all(row["reason"] for row in walk)


def test_no_acceptance_at_the_counter():
    """At the counter nothing waits to be answered, and the promised date equals the statutory one."""
    found = answer(*ONLINE[:-1], "counter")

    assert found["acceptance_due"] is None
    assert found["promised_due"] == found["statutory_due"]


def test_one_instant_serves_for_both():
    """With --received alone, or --submitted alone, that instant is both filing and acceptance."""
    by_filing = answer(*("--submitted" if each == "--received" else each for each in ONLINE))

    assert by_filing == answer(*ONLINE)


def test_filing_and_acceptance_apart():
    """Acceptance is due from the filing, the terms from the acceptance."""
    found = answer(*ONLINE, "--submitted", "2024-04-23T09:00:00+07:00")

    assert found["acceptance_due"] == "2024-04-24T09:30:00+07:00"
    assert found["statutory_due"] == "2024-05-10T17:00:00+07:00"


@pytest.mark.parametrize("received", ["2024-04-24T09:00", "2024-04-24T02:00:00Z", "2024-04-24 09:00:00"])
def test_instants_are_vietnams(received):
    """An instant without an offset is read on Vietnam's clock; one with an offset is moved to it."""
    assert answer(*ONLINE[:4], received, *ONLINE[5:]) == answer(*ONLINE)


def test_provisional_year_is_said():
    """A date in a year whose calendar is not announced is marked provisional."""
    found = answer("deadline", "--procedure", "2.001628", "--received", "2026-12-28T09:00", "--channel", "counter")

    assert found["provisional"] is True
    assert found["statutory_due"].startswith("2027-01-")


def test_the_law_of_another_day():
    """--on applies the law of that day: before Decision 906 an online dossier was promised nothing shorter."""
    found = answer(*ONLINE, "--on", "2023-01-05")

    assert found["promised_due"] == found["statutory_due"]


def test_fee_json():
    """`fee --json` has lines that add up, with their legal basis, and the total."""
    found = answer("fee", "--procedure", "1.014199", "--channel", "online", "--on", "2026-11-23")

    (line,) = found["lines"]
    assert (line["kind"], line["listed"], line["exempted"], line["reduced"], line["due"]) == (
        "le_phi",
        600_000,
        0,
        300_000,
        300_000,
    )
    assert line["name"] == "Lệ phí cấp giấy phép lao động cho người nước ngoài"
    assert line["basis"][-1].startswith("NQ 11/2022/NQ-HĐND")
    assert found["total"] == 300_000


def test_fee_of_a_free_procedure():
    """A free procedure has no line and a total of zero."""
    found = answer("fee", "--procedure", "1.001193", "--channel", "counter")

    assert (found["lines"], found["total"]) == ([], 0)


def test_fee_of_pages_and_group():
    """Quantity counts pages, and an exempted group pays nothing."""
    pages = answer("fee", "--procedure", "2.000815", "--channel", "counter", "--quantity", 5)
    exempt = answer("fee", "--procedure", "1.004222", "--channel", "counter", "--exemption", "merit")

    assert pages["total"] == 7_000
    assert (exempt["total"], exempt["lines"][0]["exempted"]) == (0, 20_000)


def test_fee_json_for_the_books():
    """Each line of `fee --json` has the keys of the contract, and what the books need beside them."""
    (line,) = answer("fee", "--procedure", "1.011441", "--channel", "online", "--on", "2026-11-23")["lines"]

    assert {"name", "kind", "listed", "exempted", "reduced", "due", "basis"} <= line.keys()
    assert (line["kind"], line["kept_percent"], line["refund"]) == ("phi", 85, "before_appraisal")


def test_fee_with_a_duty():
    """A financial duty stands beside the fees as the notice says, and is part of the sum."""
    asked = ("fee", "--procedure", "1.013831", "--channel", "online", "--on", "2026-11-23")
    found = answer(*asked, "--duty", "1234/TB-CCT=12500000", "--duty", "7/TB=1")

    assert [(line["kind"], line["due"]) for line in found["lines"]] == [
        ("le_phi", 15_000),
        ("phi", 145_000),
        ("financial_duty", 12_500_000),
        ("financial_duty", 1),
    ]
    assert found["total"] == 12_660_001


def test_fee_at_a_unit():
    """With --unit the case is the usual one of that commune; a case for another kind of place is refused."""
    asked = ("fee", "--procedure", "1.013831", "--channel", "online", "--unit", "000.00.63.H48")
    refused = run(*asked, "--case", "plain")

    assert answer(*asked)["total"] == 160_000
    assert refused.exit_code == 1
    assert "use one of: difficult, lease-difficult" in refused.stderr


REASONS = {
    "cut online": (("1.001612", "online"), "lệ phí", "filed online, so the resolution takes its share of it"),
    "counter": (("1.001612", "counter"), "lệ phí", "only what is filed online is cut"),
    "not listed": (("1.000703", "online"), "lệ phí", "no resolution in force on that day lists it"),
    "ministry": (("2.000635", "online"), "phí", "fixed by the ministry"),
    "listed per channel": (("1.004222", "online"), "lệ phí", "its own table lists a price for each channel"),
    "free": (("1.000656", "online"), "lệ phí", "free as listed"),
    "exempt": (("1.004873", "online", "--exemption", "merit"), "lệ phí", "exempt, so that nothing is left to cut"),
    "part": (("3.000333", "online", "--exemption", "student"), "phí", "part of it is exempt; fixed by the ministry"),
    "duty": (("1.001193", "online", "--duty", "1/TB=5"), "financial duty", "never cut, exempted or given back"),
}


@pytest.mark.parametrize("asked, kind, why", REASONS.values(), ids=REASONS)
def test_fee_says_why(asked, kind, why):
    """For people each line has its kind, the texts that it rests on, and a sentence why it is what it is."""
    procedure, channel, *more = asked
    said = run("fee", "--procedure", procedure, "--channel", channel, "--on", "2026-11-23", *more).stdout
    on_one_line = " ".join(said.split())

    assert kind.split()[-1] in said
    assert why in on_one_line
    assert " by " in on_one_line


def test_fee_says_what_is_not_confirmed():
    """A row that no source confirmed says so, and why; one that is certain does not."""
    unsure = run("fee", "--procedure", "1.001612", "--channel", "online").stdout
    sure = run("fee", "--procedure", "2.000815", "--channel", "counter").stdout

    assert "not confirmed: Mức 100.000 đồng" in " ".join(unsure.split())
    assert "not confirmed" not in sure


def test_readable_answers():
    """Without --json a person reads the dates, the reasons and the sum."""
    dates = run(*ONLINE)
    fees = run("fee", "--procedure", "1.001612", "--channel", "online", "--on", "2026-11-23")

    assert "10/05/2024 17:00" in dates.stdout
    assert "Thứ bảy làm bù" in dates.stdout
    assert "total 50.000 đồng" in fees.stdout


BAD = {
    "unknown procedure": (("deadline", "--procedure", "9.9", "--received", "2026-11-23T09:00"), "procedure"),
    "no instant": (("deadline", "--procedure", "2.000004"), "received"),
    "not an instant": (("deadline", "--procedure", "2.000004", "--received", "hôm qua"), "received"),
    "filing is no instant": (
        ("deadline", "--procedure", "2.000004", "--received", "2026-11-23T09:00", "--submitted", "x"),
        "submitted",
    ),
    "accepted before filed": (
        ("deadline", "--procedure", "2.000004", "--received", "2026-11-20T09:00", "--submitted", "2026-11-23T09:00"),
        "submitted",
    ),
    "unit that may not receive it": (
        ("deadline", "--procedure", "2.000004", "--received", "2026-11-23T09:00", "--unit", "000.00.61.H48"),
        "unit",
    ),
    "unit that has ended": (
        ("deadline", "--procedure", "1.001612", "--received", "2026-11-23T09:00", "--unit", "000.00.53.H48"),
        "unit",
    ),
    "unknown case": (
        ("deadline", "--procedure", "2.000004", "--received", "2026-11-23T09:00", "--case", "x"),
        "case",
    ),
    "not a day": (("deadline", "--procedure", "2.000004", "--received", "2026-11-23T09:00", "--on", "x"), "on"),
    "a year no calendar holds": (
        ("deadline", "--procedure", "2.000004", "--received", "2030-01-02T09:00"),
        "calendar",
    ),
    "before the procedure was": (("fee", "--procedure", "1.014199", "--on", "2024-01-01"), "procedure"),
    "no copies": (("fee", "--procedure", "2.000635", "--quantity", "0"), "quantity"),
    "too many copies": (("fee", "--procedure", "2.000635", "--copies", "100001"), "copies"),
    "an exemption without evidence": (
        ("fee", "--procedure", "1.004222", "--exemption", "elderly", "--evidence", " "),
        "exemption.evidence",
    ),
    "a duty without an amount": (("fee", "--procedure", "1.004222", "--duty", "12/TB"), "duty"),
    "a duty of a fraction": (("fee", "--procedure", "1.004222", "--duty", "12/TB=1.5"), "duty"),
    "a negative duty": (("fee", "--procedure", "1.004222", "--duty", "12/TB=-5"), "duties.amount"),
    "a duty without a notice": (("fee", "--procedure", "1.004222", "--duty", "=5"), "duties.notice"),
    "a unit that may not receive it": (
        ("fee", "--procedure", "1.004222", "--unit", "000.00.61.H48"),
        "unit",
    ),
    "group that the fee does not know": (("fee", "--procedure", "1.004222", "--exemption", "student"), "exemption"),
}


@pytest.mark.parametrize("arguments, field", BAD.values(), ids=BAD)
def test_bad_input(arguments, field):
    """Bad input exits non-zero, says nothing on standard output, and names field and remedy on standard error."""
    result = run(*arguments, "--channel", "online", "--json")

    assert result.exit_code != 0
    assert result.stdout == ""
    assert f"field: {field}\n" in result.stderr
    assert "remedy:" in result.stderr


@pytest.mark.parametrize(
    "arguments, named",
    [
        (("fee", "--procedure", "1.001193", "--channel", "fax"), "--channel"),
        (("fee", "--procedure", "1.001193"), "--channel"),
        (("fee", "--channel", "online"), "--procedure"),
        (("fee", "--procedure", "2.000635", "--channel", "online", "--quantity", "hai"), "--quantity"),
        (("fee", "--procedure", "1.004222", "--channel", "online", "--exemption", "x"), "--exemption"),
    ],
)
def test_bad_options(arguments, named):
    """An option that is missing or of the wrong kind is named, with exit code 2."""
    result = run(*arguments)

    assert result.exit_code == 2
    assert named in result.stderr


def test_channel_that_the_procedure_lacks():
    """A channel through which the procedure is not received is refused for its fee as for its dates."""
    fee = run("fee", "--procedure", "1.004222", "--channel", "post")
    dates = run("deadline", "--procedure", "1.004222", "--channel", "post", "--received", "2026-11-23T09:00")

    assert fee.exit_code == dates.exit_code == 1
    assert "field: channel" in fee.stderr
    assert "field: channel" in dates.stderr


def test_check_says_sound():
    """`catalogue check` exits 0 for the shipped catalogue."""
    assert answer("catalogue", "check") == {"is_sound": True, "findings": []}
    assert "sound" in run("catalogue", "check").stdout


@pytest.fixture
def broken(tmp_path):
    """A copy of the catalogue in which a fee is negative."""
    return priced(tmp_path, -100_000)


def test_check_lists_findings(broken):
    """`catalogue check` exits 1 and lists file, entry, message and remedy."""
    listed = run("catalogue", "check", "--folder", broken, "--json")
    readable = run("catalogue", "check", "--folder", broken)

    (found,) = json.loads(listed.stdout)["findings"]
    assert listed.exit_code == readable.exit_code == 1
    assert found["file"] == "procedures/1.001612.toml"
    assert found["entry"] == "fee LP-HKD/2021-01-04"
    assert found["remedy"]
    assert "LP-HKD" in readable.stderr


@pytest.mark.parametrize(
    "arguments",
    [ONLINE, ("fee", "--procedure", "1.001193", "--channel", "online"), ("catalogue", "publish")],
)
def test_nothing_from_unsound_files(broken, arguments):
    """Files that may not be published answer nothing and are not published: the first finding is the refusal."""
    result = run(*arguments, "--folder", broken)

    assert result.exit_code == 1
    assert "LP-HKD" in result.stderr


@pytest.fixture
def settings(monkeypatch, database):
    """The settings of an installation whose database holds the shipped catalogue as published."""
    given = {
        "DATABASE_URL": database,
        "TEMPORAL_ADDRESS": "127.0.0.1:1",
        "KEYS": "unused",
        "INDEX_KEY": "unused",
        "PAYMENTS_URL": "http://127.0.0.1:1",
        "PAYMENTS_SECRET": "unused",
        "GATEWAY_PORT": "1",
        "GATEWAY_URL": "http://127.0.0.1:1",
    }
    for name, value in given.items():
        monkeypatch.setenv(f"MOTCUA_{name}", value)


def test_publish_once(settings, tmp_path):
    """`catalogue publish` announces new content once, and says when there was nothing new."""
    folder = priced(tmp_path, 90_000)
    first, again = (answer("catalogue", "publish", "--folder", folder) for _ in range(2))

    assert (first["is_new"], again["is_new"]) == (True, False)
    assert first["publication"] == again["publication"]
    assert first["version"] == again["version"] != read().catalogue.version


def test_published_law_is_not_the_files(settings, tmp_path):
    """With --published the answer is that of the database, whatever the files say, and names that version."""
    asked = ("fee", "--procedure", "1.001612", "--channel", "counter", "--on", "2026-11-23")
    folder = priced(tmp_path, 90_000)
    files, published = answer(*asked, "--folder", folder), answer(*asked, "--folder", folder, "--published")

    assert (files["total"], published["total"]) == (90_000, 100_000)
    assert published["version"] == read().catalogue.version


def test_no_database(monkeypatch, settings):
    """With the database away, --published says so and exits non-zero."""
    monkeypatch.setenv("MOTCUA_DATABASE_URL", "postgresql://motcua:x@127.0.0.1:1/motcua")
    result = run("fee", "--procedure", "1.001193", "--channel", "online", "--published")

    assert result.exit_code == 1
    assert result.stderr.startswith("error: database")
