"""phonesim beside the jar that uiautomator2 puts on a phone: what its own bytecode does to texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import adbutils
import pytest
import uiautomator2
from lxml import etree

from flows.lossy import dumped
from phonesim.node import Node
from phonesim.uia.hierarchy import dump, strip
from phonesim.uia.server import READ_TIMEOUT
from tests.phonesim.conftest import PACKAGE
from tests.support.dex import Dex, Instruction, Machine
from tests.support.shelf import Shelf

JAR = Path(uiautomator2.__file__).parent / "assets" / "u2.jar"
STUB = "Lcom/wetest/uia2/stub/"
DUMPER = f"{STUB}AccessibilityNodeInfoDumper;"
TEXTS = [
    "讲得好😀",
    "👨‍👩‍👧‍👦",
    "🇨🇳👍🏽",
    "真的..吗",
    "a\x07b\x7fc\x85d\x9fe",
    "\ufdd0\ufddf\ufde0\uffff",
    "一\n二\t三",
]


def units(text: str) -> list[int]:
    raw = text.encode("utf-16-le", "surrogatepass")
    return [raw[at] | raw[at + 1] << 8 for at in range(0, len(raw), 2)]


@pytest.fixture(scope="module")
def stripping() -> Machine:
    """The jar's stripInvalidXMLChars."""
    return Machine(Dex.of_jar(JAR, DUMPER).method(DUMPER, "stripInvalidXMLChars"))


def test_the_jar_strips_the_units_that_phonesim_strips(stripping: Machine) -> None:
    edges = {unit + step for unit in stripping.constants for step in (-1, 0, 1)}
    tried = sorted(unit for unit in {*range(0x300), *range(0, 0x10000, 61), *edges} if 0 <= unit <= 0xFFFF)
    for unit in tried:
        made = stripping.run([unit])
        assert made == units(strip(chr(unit))) == units(dumped(chr(unit))), hex(unit)


@pytest.mark.parametrize("text", TEXTS)
def test_the_jar_leaves_of_a_text_what_phonesim_leaves(stripping: Machine, text: str) -> None:
    assert stripping.run(units(text)) == units(strip(text)) == units(dumped(text))


def test_both_halves_of_an_emoji_are_stripped(stripping: Machine) -> None:
    assert stripping.run(units("太棒了😀")) == units("太棒了..")


def test_the_jar_strips_texts_ids_classes_packages_descriptions_and_hints() -> None:
    body = Dex.of_jar(JAR, DUMPER).method(DUMPER, "dumpNodeRec")
    assert list(_stripped_attributes(body)) == ["text", "resource-id", "class", "package", "content-desc", "hint"]


def test_the_jar_closes_a_connection_on_which_nothing_came_for_as_long_as_phonesim_does() -> None:
    server = "Lfi/iki/elonen/NanoHTTPD;"
    dex = Dex.of_jar(JAR, server)
    assert dex.static_int(server, "SOCKET_READ_TIMEOUT") == READ_TIMEOUT * 1000


def _stripped_attributes(body: list[Instruction]) -> list[str]:
    """The attributes between whose writing and the one before it the text is made safe."""
    found, name, safe = [], "", False
    for each in body:
        if each.code == 0x1A:
            name = each.name
        elif each.name.endswith(".safeCharSeqToString"):
            safe = True
        elif each.name.endswith("XmlSerializer;.attribute"):
            found += [name] if safe else []
            safe = False
    return found


def test_the_jars_finger_goes_from_point_to_point_and_leaves_the_screen_once() -> None:
    """So a last point that is named twice is a rest."""
    service, fingers = f"{STUB}AutomatorServiceImpl;", "Landroidx/test/uiautomator/InteractionController;"
    points = Dex.of_jar(JAR, service).method(service, "swipePoints")
    assert [each.name.rpartition(".")[2] for each in points if each.name.endswith(".swipe")] == ["swipe"]
    bodies = Dex.of_jar(JAR, fingers).methods(fingers, "swipe")
    body = next(body for body in bodies if any(each.name.startswith("Landroid/graphics/Point;") for each in body))
    done = [each.name.rpartition(".")[2] for each in body if not each.name.startswith("Landroid/graphics/Point;")]
    assert [name for name in done if name] == ["touchDown", "sleep", "touchMove", "sleep", "touchUp"]


def test_the_jar_tells_no_id_of_what_it_finds_by_a_number() -> None:
    info = f"{STUB}ObjInfo;"
    written = [
        {each.name.rpartition(".")[2] for each in body if 0x59 <= each.code <= 0x5F}
        for body in Dex.of_jar(JAR, info).methods(info, "<init>")
    ]
    assert sorted("_resourceName" in fields for fields in written) == [False, True]
    assert all({"_bounds", "_visibleBounds", "_text"} <= fields for fields in written)


def test_the_jar_reads_bodies_as_ascii_unless_a_charset_is_named() -> None:
    content = "Lfi/iki/elonen/NanoHTTPD$ContentType;"
    body = Dex.of_jar(JAR, content).method(content, "getEncoding")
    assert [each.name for each in body if each.code == 0x1A] == ["US-ASCII"]


def test_what_the_jar_strips_is_stripped_in_every_attribute_that_people_write() -> None:
    written = dump(Node("c", (0, 0, 1, 1), text="t😀", desc="d😂"), 50)
    assert 'text="t.."' in written
    assert 'content-desc="d.."' in written


@pytest.fixture
def field(d: uiautomator2.Device) -> Any:
    """The search field of the practice app."""
    d.app_start(PACKAGE, stop=True)
    d(resourceId=f"{PACKAGE}:id/tab_search").click()
    return d(resourceId=f"{PACKAGE}:id/search_input")


@pytest.mark.parametrize("text", [*TEXTS, "half \ud83d of one"])
def test_json_holds_texts_whole_and_a_dump_does_not(d: uiautomator2.Device, field: Any, text: str) -> None:
    field.set_text(text)
    assert field.get_text() == field.info["text"] == text
    assert [info["text"] for info in d.jsonrpc.objInfoOfAllInstances(field.selector)] == [text]
    assert [info["resourceName"] for info in d.jsonrpc.objInfoOfAllInstances(field.selector)] == [None]
    root = etree.fromstring(d.jsonrpc.dumpWindowHierarchy(False, 50).encode())
    assert [each.get("text") for each in root.iterfind(f".//node[@resource-id='{PACKAGE}:id/search_input']")] == [
        strip(text)
    ]


@pytest.mark.parametrize(
    ("charset", "arrives"), [("", "\ufffd" * 7), ("; charset=utf-8", "好😀"), ("; charset=US-ASCII", "\ufffd" * 7)]
)
def test_a_body_is_read_in_the_charset_that_its_type_names(
    d: uiautomator2.Device, phone: adbutils.AdbDevice, shelf: Shelf, field: Any, charset: str, arrives: str
) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "setText", "params": [field.selector, "好😀"]}
    body = json.dumps(call, ensure_ascii=False).encode()
    head = f"POST /jsonrpc/0 HTTP/1.1\r\nContent-Type: application/json{charset}\r\nContent-Length: {len(body)}\r\n\r\n"
    with phone.create_connection(adbutils.Network.TCP, 9008) as wire:
        wire.settimeout(10)
        wire.sendall(head.encode() + body)
        assert b" 200 " in wire.recv(4096)
    assert field.get_text() == arrives
