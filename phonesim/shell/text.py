"""Commands that make and change text: `echo`, `printf`, `grep`, `head` and their kind."""

from __future__ import annotations

import re
from collections.abc import Mapping

from phonesim.shell.command import Call, Command, Result, failed, said

_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|0?([0-7]{1,3})|(.))", re.DOTALL)
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b"}
_FORMAT = re.compile(r"%(?:%|([-+ 0#]*)(\d{0,7})(?:\.(\d{0,7}))?([sdiuxXocbq]))")
MOST_LINES = 1_000_000


async def echo(call: Call) -> Result:
    """`echo [-n] [-e] WORD…`"""
    words, newline, escapes = list(call.args), True, False
    while words and words[0] in ("-n", "-e", "-ne", "-en"):
        flags = words.pop(0)
        newline, escapes = newline and "n" not in flags, escapes or "e" in flags
    text = " ".join(words)
    return Result(((_unescaped(text) if escapes else text) + ("\n" if newline else "")).encode())


async def printf(call: Call) -> Result:
    """`printf FORMAT WORD…`; the format is used again while words are left."""
    if not call.args:
        return failed("usage: printf FORMAT [ARGUMENT...]")
    pattern, words = _unescaped(call.args[0]), call.args[1:]
    made = []
    while True:
        before = len(words)
        made.append(_FORMAT.sub(lambda match: _formatted(match, words), pattern))
        if not words or len(words) == before:
            return Result("".join(made).encode())


def _formatted(match: re.Match[str], words: list[str]) -> str:
    flags, width, precision, kind = match.groups()
    if kind is None:
        return "%"
    word = words.pop(0) if words else ""
    if kind == "c":
        word, kind = word[:1], "s"
    if kind in "bq":
        word, kind = _unescaped(word) if kind == "b" else word, "s"
    flags = "".join(each for each in flags if kind != "s" or each == "-")
    spec = f"%{flags}{width or ''}{'' if precision is None else '.' + precision}"
    if kind == "s":
        return (spec + "s") % word
    return (spec + kind.replace("u", "d")) % int(word or "0", 0)


