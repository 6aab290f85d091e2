"""The routes of the console: each with the role that it needs, so that none is left open by an oversight."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from gateway.console.pages import (
    account,
    admin,
    approvals,
    attempt,
    authors,
    bulk,
    campaigns,
    drift,
    failures,
    flow_versions,
    overview,
    pictures,
    recorder,
    records,
    shelf,
    tasks,
    texts,
    watches,
)
from models.values.enums import Role

VIEWER, OPERATOR, ADMIN = Role


@dataclass(frozen=True, slots=True)
class Route:
    """A page (GET) or an act (POST). `uses_session` false: it does not keep its session alive."""

    method: str
    path: str
    role: Role
    handler: Callable[..., Any]
    streams: bool = False  # its handler is a coroutine: it waits for the feed
    uses_session: bool = True


def _routes() -> Iterator[Route]:
    yield Route("GET", "/", VIEWER, shelf.home)
    yield Route("GET", "/shelf", VIEWER, shelf.show, streams=True)
    yield Route("GET", "/shelf/stream", VIEWER, shelf.stream, streams=True, uses_session=False)
    yield Route("GET", "/shelf/changes", VIEWER, shelf.changes, streams=True, uses_session=False)
    yield Route("GET", "/shelf/pictures", VIEWER, pictures.taken, uses_session=False)
    yield Route("GET", "/shelf/pictures/{serial:path}", VIEWER, pictures.picture, uses_session=False)
    yield Route("GET", "/phones/{serial:path}", VIEWER, shelf.phone)
    yield Route("POST", "/acts/phones/{act}", OPERATOR, shelf.act)
    yield Route("GET", "/overview", VIEWER, overview.show)
    yield Route("GET", "/overview/sheet", VIEWER, overview.sheet)
    yield Route("POST", "/acts/overview/{act}", OPERATOR, overview.act)
    yield Route("GET", "/campaigns", VIEWER, campaigns.listed)
    yield Route("GET", "/campaigns/new", OPERATOR, campaigns.new)
    yield Route("POST", "/acts/campaigns/try", OPERATOR, campaigns.try_out)
    yield Route("POST", "/acts/campaigns/plant", OPERATOR, campaigns.plant)
    yield Route("POST", "/acts/campaigns/missing", OPERATOR, campaigns.complete)
    yield Route("GET", "/campaigns/{campaign_id}", VIEWER, campaigns.show)
    yield Route("GET", "/tasks/{task_id}", VIEWER, tasks.show)
    yield Route("GET", "/tasks/{task_id}/log", VIEWER, attempt.story)
    yield Route("GET", "/tasks/{task_id}/attempts/{number}", VIEWER, attempt.show)
    yield Route("GET", "/tasks/{task_id}/attempts/{number}/{name}", VIEWER, tasks.evidence)
    yield Route("GET", "/failures", VIEWER, failures.show)
    yield Route("POST", "/acts/failures/{act}", OPERATOR, failures.act)
    yield Route("GET", "/review", VIEWER, failures.review)
    yield Route("POST", "/acts/review/settle", OPERATOR, failures.settled)
    yield Route("GET", "/many", VIEWER, bulk.listed)
    yield Route("GET", "/many/{bulk_id}", VIEWER, bulk.show)
    yield Route("GET", "/many/{bulk_id}/progress", VIEWER, bulk.progress, uses_session=False)
    yield Route("POST", "/acts/choose/{page}", OPERATOR, bulk.choose)
    yield Route("POST", "/acts/many/{act}", OPERATOR, bulk.act)
    yield Route("POST", "/acts/approvals/decide", OPERATOR, approvals.decided)
    yield from _set_up()
    yield Route("POST", "/acts/{kind}/{act}", OPERATOR, campaigns.act)
    yield Route("POST", "/logout", VIEWER, account.leave)
    yield Route("POST", "/me/language", VIEWER, account.language)
    yield Route("GET", "/me", VIEWER, account.show)
    yield Route("POST", "/me/password", VIEWER, account.password)
    yield Route("POST", "/me/filters/save", VIEWER, records.save)
    yield Route("POST", "/me/filters/delete", VIEWER, records.forget)


def _recorder() -> Iterator[Route]:
    yield Route("GET", "/recorder", OPERATOR, recorder.listed)
    yield Route("POST", "/acts/recorder/begin", OPERATOR, recorder.begin)
    yield Route("POST", "/acts/recorder/{act}", OPERATOR, recorder.act)
    yield Route("GET", "/recorder/{recording_id}", OPERATOR, recorder.show)
    yield Route("GET", "/recorder/{recording_id}/state", OPERATOR, recorder.state, uses_session=False)
    yield Route("GET", "/recorder/{recording_id}/pictures/{number}", OPERATOR, recorder.picture, uses_session=False)
    yield Route("GET", "/recorder/{recording_id}/files/{name}", OPERATOR, recorder.file)


def _set_up() -> Iterator[Route]:
    yield from _recorder()
    yield Route("GET", "/records", VIEWER, records.show)
    yield Route("POST", "/acts/records/export", OPERATOR, records.export)
    yield Route("GET", "/exports/{export_id}/file", OPERATOR, records.workbook)
    yield Route("GET", "/texts", VIEWER, texts.show)
    yield Route("POST", "/acts/schedules/stop", OPERATOR, campaigns.stop_scheduled)
    yield Route("GET", "/watches", VIEWER, watches.listed)
    yield Route("GET", "/watches/{watch_id}", VIEWER, watches.show)
    yield Route("POST", "/acts/watches/try", OPERATOR, watches.try_out)
    yield Route("POST", "/acts/watches/save", OPERATOR, watches.save)
    yield Route("POST", "/acts/watches/{act}", OPERATOR, watches.act)
    yield Route("GET", "/drift", VIEWER, drift.listed)
    yield Route("GET", "/drift/{patch_id}", VIEWER, drift.show)
    yield Route("POST", "/acts/drift/{act}", OPERATOR, drift.act)
    yield Route("GET", "/flows", VIEWER, flow_versions.listed)
    yield Route("POST", "/acts/flows/{act}", OPERATOR, flow_versions.act)
    yield Route("GET", "/callbacks", VIEWER, admin.callbacks)
    yield Route("GET", "/callbacks/{delivery_id}", VIEWER, admin.callback)
    yield Route("POST", "/acts/callbacks/replay", OPERATOR, admin.replay)
    yield Route("GET", "/authors", VIEWER, authors.show)
    yield Route("POST", "/acts/authors/add", OPERATOR, partial(authors.act, act="add"))
    yield Route("POST", "/acts/authors/lift", OPERATOR, partial(authors.act, act="lift"))
    yield Route("POST", "/acts/authors/{act}", ADMIN, authors.act)
    yield Route("GET", "/accounts", VIEWER, admin.accounts)
    yield Route("POST", "/acts/accounts/{act}", OPERATOR, admin.account_acts)
    yield Route("GET", "/keys", VIEWER, admin.keys)
    yield Route("POST", "/acts/keys/{act}", ADMIN, admin.key_acts)
    yield Route("GET", "/users", ADMIN, admin.users)
    yield Route("POST", "/acts/users/{act}", ADMIN, admin.user_acts)
    yield Route("GET", "/changes", ADMIN, admin.changes)


ROUTES = tuple(_routes())
# The main navigation: path, the catalogue's name, the least role.
NAVIGATION = (
    ("/shelf", "Shelf", VIEWER),
    ("/overview", "Overview", VIEWER),
    ("/campaigns", "Campaigns", VIEWER),
    ("/failures", "Failures", VIEWER),
    ("/review", "Review", VIEWER),
    ("/records", "Records", VIEWER),
    ("/texts", "Collected", VIEWER),
    ("/watches", "Watches", VIEWER),
    ("/drift", "Drift", VIEWER),
    ("/flows", "Flow packages", VIEWER),
    ("/recorder", "Recorder", OPERATOR),
    ("/accounts", "Accounts", VIEWER),
    ("/authors", "Authors and caps", VIEWER),
    ("/callbacks", "Callbacks", VIEWER),
    ("/keys", "Keys", VIEWER),
    ("/users", "Users", ADMIN),
    ("/changes", "Changes", ADMIN),
)
