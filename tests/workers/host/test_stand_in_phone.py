"""The stand-in for a phone takes what a worker's connection asks of a phone, and ends with its threads."""

from __future__ import annotations

import socket
import threading

from flows.profile import load_profile
from workers.host.rehearsal import LIST_LENGTH, PAGE, TEXT_ID, screen_of
from workers.host.stand_in_phone import StandInPhone
from workers.phone.phone import U2Phone

PROFILE = load_profile("practice")
SCREEN = screen_of(PROFILE)


def test_a_worker_connects_looks_and_taps_again_and_again() -> None:
    before = threading.active_count()
    with StandInPhone(SCREEN) as adb:
        for _ in range(2):  # the second connection ends the UI server of the first one
            phone = U2Phone.connect("stand-in", "stand-in", adb.port, lambda: 20.0)
            try:
                assert phone.app_version("any.app") == "1"
                assert len(phone.look().all(TEXT_ID)) == LIST_LENGTH
                assert phone.texts(TEXT_ID) == []
                assert PROFILE.page_of(PROFILE.own(phone.look())) == PAGE
                phone.tap(phone.look().all(TEXT_ID)[0])
            finally:
                phone.close()
    assert threading.active_count() == before


def test_it_ends_whatever_a_client_sends() -> None:
    before = threading.active_count()
    with StandInPhone(SCREEN) as adb:
        for sent in (b"", b"00", b"zzzz", b"-001", b"0004hostFFFF", b"0004host0008tcp:9008GET", b"0001\xff"):
            with socket.create_connection(("127.0.0.1", adb.port), timeout=5) as client:
                client.sendall(sent)
        phone = U2Phone.connect("stand-in", "stand-in", adb.port, lambda: 20.0)
        phone.close()
    assert threading.active_count() == before
