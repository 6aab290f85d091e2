"""The drift board: which selector fails where, both trees of a page, and a person accepts or withdraws a patch."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from gateway.console.live.drift import trees_of, unknown_pages
from models.fleet.health import note_page_drift
from models.responsible_use.profile_patches import patch_named, patch_refusal, patch_state
from models.tables import AuditEntry, Phone, ProfilePatch
from models.transactions.read_write import read, write
from models.values.enums import Role
from tests.support.console.browser import log_in, tab
from tests.support.console.monday import HOSTILE, PEOPLE
from tests.support.console.served import Served
from tests.support.patches import VERSION, proposed_patch

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def patch_of(console: Served, patch: int) -> ProfilePatch:
    return read(console.engine, lambda session: patch_named(session, patch))


def updated(console: Served, *serials: str) -> None:
    """These phones have the new version."""
    of_them = update(Phone).where(Phone.serial.in_(serials))
    write(console.engine, lambda session: session.execute(of_them.values(app_version=VERSION)))


def test_the_board_tells_which_selector_fails_on_which_version_and_model(console: Served) -> None:
    patch = proposed_patch(console.engine)
    updated(console, "P0001", "P0002")
    write(console.engine, lambda session: session.execute(update(Phone).values(model="Own 7")))
    page = console.as_role("viewer").get("/drift").text
    for told in (
        "comment_list",
        "v5_comment_list",
        VERSION,
        "Own 7</span> ×2",
        "likes",
        "它不在了",
        "待接受",
        f"/drift/{patch}",
    ):
        assert told in page, told


def test_a_patch_shows_the_old_and_the_new_tree_of_each_page_without_a_name(console: Served) -> None:
    patch = proposed_patch(console.engine)
    page = console.as_role("viewer").get(f"/drift/{patch}").text
    for told in ("<mark>*", "#account_id", "#v5_account_id", "更新前", "P0001"):
        assert told in page, told
    row = patch_of(console, patch)
    assert set(trees_of(row.trees)) == {"comments", "me"}
    assert row.model == read(console.engine, lambda session: session.get_one(Phone, "P0001").model)
    assert "/acts/drift/" not in page


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ADMIN])
def test_a_person_accepts_a_patch_and_withdraws_it_with_their_reason(console: Served, role: Role) -> None:
    patch, who = proposed_patch(console.engine), PEOPLE[role]
    person = console.as_role(role)

    def refused() -> bool:
        return read(console.engine, lambda session: patch_refusal(session, patch)) is not None

    assert refused()
    answer = person.post("/acts/drift/accept", id=patch, reason="looked at both")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/drift/{patch}?done=patch_accepted")
    assert not refused(), "acts use it"
    assert patch_of(console, patch).accepted_by == who
    assert "looked at both" in person.get(f"/drift/{patch}").text
    assert person.post("/acts/drift/withdraw", id=patch, reason="it reads the wrong name").status_code == 303
    assert refused()
    again = person.post("/acts/drift/accept", id=patch, reason="again")
    assert again.status_code == 422
    assert who in again.text
    subject = f"profile patch {patch} of com.phonefleet.practice {VERSION}"
    found = select(AuditEntry).where(AuditEntry.subject == subject).order_by(AuditEntry.id)
    entries = read(console.engine, lambda session: session.scalars(found).all())
    assert [(one.who, one.after, one.reason) for one in entries] == [
        (who, "accepted", "looked at both"),
        (who, "withdrawn", "it reads the wrong name"),
    ]


def test_a_viewer_decides_nothing_and_a_decision_needs_a_reason_and_a_patch(console: Served) -> None:
    patch = proposed_patch(console.engine)
    assert console.as_role("viewer").post("/acts/drift/accept", id=patch, reason="x").status_code == 403
    lena = console.as_role("operator")
    for sent in ({"id": patch, "reason": " "}, {"id": patch + 1, "reason": "x"}, {"id": "²", "reason": "x"}):
        assert lena.post("/acts/drift/accept", **sent).status_code == 422, sent
    assert lena.post("/acts/drift/other", id=patch, reason="x").status_code == 422
    assert patch_state(patch_of(console, patch)) == "proposed"


def test_what_an_app_says_is_shown_as_text(browser: Browser, console: Served) -> None:
    patch = proposed_patch(console.engine, HOSTILE)
    updated(console, "P0001")

    def drifted(session: Session) -> None:
        session.get_one(Phone, "P0001").model = HOSTILE[:29]
        note_page_drift(session, "P0001", HOSTILE, HOSTILE, "x", datetime.now(UTC))

    write(console.engine, drifted)
    with tab(browser, width=390) as (page, wrong):
        log_in(page, console.url, "admin")
        for path in ("/drift", f"/drift/{patch}"):
            page.goto(console.url + path)
            assert HOSTILE in page.evaluate("document.querySelector('main').textContent")
            assert page.locator("main script").count() == 0
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert wrong == []


def test_a_patch_is_accepted_by_keyboard_alone(browser: Browser, console: Served) -> None:
    patch = proposed_patch(console.engine)
    with tab(browser, "en") as (page, wrong):
        log_in(page, console.url, "operator")
        page.goto(f"{console.url}/drift")
        page.get_by_role("link", name=str(patch), exact=True).first.focus()
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/drift/{patch}")
        page.get_by_role("button", name="Accept the patch").first.focus()
        page.keyboard.press("Enter")
        reason = page.get_by_role("dialog").get_by_role("textbox", name="Reason")
        reason.focus()
        page.keyboard.type("both trees are alike")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").first).to_have_text("Accepted: acts use the patch from now on.")
        assert wrong == []
    assert patch_state(patch_of(console, patch)) == "accepted"


def test_a_patch_of_a_later_phonefleet_and_one_without_trees_are_told(console: Served) -> None:
    patch = proposed_patch(console.engine)
    changed = update(ProfilePatch).values(patch={"later": 1}, trees=None)
    write(console.engine, lambda session: session.execute(changed))
    page = console.as_role("viewer").get(f"/drift/{patch}").text
    assert "由更新的版本写成" in page
    assert "没有保存树" in page
    assert trees_of({"me": {"before": 1}}) == {}


def test_a_version_that_the_profile_knows_meanwhile_fails_nowhere(console: Served) -> None:
    patch = proposed_patch(console.engine, version="2.4.1")
    page = console.as_role("viewer").get("/drift").text
    assert "v5_account_id" not in page
    assert f"/drift/{patch}" in page
    assert "应用配置已认识此版本" in page


def test_unknown_pages_are_one_line_for_each_page_version_and_model(console: Served) -> None:
    def work(session: Session) -> list[Phone]:
        for serial, page in (("P0001", "feed"), ("P0002", "feed"), ("P0003", "video")):
            note_page_drift(session, serial, page, "it is not as it was", "", NOW)
        session.flush()
        session.execute(update(Phone).values(model="Own 7", app_version=VERSION))
        return list(session.scalars(select(Phone).order_by(Phone.serial)))

    found = unknown_pages(write(console.engine, work), NOW)
    assert [(one.page, one.version, one.model, one.phones) for one in found] == [
        ("feed", VERSION, "Own 7", ["P0001", "P0002"]),
        ("video", VERSION, "Own 7", ["P0003"]),
    ]