def _unescaped(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        hexadecimal, octal, letter = match.groups()
        if hexadecimal or octal:
            return chr(int(hexadecimal, 16) if hexadecimal else int(octal, 8) & 0xFF)
        return _SIMPLE.get(letter, letter if letter == "\\" else "\\" + letter)

    return _ESCAPE.sub(one, text)


async def cat(call: Call) -> Result:
    return _given(call, call.operands)


async def head(call: Call) -> Result:
    """`head [-n N|-N|-c N] [FILE…]`"""
    return _part(call, first=True)


async def tail(call: Call) -> Result:
    """`tail [-n N|-N|-c N] [FILE…]`"""
    return _part(call, first=False)


def _part(call: Call, *, first: bool) -> Result:
    args, count, unit = list(call.args), 10, "n"
    while args and args[0].startswith("-"):
        option = args.pop(0)
        if option[1:2] in ("n", "c"):
            unit, number = option[1], option[2:] or args.pop(0)
        else:
            number = option[1:]
        count = abs(int(number))
    result = _given(call, args)
    pieces = result.out.splitlines(keepends=True)
    if unit == "c":
        result.out = result.out[:count] if first else result.out[len(result.out) - min(count, len(result.out)) :]
    else:
        result.out = b"".join(pieces[:count] if first else pieces[max(0, len(pieces) - count) :])
    return result


async def wc(call: Call) -> Result:
    """`wc [-l|-w|-c] [FILE]`"""
    result = _given(call, call.operands)
    counts = {"l": result.out.count(b"\n"), "w": len(result.out.split()), "c": len(result.out)}
    chosen = [str(value) for letter, value in counts.items() if call.flag(letter)] or [str(v) for v in counts.values()]
    return Result((" ".join([*chosen, *call.operands]) + "\n").encode(), result.err, result.code)


async def grep(call: Call) -> Result:
    """`grep [-ivqcFoE] PATTERN [FILE…]`"""
    args = list(call.args)
    pattern = args.pop(args.index("-e") + 1) if "-e" in args[:-1] else None
    operands = [arg for arg in args if not arg.startswith("-") or arg == "-"]
    if pattern is None:
        if not operands:
            return failed("grep: no pattern", 2)
        pattern = operands.pop(0)
    result = _given(call, operands)
    made = re.escape(pattern) if call.flag("F") else pattern
    compiled = re.compile(made, re.IGNORECASE if call.flag("i") else 0)
    lines = result.out.decode("utf-8", "replace").splitlines()
    hits = [line for line in lines if bool(compiled.search(line)) != call.flag("v")]
    result.code = 2 if result.err else int(not hits)
    if call.flag("c"):
        hits = [str(len(hits))]
    elif call.flag("o"):
        hits = [match[0] for line in hits for match in compiled.finditer(line)]
    result.out = b"" if call.flag("q") else said("\n".join(hits)).out
    return result


async def sort(call: Call) -> Result:
    """`sort [-rnu] [FILE…]`"""
    result = _given(call, call.operands)
    lines = result.out.decode("utf-8", "replace").splitlines()
    if call.flag("n"):
        lines.sort(key=lambda line: int((re.match(r"\s*(-?\d+)", line) or ["", "0"])[1]))
    else:
        lines.sort()
    if call.flag("u"):
        lines = list(dict.fromkeys(lines))
    result.out = said("\n".join(reversed(lines) if call.flag("r") else lines)).out
    return result


async def uniq(call: Call) -> Result:
    result = _given(call, call.operands)
    lines = result.out.decode("utf-8", "replace").splitlines()
    result.out = said("\n".join(line for at, line in enumerate(lines) if at == 0 or line != lines[at - 1])).out
    return result


async def cut(call: Call) -> Result:
    """`cut -d D -f N[,M…]`"""
    joined = " ".join(call.args)
    fields = re.search(r"-f\s?([\d,]+)", joined)
    if fields is None:
        return failed("cut: needs -f")
    mark = re.search(r"-d\s?(.)", joined)
    divider = mark[1] if mark else "\t"
    wanted = [int(each) - 1 for each in fields[1].split(",") if each]
    lines = []
    for line in call.stdin.decode("utf-8", "replace").splitlines():
        parts = line.split(divider)
        lines.append(divider.join(parts[at] for at in wanted if at < len(parts)) if len(parts) > 1 else line)
    return said("\n".join(lines))


async def tr(call: Call) -> Result:
    """`tr [-d] SET1 [SET2]`, sets of characters and ranges."""
    sets = [_members(_unescaped(each)) for each in call.operands]
    text = call.stdin.decode("utf-8", "replace")
    if call.flag("d"):
        return Result("".join(each for each in text if each not in sets[0]).encode())
    table = {each: sets[1][min(at, len(sets[1]) - 1)] for at, each in enumerate(sets[0])}
    return Result("".join(table.get(each, each) for each in text).encode())


def _members(text: str) -> str:
    return re.sub(r"(.)-(.)", lambda m: "".join(map(chr, range(ord(m[1]), ord(m[2]) + 1))), text)


async def seq(call: Call) -> Result:
    """`seq [FIRST] LAST`"""
    numbers = [int(each) for each in call.args]
    first, last = (1, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[-1])
    return said("\n".join(map(str, range(first, min(last, first + MOST_LINES) + 1))))


def _given(call: Call, paths: list[str]) -> Result:
    """The files, or standard input where none is named or it is `-`."""
    result = Result()
    for path in paths or ["-"]:
        try:
            result.out += call.stdin if path == "-" else call.device.files.read(call.path(path))
        except OSError as error:
            result.err += f"{call.name}: {path}: {error.strerror}\n".encode()
            result.code = 1
    return result


TEXT_COMMANDS: Mapping[str, Command] = {
    "echo": echo,
    "printf": printf,
    "cat": cat,
    "head": head,
    "tail": tail,
    "wc": wc,
    "grep": grep,
    "egrep": grep,
    "sort": sort,
    "uniq": uniq,
    "cut": cut,
    "tr": tr,
    "seq": seq,
}
