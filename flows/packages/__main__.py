"""`python -m flows.packages`: loads every flow package as a worker does, and prints the problems as JSON.

Packages may do anything when they are imported, so that a process of its own imports them.
"""

from __future__ import annotations

import json
import os
from dataclasses import astuple


def main() -> None:
    """Prints on the last line: the names of the packaged flows in use, and each problem's field, reason, remedy.

    A name has its versions behind it if there are several.
    """
    from flows.registry import PACKAGED  # noqa: PLC0415 - imports the packages, which is what is tried here
    from flows.specs.catalogue import PACKAGES, VERSIONS  # noqa: PLC0415 - as above

    of_manifests = () if PACKAGES is None else PACKAGES.problems
    problems = [astuple(one) for one in (*of_manifests, *PACKAGED.problems)]
    names = [" ".join([name, *([] if len(VERSIONS[name]) == 1 else VERSIONS[name])]) for name in sorted(PACKAGED.flows)]
    print(f"\n{json.dumps([names, problems])}", end="", flush=True)
    os._exit(0)  # threads of a package may not delay the answer


if __name__ == "__main__":
    main()
