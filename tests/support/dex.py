"""A small reader of Android's dex files: the methods of a class, their instructions, and a machine that runs some.

Enough to hold phonesim to what uiautomator2's jar does. The format: source.android.com, "Dalvik executable format".
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# code units of an instruction, by opcode
_UNITS = [1] * 256
for _codes, _units in (
    ((0x02, 0x05, 0x08, 0x13, 0x15, 0x16, 0x19, 0x1A, 0x1C, 0x1F, 0x20, 0x22, 0x23, 0x29), 2),
    (range(0x2D, 0x3E), 2), (range(0x44, 0x6E), 2), (range(0x90, 0xB0), 2), (range(0xD0, 0xE3), 2),
    ((0x03, 0x06, 0x09, 0x14, 0x17, 0x1B, 0x24, 0x25, 0x26, 0x2A, 0x2B, 0x2C), 3),
    (range(0x6E, 0x73), 3), (range(0x74, 0x79), 3), ((0x18,), 5),
):  # fmt: skip
    for _code in _codes:
        _UNITS[_code] = _units


@dataclass(frozen=True)
class Instruction:
    """One instruction: where it stands, its code units, and what its index names, if it has one."""

    at: int
    units: tuple[int, ...]
    name: str

    @property
    def code(self) -> int:
        return self.units[0] & 0xFF


class Dex:
    """One dex file of a jar."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        names = ("string", "type", "proto", "field", "method", "class")
        sizes = struct.unpack_from("<12I", data, 0x38)
        self._tables = dict(zip(names, zip(sizes[::2], sizes[1::2], strict=True), strict=True))

    @classmethod
    def of_jar(cls, jar: Path, class_name: str) -> Dex:
        """The dex file of a jar that defines this class, e.g. Lcom/a/B;."""
        with zipfile.ZipFile(jar) as archive:
            for name in archive.namelist():
                if name.endswith(".dex") and (dex := cls(archive.read(name))).has(class_name):
                    return dex
        raise LookupError(f"{jar} has no class {class_name}")

    def has(self, class_name: str) -> bool:
        return class_name in self._classes()

    def method(self, class_name: str, name: str) -> list[Instruction]:
        """The instructions of the class's first method of this name that has the most of them."""
        bodies = [body for found, body in self._methods(class_name) if found == name]
        return max(bodies, key=len)

    def methods(self, class_name: str, name: str) -> list[list[Instruction]]:
        """The instructions of all of the class's methods of this name."""
        return [body for found, body in self._methods(class_name) if found == name]

    def static_int(self, class_name: str, name: str) -> int:
        """The value that the class gives its static field of this name, a constant int."""
        at = self._class_row(class_name)[6]
        counts = []
        for _ in range(4):
            count, at = self._uleb(at)
            counts.append(count)
        index, order = 0, []
        for _ in range(counts[0]):
            step, at = self._uleb(at)
            _, at = self._uleb(at)
            index += step
            order.append(self._member("field", index)[1])
        values = self._values(self._class_row(class_name)[7])
        return values[order.index(name)]

    def _values(self, at: int) -> list[int]:
        """An encoded array, in which everything but numbers counts as its raw bits."""
        count, at = self._uleb(at)
        values = []
        for _ in range(count):
            kind, size = self._data[at] & 0x1F, (self._data[at] >> 5) + 1
            size = 0 if kind in (0x1E, 0x1F) else size  # null and booleans hold theirs in the head
            values.append(int.from_bytes(self._data[at + 1 : at + 1 + size], "little", signed=True))
            at += 1 + size
        return values

    def _class_row(self, class_name: str) -> tuple[int, ...]:
        size, start = self._tables["class"]
        rows = (struct.unpack_from("<8I", self._data, start + 32 * each) for each in range(size))
        return next(row for row in rows if self._type(row[0]) == class_name)

    def _classes(self) -> dict[str, int]:
        size, start = self._tables["class"]
        rows = (struct.unpack_from("<8I", self._data, start + 32 * each) for each in range(size))
        return {self._type(row[0]): row[6] for row in rows}

    def _methods(self, class_name: str) -> Iterator[tuple[str, list[Instruction]]]:
        at = self._classes()[class_name]
        counts = []
        for _ in range(4):
            count, at = self._uleb(at)
            counts.append(count)
        for _ in range(2 * (counts[0] + counts[1])):
            _, at = self._uleb(at)
        for kind in counts[2:]:
            index = 0
            for _ in range(kind):
                step, at = self._uleb(at)
                _, at = self._uleb(at)
                code, at = self._uleb(at)
                index += step
                if code:
                    yield self._member("method", index)[1], list(self._instructions(code))

    def _instructions(self, at: int) -> Iterator[Instruction]:
        (size,) = struct.unpack_from("<I", self._data, at + 12)
        units = struct.unpack_from(f"<{size}H", self._data, at + 16)
        place = 0
        while place < size:
            if units[place] in (0x0100, 0x0200, 0x0300):
                return  # tables of switches and arrays come last
            taken = units[place : place + _UNITS[units[place] & 0xFF]]
            yield Instruction(place, taken, self._named(taken))
            place += len(taken)

    def _named(self, units: tuple[int, ...]) -> str:
        code = units[0] & 0xFF
        if code == 0x1A:
            return self._string(units[1])
        if 0x52 <= code <= 0x6D:
            return ".".join(self._member("field", units[1]))
        return ".".join(self._member("method", units[1])) if 0x6E <= code <= 0x78 else ""

    def _member(self, table: str, index: int) -> tuple[str, str]:
        owner, _, name = struct.unpack_from("<HHI", self._data, self._tables[table][1] + 8 * index)
        return self._type(owner), self._string(name)

    def _type(self, index: int) -> str:
        return self._string(struct.unpack_from("<I", self._data, self._tables["type"][1] + 4 * index)[0])

    def _string(self, index: int) -> str:
        (at,) = struct.unpack_from("<I", self._data, self._tables["string"][1] + 4 * index)
        _, at = self._uleb(at)
        return self._data[at : self._data.index(0, at)].decode("utf-8", "surrogatepass")

    def _uleb(self, at: int) -> tuple[int, int]:
        value = shift = 0
        while True:
            byte = self._data[at]
            value |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if byte < 0x80:
                return value, at


