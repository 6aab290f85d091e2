"""`test` and `[`: conditions on files, texts and numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from phonesim.shell.command import Call, Result, failed


async def test(call: Call) -> Result:
    """`[ … ]` and `test …`: files, texts and numbers, `!`, `-a` and `-o`."""
    args = list(call.args)
    if call.name == "[":
        if args[-1:] != ["]"]:
            return failed("[: missing ]", 2)
        args.pop()
    return Result(code=int(not _holds(call, args)))


def _holds(call: Call, args: list[str]) -> bool:
    for joint, both in (("-o", any), ("-a", all)):
        if joint in args[1:-1]:
            at = args.index(joint, 1)
            return both([_holds(call, args[:at]), _holds(call, args[at + 1 :])])
    if args[:1] == ["!"] and len(args) > 1:
        return not _holds(call, args[1:])
    if len(args) == 3 and args[1] in _COMPARE:
        return _COMPARE[args[1]](args[0], args[2])
    if len(args) == 2 and args[0] in ("-n", "-z"):
        return bool(args[1]) is (args[0] == "-n")
    if len(args) == 2 and args[0] in ("-e", "-f", "-d", "-s", "-r", "-w", "-x"):
        entry = call.device.files.stat(call.path(args[1]))
        if entry is None or args[0] in ("-e", "-r", "-w", "-x"):
            return entry is not None
        return entry.is_directory is (args[0] == "-d") and (args[0] != "-s" or entry.size > 0)
    if len(args) > 1:
        raise ValueError("what is to be tested?")
    return bool(args and args[0])


_COMPARE: Mapping[str, Callable[[str, str], bool]] = {
    "=": lambda left, right: left == right,
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "-eq": lambda left, right: int(left) == int(right),
    "-ne": lambda left, right: int(left) != int(right),
    "-lt": lambda left, right: int(left) < int(right),
    "-le": lambda left, right: int(left) <= int(right),
    "-gt": lambda left, right: int(left) > int(right),
    "-ge": lambda left, right: int(left) >= int(right),
}
