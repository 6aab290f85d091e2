"""Actions in doubt against the simulated app: what verify says is what the world's own log says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from flows import acts
from flows.action import Action, ActionKind
from flows.app import App
from flows.failures import FlowFailure
from flows.find import videos_titled
from flows.phone import PhoneError
from flows.verify import Seen, verify
from tests.flows.rig import LONG, PACKAGE, Rig
from tests.support.poll import wait_until
from workers.phone import device

KINDS = ("comment", "reply", "like_comment", "like_video", "dislike_comment")
FAULTS = ("hang", "kill_ui_server", "unplug", "app_crash")
BUTTONS = {
    "comment": "comment_send",
    "reply": "reply_send",
    "like_comment": "comment_like",
    "like_video": "video_like",
    "dislike_comment": "menu_dislike",
    "report_comment": "report_submit",
}
ALONE = ("dislike_comment", "report_comment")  # each is a flow of its own


@dataclass(frozen=True)
class Deed:
    """One action to do, and the flow that does it."""

    kind: str
    params: dict[str, Any]

    @property
    def flow(self) -> str:
        return self.kind if self.kind in ALONE else "nurture" if self.kind == "like_video" else "directed"


def deed(rig: Rig, kind: str, place: int = 0, text: str = "说得在理") -> Deed:
    """A deed; on the comment at that place among those that no other one there looks like."""
    if kind == "like_video":
        return Deed(kind, {"video_likes": 1, "video_loop": 30})
    author, video = rig.video(20, 40)
    params = {"author_id": author, "title": video["title"]} | ({} if kind in ALONE else {"kind": kind})
    if kind != "comment":
        names = [(comment.commenter, comment.text) for comment in rig.comments(video)]
        target = [name for name in names if name[1] and names.count(name) == 1][place]
        params |= {"target_commenter": target[0], "target_comment": target[1]}
    if kind == "report_comment":
        return Deed(kind, params | {"reason": "人身攻击"})
    return Deed(kind, params | ({"text": text} if kind in ("comment", "reply") else {}))


def fail_at(rig: Rig, todo: Deed, fault: str, moment: str) -> Action:
    """Run the flow until the fault strikes at the very tap; the action that is in doubt then."""
    rig.shelf.fault(fault, at=moment, on=BUTTONS[todo.kind])
    before = len(rig.journal.declared)
    failure = rig.fails(todo.flow, **todo.params)
    assert (failure.code, failure.kind) == ("outcome_unknown", "unknown")
    assert len(rig.journal.declared) == before + 1
    assert rig.journal.open == rig.journal.declared[before:]
    return rig.journal.declared[before]


def mend(rig: Rig) -> None:
    """What a worker does before anybody may conclude: the phone is back, its UI server and the app are new."""
    rig.shelf.heal()
    address = rig.shelf.phones[0]["address"]

    def back() -> bool:
        rig.shelf.adb.client.connect(address, timeout=5)
        return {each.serial: each.state for each in rig.shelf.adb.client.list()}.get(address) == "device"

    wait_until(back, 15, "the phone to be back")
    rig.phone.restart_ui_server()
    rig.phone.stop_app(PACKAGE)


def look_for(rig: Rig, action: Action, known: int = 0, comment_loop: int = 200) -> Seen:
    return verify(App(rig.session()), action, rig.own_name, known, video_loop=60, comment_loop=comment_loop)


def conclude(rig: Rig, action: Action, seen: Seen) -> None:
    """Write down what verify said, as the next attempt finds it."""
    number = len(rig.journal.declared)
    if seen is Seen.HAPPENED:
        rig.journal.confirm(number, verified=True)
        rig.journal.earlier = [*rig.journal.earlier, action]
    else:
        rig.journal.refute(number, "not there")


def kinds(rig: Rig) -> list[str]:
    return [fact["kind"] for fact in rig.truth()]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead app and a hung phone are given up sooner than a real one."""
    monkeypatch.setattr(acts, "VERIFY_LOOKS", 3)
    monkeypatch.setattr(device, "CALL_SECONDS", 2.0)


@pytest.mark.kind_phone(
    "sixteen times a phone that comes back takes a minute on a rough one; four are in the next test"
)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_got_through_before_the_fault_is_found_and_not_done_again(rig: Rig, kind: str, fault: str) -> None:
    found_and_not_done_again(rig, deed(rig, kind, FAULTS.index(fault), text=f"通过了 {fault}"), fault)


@pytest.mark.parametrize(("kind", "fault"), list(zip(KINDS, (*FAULTS, "hang"), strict=True)))
def test_each_kind_that_got_through_is_found_on_every_phone(rig: Rig, kind: str, fault: str) -> None:
    found_and_not_done_again(rig, deed(rig, kind, 9 + FAULTS.index(fault), text=f"都通过了 {fault}"), fault)


def found_and_not_done_again(rig: Rig, todo: Deed, fault: str) -> None:
    action = fail_at(rig, todo, fault, "after_tap")
    mend(rig)
    seen = look_for(rig, action)
    assert seen is Seen.HAPPENED
    conclude(rig, action, seen)
    result = rig.run(todo.flow, **todo.params)
    assert kinds(rig) == [todo.kind]
    if todo.flow != "nurture":
        assert result.verified


