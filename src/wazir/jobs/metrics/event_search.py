"""Find the TensorBoard event files of a trial, wherever its program writes them.

Places, in the order of the Cloud ML Engine contract: the trial's own folder, `jobDir/<trial id>`,
every argument V that may be a folder (V itself if it ends in the trial id, else `V/<trial id>`,
then V), AIP_TENSORBOARD_LOG_DIR, the files that the trial's processes hold open, and last the
folders that writers choose by themselves (`runs`, `lightning_logs`). V itself and these last ones
are places that trials share; the others belong to one trial.
"""

import os
import re
import socket
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from wazir.jobs.metrics.processes import open_files, process_tree
from wazir.jobs.metrics.spec import CollectorSpec

FRAGMENT = "tfevents"
_USUAL_FOLDERS = ("runs", "lightning_logs", "logs")
_MAX_DEPTH = 8
_MAX_ENTRIES = 20_000
_MAX_SHARED_ENTRIES = 5_000
_MAX_ARGUMENTS = 100
_ENTRIES_PER_S = 1_000.0  # a large folder is looked at less often
_MIN_INTERVAL_S = 1.0
_MAX_PROCESS_INTERVAL_S = 10.0
_CLOCK_TICK_S = 0.02  # file times come from the kernel's coarse clock
_SKIPPED = frozenset(
    {"wazir-runs", "node_modules", "__pycache__", "site-packages", "proc", "sys", "dev"}
)
_WRITER = re.compile(
    r"tfevents\.(?P<created>\d{9,11})\.(?P<host>.+?)\.(?P<pid>\d+)\.\d+(?!\d)(?!\.\d)"
)
_CREATED = re.compile(r"tfevents\.(\d{9,11})\.")


@dataclass(frozen=True, slots=True)
class FoundFile:
    """An event file and the place where it was found.

    Attributes:
        path: absolute path of the file.
        root: the folder whose search found it.
        order: number of that place in the order above; smaller is better.
        is_shared: whether other trials may write there too.
    """

    path: str
    root: str
    order: int
    is_shared: bool


@dataclass(frozen=True, slots=True)
class _Place:
    root: str
    is_shared: bool
    since: float | None


@dataclass(frozen=True, slots=True)
class _Scan:
    paths: list[str]
    n_entries: int
    is_complete: bool


class EventSearch:
    """Looks for event files again and again, at bounded cost.

    Args:
        spec: the attempt.
        clock: monotonic seconds.
    """

    def __init__(self, spec: CollectorSpec, clock: Callable[[], float]) -> None:
        self._spec = spec
        self._clock = clock
        self._places = _places(spec)
        self._due = [0.0] * len(self._places)
        self._started = clock()
        self._processes_due = 0.0
        self._pids: set[int] = set() if spec.pid is None else {spec.pid}
        self._incomplete: set[str] = set()

    @property
    def roots(self) -> list[str]:
        """The folders that are searched."""
        return [place.root for place in self._places]

    @property
    def incomplete(self) -> list[str]:
        """Folders too large to be searched to the end."""
        return sorted(self._incomplete)

    def wrote(self, path: str) -> bool:
        """Return whether a process of the trial wrote the file, as far as its name tells."""
        writer = _WRITER.search(os.path.basename(path))
        if writer is None or int(writer["pid"]) not in self._pids:
            return False
        return writer["host"] == socket.gethostname()

    def find(self, *, final: bool) -> Iterator[FoundFile]:
        """Yield the event files in all places whose turn it is; with `final`, in all places.

        Files that were yielded before are yielded again.
        """
        now = self._clock()
        for order, place in enumerate(self._places):
            if not final and now < self._due[order]:
                continue
            scan = _scan(place, self._spec.trial_id)
            self._due[order] = now + max(_MIN_INTERVAL_S, scan.n_entries / _ENTRIES_PER_S)
            if not scan.is_complete:
                self._incomplete.add(place.root)
            for path in scan.paths:
                yield FoundFile(path, place.root, order, place.is_shared)
        yield from self._open_files(now, final=final)

    def _open_files(self, now: float, *, final: bool) -> Iterator[FoundFile]:
        if self._spec.pid is None or (now < self._processes_due and not final):
            return
        age = now - self._started
        self._processes_due = now + min(_MAX_PROCESS_INTERVAL_S, max(_MIN_INTERVAL_S, age / 4))
        alive = process_tree(self._spec.pid)
        self._pids |= alive
        order = len(self._places)
        for path in open_files(sorted(alive), FRAGMENT):
            folder = os.path.dirname(path)
            yield FoundFile(path, os.path.dirname(folder), order, is_shared=False)


