"""Look at the processes of a trial through /proc; finds nothing where there is none."""

import os
from collections.abc import Iterable


def process_tree(pid: int) -> set[int]:
    """Return `pid` and the processes below it that are alive now."""
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        current = waiting.pop()
        if current in found or not os.path.isdir(f"/proc/{current}"):
            continue
        found.add(current)
        waiting.extend(_children(current))
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                children.extend(map(int, file.read().split()))
    except OSError:  # the process ended meanwhile, or the kernel does not list children
        return children
    return children


def open_files(pids: Iterable[int], fragment: str) -> list[str]:
    """Return the paths of open files of some processes whose name contains `fragment`."""
    paths: list[str] = []
    for pid in pids:
        folder = f"/proc/{pid}/fd"
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            try:
                path = os.readlink(f"{folder}/{name}")
            except OSError:
                continue
            if path.startswith("/") and fragment in os.path.basename(path):
                paths.append(path)
    return paths