@pytest.mark.parametrize("kind", KINDS)
def test_what_never_got_through_is_known_not_to_be_there_and_done_once(rig: Rig, kind: str) -> None:
    todo = deed(rig, kind, len(FAULTS), text="没有通过")
    action = fail_at(rig, todo, "kill_ui_server", "next_tap")
    mend(rig)
    seen = look_for(rig, action)
    assert seen is Seen.NOT
    conclude(rig, action, seen)
    assert not rig.truth()
    rig.run(todo.flow, **todo.params)
    assert kinds(rig) == [kind]


def test_nobody_concludes_about_a_phone_that_hangs_and_its_queued_tap_is_seen(rig: Rig) -> None:
    action = fail_at(rig, deed(rig, "comment", text="醒来才发"), "hang", "next_tap")
    with pytest.raises(PhoneError, match="phone_hung"):
        look_for(rig, action)
    assert not rig.truth()
    rig.shelf.heal()
    wait_until(rig.truth, 10, "the queued tap to run")
    mend(rig)
    assert look_for(rig, action) is Seen.HAPPENED


def test_a_ui_server_that_cannot_be_restarted_yet_holds_the_verdict_up(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    todo = deed(rig, "comment", text="醒来再看")
    action = fail_at(rig, todo, "hang", "next_tap")
    with monkeypatch.context() as short:
        short.setattr(device, "START_SECONDS", 0.5)
        with pytest.raises(PhoneError, match="phone_hung"):
            rig.phone.restart_ui_server()
    mend(rig)
    seen = look_for(rig, action)
    assert seen is (Seen.HAPPENED if rig.truth() else Seen.NOT)
    conclude(rig, action, seen)
    rig.run("directed", **todo.params)
    assert kinds(rig) == ["comment"]


@pytest.mark.parametrize(("moment", "seen"), [("after_tap", Seen.HAPPENED), ("next_tap", Seen.NOT)])
@pytest.mark.parametrize("kind", ["comment", "reply"])
def test_identical_earlier_words_are_not_taken_for_those_in_doubt(rig: Rig, kind: str, moment: str, seen: Seen) -> None:
    todo = deed(rig, kind, 6, text=f"同样的话 {moment}")
    rig.run("directed", **todo.params)
    action = fail_at(rig, todo, "kill_ui_server", moment)
    mend(rig)
    assert look_for(rig, action, known=1) is seen


def test_fewer_than_known_means_that_something_was_deleted(rig: Rig) -> None:
    todo = deed(rig, "comment", text="删了一条")
    rig.run("directed", **todo.params)
    action = fail_at(rig, todo, "kill_ui_server", "next_tap")
    mend(rig)
    delete(rig, action, rig.own_name, action.text)
    assert look_for(rig, action, known=1) is Seen.UNKNOWN


@pytest.mark.parametrize(("kind", "place"), [("reply", 7), ("like_comment", 8), ("dislike_comment", 13)])
def test_with_its_target_deleted_an_action_cannot_be_verified(rig: Rig, kind: str, place: int) -> None:
    action = fail_at(rig, deed(rig, kind, place), "kill_ui_server", "after_tap")
    mend(rig)
    delete(rig, action, action.target_commenter, action.target_comment)
    assert look_for(rig, action) is Seen.UNKNOWN


def delete(rig: Rig, action: Action, commenter: str, text: str) -> None:
    named = {"author_id": action.author_id, "title": action.title, "commenter": commenter, "text": text}
    assert rig.shelf.post("/world/delete_comment", **named)["deleted"]


@pytest.mark.parametrize("gone", ["author", "title"])
def test_with_its_video_gone_an_action_cannot_be_verified(rig: Rig, gone: str) -> None:
    author, video = rig.video(20, 40)
    action = Action(
        ActionKind.LIKE_VIDEO, "nobody" if gone == "author" else author, "没有" if gone == "title" else video["title"]
    )
    assert look_for(rig, action) is Seen.UNKNOWN


@pytest.mark.parametrize("kind", ["comment", "reply"])
def test_a_moderated_writers_words_are_seen_by_the_writer(rig: Rig, kind: str) -> None:
    rig.shelf.post("/world/moderate", account=rig.account)
    action = fail_at(rig, deed(rig, kind, 9, text="只有自己看得见"), "kill_ui_server", "after_tap")
    mend(rig)
    assert look_for(rig, action) is Seen.HAPPENED


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("network_down", "list_not_loaded"),
        ("rate_limit", "rate_limited"),
        ("logged_out", "logged_out"),
        ("other_account", "wrong_account"),
    ],
)
@pytest.mark.parametrize("kind", [ActionKind.COMMENT, ActionKind.LIKE_VIDEO])
def test_a_look_that_fails_says_nothing_about_the_action(rig: Rig, kind: ActionKind, fault: str, code: str) -> None:
    author, video = rig.video(20, 40)
    action = Action(kind, author, video["title"], text="在吗" if kind is ActionKind.COMMENT else "")
    rig.shelf.fault(fault)
    with pytest.raises(FlowFailure, match=code):
        look_for(rig, action)


