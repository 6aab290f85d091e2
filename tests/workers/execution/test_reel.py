"""What is filmed of an attempt on a simulated phone: nothing unless the settings ask, and then each step."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from adbutils import AdbError
from PIL import Image

from models.tasks.fence import Fence
from tests.support.ledger.copied import copied_ledger
from tests.support.poll import wait_until
from tests.support.shelf import Shelf
from workers.attempts.claim import Claim
from workers.attempts.outcome import Failed
from workers.evidence.film import SIZE, Filmed
from workers.evidence.shipper_thread import spool_of
from workers.execution.reel import Reel
from workers.execution.worker import Worker
from workers.phone import recording
from workers.phone.adb import Adb
from workers.phone.recording import FOLDER, MOST_BYTES, PREFIX, NoRecording, ScreenRecording
from workers.phone.transport import Deadline
from workers.runtime.slots import Stop, own_slot
from workers.runtime.watch import SlotWatch
from workers.runtime.worker_identity import WorkerIdentity
from workers.settings import read_settings

FAILED = Failed("page_drift", "nothing fits")
TASK = "0a1b2c3d-0000-4000-8000-000000000001"


@pytest.fixture
def worker(shelf: Shelf, tmp_path: Path) -> Iterator[Worker]:
    """A worker of the first phone that films directed work."""
    config = read_settings({"PHONEFLEET_VAR": str(tmp_path), "PHONEFLEET_FILM": "directed,collect_titles"})
    told, engine = shelf.phones[0], copied_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    identity = WorkerIdentity(told["serial"], told["address"], shelf.adb.port, "test", "life-1", own_slot())
    made = Worker.of(identity, engine, config)
    yield made
    made.connection.close()
    engine.dispose()


def claimed(flow: str) -> Claim:
    fence = Fence(TASK, 1, "life-1")
    return Claim(fence, "c", flow, (), {}, "acc0001", "SIM0001", 7, (), False, 60.0, 60.0, time.monotonic())


def begun(worker: Worker, flow: str) -> tuple[Reel, SlotWatch]:
    now = time.monotonic()
    worker.identity.slot.begin(TASK, 1, lease_until=now + 60, hard_limit=now + 60)
    watch = SlotWatch(worker.identity.slot, 60.0)
    reel = Reel(worker, claimed(flow), watch)
    reel.begin()
    return reel, watch


def shots(worker: Worker) -> int:
    return sum(call.method == "takeScreenshot" for call in worker.connection.calls)


def test_a_flow_that_the_settings_name_is_filmed(worker: Worker) -> None:
    worker.connection.connect()
    reel, watch = begun(worker, "directed")
    for name in ("account", "act"):
        with watch.step(name):
            worker.connection.connect().look()
    assert [frame.step for frame in reel.of_failure(FAILED).frames] == ["account", "act"]
    assert Image.open(BytesIO(reel.of_failure(FAILED).frames[0].picture)).size == SIZE
    assert shots(worker) == 2, "one call to the phone for each step"
    reel.succeeded()
    assert len(spool_of(worker.settings).bundles()) == 1


@pytest.mark.parametrize("film", [(), ("directed",)])
def test_another_flow_is_not(worker: Worker, film: tuple[str, ...]) -> None:
    other = replace(worker, settings=replace(worker.settings, film=film))
    reel, watch = begun(other, "nurture")
    with watch.step("browse"):
        other.connection.connect().look()
    assert (reel.of_failure(FAILED).frames, shots(other)) == ((), 0)
    reel.succeeded()
    assert spool_of(other.settings).bundles() == []


@pytest.fixture
def recorder(worker: Worker) -> Worker:
    """The same worker, which records directed work."""
    return replace(worker, settings=replace(worker.settings, film=(), record=("directed",)))


def on_the_phone(shelf: Shelf) -> str:
    """The recordings on the phone, and those that run."""
    device = shelf.adb.client.device(shelf.phones[0]["address"])
    return f"{device.shell(f'ls {FOLDER}')} {device.shell('ps -A')}"


def test_a_failure_brings_its_recording_and_nothing_stays_on_the_phone(recorder: Worker, shelf: Shelf) -> None:
    reel, _ = begun(recorder, "directed")
    assert f"{PREFIX}{TASK}-1.mp4" in on_the_phone(shelf)
    recorder.connection.connect().look()
    filmed = reel.of_failure(FAILED)
    assert filmed.recording is not None, filmed.why
    assert filmed.recording[4:8] == b"ftyp"
    assert len(filmed.recording) < MOST_BYTES
    reel.put_away()
    assert PREFIX not in on_the_phone(shelf)
    assert "screenrecord" not in on_the_phone(shelf)


def test_a_success_is_not_fetched_and_nothing_stays_on_the_phone(recorder: Worker, shelf: Shelf) -> None:
    reel, _ = begun(recorder, "directed")
    reel.succeeded()
    reel.put_away()
    wait_until(lambda: "screenrecord" not in on_the_phone(shelf), 20, "the recording to end")
    assert PREFIX not in on_the_phone(shelf)
    assert spool_of(recorder.settings).bundles() == []


def test_a_flow_that_is_not_named_is_not_recorded(recorder: Worker, shelf: Shelf) -> None:
    reel, _ = begun(recorder, "nurture")
    assert "screenrecord" not in on_the_phone(shelf)
    assert reel.of_failure(FAILED) == Filmed()
    reel.put_away()


def test_what_a_killed_worker_left_is_deleted_at_the_next_attempt(recorder: Worker, shelf: Shelf) -> None:
    reel, _ = begun(recorder, "directed")
    assert reel._recording is not None
    reel._recording.let_go()  # as the kernel does with the sockets of a killed process
    wait_until(lambda: "screenrecord" not in on_the_phone(shelf), 20, "the phone to hang up")
    assert PREFIX in on_the_phone(shelf)
    recorder.connection.close()
    again = Worker.of(recorder.identity, recorder.engine, recorder.settings)
    begun(again, "nurture")
    again.connection.close()
    assert PREFIX not in on_the_phone(shelf)


def test_a_lost_lease_leaves_the_phone_alone_until_the_next_attempt(recorder: Worker, shelf: Shelf) -> None:
    reel, watch = begun(recorder, "directed")
    recorder.identity.slot.ask(Stop.LEASE, recorder.identity.slot.turn)
    assert "must be left" in reel.of_failure(FAILED).why
    reel.put_away()
    assert PREFIX in on_the_phone(shelf)
    begun(recorder, "nurture")
    assert PREFIX not in on_the_phone(shelf)
    assert watch.failed_in is None


def test_a_recording_that_is_too_large_or_gone_is_told_and_not_kept(
    recorder: Worker, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    reel, _ = begun(recorder, "directed")
    with monkeypatch.context() as patch:
        patch.setattr(recording, "MOST_BYTES", 10)
        filmed = reel.of_failure(FAILED)
    assert filmed.recording is None
    assert "no recording below 10 bytes" in filmed.why
    reel.put_away()
    reel, _ = begun(recorder, "directed")
    shelf.adb.client.device(shelf.phones[0]["address"]).shell(f"rm {FOLDER}/{PREFIX}*")
    assert "no recording below" in reel.of_failure(FAILED).why
    reel.put_away()


def is_back(shelf: Shelf, address: str) -> bool:
    """Whether adb has the phone, after one more try to connect it; adb may not know it for a moment."""
    try:
        shelf.adb.client.connect(address, timeout=30)
        return bool(shelf.adb.client.device(address).get_state() == "device")
    except AdbError:
        return False


def test_a_phone_that_hangs_or_is_gone_is_not_waited_for(recorder: Worker, shelf: Shelf) -> None:
    reel, _ = begun(recorder, "directed")
    assert reel.of_failure(Failed("phone_hung", "no answer")).why == "not asked: the phone hangs"
    shelf.fault("unplug")
    assert reel.of_failure(FAILED).recording is None
    reel.put_away()
    assert recorder.connection.may_hold_recordings
    shelf.heal("*")
    address = shelf.phones[0]["address"]
    shelf.adb.client.disconnect(address)
    wait_until(lambda: is_back(shelf, address), 30, "the phone to be back")
    begun(recorder, "nurture")
    assert PREFIX not in on_the_phone(shelf)


def test_what_is_no_video_is_not_kept(shelf: Shelf) -> None:
    address = shelf.phones[0]["address"]
    adb, deadline = Adb(shelf.adb.port, address), Deadline(20.0, lambda: 20.0)
    one = ScreenRecording(adb, "odd")
    one.start(deadline)
    adb.shell("pkill screenrecord", deadline)
    wait_until(lambda: "screenrecord" not in on_the_phone(shelf), 20, "the recording to end")
    adb.push(b"<script>alert(1)</script>", one.path, deadline)
    with pytest.raises(NoRecording, match="is no MP4"):
        one.fetch(deadline)
    one.drop(deadline)
    assert adb.pull(one.path, 1000, deadline) is None
    adb.push(bytes(range(256)) * 1000, one.path, deadline)
    assert adb.pull(one.path, 256_000, deadline) == bytes(range(256)) * 1000
    assert adb.pull(one.path, 255_999, deadline) is None
    one.drop(deadline)
