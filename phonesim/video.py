"""Writes a small video of pictures: H.264 in MP4, without an encoder.

Each picture is a key frame of macroblocks that hold their samples as they are (I_PCM of ITU-T H.264, 7.3.5), so any
player plays it. Boxes after ISO/IEC 14496-12 and -15.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence

from PIL import Image

WIDTH, HEIGHT = 144, 320  # whole macroblocks of 16
TIMESCALE = 1000  # ticks a second
PROFILE, COMPATIBLE, LEVEL = 66, 0xC0, 30  # constrained baseline, level 3
ZEROS = re.compile(rb"\x00\x00(?=[\x00-\x03])")


class Bits:
    """A string of bits, the highest first."""

    def __init__(self) -> None:
        self._text = ""

    def u(self, value: int, bits: int) -> Bits:
        """An unsigned number of so many bits."""
        self._text += f"{value:0{bits}b}"
        return self

    def ue(self, *values: int) -> Bits:
        """Unsigned Exp-Golomb codes; 0 stands for a signed one too."""
        for value in values:
            code = f"{value + 1:b}"
            self._text += "0" * (len(code) - 1) + code
        return self

    def bytes(self, fill: str = "0") -> bytes:
        """All of it, filled up to a whole byte."""
        text = self._text + fill
        text += "0" * (-len(text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big")


def unit(kind: int, payload: bytes) -> bytes:
    """A NAL unit: no start code appears in it."""
    return bytes([kind]) + ZEROS.sub(b"\x00\x00\x03", payload)


def sequence_set() -> bytes:
    bits = Bits().u(PROFILE, 8).u(COMPATIBLE, 8).u(LEVEL, 8).ue(0, 0, 2, 1).u(0, 1)
    return unit(0x67, bits.ue(WIDTH // 16 - 1, HEIGHT // 16 - 1).u(0b1100, 4).bytes("1"))


def picture_set() -> bytes:
    # the sets' numbers; CAVLC; one slice group; one reference; no weights; deblocking said in each slice
    return unit(0x68, Bits().ue(0, 0).u(0, 2).ue(0, 0, 0).u(0, 3).ue(0, 0, 0).u(0b100, 3).bytes("1"))


def key_frame(picture: Image.Image, number: int) -> bytes:
    """One picture; key frames that follow each other have different numbers."""
    planes = picture.convert("RGB").resize((WIDTH, HEIGHT)).convert("YCbCr").split()
    chroma = [plane.resize((WIDTH // 2, HEIGHT // 2)) for plane in planes[1:]]
    # first macroblock, slices of I alone, set 0, frame 0; its number; no marking; its quantiser; no deblocking
    head = Bits().ue(0, 7, 0).u(0, 4).ue(number % 2).u(0, 2).ue(0, 1)
    parts = [head.ue(25).bytes("")]
    for top in range(0, HEIGHT, 16):
        for left in range(0, WIDTH, 16):
            if top or left:
                parts.append(Bits().ue(25).bytes(""))
            parts.append(planes[0].crop((left, top, left + 16, top + 16)).tobytes())
            box = left // 2, top // 2, left // 2 + 8, top // 2 + 8
            parts.extend(plane.crop(box).tobytes() for plane in chroma)
    return unit(0x65, b"".join(parts) + b"\x80")


def box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", len(content) + 8, kind) + content


def full(kind: bytes, *parts: bytes, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", flags), *parts)


MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def mp4(pictures: Sequence[tuple[float, Image.Image]], seconds: float) -> bytes:
    """A video of so many seconds: pictures, each with the second at which it appears, the first at 0."""
    frames = [key_frame(picture, number) for number, (_, picture) in enumerate(pictures)]
    samples = [struct.pack(">I", len(frame)) + frame for frame in frames]
    ends = [at for at, _ in pictures[1:]] + [max(seconds, pictures[-1][0] + 0.1)]
    lasting = [max(1, round((end - at) * TIMESCALE)) for end, (at, _) in zip(ends, pictures, strict=True)]
    head = box(b"ftyp", b"isom", struct.pack(">I", 0x200), b"isomiso2avc1mp41")
    index = _index(samples, lasting, len(head) + 8)
    return head + box(b"mdat", *samples) + index


def _index(samples: Sequence[bytes], lasting: Sequence[int], first: int) -> bytes:
    """The index, for samples that begin at byte `first` of the file."""
    total = sum(lasting)
    header = full(
        b"mvhd",
        struct.pack(">IIIIIH10x", 0, 0, TIMESCALE, total, 0x10000, 0x100),
        MATRIX,
        bytes(24),
        struct.pack(">I", 2),
    )
    track = full(
        b"tkhd",
        struct.pack(">IIIII8xHHHH", 0, 0, 1, 0, total, 0, 0, 0, 0),
        MATRIX,
        struct.pack(">II", WIDTH << 16, HEIGHT << 16),
        flags=3,
    )
    media = full(b"mdhd", struct.pack(">IIIIHH", 0, 0, TIMESCALE, total, 0x55C4, 0))
    handler = full(b"hdlr", struct.pack(">I4s12x", 0, b"vide"), b"video\0")
    place = box(b"dinf", full(b"dref", struct.pack(">I", 1), full(b"url ", flags=1)))
    shown = box(b"minf", full(b"vmhd", bytes(8), flags=1), place, _table(samples, lasting, first))
    return box(b"moov", header, box(b"trak", track, box(b"mdia", media, handler, shown)))


def _table(samples: Sequence[bytes], lasting: Sequence[int], first: int) -> bytes:
    sets = sequence_set(), picture_set()
    config = bytes([1, PROFILE, COMPATIBLE, LEVEL, 0xFF, 0xE1]) + struct.pack(">H", len(sets[0])) + sets[0]
    config += b"\x01" + struct.pack(">H", len(sets[1])) + sets[1]
    entry = struct.pack(">6xH16xHHIIIH32xHH", 1, WIDTH, HEIGHT, 0x480000, 0x480000, 0, 1, 24, 0xFFFF)
    times = b"".join(struct.pack(">II", 1, ticks) for ticks in lasting)
    sizes = b"".join(struct.pack(">I", len(sample)) for sample in samples)
    return box(
        b"stbl",
        full(b"stsd", struct.pack(">I", 1), box(b"avc1", entry, box(b"avcC", config))),
        full(b"stts", struct.pack(">I", len(lasting)), times),
        full(b"stsc", struct.pack(">IIII", 1, 1, len(samples), 1)),
        full(b"stsz", struct.pack(">II", 0, len(samples)), sizes),
        full(b"stco", struct.pack(">II", 1, first)),
    )
