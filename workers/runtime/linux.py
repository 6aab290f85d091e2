"""Linux only: ends a process together with its parent, tells why a process ended, and lets the kernel merge memory.

`python linux.py PARENT PROGRAM ARGUMENT…` becomes a program that ends with its parent.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_MEMORY_MERGE, _PR_GET_MEMORY_MERGE = 67, 68
_NONE = ctypes.c_ulong(0)
_libc = ctypes.CDLL(None, use_errno=True)


def end_with_parent(parent: int) -> None:
    """Has the kernel kill this process when its parent ends for any reason.

    Call it first thing in the new process; `parent` is the pid that the parent itself reported. A
    parent that ended in between ends this process now.
    """
    if _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        os._exit(1)


def merge_memory() -> bool:
    """Lets the kernel merge equal pages of this process and of those that it forks; root alone has it do so.

    Returns False if this kernel cannot: Linux can since 6.4, where it was built with KSM.
    """
    done: int = _libc.prctl(_PR_SET_MEMORY_MERGE, ctypes.c_ulong(1), _NONE, _NONE, _NONE)
    return done == 0


def may_merge_memory() -> bool | None:
    """Tells whether the kernel may merge this process's memory; None if it cannot."""
    told: int = _libc.prctl(_PR_GET_MEMORY_MERGE, _NONE, _NONE, _NONE, _NONE)
    return None if told < 0 else told == 1


def bound_to_me(command: list[str]) -> list[str]:
    """Returns the command line that runs `command` and ends it when this process ends.

    The Python that becomes `command` needs nothing that is installed: without it, it starts with a third of the CPU.
    """
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]


def why_ended(status: int) -> str:
    """Returns a wait status in words, e.g. 'killed by SIGKILL' or 'ended with code 3'."""
    if os.WIFSIGNALED(status):
        return f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"ended with code {os.waitstatus_to_exitcode(status)}"


if __name__ == "__main__":
    end_with_parent(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606  # becoming the program is the point
