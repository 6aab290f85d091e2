"""The documents as a site: it is built strictly, every link leads somewhere, and nothing comes from another host."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from lxml import etree, html

from tests.support.documents import ROOT

LIMIT = 500
CHINESE = "zh-CN"
# What a page loads or leads to.
ADDRESSES = ("href", "src", "srcset", "data", "action", "poster")
# The names of the public surface; the first word behind the dot is a heading of the reference.
PUBLIC = {
    "scripts": ("phonefleet.submit", "phonefleet.Handle.get", "phonefleet.Refused", "phonefleet.desk.desk_task"),
    "flows": ("flows.flow.Flow.run", "flows.specs.flow_spec.FlowSpec", "flows.pages.lists.Walk", "flows.app.App.see"),
    "customers": ("phonefleet.client.Client.submit", "phonefleet.client.verify", "phonefleet.client.Event"),
}


@dataclass(frozen=True, slots=True)
class Link:
    """Where something on a page leads: the page, and the address as it is written."""

    page: Path
    address: str


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make docs` builds it, with a proxy that answers nobody in place of the network."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    quiet = {"NO_MKDOCS_2_WARNING": "1"}  # the theme tells of its end at each build
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    built = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **nowhere, **quiet},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    assert "WARNING" not in built.stderr, built.stderr
    return folder


def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


@cache
def parsed(page: Path) -> etree._Element:
    return html.fromstring(page.read_bytes())


def picked(page: Path, path: str) -> list[Any]:
    """What an XPath that selects elements or attributes picks from a page."""
    chosen: Any = parsed(page).xpath(path)
    return list(chosen)


def links(site: Path) -> Iterator[Link]:
    for page in pages(site):
        for element in parsed(page).iter(etree.Element):
            for name in ADDRESSES:
                address = element.get(name)
                if address:
                    yield Link(page, str(address))


def elsewhere(address: str) -> bool:
    return bool(urlsplit(address).netloc) or urlsplit(address).scheme not in ("", "data")


def target(site: Path, link: Link) -> Path:
    """The file to which an address leads. The page of what is not found has addresses from the root on."""
    path = unquote(urlsplit(link.address).path)
    if not path:
        return link.page
    found = site / path.lstrip("/") if path.startswith("/") else (link.page.parent / path).resolve()
    return found / "index.html" if found.is_dir() else found


def test_the_check_of_addresses_sees_other_hosts() -> None:
    assert elsewhere("https://fonts.example/a.css")
    assert elsewhere("//cdn.example/a.js")
    assert elsewhere("javascript:alert(1)")
    assert not elsewhere("../records.html#filters")


def test_every_link_leads_somewhere(site: Path) -> None:
    all_links = list(links(site))
    assert len(all_links) > 1000
    assert not {link for link in all_links if not elsewhere(link.address) and not target(site, link).is_file()}


def test_every_anchor_is_on_its_page(site: Path) -> None:
    def known(page: Path) -> set[str]:
        return {str(element.get("id")) for element in parsed(page).iter(etree.Element) if element.get("id")}

    ids = {page: known(page) | {"__toc", "__drawer", "__search"} for page in pages(site)}
    missing = {
        link
        for link in links(site)
        if urlsplit(link.address).fragment
        and target(site, link) in ids
        and unquote(urlsplit(link.address).fragment) not in ids[target(site, link)]
    }
    assert not missing


def test_nothing_comes_from_another_host(site: Path) -> None:
    assert not {link for link in links(site) if elsewhere(link.address)}
    styles = [sheet.read_text(encoding="utf-8") for sheet in site.rglob("*.css")]
    inline = [str(style.text) for page in pages(site) for style in parsed(page).iter("style")]
    loaded = [
        found for text in [*styles, *inline] for found in re.findall(r"(?:url\(|@import)\s*['\"]?([^'\")\s]+)", text)
    ]
    assert loaded
    assert not [address for address in loaded if elsewhere(address)]
    scripts = [str(script.text or "") for page in pages(site) for script in parsed(page).iter("script")]
    assert not [text for text in scripts if re.search(r"https?://", text)]


def test_every_document_is_there_in_both_languages(site: Path) -> None:
    for document in (ROOT / "docs").rglob("*.md"):
        name = str(document.relative_to(ROOT / "docs"))
        page = re.sub(r"README\.md$", "index.md", name.replace(f".{CHINESE}.md", ".md")).replace(".md", ".html")
        assert (site / page).is_file(), name
        assert (site / CHINESE / page).is_file(), name


def test_each_page_leads_to_itself_in_the_other_language(site: Path) -> None:
    for page in ("operations.html", "first-flow.html", "interface/index.html"):
        english, chinese = site / page, site / CHINESE / page
        for here, there in ((english, chinese), (chinese, english)):
            switch = picked(here, '//a[contains(@class, "md-select__link")]/@href')
            assert there in {target(site, Link(here, str(address))) for address in switch}, here
        assert parsed(chinese).get("lang") == "zh"
        assert re.search(r"[一-鿿]", picked(chinese, "//h1")[0].text_content())


@pytest.mark.parametrize("name", PUBLIC)
def test_the_reference_has_the_public_names_with_their_docstrings(site: Path, name: str) -> None:
    page = site / "reference" / f"{name}.html"
    for public in PUBLIC[name]:
        (heading,) = picked(page, f'//*[@id="{public}"]')
        assert len(heading.getparent().text_content().split()) > 5, public
    private = re.compile(r"\._")
    assert not [one for one in picked(page, '//*[contains(@class, "doc-heading")]/@id') if private.search(str(one))]


def would_run(*words: str) -> str:
    """What make would run; the tests themselves may run under a make that was given ARGS."""
    alone = {name: value for name, value in os.environ.items() if name not in {"ARGS", "MAKEFLAGS", "MAKEOVERRIDES"}}
    command = ["make", "--no-print-directory", "--dry-run", *words]
    done = subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True, timeout=30, check=True)
    return done.stdout


def test_make_docs_builds_strictly_and_serves_on_loopback() -> None:
    assert "mkdocs build --strict" in would_run("docs")
    assert "mkdocs serve" in would_run("docs", "ARGS=serve")
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").replace("!!python/object/apply:", "")
    assert yaml.safe_load(re.sub(r"slugify: .*", "", settings))["dev_addr"].startswith("127.0.0.1:")
