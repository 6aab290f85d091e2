"""Flow packages on the console: their versions, the trial of a new one, and a person puts one into use or back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import func, select

from models.fleet.flow_versions import versions_of
from models.tables import AuditEntry, Task
from models.transactions.read_write import read
from models.values.enums import Role
from tests.support.console.browser import log_in, tab
from tests.support.console.monday import HOSTILE, PEOPLE
from tests.support.console.served import Served
from tests.support.flow_trials import BEFORE, CANARY, FLOW, PHONES, WITHDRAWN, version_trial
from workers.control.flow_versions import OPEN


def states(console: Served) -> dict[str, str]:
    return {one.version: one.state for one in read(console.engine, lambda session: versions_of(session, FLOW))}


def test_the_page_tells_each_version_its_open_tasks_and_how_the_trial_goes(console: Served) -> None:
    in_use = version_trial(console.engine)
    counted = select(func.count()).where(Task.flow == FLOW, Task.flow_version == in_use, Task.state.in_(OPEN))
    left = read(console.engine, lambda session: session.scalar(counted))
    page = console.as_role("viewer").get("/flows").text
    order = [page.index(f'class="mono">{one}</td>') for one in (in_use, CANARY, BEFORE, WITHDRAWN)]
    assert order == sorted(order)
    for told in (
        "启用", "试用中", "已退役", "已撤回", *(f'href="/phones/{one}"' for one in PHONES),
        "3 次运行中 2 次成功，1 次因它而失败", "流程缺陷", "12 次运行只成功 3 次，须成功 5 次",
    ):  # fmt: skip
        assert told in page, told
    assert left
    assert f'<td class="number">{left}</td>' in page
    assert "/acts/flows/" not in page, "a viewer decides nothing"


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ADMIN])
def test_a_person_puts_a_version_into_use_and_takes_it_back_with_their_reason(console: Served, role: Role) -> None:
    in_use, person = version_trial(console.engine), console.as_role(role)
    answer = person.post("/acts/flows/promote", flow=FLOW, version=CANARY, reason="it reads well")
    assert (answer.status_code, answer.headers["location"]) == (303, "/flows?done=version_in_use")
    assert states(console) == {BEFORE: "retired", in_use: "retired", CANARY: "in_use", WITHDRAWN: "withdrawn"}
    assert person.post("/acts/flows/withdraw", flow=FLOW, version=CANARY, reason="it does not").status_code == 303
    assert states(console) == {BEFORE: "retired", in_use: "in_use", CANARY: "withdrawn", WITHDRAWN: "withdrawn"}
    mine = select(AuditEntry).where(AuditEntry.who == PEOPLE[role]).order_by(AuditEntry.id)
    entries = read(console.engine, lambda session: session.scalars(mine).all())
    told = [(one.subject, one.after, one.reason) for one in entries if one.subject == f"flow {FLOW} {CANARY}"]
    assert told == [
        (f"flow {FLOW} {CANARY}", "in_use", "it reads well"),
        (f"flow {FLOW} {CANARY}", "withdrawn", "it does not"),
    ]


def test_a_viewer_decides_nothing_and_a_decision_needs_a_reason_and_a_version(console: Served) -> None:
    version_trial(console.engine)
    before, given = states(console), {"flow": FLOW, "version": CANARY, "reason": "x"}
    assert console.as_role("viewer").post("/acts/flows/promote", **given).status_code == 403
    lena = console.as_role("operator")
    for wrong in ({"reason": " "}, {"version": "7"}, {"flow": "none"}, {"flow": ""}):
        assert lena.post("/acts/flows/promote", **{**given, **wrong}).status_code == 422, wrong
    assert lena.post("/acts/flows/other", **given).status_code == 422
    assert states(console) == before


def test_without_a_package_the_page_says_so_and_the_first_version_cannot_be_taken_back(console: Served) -> None:
    assert "协调器还没有见到流程包。" in console.as_role("operator").get("/flows").text
    in_use, lena = version_trial(console.engine), console.as_role("operator")
    assert lena.post("/acts/flows/promote", flow=FLOW, version=BEFORE, reason="x").status_code == 303
    assert lena.post("/acts/flows/withdraw", flow=FLOW, version=in_use, reason="x").status_code == 303
    assert f'name="version" value="{BEFORE}"' not in lena.get("/flows").text, "nothing was in use before it"
    assert lena.post("/acts/flows/withdraw", flow=FLOW, version=BEFORE, reason="x").status_code == 422


def test_a_version_is_put_into_use_by_keyboard_alone_and_what_a_package_says_is_text(
    browser: Browser, console: Served
) -> None:
    version_trial(console.engine, why=HOSTILE)
    with tab(browser, "en", width=390) as (page, wrong):
        log_in(page, console.url, "operator")
        page.goto(f"{console.url}/flows")
        assert HOSTILE in page.evaluate("document.querySelector('main').textContent")
        assert page.locator("main script").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.get_by_role("button", name=f"Put {CANARY} into use").first.focus()
        page.keyboard.press("Enter")
        reason = page.get_by_role("dialog").get_by_role("textbox", name="Reason")
        reason.focus()
        page.keyboard.type("five runs were right")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").first).to_have_text("In use: new tasks get this version.")
        assert wrong == []
    assert states(console)[CANARY] == "in_use"
