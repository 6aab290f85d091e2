"""App profiles: describe the pages of an app as data.

A profile has the ids by which a page is recognised (its fingerprint), and the id of each part of the page (its
selectors). The code of the pages names parts only, so that another app is another YAML file.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from flows.screen import BY_DESC, BY_TEXT, Node, Screen
from flows.yaml_references import TOO_MANY, references_add_too_much


class ProfileError(ValueError):
    """An app profile cannot be used; the message names the place and the reason."""


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PageProfile(_Data):
    """One page: the ids that must all be present, must be absent, of which one must be present; and its parts.

    `fallbacks`: by part, further selectors, tried in order where the part's own selects nothing.
    """

    present: tuple[str, ...] = Field(min_length=1)
    absent: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    selectors: dict[str, str] = Field(default_factory=dict)
    fallbacks: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fallbacks_of_parts(self) -> Self:
        for part in self.fallbacks.keys() - self.selectors.keys():
            raise ValueError(f"fallbacks names {part!r}, which is no part of selectors")
        return self

    def selector(self, part: str, screen: Screen) -> str:
        """Returns the selector of a part: its own, or a fallback where that selects nothing. Raises KeyError."""
        own = self.selectors[part]
        others = self.fallbacks.get(part)
        if not others or screen.has(own):
            return own
        return next((one for one in others if screen.has(one)), own)

    def fits(self, screen: Screen) -> bool:
        """Returns whether the screen has this page's fingerprint."""
        return (
            all(screen.has(name) for name in self.present)
            and not any(screen.has(name) for name in self.absent)
            and (not self.any_of or any(screen.has(name) for name in self.any_of))
        )


class Overlays(_Data):
    """The obstacles that may cover any page: the app's pop-up and toast, and the system's dialog."""

    popup: str
    popup_close: str
    toast: str
    dialog_title: str = "android:id/alertTitle"
    dialog_close: str = "android:id/button1"
    dialog_wait: str = "android:id/button2"


class Texts(_Data):
    """Parts of the app's texts by which flows decide."""

    commented: str
    replied: str
    disliked: str = ""  # empty: the app says nothing
    reported: str = ""
    send_failed: str
    may_not_comment: str
    may_not_interact: str
    gone: str  # the comment was deleted meanwhile
    hang: tuple[str, ...]  # part of the title of the system's "not responding" dialog


class AppProfile(_Data):
    """Everything that the flows know of an app. `pages` are tried in order: pages on top of others come first."""

    package: str = Field(pattern=r"^[a-zA-Z][\w.]+$")
    versions: tuple[str, ...] = ()
    launchers: tuple[str, ...] = ()
    dialogs: tuple[str, ...] = ("android",)  # packages of the system's dialogs
    pages: dict[str, PageProfile]
    overlays: Overlays
    texts: Texts

    @field_validator("pages")
    @classmethod
    def _some_pages(cls, pages: dict[str, PageProfile]) -> dict[str, PageProfile]:
        if not pages:
            raise ValueError("a profile needs at least one page")
        if len(pages) > MOST_PAGES:
            raise ValueError(f"it has {len(pages)} pages, and {MOST_PAGES} are the most")
        return pages

    def own(self, screen: Screen) -> Screen:
        """Returns the screen with the nodes of the app and of the system's dialogs only, for the pages."""
        return screen.of({self.package, *self.dialogs})

    def page_of(self, screen: Screen) -> str | None:
        """Returns the name of the page on top of the screen, or None when no fingerprint fits."""
        return next((name for name, page in self.pages.items() if page.fits(screen)), None)

    def knows_version(self, version: str) -> bool:
        """Returns whether the profile was tested with this version of the app. True when it names no versions."""
        return not self.versions or version in self.versions

    def toast(self, screen: Screen) -> str:
        """Returns the text of the toast on the screen; empty when there is none."""
        node = screen.find(self.overlays.toast)
        return node.text if node else ""

    def text_on(self, page: str, screen: Screen) -> str:
        """Returns the first text among the parts of a page that stops a flow; without a text, the page's name."""
        nodes = (screen.find(name) for name in self.pages[page].selectors.values())
        return next((node.text for node in nodes if node is not None and node.text), f"the app shows its {page} page")

    def popup_close(self, screen: Screen) -> Node | None:
        """Returns the button that closes the app's pop-up, if one is open."""
        return screen.find(self.overlays.popup_close) if screen.has(self.overlays.popup) else None


# Each look at a screen asks one page after the other.
MOST_PAGES, MOST_CHARACTERS = 500, 500_000

# What the profile of an app that is only read need not say: it has no pop-ups and no acts that flows know of.
_ONLY_READ = {
    "overlays": {"popup": "none", "popup_close": "none", "toast": "none"},
    "texts": {
        **dict.fromkeys(("commented", "replied", "send_failed", "may_not_comment", "may_not_interact", "gone"), ""),
        "hang": ["没有响应", "无响应"],
    },
}


def read_profile(text: str, source: str, *, only_read: bool = False) -> AppProfile:
    """Reads a profile from YAML text. Raises ProfileError, which names the source and the field.

    `only_read`: flows only read this app, so that the profile may leave out overlays and texts.
    """
    if len(text) > MOST_CHARACTERS:
        raise ProfileError(f"{source}: it has {len(text)} characters, and a profile has {MOST_CHARACTERS} at most")
    try:
        data = _load(text, source)
        if not isinstance(data, dict):
            raise ProfileError(f"{source}: a profile is a YAML mapping")
        return AppProfile.model_validate(_with_package(_ONLY_READ | data if only_read else data))
    except ProfileError:
        raise
    except (yaml.YAMLError, ValueError) as error:
        raise ProfileError(f"{source}: {error}") from error


def _load(text: str, source: str) -> Any:
    loader = yaml.CSafeLoader(text)
    try:
        root = loader.get_single_node()
        if references_add_too_much(root):
            raise ProfileError(f"{source}: {TOO_MANY}; write them out")
        return None if root is None else loader.construct_document(root)
    finally:
        loader.dispose()


def load_profile(name_or_path: str = "practice", *, only_read: bool = False) -> AppProfile:
    """Loads a packaged profile by name, or an operator's own by path. Raises ProfileError.

    `only_read`: as in `read_profile`, for a file.
    """
    if name_or_path.endswith((".yaml", ".yml")):
        try:
            return read_profile(Path(name_or_path).read_text(encoding="utf-8"), name_or_path, only_read=only_read)
        except OSError as error:
            raise ProfileError(f"{name_or_path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise ProfileError(f"{name_or_path}: byte {error.start + 1} is not UTF-8") from error
    packaged = resources.files("flows") / "profiles" / f"{name_or_path}.yaml"
    if not packaged.is_file():
        raise ProfileError(f"no packaged profile {name_or_path!r}; give the path of a .yaml file")
    return read_profile(packaged.read_text(encoding="utf-8"), name_or_path)


def is_bare(selector: str) -> bool:
    """Returns whether this is an id's name without its package."""
    return ":" not in selector and not selector.startswith((BY_DESC, BY_TEXT))


def _with_package(data: dict[str, Any]) -> dict[str, Any]:
    """Returns the data with every bare id as PACKAGE:id/NAME; leaves wrong shapes to the validation."""
    package = data.get("package", "")

    def full(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: full(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [full(inner) for inner in value]
        return f"{package}:id/{value}" if isinstance(value, str) and is_bare(value) else value

    return {**data, "pages": full(data.get("pages")), "overlays": full(data.get("overlays"))}
