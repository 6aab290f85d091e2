"""What we use of libraries beyond what they promise to keep, and that setup.cfg bounds each of these from above.

How these parts behave, where we rely on that, is in test_leaned_on.py.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from tests.house.declared import required
from workers.phone.ui_jar import PINNED

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path for room in ("flows", "gateway", "models", "scripts", "workers") for path in (ROOT / room).rglob("*.py")
)

# By distribution: "module:name", or "module:Class" with the attributes that we override, call, read or set.
LEANS_ON: dict[str, dict[str, str]] = {
    "billiard": {
        "billiard.common:restart_state": "step",
        "billiard.util": "_finalizer_registry _run_after_forkers",
    },
    "celery": {
        "celery.app.amqp:AMQP": "queues router task_protocols",
        "celery.app.trace": "setup_worker_optimizations",
        "celery.apps.worker": "install_worker_term_handler",
        "celery.canvas:Signature": "from_dict",
        "celery.events.dispatcher:EventDispatcher": "flush send",
        "celery.exceptions": "TaskPredicate",
        "celery.worker": "WorkController state",
        "celery.worker.state": "maybe_shutdown reserved_requests revoked should_stop should_terminate",
        "celery.worker:WorkController": "on_consumer_ready on_init_blueprint on_start register_with_event_loop",
        "celery.worker.consumer:Consumer": "_restart_state add_task_queue call_soon_ack cancel_task_queue "
        "channel_errors connection_errors conninfo controller create_task_handler ensure_connected "
        "first_connection_attempt on_connection_error_after_connected on_connection_error_before_connected "
        "on_send_event_buffered timer",
        "celery.worker.consumer.events": "event_dispatcher",
        "celery.worker.consumer.tasks": "task_consumer",
    },
    "kombu": {
        "kombu:Consumer": "channel consuming_from",
        "kombu.asynchronous.timer:Timer": "call_repeatedly",
        "kombu.message:Message": "channel delivery_tag reject_log_error",
        "kombu.asynchronous:Hub": "add_reader close",
        "kombu.transport.redis": "REFRESH_BINDING SWEEP_BINDINGS",
        "kombu.transport.redis:Channel": "brpop_timeout client conn_or_acquire priority_steps sep unacked_key",
        "kombu.transport.redis:MultiChannelPoller": "maybe_refresh_binding_expiry poller",
        "kombu.transport.redis:Transport": "_binding_expiry_tref brpop_timeout cycle",
        "kombu.transport.redis:QoS": "_remove_from_indices can_consume restore_by_tag",
    },
    "limits": {"limits.storage:RedisStorage": "SCRIPT_ACQUIRE_SLIDING_WINDOW"},
    "redis": {
        "redis:Connection": "handshake_metadata",
        "redis.lock:Lock": "LUA_EXTEND_SCRIPT LUA_REACQUIRE_SCRIPT LUA_RELEASE_SCRIPT",
        "redis.utils": "get_lib_version",
    },
    "sqlalchemy": {"sqlalchemy.sql.dml:ValuesBase": "_values"},
    "typer": {
        "typer.core": "TyperCommand TyperGroup",
        "typer.core:TyperGroup": "get_command list_commands resolve_command",
        "typer.main": "get_command",
    },
    "uiautomator2": {
        "uiautomator2:Device": "_debug _device_server_port _process _serial adb_device dump_hierarchy jsonrpc "
        "jsonrpc_call shell start_uiautomator stop_uiautomator",
        "uiautomator2.abstract": "ShellResponse",
        "uiautomator2.exceptions": "UiObjectNotFoundError",
        "uiautomator2.utils": "list2cmdline",
    },
    "urllib3": {
        "urllib3.connection:HTTPConnection": "_new_conn",
        "urllib3.connection:HTTPSConnection": "_new_conn",
    },
    "uvicorn": {
        "uvicorn.protocols.http.h11_impl:H11Protocol": "connection_lost connection_made cycle data_received flow "
        "loop shutdown transport",
        "uvicorn.protocols.http.h11_impl:RequestResponseCycle": "body more_body response_complete",
    },
}
FOR_EVER = {"_Element"}  # lxml's class of elements, named so in its own documents and types
ALL = [(where, name) for places in LEANS_ON.values() for where, names in places.items() for name in names.split()]


def found(where: str, name: str) -> bool:
    """Is it there, in the module or the class, or is it an attribute that code in there sets?"""
    module, _, owner = where.partition(":")
    thing: Any = importlib.import_module(module)
    if owner:
        thing = getattr(thing, owner)
    return hasattr(thing, name) or any(name in _attributes_set(one) for one in getattr(thing, "__mro__", (thing,)))


def _attributes_set(thing: Any) -> set[str]:
    try:
        tree = ast.parse(inspect.cleandoc("\n" + inspect.getsource(thing)))
    except (OSError, TypeError):
        return set()
    return {one.attr for one in ast.walk(tree) if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store)}


@pytest.mark.parametrize(("where", "name"), ALL, ids=[f"{where}.{name}" for where, name in ALL])
def test_it_is_there(where: str, name: str) -> None:
    assert found(where, name)


def test_what_is_not_there_is_not_found() -> None:
    assert not found("billiard.util", "_gone")
    assert not found("uvicorn.protocols.http.h11_impl:H11Protocol", "gone")


@pytest.mark.parametrize("name", LEANS_ON)
def test_a_next_minor_release_is_not_taken_untried(name: str) -> None:
    (asked,) = (one for one in required("runtime") if canonicalize_name(one.name) == name)
    major, minor, *_ = version(name).split(".")
    assert asked.specifier.contains(version(name))
    assert not asked.specifier.contains(f"{major}.{int(minor) + 1}.0"), str(asked)


def test_set_up_takes_no_uiautomator2_but_the_one_whose_jar_is_known() -> None:
    (asked,) = (one for one in required("runtime") if one.name == "uiautomator2")
    assert [f"=={release}" for release in PINNED] == [str(asked.specifier)]


def test_the_values_that_we_rely_on_are_those_of_the_library() -> None:
    from kombu.transport.redis import Channel  # noqa: PLC0415 - beside what is compared with it

    from celeryconfig import broker_transport_options  # noqa: PLC0415
    from workers.dispatch import tickets  # noqa: PLC0415

    assert (Channel.sep, Channel.unacked_key) == (tickets._STEP_MARK, tickets.UNACKED)
    assert broker_transport_options["priority_steps"] == list(tickets.STEPS)
    assert set(Channel.priority_steps) < set(tickets.STEPS)


def test_every_private_name_of_a_library_is_listed() -> None:
    listed = {name for _, name in ALL}
    ours = {name for path in SOURCES for name in _defined(ast.parse(path.read_text()))}
    used = {name for path in SOURCES for name in _private_uses(ast.parse(path.read_text()))}
    assert used - ours <= listed | FOR_EVER


def _defined(tree: ast.AST) -> Iterator[str]:
    """Names that our own code gives: functions, classes, and what is assigned."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr


def _private_uses(tree: ast.AST) -> Iterator[str]:
    """Private names that are read of something, or imported; those of Python's own library, and dunders, aside."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not _of_python(node.value):
            names = [node.attr]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] not in sys.stdlib_module_names:
            names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
        else:
            continue
        yield from (name for name in names if name.startswith("_") and not name.startswith("__"))


def _of_python(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id in sys.stdlib_module_names
