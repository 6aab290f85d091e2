"""The shelf's pictures: asked for by a page that is seen, drawn on tiles that are on the screen, small, and private."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from io import BytesIO
from random import Random

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from gateway.api.document import document
from gateway.console.live.shelf import tile_id
from models.database.clock import database_now
from models.fleet.phones import phone_online
from models.fleet.phones_alive import phones_alive
from models.fleet.pictures import forget_pictures, keep_pictures
from models.tables import Phone
from models.transactions.read_write import read, write
from tests.gateway.console.test_browser import MOST_BYTES
from tests.support.console.browser import faults, log_in, tab
from tests.support.console.monday import monday
from tests.support.console.served import Served, served
from tests.support.installation import Installation
from tests.support.ledger.drive import online_worker
from tests.support.poll import wait_until
from workers.execution import shelf_picture
from workers.phone.small_picture import small_picture

PHONES = 200
ODD = "a/b'\"<b>\u202e长 #?&"


@cache
def picture(seed: int = 1) -> bytes:
    """The picture of a busy screen, as large as a worker's may be."""
    kept = BytesIO()
    dots = Image.frombytes("RGB", (22, 50), Random(seed).randbytes(22 * 50 * 3))
    dots.resize((360, 800), Image.Resampling.BICUBIC).save(kept, "JPEG")
    return small_picture(kept.getvalue(), shelf_picture.SIZE, shelf_picture.MOST_BYTES)[0]


@pytest.fixture
def shelf(here: Installation) -> Iterator[Served]:
    """A console of 200 phones that all have a picture."""
    monday(here.engine, PHONES)
    serials = read(here.engine, lambda session: session.scalars(select(Phone.serial)).all())
    keep_pictures(here.engine, {serial: (picture(place), 1.0) for place, serial in enumerate(serials)})
    with served(here.engine) as made:
        yield made


def drawn(page: Page) -> list[str]:
    """The ids of the tiles that show a picture."""
    script = """[...document.querySelectorAll('.tile')]
        .filter(one => getComputedStyle(one.querySelector('a'), '::after').backgroundImage.startsWith('url'))
        .map(one => one.id)"""
    found: list[str] = page.evaluate(script)
    return found


def pictures_in(sizes: dict[str, int]) -> list[str]:
    return [url for url in sizes if "/shelf/pictures/" in url]


def test_whoever_asks_for_pictures_watches(console: Served) -> None:
    host = [online_worker(console.engine, "p1").incarnation]

    def watched() -> bool:
        return phones_alive(console.engine, host).watched

    person = console.as_role("viewer")
    person.get("/shelf")
    assert not watched(), "the page alone has no phone take any"
    assert person.get("/shelf/pictures").json() == {}
    assert watched()


def test_a_picture_of_any_serial_is_given_to_people_alone(console: Served) -> None:
    phone_online(console.engine, ODD, "usb:1-1.0", "shelf1", "m", "i")
    keep_pictures(console.engine, {ODD: (picture(), 0.0)})
    person = console.as_role("viewer")
    told = person.get("/shelf/pictures").json()
    assert list(told) == [tile_id(ODD)]
    answer = person.get(told[tile_id(ODD)])
    assert answer.content == picture()
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["cache-control"] == "private, max-age=60"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    for path in ("/shelf/pictures", told[tile_id(ODD)]):
        assert console.nobody().get(path).status_code == 303
    for name in ("P0001", "nobody", "../login", "x" * 3000):
        assert person.get(f"/shelf/pictures/{name}").status_code == 404
    write(console.engine, lambda session: forget_pictures(session, database_now(session) + timedelta(hours=1)))
    assert person.get(told[tile_id(ODD)]).status_code == 404


def test_no_interface_for_customers_knows_of_pictures() -> None:
    paths = json.loads(document())["paths"]
    assert paths
    assert [path for path in paths if "picture" in path or "shelf" in path] == []


def test_tiles_on_the_screen_show_pictures_and_the_page_stays_light(browser: Browser, shelf: Served) -> None:
    with tab(browser, width=1440, height=900) as (page, wrong):
        sizes: dict[str, int] = {}
        page.on("response", lambda one: sizes.update({one.url: int(one.headers.get("content-length", 0))}))
        log_in(page, shelf.url, "viewer")
        wait_until(lambda: len(drawn(page)) > 20, 20, "the pictures")
        seen = drawn(page)
        wait_until(lambda: len(drawn(page)) == len(pictures_in(sizes)), 20, "the pictures to be loaded")
        assert tile_id("P0001") in seen
        assert tile_id("P0200") not in seen
        assert len(pictures_in(sizes)) == len(seen)
        assert 100_000 < sum(sizes.values()) < MOST_BYTES
        page.locator(f"#{tile_id('P0200')}").scroll_into_view_if_needed()
        wait_until(lambda: tile_id("P0200") in drawn(page), 20, "the last one")
        assert faults(page) == []
        assert wrong == []


def test_a_tile_that_changes_keeps_its_picture(browser: Browser, shelf: Served) -> None:
    with tab(browser) as (page, wrong):
        log_in(page, shelf.url, "operator")
        wait_until(lambda: drawn(page), 20, "the pictures")
        expect(page.locator("#live")).to_have_attribute("data-state", "on")
        tile = page.locator(f"#{tile_id('P0001')}")
        shelf.as_role("operator").post("/acts/phones/pause", serial="P0001", reason="x")
        expect(tile).to_have_attribute("data-kind", "paused")
        assert tile_id("P0001") in drawn(page)
        assert wrong == []


def test_pictures_are_put_away_and_stay_away(browser: Browser, shelf: Served) -> None:
    with tab(browser, "en") as (page, wrong):
        log_in(page, shelf.url, "viewer")
        wait_until(lambda: drawn(page), 20, "the pictures")
        page.get_by_label("Pictures").uncheck()
        wait_until(lambda: not drawn(page), 20, "the pictures to be gone")
        asked: list[str] = []
        page.on("request", lambda one: asked.append(one.url) if "/shelf/pictures" in one.url else None)
        page.reload()
        expect(page.locator("#live")).to_have_attribute("data-state", "on")
        assert not page.get_by_label("Pictures").is_checked()
        assert (asked, drawn(page)) == ([], [])
        assert wrong == []