def test_a_list_that_stops_loading_on_the_way_down_is_not_an_end(rig: Rig) -> None:
    author, video = rig.video(60, 140)
    rig.shelf.fault("network_down", at="after_tap", on="video_comment")
    with pytest.raises(FlowFailure, match="list_not_loaded"):
        look_for(rig, Action(ActionKind.COMMENT, author, video["title"], text="在吗"))


@pytest.mark.kind_phone(LONG)
def test_under_a_crowd_without_end_ours_stand_first(rig: Rig) -> None:
    author, video = rig.video(8400, 9000)
    todo = Deed("comment", {"kind": "comment", "author_id": author, "title": video["title"], "text": "人山人海"})
    action = Action(ActionKind.COMMENT, author, video["title"], text="人山人海")
    assert look_for(rig, action) is Seen.NOT
    rig.run("directed", **todo.params)
    assert look_for(rig, action) is Seen.HAPPENED
    # one of two with the same words may have sunk to where nobody reads
    assert look_for(rig, action, known=1, comment_loop=10) is Seen.UNKNOWN


@pytest.mark.kind_phone(LONG)
def test_the_end_of_a_long_thread_is_read(rig: Rig) -> None:
    author, video, comment = next(
        (author["id"], video, comment)
        for author in rig.world["authors"]
        for video in author["videos"]
        if 30 < video["comments"] < 120
        for comment in rig.comments(video)
        if comment.replies > 15 and [other.text for other in rig.comments(video)].count(comment.text) == 1
    )
    params = {
        "kind": "reply", "author_id": author, "title": video["title"], "text": "在最后",
        "target_commenter": comment.commenter, "target_comment": comment.text,
    }  # fmt: skip
    action = Action(ActionKind.REPLY, author, video["title"], comment.commenter, comment.text, "在最后")
    assert look_for(rig, action) is Seen.NOT
    rig.run("directed", **params)
    assert look_for(rig, action) is Seen.HAPPENED


@pytest.mark.kind_phone(LONG)
@pytest.mark.parametrize("kind", [ActionKind.LIKE_VIDEO, ActionKind.COMMENT])
def test_of_identical_titles_every_one_is_looked_at(rig: Rig, kind: ActionKind) -> None:
    author, title = next(
        (author["id"], video["title"])
        for author in rig.world["authors"]
        for place, video in enumerate(author["videos"])
        if video["title"] in [earlier["title"] for earlier in author["videos"][:place]]
    )
    action = Action(kind, author, title, text="重发的那一条" if kind is ActionKind.COMMENT else "")
    assert look_for(rig, action) is Seen.NOT
    app = App(rig.session())
    videos = videos_titled(app, author, title, 60)
    next(videos)
    second = next(videos)
    if kind is ActionKind.LIKE_VIDEO:
        acts.like_video(app, second, action)
    else:
        acts.send_comment(app, second.open_comments().loaded(), action, rig.own_name)
    assert look_for(rig, action) is Seen.HAPPENED
    if kind is ActionKind.LIKE_VIDEO:
        assert look_for(rig, action, known=1) is Seen.NOT  # the other one is without


@pytest.mark.kind_phone(LONG)
def test_verifying_touches_nothing_that_cannot_be_taken_back(rig: Rig) -> None:
    for kind in KINDS:
        todo = deed(rig, kind, 10, text="什么都没发生")
        named = {"author_id": "", "title": ""} | {k: v for k, v in todo.params.items() if isinstance(v, str)}
        if kind == "like_video":
            named["author_id"], video = rig.video(20, 40)
            named["title"] = video["title"]
        named.pop("kind", None)
        assert look_for(rig, Action(ActionKind(kind), **named)) is Seen.NOT
    assert not rig.truth()
    assert not rig.journal.declared


@pytest.mark.parametrize("moment", ["next_tap", "after_tap"])
def test_a_report_leaves_no_trace_and_is_for_a_person(rig: Rig, moment: str) -> None:
    action = fail_at(rig, deed(rig, "report_comment", 11), "kill_ui_server", moment)
    mend(rig)
    assert look_for(rig, action) is Seen.UNKNOWN
    assert kinds(rig) == (["report_comment"] if moment == "after_tap" else [])


def test_a_dislike_that_no_menu_shows_is_for_a_person(rig: Rig) -> None:
    action = fail_at(rig, deed(rig, "dislike_comment", 12), "kill_ui_server", "after_tap")
    mend(rig)
    session = rig.session()
    menu = session.profile.pages["menu"]
    silent = menu.model_copy(update={"selectors": {k: v for k, v in menu.selectors.items() if k != "disliked"}})
    pages = session.profile.pages | {"menu": silent}
    session.profile = session.profile.model_copy(update={"pages": pages})
    assert verify(App(session), action, rig.own_name, 0, video_loop=60, comment_loop=200) is Seen.UNKNOWN
