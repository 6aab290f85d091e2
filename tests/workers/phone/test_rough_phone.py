"""Phones as rough as real ones: fields that take no text, refused input, screens on their side, services that fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from flows.failures import CODES, Culprit
from flows.phone import PhoneError
from flows.screen import Node
from phonesim.roughness import Roughness
from tests.support.phones import PACKAGE
from tests.support.shelf import Shelf
from workers.phone.phone import SET_TEXT_TRIES, U2Phone


@pytest.fixture(autouse=True)
def kind_again(shelf: Shelf) -> Iterator[None]:
    """Each test changes habits of the phone."""
    yield
    shelf.roughen(**{name: getattr(Roughness(), name) for name in Roughness.__slots__})


def part(phone: U2Phone, name: str) -> Node:
    node = phone.look().find(f"{PACKAGE}:id/{name}")
    assert node is not None, name
    return node


def search_field(phone: U2Phone) -> Node:
    phone.tap(part(phone, "tab_search"))
    return part(phone, "search_input")


def calls(phone: U2Phone, method: str) -> int:
    return sum(call.method == method for call in phone.calls)


@pytest.mark.parametrize("text", ["xiaopeng", "=讲得很清楚😀", "a b", "小鹏"])
def test_a_field_that_takes_no_text_is_tried_again(phone: U2Phone, shelf: Shelf, text: str) -> None:
    field = search_field(phone)
    shelf.roughen(set_text_fails=0.5)
    for turn in range(6):
        phone.set_text(field, f"{text}{turn}")
        assert phone.texts(field.resource_id)[0].text == f"{text}{turn}"
    assert calls(phone, "setText") > 6


def test_a_field_that_never_takes_text_is_said_within_bounds(phone: U2Phone, shelf: Shelf) -> None:
    field = search_field(phone)
    shelf.roughen(set_text_fails=1)
    with pytest.raises(PhoneError, match="took no text") as failed:
        phone.set_text(field, "xiaopeng")
    assert (failed.value.code, failed.value.sent) == ("text_not_set", False)
    assert calls(phone, "setText") == SET_TEXT_TRIES + 1  # the last with a plain text
    assert part(phone, "search_input").text == ""


@pytest.mark.parametrize("text", ["讲得好😀", "😂"])
def test_a_text_that_a_field_refuses_is_not_the_phones_fault(phone: U2Phone, shelf: Shelf, text: str) -> None:
    field = search_field(phone)
    shelf.roughen(emoji_refused=True)
    with pytest.raises(PhoneError, match="took another text") as failed:
        phone.set_text(field, text)
    assert (failed.value.code, failed.value.sent) == ("text_refused", False)
    assert CODES[failed.value.code].culprit == Culprit.TASK
    assert part(phone, "search_input").text == ""  # nothing of the plain text is left
    phone.set_text(field, "讲得好")
    assert part(phone, "search_input").text == "讲得好"


def test_a_field_that_holds_the_text_already_is_well_though_the_answer_is_no(phone: U2Phone, shelf: Shelf) -> None:
    field = search_field(phone)
    phone.set_text(field, "xiaopeng")
    shelf.roughen(set_text_fails=1)
    phone.set_text(field, "xiaopeng")


@pytest.mark.parametrize("touch", ["tap", "swipe", "drag", "press", "set_text"])
def test_input_that_is_refused_never_happened_and_is_the_phones(phone: U2Phone, shelf: Shelf, touch: str) -> None:
    field = search_field(phone)
    before = len(shelf.truth())
    shelf.roughen(inject_refused=True)
    arguments: dict[str, tuple[Any, ...]] = {
        "tap": (field,),
        "swipe": ((500, 1500), (500, 500), 0.3),
        "drag": ((500, 1500), (500, 500)),
        "press": ("back",),
        "set_text": (field, "xiaopeng"),
    }
    with pytest.raises(PhoneError, match="INJECT_EVENTS") as failed:
        getattr(phone, touch)(*arguments[touch])
    assert (failed.value.code, failed.value.sent) == ("input_refused", False)
    assert len(shelf.truth()) == before
    assert phone.look().has(f"{PACKAGE}:id/page_search"), "looking is allowed"


def test_the_app_is_started_without_turning_the_screen(phone: U2Phone, shelf: Shelf) -> None:
    shelf.roughen(monkey_rotates=True)
    phone.stop_app(PACKAGE)
    phone.start_app(PACKAGE)
    assert phone.look().size == (1080, 2400)
    assert phone._device.shell("settings get system accelerometer_rotation").output.strip() == "0"


def test_a_screen_on_its_side_is_set_upright_before_it_is_read(phone: U2Phone, shelf: Shelf) -> None:
    shelf.roughen(monkey_rotates=True)
    phone._device.shell(f"monkey -p {PACKAGE} -c android.intent.category.LAUNCHER 1")
    screen = phone.look()
    assert not screen.on_its_side
    assert screen.size == (1080, 2400)


def test_a_service_that_fails_now_and_then_is_asked_again(phone: U2Phone, shelf: Shelf) -> None:
    shelf.roughen(service_fails=0.4)
    for _ in range(3):
        phone.stop_app(PACKAGE)
        phone.start_app(PACKAGE)
        assert phone.look().has(f"{PACKAGE}:id/page_feed")


def test_a_service_that_always_fails_does_not_mean_that_the_app_is_missing(phone: U2Phone, shelf: Shelf) -> None:
    shelf.roughen(service_fails=1)
    with pytest.raises(PhoneError, match="Failure calling service") as failed:
        phone.start_app(PACKAGE)
    assert failed.value.code == "phone_hung"


def test_an_app_that_is_missing_is_said(phone: U2Phone, shelf: Shelf) -> None:
    shelf.fault("app_missing")
    with pytest.raises(PhoneError) as failed:
        phone.start_app(PACKAGE)
    assert failed.value.code == "app_missing"
