"""Records a phone's screen with Android's own `screenrecord`, bounded in time and size, and leaves nothing behind."""

from __future__ import annotations

from workers.phone.adb import Adb
from workers.phone.transport import AdbStream, Deadline

FOLDER, PREFIX = "/data/local/tmp", "phonefleet-screen-"
MOST_SECONDS = 180  # screenrecord takes no more
BIT_RATE = 500_000  # bits a second: 11 MB in 180 s
MOST_BYTES = 16_000_000
MOST_SAID = 4096
STOP_SECONDS = 3.0  # screenrecord writes its index when it is asked to end


class NoRecording(Exception):
    """There is no recording that can be kept; the message has the reason."""


class ScreenRecording:
    """One recording. It ends with its stream: when a worker is killed, adbd hangs up what the worker had started."""

    def __init__(self, adb: Adb, name: str) -> None:
        """`name`: letters, digits and dashes."""
        self._adb = adb
        self.path = f"{FOLDER}/{PREFIX}{name}.mp4"
        self._stream: AdbStream | None = None
        self._pid = 0

    def start(self, deadline: Deadline) -> None:
        """Deletes what earlier recordings left, and begins. Raises PhoneError, NoRecording."""
        record = f"exec screenrecord --time-limit {MOST_SECONDS} --bit-rate {BIT_RATE} {self.path}"
        self._stream = self._adb.open(f"shell:rm -f {FOLDER}/{PREFIX}*.mp4; echo $$; {record}", deadline)
        said = b""
        while b"\n" not in said and len(said) < MOST_SAID:
            part = self._stream.receive(deadline)
            if not part:
                break
            said += part
        first = said.partition(b"\n")[0].strip()
        if not first.isdigit():
            raise NoRecording(f"screenrecord did not start: {first[:200].decode(errors='replace')!r}")
        self._pid = int(first)

    def fetch(self, deadline: Deadline) -> bytes:
        """Ends the recording. Returns it, an MP4. Raises PhoneError, NoRecording."""
        if self._stream is None or not self._pid:
            raise NoRecording("it did not start")
        self._adb.shell(f"kill -2 {self._pid}", deadline)  # it may have ended by itself
        self._pid = 0
        said = self._stream.rest(deadline.within(STOP_SECONDS), MOST_SAID)
        video = self._adb.pull(self.path, MOST_BYTES, deadline)
        if video is None:
            words = said[:200].decode(errors="replace")
            raise NoRecording(f"the phone has no recording below {MOST_BYTES} bytes: {words!r}")
        if video[4:8] != b"ftyp":
            raise NoRecording("what the phone recorded is no MP4")
        return video

    def let_go(self) -> None:
        """Closes the stream: the phone ends the recording, and the next sweep deletes it."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def drop(self, deadline: Deadline) -> None:
        """Ends the recording and deletes it from the phone. Raises PhoneError."""
        self.let_go()
        end = f"kill -2 {self._pid}; " if self._pid else ""
        self._adb.shell(f"{end}rm -f {self.path}", deadline)


def sweep(adb: Adb, deadline: Deadline) -> None:
    """Deletes the recordings that killed workers left on the phone. Raises PhoneError."""
    adb.shell(f"rm -f {FOLDER}/{PREFIX}*.mp4", deadline)
