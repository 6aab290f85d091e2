"""One target for the whole suite."""

from __future__ import annotations

from collections.abc import Iterator

import adbutils
import pytest

from tests.support import transport_target as targets
from tests.support.transport_target import Target


@pytest.fixture(scope="session")
def target() -> Iterator[Target]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ADB_USB", "0")  # where no USB is, adb looks for it for three seconds
        patch.setenv("ADB_EMU", "0")  # nor does it look for emulators
        with targets.Target() as target:
            yield target


@pytest.fixture
def device(target: Target) -> adbutils.AdbDevice:
    """The target through adbutils, its folder empty."""
    target.device.shell(f"rm -rf {target.scratch}/*")
    return target.device
