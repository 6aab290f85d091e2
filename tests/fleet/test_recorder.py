"""A flow recorded in the console on a phone of a running fleet: written by the command, checked, and held to an app."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.database.clock import database_now
from models.fleet.recordings import recording_named, trouble_of
from models.tables import Phone
from models.transactions.read_write import read
from tests.support.console.monday import people
from tests.support.console.served import Asker, served
from tests.support.fleet import Fleet
from tests.support.newcomer import follow

SECONDS, PACKAGE, NAME = 120.0, "com.phonefleet.reader", "read_recorded"
ITEM = re.compile(r'<a href="\?element=(\d+)#element" dir="auto">([^<]*)</a>')


class Operator:
    """Somebody who records: what they click, once the phone has shown what came of the click before."""

    def __init__(self, fleet: Fleet, person: Asker, recording: int) -> None:
        self._fleet, self._person, self._path, self._id = fleet, person, f"/recorder/{recording}", recording

    def page(self) -> str:
        """The page, once the phone is not at work."""
        self._fleet.wait(lambda: self._person.get(f"{self._path}/state").status_code == 200, SECONDS, "the phone")

        def trouble(session: Session) -> str:
            return trouble_of(recording_named(session, self._id), database_now(session))

        assert read(self._fleet.engine, trouble) == ""
        return self._person.get(self._path).text

    def click(self, do: str, words: str = "", place: int = 0, **fields: str) -> str:
        """Do something, on an element whose line has these words: the first, or at this place. Returns its line."""
        page = self.page()
        at = page.partition('name="at" value="')[2].partition('"')[0]
        found = [(one[1], one[2]) for one in ITEM.finditer(page) if words in one[2]]
        number, line = found[place] if words else ("", "")
        sent = self._person.post(f"/acts/recorder/{do}", id=self._id, at=at, number=number, **fields)
        assert sent.status_code == 303, sent.text
        return line


@pytest.mark.fleet
def test_a_flow_is_recorded_in_the_console_written_and_checked(
    tmp_path: Path, sqlite_database: str, empty_redis_url: str
) -> None:
    with Fleet(tmp_path / "fleet", sqlite_database, empty_redis_url, 1) as fleet:
        people(fleet.engine)
        (serial,) = read(fleet.engine, lambda session: session.scalars(select(Phone.serial)).all())
        with served(fleet.engine) as console:
            lena = console.as_role("operator")
            assert lena.post("/acts/phones/pause", serial=serial, reason="it is recorded").status_code == 303
            sent = lena.post("/acts/recorder/begin", phone=serial, package=PACKAGE, heading="读文章", kind="flow")
            assert sent.status_code == 303, sent.text
            person = Operator(fleet, lena, 1)
            person.click("page", name="accounts")
            line = person.click("find", "#item_id", 1, name="account")  # the first account has no article
            person.click("page", name="account")
            person.click("read", "#account_name", name="official_account")
            person.click("read", "#item_title", name="title")
            assert "steps.yaml" in person.page()
            person.click("end")
        told = follow(tmp_path, f"phonefleet profile record {NAME} --recording 1", fleet.env)
        account = re.split("[:：]", line.rstrip("”"))[-1].strip()
        assert f"{NAME} is written" in told.replace("\n", "")
        assert f"{NAME} has no mistakes" in follow(tmp_path, f"phonefleet flow check {NAME}", {}).replace("\n", "")
        held = follow(
            tmp_path, f"phonefleet profile check {NAME} --param account={account} --param most=2 --no-trees", {}
        )
        assert "account" in held