def _places(spec: CollectorSpec) -> list[_Place]:
    places = [_Place(os.path.abspath(spec.trial_dir), is_shared=False, since=None)]
    if spec.job_dir is not None:
        places.append(_own(str(spec.job_dir), spec))
    for value in _path_values(spec.argument_values):
        places.extend(_argument_places(value, spec))
    if spec.tensorboard_dir is not None:
        places.append(_own(str(spec.tensorboard_dir), spec))
    usual = [os.path.join(spec.cwd, name) for name in _USUAL_FOLDERS]
    places.extend(_Place(root, is_shared=True, since=spec.started_at) for root in usual)
    unique = {place.root: place for place in reversed(places)}
    return [place for place in places if unique.pop(place.root, None) is not None]


def _own(path: str, spec: CollectorSpec) -> _Place:
    return _Place(os.path.join(spec.cwd, path), is_shared=False, since=spec.started_at)


def _argument_places(value: str, spec: CollectorSpec) -> list[_Place]:
    root = os.path.normpath(os.path.join(spec.cwd, os.path.expanduser(value)))
    if os.path.dirname(root) == root:
        return []
    if os.path.basename(root) == str(spec.trial_id):
        return [_own(root, spec)]
    own_root = os.path.join(root, str(spec.trial_id))
    return [_own(own_root, spec), _Place(root, is_shared=True, since=spec.started_at)]


def _path_values(arguments: tuple[str, ...]) -> Iterator[str]:
    """Yield the arguments, and the values behind their "=", that may be paths.

    A text of several words is taken for a path only if it looks like one: what follows `sh -c` is
    not searched.
    """
    for argument in arguments[:_MAX_ARGUMENTS]:
        for value in {argument: None, argument.partition("=")[2]: None}:
            if _may_be_path(value):
                yield value


def _may_be_path(value: str) -> bool:
    if not value or len(value) > 1024 or value.startswith("-") or "://" in value:
        return False
    if any(not character.isprintable() for character in value):
        return False
    if " " in value and os.sep not in value:
        return False
    try:
        float(value)
    except ValueError:
        return True
    return False


def _scan(place: _Place, trial_id: int) -> _Scan:
    """Walk a folder breadth first, so that a limit cuts off the deepest parts."""
    limit = _MAX_SHARED_ENTRIES if place.is_shared else _MAX_ENTRIES
    paths: list[str] = []
    n_entries = 0
    waiting = deque([(place.root, 0)])
    while waiting:
        folder, depth = waiting.popleft()
        for entry in _entries(folder):
            n_entries += 1
            if n_entries > limit:
                return _Scan(paths, n_entries, is_complete=False)
            if FRAGMENT in entry.name:
                if _counts(entry, place):
                    paths.append(entry.path)
            elif depth < _MAX_DEPTH and _is_searched(entry, place, trial_id):
                waiting.append((entry.path, depth + 1))
    return _Scan(paths, n_entries, is_complete=True)


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError:  # absent, no folder, or not ours to read
        return


def _is_searched(entry: os.DirEntry[str], place: _Place, trial_id: int) -> bool:
    name = entry.name
    if name.startswith(".") or name in _SKIPPED or not entry.is_dir(follow_symlinks=False):
        return False
    # Next to V/7 lie the folders of the other trials.
    is_other_trial = name.isdecimal() and len(name) <= 6 and name != str(trial_id)
    return not (place.is_shared and is_other_trial)


def _counts(entry: os.DirEntry[str], place: _Place) -> bool:
    if entry.name.endswith(".profile-empty"):
        return False
    try:
        if not entry.is_file():
            return False
        return place.since is None or _is_since(entry, place)
    except OSError:
        return False


def _is_since(entry: os.DirEntry[str], place: _Place) -> bool:
    since = place.since or 0.0
    created = _CREATED.search(entry.name)
    if place.is_shared and created is not None and int(created[1]) < int(since):
        return False
    written_ns = entry.stat().st_mtime_ns
    # Some file systems keep whole seconds only.
    since = float(int(since)) if written_ns % 1_000_000_000 == 0 else since - _CLOCK_TICK_S
    return written_ns / 1e9 >= since