class Machine:
    """Runs a static method that makes a String of a CharSequence, unit by unit. Other instructions raise."""

    def __init__(self, body: list[Instruction]) -> None:
        self._at = {each.at: each for each in body}
        self.constants = {_signed(each.units) for each in body if each.code in (0x12, 0x13, 0x14)}

    def run(self, argument: list[int], most: int = 10_000_000) -> list[int]:
        """What the method returns for these UTF-16 units."""
        self._registers: dict[int, int | str] = {}
        self._argument, self._made, self._result = argument, list[int](), 0
        place = 0
        for _ in range(most):
            each = self._at[place]
            if each.code == 0x11:  # return-object
                return self._made
            place = self._step(each) or each.at + len(each.units)
        raise RuntimeError("the method does not end")

    def _step(self, each: Instruction) -> int | None:
        """Carry an instruction out; where it jumps to."""
        code, high = each.code, each.units[0] >> 8
        if code in (0x12, 0x13, 0x14):  # const
            self._registers[high & 0xF if code == 0x12 else high] = _signed(each.units)
        elif code == 0x1A:  # const-string
            self._registers[high] = each.name
        elif code in (0x0A, 0x0C):  # move-result
            self._registers[high] = self._result
        elif code == 0xD8:  # add-int/lit8
            self._registers[high] = self._number(each.units[1] & 0xFF) + _as_signed(each.units[1] >> 8, 8)
        elif 0x32 <= code <= 0x3D:  # if
            return self._jump(each)
        elif code == 0x28:  # goto
            return each.at + _as_signed(high, 8)
        elif code in (0x6E, 0x70, 0x72):  # invoke
            self._call(each)
        elif code != 0x22:  # new-instance
            raise NotImplementedError(f"opcode {code:#x}")
        return None

    def _call(self, each: Instruction) -> None:
        given = each.units[2] >> 4 & 0xF
        if each.name.endswith(".length"):
            self._result = len(self._argument)
        elif each.name.endswith(".charAt"):
            self._result = self._argument[self._number(given)]
        elif each.name.endswith(".append"):
            value = self._registers[given]
            self._made += [ord(value)] if isinstance(value, str) else [value]

    def _jump(self, each: Instruction) -> int | None:
        high, code = each.units[0] >> 8, each.code
        if code < 0x38:
            one, other = self._number(high & 0xF), self._number(high >> 4)
        else:
            one, other, code = self._number(high), 0, code - 6
        holds = (one == other, one != other, one < other, one >= other, one > other, one <= other)[code - 0x32]
        return each.at + _as_signed(each.units[1], 16) if holds else None

    def _number(self, register: int) -> int:
        return int(self._registers[register])


def _signed(units: tuple[int, ...]) -> int:
    if len(units) == 1:
        return _as_signed(units[0] >> 12, 4)
    return _as_signed(units[1], 16) if len(units) == 2 else _as_signed(units[1] | units[2] << 16, 32)


def _as_signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value
