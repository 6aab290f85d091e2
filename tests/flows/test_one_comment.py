"""dislike_comment and report_comment against the simulated app: the one act is there, once, or it is said why."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from flows import acts
from flows.action import Action, ActionKind
from flows.failures import Stopped
from flows.specs.report_comment import Reason
from phonesim.world.words import REPORT_REASONS
from tests.flows.rig import Rig

FLOWS = ("dislike_comment", "report_comment")
BUTTONS = {"dislike_comment": "menu_dislike", "report_comment": "report_submit"}


def asked(rig: Rig, flow: str, place: int = 0, *, least: int = 20, most: int = 40) -> dict[str, Any]:
    """Parameters of the flow on a comment of a video, from that place on, on which no test acted before."""
    author, video = rig.video(least, most)
    taken = {fact["target_comment"] for fact in rig.shelf.truth()}
    one = next(one for at in range(place, least) if (one := rig.target(video, at)).text not in taken)
    params = {"author_id": author, "title": video["title"]}
    reason = {"reason": "虚假信息"} if flow == "report_comment" else {}
    return params | {"target_commenter": one.commenter, "target_comment": one.text} | reason


def deed(rig: Rig, flow: str, params: dict[str, Any]) -> tuple[str, ...]:
    target = params["target_commenter"], params["target_comment"]
    return (flow, rig.account, params["author_id"], params["title"], *target, params.get("reason", ""))


def deeds(rig: Rig) -> list[tuple[str, ...]]:
    keys = ("kind", "account", "author_id", "title", "target_commenter", "target_comment", "text")
    return [tuple(fact[key] for key in keys) for fact in rig.truth()]


@pytest.mark.parametrize("flow", FLOWS)
def test_the_named_comment_gets_its_one_act(rig: Rig, flow: str) -> None:
    params = asked(rig, flow)
    (row,) = rig.rows(flow, **params)
    assert deeds(rig) == [deed(rig, flow, params)]
    seen = flow == "dislike_comment"  # its menu shows it; of a report the app shows a toast alone
    assert (row["verified"], rig.journal.confirmed) == (seen, {1: seen})
    assert row.get("reason", "") == params.get("reason", "")


@pytest.mark.parametrize("flow", FLOWS)
def test_a_comment_far_down_is_found(rig: Rig, flow: str) -> None:
    params = asked(rig, flow, 45, least=60, most=140)
    rig.run(flow, **params)
    assert deeds(rig) == [deed(rig, flow, params)]


def test_each_reason_of_the_apps_menu_can_be_given_and_no_other(rig: Rig) -> None:
    assert get_args(Reason) == REPORT_REASONS
    params = asked(rig, "report_comment") | {"reason": REPORT_REASONS[-1]}
    rig.run("report_comment", **params)
    assert [one[-1] for one in deeds(rig)] == ["其他"]


def test_a_dislike_of_ones_own_is_not_taken_back(rig: Rig) -> None:
    params = asked(rig, "dislike_comment")
    rig.run("dislike_comment", **params)
    assert rig.fails("dislike_comment", **params).code == "may_not_act"
    assert [one[0] for one in deeds(rig)] == ["dislike_comment"]


@pytest.mark.parametrize("flow", FLOWS)
def test_what_is_not_there_is_named_and_nothing_is_declared(rig: Rig, flow: str) -> None:
    params = asked(rig, flow)
    for change, code in (
        ({"target_comment": "没有这条"}, "comment_not_found"),
        ({"target_commenter": "无名"}, "comment_not_found"),
        ({"title": "没有"}, "video_not_found"),
        ({"author_id": "nobody"}, "author_not_found"),
    ):
        failure = rig.fails(flow, **params | change)
        assert (failure.code, failure.kind) == (code, "fatal")
    assert not rig.truth()
    assert not rig.journal.declared


@pytest.mark.parametrize("flow", FLOWS)
def test_of_comments_that_look_alike_none_is_acted_on(rig: Rig, flow: str) -> None:
    params = asked(rig, flow)
    written = {"author_id": params["author_id"], "title": params["title"], "text": f"一模一样 {flow}"}
    for _ in range(2):
        rig.run("directed", kind="comment", **written)
    params |= {"target_commenter": rig.own_name, "target_comment": written["text"]}
    failure = rig.fails(flow, **params)
    assert (failure.code, failure.kind, failure.culprit) == ("comment_ambiguous", "fatal", "content")
    assert [one[0] for one in deeds(rig)] == ["comment", "comment"]


@pytest.mark.parametrize("flow", FLOWS)
def test_an_account_that_may_not_act_is_told_so(rig: Rig, flow: str) -> None:
    rig.shelf.fault("may_not_act")
    assert rig.fails(flow, **asked(rig, flow)).code == "may_not_act"
    assert not rig.truth()


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize(("fault", "code"), [("network_down", "send_failed"), ("may_not_act", "may_not_act")])
def test_an_act_that_the_app_refuses_did_not_happen(rig: Rig, flow: str, fault: str, code: str) -> None:
    rig.shelf.fault(fault, at="next_tap", on=BUTTONS[flow])
    assert rig.fails(flow, **asked(rig, flow)).code == code
    assert list(rig.journal.refuted) == [1]
    assert not rig.truth()


@pytest.mark.parametrize("moment", ["next_tap", "after_tap"])
def test_a_rate_limit_at_a_dislike_is_settled_by_looking_under_it(rig: Rig, moment: str) -> None:
    params = asked(rig, "dislike_comment")
    rig.shelf.fault("rate_limit", at=moment, on="menu_dislike")
    if moment == "after_tap":
        assert rig.run("dislike_comment", **params).verified
        assert len(rig.truth()) == 1
        return
    assert rig.fails("dislike_comment", **params).code == "rate_limited"
    assert list(rig.journal.refuted) == [1]
    assert not rig.truth()


def test_a_rate_limit_before_the_apps_word_on_a_report_leaves_it_unknown(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "VERIFY_LOOKS", 3)
    rig.shelf.fault("rate_limit", at="next_tap", on="report_submit")
    assert rig.fails("report_comment", **asked(rig, "report_comment")).code == "outcome_unknown"
    assert len(rig.journal.open) == 1
    assert not rig.truth()


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("moment", ["next_tap", "after_tap"])
def test_a_crash_at_the_tap_is_unknown_and_not_repeated(rig: Rig, flow: str, moment: str) -> None:
    params = asked(rig, flow)
    rig.shelf.fault("app_crash" if moment == "after_tap" else "kill_ui_server", at=moment, on=BUTTONS[flow])
    failure = rig.fails(flow, **params)
    assert (failure.code, failure.kind) == ("outcome_unknown", "unknown")
    assert len(rig.journal.open) == 1
    assert deeds(rig) == ([deed(rig, flow, params)] if moment == "after_tap" else [])


@pytest.mark.parametrize("flow", FLOWS)
def test_a_crash_before_the_point_of_no_return_is_begun_again(rig: Rig, flow: str) -> None:
    params = asked(rig, flow)
    rig.shelf.fault("app_crash", at="next_tap", on="comment_more")
    rig.run(flow, **params)
    assert deeds(rig) == [deed(rig, flow, params)]
    assert len(rig.journal.declared) == 1


@pytest.mark.parametrize("flow", FLOWS)
def test_a_popup_at_the_tap_is_closed_and_the_act_is_done_once(rig: Rig, flow: str) -> None:
    params = asked(rig, flow)
    rig.shelf.fault("popup", at="after_tap", on=BUTTONS[flow])
    rig.run(flow, **params)
    assert deeds(rig) == [deed(rig, flow, params)]


@pytest.mark.parametrize("flow", FLOWS)
def test_what_an_earlier_attempt_did_is_not_done_again(rig: Rig, flow: str) -> None:
    params = asked(rig, flow)
    target = params["target_commenter"], params["target_comment"]
    action = Action(ActionKind(flow), params["author_id"], params["title"], *target, params.get("reason", ""))
    rig.journal.earlier = [action]
    rig.journal.unseen = [action]
    assert not rig.run(flow, **params).verified
    assert not rig.truth()


@pytest.mark.parametrize("flow", FLOWS)
def test_responsible_use_says_no_before_the_phone_goes_anywhere(rig: Rig, flow: str) -> None:
    params = asked(rig, flow)
    rig.journal.without_basis = {params["author_id"]}
    assert rig.fails(flow, **params).code == "no_basis"
    assert rig.watch.steps == ["account"]


@pytest.mark.parametrize("flow", FLOWS)
def test_a_stop_between_choosing_and_acting_leaves_nothing_in_doubt(
    rig: Rig, flow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = asked(rig, flow)
    declare = rig.journal.declare

    def stopped_then(action: Action) -> int:
        rig.watch.stop = Stopped("stop")
        return declare(action)

    monkeypatch.setattr(rig.journal, "declare", stopped_then)
    with pytest.raises(Stopped):
        rig.run(flow, **params)
    assert list(rig.journal.refuted) == [1]
    assert not rig.truth()
