"""The recorder in a real browser, on a simulated phone: what a person clicks becomes a profile, or a flow."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
import yaml
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from flows.profile import read_profile
from models.fleet.recordings import answer_touch, take_touch
from models.tables import Phone, Recording
from models.transactions.read_write import read, write
from tests.support.console.browser import faults, log_in, tab
from tests.support.console.monday import HOSTILE
from tests.support.console.recordings import READER, SERIAL, phone_to_record
from tests.support.console.served import Asker, Served
from tests.support.shelf import AdbServer, Shelf
from workers.control.phone_pause import pause_phone
from workers.policy.recorder.touch import Touch


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """A simulated phone behind a real adb server."""
    with AdbServer() as adb, Shelf(adb, tmp_path_factory.mktemp("phonesim") / "truth.jsonl") as simulated:
        yield simulated


@pytest.fixture
def phone(console: Served, shelf: Shelf) -> Iterator[None]:
    """A phone that is paused, and its worker."""
    with phone_to_record(console.engine, shelf):
        yield


def begin(page: Page, console: Served, kind: str, heading: str) -> None:
    page.goto(f"{console.url}/recorder")
    assert faults(page) == []
    form = page.locator("form[action='/acts/recorder/begin']")
    form.locator("[name=phone]").select_option(SERIAL)
    form.locator("[name=package]").fill(READER)
    form.locator("[name=heading]").fill(heading)
    form.locator("[name=kind]").select_option(kind)
    with page.expect_navigation():
        form.get_by_role("button", name="Begin").click()


def name_page(page: Page, name: str) -> None:
    """The screen comes by itself; a person says which page it is."""
    form = page.locator("form[action='/acts/recorder/page']")
    form.locator("[name=name]").fill(name)
    with page.expect_navigation():
        form.get_by_role("button").click()
    expect(page.locator("#element h2")).to_contain_text(name)


def click(page: Page, words: str, place: int = 0) -> None:
    """Click an element on the picture whose line says this: the first one, or the one at this place."""
    element = page.locator(f".recorder svg a[aria-label*='{words}'] rect").nth(place)
    assert element.count(), page.inner_text("main")
    with page.expect_navigation():
        element.click(position={"x": 2, "y": 2})  # a corner: what lies in the middle of a row is another element
    expect(page.locator("rect.chosen")).to_have_count(1)


def press(page: Page, act: str, **fields: str) -> None:
    form = page.locator(f"form[action='/acts/recorder/{act}']")
    for name, value in fields.items():
        one = form.locator(f"[name={name}]")
        if one.evaluate("(field) => field.tagName") == "SELECT":
            one.select_option(value)
        else:
            one.fill(value)
    with page.expect_navigation():
        form.get_by_role("button").click()


def test_two_pages_are_recorded_into_a_profile_by_clicks_on_the_picture(
    browser: Browser, console: Served, phone: None
) -> None:
    with tab(browser, "en") as (page, wrong):
        log_in(page, console.url, "operator")
        begin(page, console, "profile", HOSTILE[:40])
        name_page(page, "accounts")
        assert faults(page) == []
        click(page, "#account_item")
        expect(page.locator("#element table")).to_contain_text("account_item")
        assert faults(page) == []
        press(page, "part", name="row")
        expect(page.locator("main")).to_contain_text("account_item: on 1 of 1 screens")
        click(page, "#account_item")
        press(page, "tap")
        name_page(page, "account")
        click(page, "#account_name")
        press(page, "part", name="name")
        expect(page.locator("h3", has_text="profile.yaml")).to_be_visible()
        press(page, "back")
        name_page(page, "accounts")
        page.get_by_role("button", name="End and keep it").click()
        expect(page.get_by_role("status").first).to_have_text("Ended: it is kept for a week.")
        with page.expect_download() as got:
            page.get_by_role("link", name="profile.yaml").click()
        text = Path(got.value.path()).read_text("utf-8")
        assert page.locator("main script").count() == 0
        assert wrong == []
    profile = read_profile(text, "profile.yaml", only_read=True)
    assert set(profile.pages) == {"accounts", "account"}
    assert profile.pages["accounts"].selectors["row"] == f"{READER}:id/account_item"
    assert profile.pages["account"].selectors["name"] == f"{READER}:id/account_name"
    assert "# on accounts: tap row" in text


def test_a_flow_is_recorded_with_its_steps(browser: Browser, console: Served, phone: None) -> None:
    with tab(browser, "en", width=390) as (page, wrong):
        log_in(page, console.url, "operator")
        begin(page, console, "flow", "读文章")
        name_page(page, "accounts")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        click(page, "#item_id", 1)  # the first account has no article
        press(page, "find", name="account")
        name_page(page, "account")
        click(page, "#account_name")
        press(page, "read", name="official_account")
        click(page, "#item_title")
        press(page, "read", name="title")
        expect(page.locator("main")).to_contain_text("column title: of every row of the list")
        assert page.locator("h3", has_text="steps.yaml").count(), page.inner_text("main")
        shown = page.get_by_role("region", name="steps.yaml").text_content() or ""
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert wrong == []
    plan = yaml.safe_load(shown)
    assert [step["do"] for step in plan["steps"]] == ["open", "find", "read", "list"]
    assert set(plan["parameters"]) == {"account", "most"}


# What a console may be sent, without a phone: the test answers as the worker does.
SCREEN = "<hierarchy><node package='a.b' resource-id='' bounds='[0,0][100,200]'>{}</node></hierarchy>"
NODE = (
    "<node package='a.b' resource-id='a.b:id/{0}' text='{1}' class='android.widget.TextView' bounds='[0,{2}][90,{3}]'/>"
)


def screen(*elements: tuple[str, str]) -> str:
    nodes = (NODE.format(name, text, 20 * at, 20 * at + 18) for at, (name, text) in enumerate(elements))
    return SCREEN.format("".join(nodes))


def begun(console: Served, person: Asker, kind: str = "profile") -> int:
    """A recording whose phone has shown its first screen."""
    pause_phone(console.engine, "P0001", who="lena", ring_now=False, anew=True)
    sent = person.post("/acts/recorder/begin", phone="P0001", package="a.b", heading="x", kind=kind)
    assert sent.status_code == 303, sent.text
    answer(console, screen(("title", "T"), ("follow", "关注"), ("more", "M")))
    return read(console.engine, lambda session: session.scalars(select(Recording.id)).one())


def answer(console: Served, dump: str) -> Touch:
    """The worker takes the touch, and stores what the phone shows."""
    incarnation = read(console.engine, lambda session: session.get_one(Phone, "P0001").incarnation)
    taken = take_touch(console.engine, "P0001", incarnation or "")
    assert taken is not None
    answer_touch(console.engine, taken, dump, b"x", "1.0")
    return Touch.model_validate(taken.touch)


def row(console: Served, recording: int) -> Recording:
    return read(console.engine, lambda session: session.get_one(Recording, recording))


def mark(console: Served, person: Asker, recording: int) -> str:
    page = person.get(f"/recorder/{recording}").text
    return page.partition('name="at" value="')[2].partition('"')[0]


def say(console: Served, person: Asker, recording: int, do: str, **fields: str) -> int:
    sent = {"id": str(recording), "at": mark(console, person, recording), **fields}
    return person.post(f"/acts/recorder/{do}", **sent).status_code


def test_what_may_act_is_not_tapped_and_nothing_is_said_twice(console: Served) -> None:
    lena = console.as_role("operator")
    one = begun(console, lena)
    assert say(console, lena, one, "tap", number="1") == 422, "the page has no name yet"
    for wrong in ("end", "a b", "1x", ""):
        assert say(console, lena, one, "page", name=wrong) == 422, wrong
    first = mark(console, lena, one)
    assert say(console, lena, one, "page", name="start") == 303
    assert lena.post("/acts/recorder/page", id=one, at=first, name="again").status_code == 422, "of another screen"
    for do, fields in (
        ("tap", {"number": "2"}), ("tap", {"number": "9"}), ("tap", {"number": "²"}), ("part", {"number": "1"}),
        ("read", {"number": "1", "name": "t", "kind": "other"}), ("dance", {}), ("retry", {}), ("look", {}),
    ):  # fmt: skip
        assert say(console, lena, one, do, **fields) == 422, (do, fields)
    assert row(console, one).lines == ["start"]
    assert "它可能会执行动作（关注）" in lena.post(
        "/acts/recorder/tap", id=one, at=mark(console, lena, one), number="2"
    ).text  # fmt: skip
    assert say(console, lena, one, "tap", number="3") == 303
    assert say(console, lena, one, "back") == 422, "the phone is at work"
    assert lena.get(f"/recorder/{one}/state").status_code == 204
    assert answer(console, screen(("name", "N"))).resource_id == "a.b:id/more"
    assert lena.get(f"/recorder/{one}/state").headers["hx-refresh"] == "true"
    assert row(console, one).lines == ["start", "tap 3"]


def test_a_flow_that_reads_nothing_yet_is_told_what_to_press_not_what_to_type(console: Served) -> None:
    lena = console.as_role("operator")
    one = begun(console, lena, "flow")
    assert say(console, lena, one, "page", name="start") == 303
    for page in (lena.get(f"/recorder/{one}").text, lena.get(f"/recorder/{one}/files/steps.yaml").text):
        assert "没有读取任何内容" in page
        assert "点“读取”" in page
        assert "INTO" not in page
        assert "read 编号" not in page
    assert say(console, lena, one, "read", number="1", name="title", kind="text") == 303
    assert "没有读取任何内容" not in lena.get(f"/recorder/{one}").text


def test_a_screen_that_was_seen_too_early_is_looked_at_again_and_trouble_is_met(console: Served) -> None:
    lena = console.as_role("operator")
    one = begun(console, lena)
    assert say(console, lena, one, "look") == 303
    assert answer(console, screen(("other", "O"))).replaces
    assert say(console, lena, one, "page", name="start") == 303
    assert "#other" in lena.get(f"/recorder/{one}").text
    assert say(console, lena, one, "swipe") == 303
    late = update(Recording).values(failed="network_down: adb does not answer")
    write(console.engine, lambda session: session.execute(late))
    assert "再做一次" in lena.get(f"/recorder/{one}").text
    assert say(console, lena, one, "page", name="x") == 422
    assert say(console, lena, one, "retry") == 303
    write(console.engine, lambda session: session.execute(late))
    assert say(console, lena, one, "look") == 303
    assert answer(console, screen(("last", "L"))).do == "look"
    assert say(console, lena, one, "page", name="end_of_list") == 303
    assert say(console, lena, one, "end") == 303
    assert say(console, lena, one, "back") == 422, "it is ended"


def test_a_text_that_a_person_types_is_never_taken_for_a_command(console: Served) -> None:
    lena = console.as_role("operator")
    one = begun(console, lena, "flow")
    assert say(console, lena, one, "page", name="start") == 303
    assert say(console, lena, one, "type", number="1", name="BAD NAME", value="end") == 422
    assert say(console, lena, one, "type", number="1", name="Query", value="end") == 303
    assert row(console, one).lines[-1] == "type 1 Query", "the name was not taken, so no text was asked for"
    assert say(console, lena, one, "type", number="1", name="query", value=" ") == 422
    assert say(console, lena, one, "type", number="1", name="query", value="end") == 303
    assert row(console, one).lines[-2:] == ["type 1 query", "end"]
    assert (answer(console, screen(("title", "end"))).text, row(console, one).ended_at) == ("end", None)


def test_viewers_see_no_recorder_and_what_is_not_there_is_refused(console: Served) -> None:
    lena, viewer = console.as_role("operator"), console.as_role("viewer")
    assert "没有已暂停的手机" not in lena.get("/recorder").text, "one is paused in the morning"
    one = begun(console, lena)
    for path in ("/recorder", f"/recorder/{one}", f"/recorder/{one}/pictures/1"):
        assert viewer.get(path).status_code == 403
    picture = lena.get(f"/recorder/{one}/pictures/1")
    assert (picture.content, picture.headers["content-type"]) == (b"x", "image/webp")
    for path, status in (
        ("/recorder/77", 422), ("/recorder/²", 422), (f"/recorder/{one}/pictures/9", 404),
        (f"/recorder/{one}/pictures/x", 404), (f"/recorder/{one}/files/profile.yaml", 422),
        (f"/recorder/{one}?element=99", 200),
    ):  # fmt: skip
        assert lena.get(path).status_code == status, path
    for wrong in ({"phone": "P0002"}, {"phone": "P0004", "heading": "x" * 41}, {"phone": "P0004", "package": "ab"}):
        sent = {"package": "a.b", "heading": "x", **wrong}  # P0002 is not paused
        assert lena.post("/acts/recorder/begin", **sent).status_code == 422, wrong

    def forgotten(session: Session) -> None:
        session.execute(update(Recording).values(lines=["start"]))

    write(console.engine, forgotten)
    assert lena.get(f"/recorder/{one}/files/profile.yaml").status_code == 200
    assert lena.get(f"/recorder/{one}/files/other").status_code == 422


def test_a_form_that_is_sent_twice_begins_one_recording(console: Served) -> None:
    lena, mei = console.as_role("operator"), console.as_role("admin")
    one = begun(console, lena)
    sent = {"phone": "P0001", "package": "a.b", "heading": "x", "kind": "profile"}
    again = lena.post("/acts/recorder/begin", **sent)
    assert (again.status_code, again.headers["location"]) == (303, f"/recorder/{one}?done=recording")
    assert row(console, one).asked is None, "the app is not started again"
    assert mei.post("/acts/recorder/begin", **sent).status_code == 422, "somebody else's"
    assert lena.post("/acts/recorder/begin", **{**sent, "package": "c.d"}).status_code == 422, "another app"
    assert say(console, lena, one, "page", name="start") == 303
    assert lena.post("/acts/recorder/begin", **sent).status_code == 422, "it went on"
    assert read(console.engine, lambda session: session.scalars(select(Recording.id)).all()) == [one]


def test_of_two_browsers_the_one_that_saw_another_screen_says_nothing(console: Served) -> None:
    lena, mei = console.as_role("operator"), console.as_role("admin")
    one = begun(console, lena)
    seen = mark(console, mei, one)
    assert say(console, lena, one, "look") == 303
    assert answer(console, screen(("other", "O"))).replaces
    late = mei.post("/acts/recorder/page", id=one, at=seen, name="start")
    assert (late.status_code, row(console, one).lines) == (422, []), "a screen that nobody sees any more got a name"
    assert say(console, mei, one, "page", name="other") == 303
    assert say(console, lena, one, "back") == 303, "either of them may go on"
    assert mei.post("/acts/recorder/end", id=one).status_code == 303
    assert "· 结束 20" in lena.get(f"/recorder/{one}").text


def test_a_phone_that_went_away_is_told_at_once_and_the_recording_goes_on_with_it(console: Served) -> None:
    lena = console.as_role("operator")
    one = begun(console, lena)
    assert say(console, lena, one, "page", name="start") == 303

    def online(state: str) -> None:
        write(console.engine, lambda session: setattr(session.get_one(Phone, "P0001"), "state", state))

    online("offline")
    sent = lena.post("/acts/recorder/back", id=one, at=mark(console, lena, one))
    assert (sent.status_code, row(console, one).lines, row(console, one).asked) == (422, ["start"], None)
    assert "P0001" in sent.text
    online("online")
    assert say(console, lena, one, "back") == 303
    online("offline")  # after the worker has been asked
    assert lena.get(f"/recorder/{one}/state").status_code == 204
    late = update(Recording).values(asked_until=Recording.began_at)
    write(console.engine, lambda session: session.execute(late))
    assert lena.get(f"/recorder/{one}/state").headers["hx-refresh"] == "true"
    assert say(console, lena, one, "retry") == 422
    online("online")
    assert say(console, lena, one, "retry") == 303
    assert answer(console, screen(("last", "L"))).do == "press"


def test_a_recording_that_was_left_for_hours_goes_on_or_is_ended_by_anybody(console: Served) -> None:
    lena = console.as_role("operator")
    one = begun(console, lena)
    assert say(console, lena, one, "page", name="start") == 303
    hours = timedelta(hours=30)

    def pass_by(session: Session) -> None:
        left = session.get_one(Recording, one)
        left.began_at, left.used_at = left.began_at - hours, left.used_at - hours

    write(console.engine, pass_by)
    assert say(console, lena, one, "swipe") == 303
    answer(console, screen(("title", "T2")))
    refused = console.as_role("admin").post("/acts/recorder/begin", phone="P0001", package="a.b", heading="y")
    assert (refused.status_code, "李娜" in refused.text) == (422, True), "it says who is there"
    assert console.as_role("admin").post("/acts/recorder/end", id=one).status_code == 303
    assert begun_again(console) == 303


def begun_again(console: Served) -> int:
    mei = console.as_role("admin")
    return mei.post("/acts/recorder/begin", phone="P0001", package="a.b", heading="y").status_code


def test_only_forms_of_this_site_and_session_say_something(console: Served) -> None:
    lena, viewer = console.as_role("operator"), console.as_role("viewer")
    one = begun(console, lena)
    at = mark(console, lena, one)
    forged = {"id": str(one), "at": at, "name": "start", "token": "f" * 64}
    url = f"{console.url}/acts/recorder/page"
    for sent, headers in (
        (forged, {"origin": console.url}),
        ({**forged, "token": lena.token}, {"origin": "http://evil.example"}),
        ({**forged, "token": lena.token}, {}),
    ):
        assert lena.session.post(url, data=sent, headers=headers, allow_redirects=False).status_code == 403
    assert viewer.post("/acts/recorder/page", id=one, at=at, name="start").status_code == 403
    assert viewer.get(f"/recorder/{one}/state").status_code == 403
    assert viewer.get(f"/recorder/{one}/files/profile.yaml").status_code == 403
    assert row(console, one).lines == []


def test_what_an_app_shows_is_text_on_the_page_and_in_the_files(console: Served) -> None:
    lena = console.as_role("operator")
    one = begun(console, lena)
    assert say(console, lena, one, "look") == 303
    hostile = ("<script>alert(1)</script>", "{{7*7}}", "=1+1", "\u202eevil", "a: [b", "- &a *a", "!!python/x:y", "'\"")
    answer(console, screen(*((f"n{at}", escape(text, {"'": "&apos;"})) for at, text in enumerate(hostile))))
    assert say(console, lena, one, "page", name="start") == 303
    for at in range(len(hostile)):
        assert say(console, lena, one, "part", number=f"{at + 1}", name=f"p{at}") == 303
    page = lena.get(f"/recorder/{one}").text
    assert "<script>alert" not in page
    assert "{{7*7}}" in page
    profile = lena.get(f"/recorder/{one}/files/profile.yaml").text
    kept = yaml.safe_load(profile)["pages"]["start"]["selectors"]
    assert kept == {f"p{at}": f"n{at}" for at in range(len(hostile))}
