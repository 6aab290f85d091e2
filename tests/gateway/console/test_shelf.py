"""The shelf: its order, what a tile says, the stream, and what is done to a phone."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Select, select

from gateway.console.live.shelf import Grid, Tile, kind_of, look_at_shelf, place_of, tile_id, tiles_now
from gateway.console.moments import day
from models.database.clock import database_now
from models.fleet.phones import phone_online
from models.tables import AuditEntry, Phone
from models.transactions.read_write import read
from tests.support.console.served import Served
from tests.support.installation import Installation
from workers.control.own_pause import pause_phone_for
from workers.control.phone_pause import pause_phone
from workers.lifecycle.phone_needs import Need


def tile(serial: str, host: str, hub: str, place: str) -> Tile:
    return Tile(serial, host, hub, place, "idle", "works", "", "", "", "", False, "", "", "", None, None, None, "")


def test_phones_stand_in_the_order_of_host_hub_and_port_by_their_numbers() -> None:
    wanted = [
        tile("z", "a", "usb:1-2", "9"),
        tile("y", "a", "usb:1-2", "10"),
        tile("x", "a", "usb:1-10", "1"),
        tile("w", "b", "", "emulator-5554"),
        tile("v", "b", "", "emulator-5600"),
    ]
    assert sorted([*wanted[2:], *wanted[:2]], key=place_of) == wanted


def test_phones_of_a_hub_or_of_the_network_stand_together_in_the_order_of_their_addresses(console: Served) -> None:
    """As 24 phones at 10.0.0.x:5555 do; a serial that two phones have stands where the first of them does."""
    addresses = ["10.0.1.2:5555", "10.0.0.10:5555", "10.0.0.9:5555", "[fe80::1]:5555", "emulator-5554", "usb:1-3"]
    addresses += ["usb:1-4, 10.0.0.9:5555", "usb:1-2.10", "usb:1-2.9, 10.0.0.8:5555", "usb:1-2.3.1", "usb:1-2.3.2"]
    for number, address in enumerate(addresses):
        phone_online(console.engine, f"N{number}", address, "net", "m", "i")
    grid = read(console.engine, look_at_shelf)["grid:host"]
    assert isinstance(grid, Grid)
    stand = {name: [addresses[int(serial[1:])] for serial in some] for name, some in grid.order if "net" in name}
    assert stand == {
        "net": [
            "10.0.0.9:5555",
            "10.0.0.10:5555",
            "10.0.1.2:5555",
            "[fe80::1]:5555",
            "emulator-5554",
            "usb:1-3",
            "usb:1-4, 10.0.0.9:5555",
        ],
        "net · usb:1-2": ["usb:1-2.9, 10.0.0.8:5555", "usb:1-2.10"],
        "net · usb:1-2.3": ["usb:1-2.3.1", "usb:1-2.3.2"],
    }


@pytest.mark.parametrize(
    ("state", "busy", "kind"),
    [
        (None, True, "working"),
        (None, False, "idle"),
        ("paused", True, "paused"),
        ("on trial", True, "watch"),
        ("page drift", False, "watch"),
        ("offline", False, "trouble"),
        ("unfit", True, "trouble"),
        ("account rests", False, "trouble"),
    ],
)
def test_a_tiles_colour_says_whether_a_person_is_needed(state: str | None, busy: bool, kind: str) -> None:
    need = None if state is None else Need(state, "why", None, "remedy")
    assert kind_of(need, busy=busy) == kind


def test_every_phone_is_on_the_page_once_and_in_order(shown: Served) -> None:
    page = shown.as_role("viewer").get("/shelf").text
    found = re.findall(r'<li class="tile \w+" id="(p-\w+)"', page)
    tiles = sorted(read(shown.engine, tiles_now), key=place_of)
    assert found == [one.id for one in tiles]
    assert 'data-kind="trouble"' in page
    assert "养号" in page
    assert len(page.encode()) < 120_000


def test_a_look_that_finds_the_same_is_the_same(shown: Served) -> None:
    first, second = read(shown.engine, look_at_shelf), read(shown.engine, look_at_shelf)
    assert first == second
    moved = first[tile_id("P0001")]
    assert isinstance(moved, Tile)
    assert replace(moved, step="comments") != moved


def test_the_stream_sends_what_changed_after_the_last_event_id_and_polling_says_the_same(console: Served) -> None:
    person = console.as_role("operator")
    mark = re.search(r'data-mark="([\w-]+)"', person.get("/shelf").text)
    assert mark is not None
    assert person.get(f"/shelf/changes?since={mark[1]}").text == ""
    person.post("/acts/phones/pause", serial="P0001", reason="换线")
    with person.session.get(
        console.url + "/shelf/stream", headers={"last-event-id": mark[1]}, stream=True, timeout=30
    ) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = []
        for line in answer.iter_lines(decode_unicode=True):
            lines.append(line)
            if line == "" and any(one.startswith("data:") for one in lines):
                break
    told = "\n".join(lines)
    assert tile_id("P0001") in told
    assert tile_id("P0002") not in told
    polled = person.get(f"/shelf/changes?since={mark[1]}")
    assert tile_id("P0001") in polled.text
    assert tile_id("P0002") not in polled.text
    assert polled.headers["x-phonefleet-mark"] != mark[1]


def test_a_new_phone_sends_the_grid_in_its_order(console: Served) -> None:
    person = console.as_role("viewer")
    mark = re.search(r'data-mark="([\w-]+)"', person.get("/shelf").text)
    assert mark is not None
    phone_online(console.engine, "A<b>&'\"", "usb:1-1.0", "shelf1", "m", "i")
    person.get("/shelf")
    told = person.get(f"/shelf/changes?since={mark[1]}").text
    assert 'id="grid"' in told
    assert "<b>&" not in told


def test_pausing_and_resuming_a_phone_keeps_who_and_why(console: Served) -> None:
    person = console.as_role("operator")
    assert person.post("/acts/phones/pause", serial="P0001").status_code == 422
    answer = person.post("/acts/phones/pause", serial="P0001", reason="换线")
    assert answer.headers["location"] == "/phones/P0001?done=pause"
    page = person.get("/phones/P0001").text
    assert "被 李娜 暂停：换线" in page
    assert person.post("/acts/phones/pause", serial="P0001", reason="again").status_code == 422
    assert person.post("/acts/phones/resume", serial="P0001", reason="新线").status_code == 303
    assert person.post("/acts/phones/stop", serial="P0001", reason="没电").status_code == 303
    assert person.post("/acts/phones/explode", serial="P0001", reason="x").status_code == 422
    assert person.post("/acts/phones/pause", serial="nobody", reason="x").status_code == 422
    changes = read(console.engine, lambda session: session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all())
    told = [(one.who, one.reason) for one in changes if one.subject == "phone:P0001"]
    assert told == [("李娜", "换线"), ("李娜", "新线"), ("李娜", "没电")]
    paused = read(console.engine, lambda session: session.scalars(select(Phone.serial).where(Phone.paused)).all())
    assert paused == ["P0004"]


def test_a_phone_is_drained_for_a_time_and_released_from_its_quarantine(console: Served) -> None:
    person = console.as_role("operator")
    assert person.post("/acts/phones/drain", serial="P0001").status_code == 422
    assert person.post("/acts/phones/drain", serial="P0001", reason="x", lasting="soon").status_code == 422
    assert person.post("/acts/phones/drain", serial="P0001", reason="换线", lasting="30m").status_code == 303
    assert "被 李娜 收尾停用到 20" in person.get("/phones/P0001").text
    assert person.post("/acts/phones/resume", serial="P0001").status_code == 303
    until = {"until": (datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1)).isoformat(timespec="minutes")}
    assert person.post("/acts/phones/pause", serial="P0001", reason="换线", **until).status_code == 303
    assert "被 李娜 暂停到 20" in person.get("/phones/P0001").text
    assert person.post("/acts/phones/release", serial="P0001", reason="x").status_code == 422
    assert console.as_role("viewer").post("/acts/phones/release", serial="P0006", reason="x").status_code == 403
    held = read(console.engine, lambda session: session.scalars(quarantined()).all())
    assert held
    for serial in held:
        page = person.get(f"/phones/{serial}").text
        assert "/acts/phones/release" in page
        assert person.post("/acts/phones/release", serial=serial).status_code == 422
        assert person.post("/acts/phones/release", serial=serial, reason="看过了").status_code == 303
        assert "/acts/phones/release" not in person.get(f"/phones/{serial}").text


def quarantined() -> Select[str]:
    return select(Phone.serial).where(Phone.quarantined_until.is_not(None))


def test_an_empty_shelf_says_what_to_do(here: Installation) -> None:
    found = read(here.engine, look_at_shelf)
    assert set(found) == {"summary", "grid:host", "grid:state"}


def test_a_phones_page_tells_when_its_pause_ends_and_which_customers_keep_off_it(console: Served) -> None:
    person = console.as_role("viewer")
    until = read(console.engine, database_now) + timedelta(hours=2)
    assert "暂停到" not in person.get("/phones/P0001").text
    pause_phone(console.engine, "P0001", who="李娜", why="换线", until=until, ring_now=False)
    pause_phone_for(console.engine, "P0001", "<i>客户</i>", who="c", until=until + timedelta(days=1))
    pause_phone_for(console.engine, "P0001", "另一个", who="c")
    page = person.get("/phones/P0001").text
    assert f"<dt>暂停到</dt><dd>{day(until)}</dd>" in page
    assert f"&lt;i&gt;客户&lt;/i&gt;</span> · 到 {day(until + timedelta(days=1))}" in page
    assert "另一个</span> · 到它自行恢复为止" in page
