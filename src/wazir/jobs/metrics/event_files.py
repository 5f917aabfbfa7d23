"""Read a trial's metrics from its TensorBoard event files while they grow."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from wazir.jobs.metrics.event_proto import parse_event
from wazir.jobs.metrics.event_search import EventSearch, FoundFile
from wazir.jobs.metrics.points import Sample, SeenTag, valid_step, without_replaced
from wazir.jobs.metrics.spec import CollectorSpec
from wazir.jobs.metrics.tfrecord import Record, RecordTail

HELD_OUT, OTHER, ROOT, TRAIN = range(4)
_HELD_OUT_NAME = re.compile(r"(?i)(?:eval|validation|valid(?![a-z])|val(?![a-z])|test|holdout)")
_MAX_FILES = 1_000
_MAX_TAGS = 1_000


def folder_rank(folder: str, root: str) -> int:
    """Return how good a source a folder is: HELD_OUT, OTHER, ROOT or TRAIN, smaller is better.

    The name nearest to the files decides. Files in `root` itself are usually written by training.
    """
    relative = os.path.relpath(folder, root)
    if relative == os.curdir:
        return ROOT
    for name in reversed(relative.split(os.sep)):
        if _HELD_OUT_NAME.match(name):
            return HELD_OUT
        if name.lower().startswith("train"):
            return TRAIN
    return OTHER


class EventFile:
    """The wanted scalars of one event file; a file made anew at the same path begins a new run."""

    def __init__(self, found: FoundFile, wanted: frozenset[str]) -> None:
        self.found = found
        self.folder = os.path.dirname(found.path)
        self.tags: set[str] = set()
        self.n_damaged = 0
        self.runs: list[dict[str, list[Sample]]] = [{}]
        self._wanted = wanted
        self._tail = RecordTail(found.path)
        self._inode = 0
        self._size = 0

    def refresh(self) -> bool:
        """Read what was appended and return whether anything was."""
        try:
            stat = os.stat(self.found.path)
            if stat.st_ino == self._inode and stat.st_size == self._size:
                return False
            if self._inode and (stat.st_ino != self._inode or stat.st_size < self._size):
                self._tail = RecordTail(self.found.path)
                self.runs.append({})
            self._inode, self._size = stat.st_ino, stat.st_size
            for record in self._tail.read():
                self._take(record)
        except OSError:
            return False
        return True

    def _take(self, record: Record) -> None:
        try:
            event = parse_event(record.data)
        except ValueError:
            self.n_damaged += 1
            return
        wanted = [(tag, value) for tag, value in event.scalars if tag in self._wanted]
        # The checksum in Python is slow: only what is used is checked.
        if wanted and not record.is_intact:
            self.n_damaged += 1
            return
        if len(self.tags) < _MAX_TAGS:
            self.tags.update(tag for tag, _ in event.scalars)
        for tag, value in wanted:
            sample = Sample(value, valid_step(event.step), event.time)
            self.runs[-1].setdefault(tag, []).append(sample)

    @property
    def has_damage(self) -> bool:
        """Whether parts of the file could not be read."""
        return self.n_damaged + self._tail.n_damaged > 0


@dataclass(frozen=True)
class _Group:
    """The files of one folder that count as one source of a metric."""

    folder: str
    rank: int
    is_unknown: bool
    order: int
    files: tuple[EventFile, ...]

    @property
    def quality(self) -> tuple[bool, int]:
        return (self.is_unknown, self.rank)

    @property
    def name(self) -> str:
        """The first file's path; names of event files begin with the time of their making."""
        return min(file.found.path for file in self.files)


class EventFilesSource:
    """The metrics in all event files of a trial; see MetricSource.

    The same tag often lies in several folders. The best folder counts (`folder_rank`), and stays
    until a better kind of folder appears. Files in folders that trials share count only if the
    trial's own processes wrote them; where that cannot be told, they count at the end, with a
    warning.
    """

    def __init__(self, spec: CollectorSpec, clock: Callable[[], float]) -> None:
        self._spec = spec
        self._search = EventSearch(spec, clock)
        self._wanted = frozenset(spec.metric_names)
        self._files: dict[str, EventFile] = {}
        self._chosen: dict[str, _Group] = {}

    def refresh(self, *, final: bool) -> bool:
        """Look for files and read what was appended; see MetricSource."""
        for found in self._search.find(final=final):
            if found.path not in self._files and len(self._files) < _MAX_FILES:
                self._files[found.path] = EventFile(found, self._wanted)
        changed = [file.refresh() for file in self._files.values()]
        return any(changed)

    def samples(self, metric: str, *, final: bool) -> Sequence[Sample]:
        """Return the samples from the best folder; see MetricSource."""
        group = self._choose(metric, final=final)
        if group is None:
            return ()
        runs = [run.get(metric, []) for file in group.files for run in file.runs]
        samples = without_replaced(runs)
        # A validation folder appears a moment after the training folder of the same epoch.
        if group.rank == TRAIN and not final and len({sample.step for sample in samples}) < 2:
            return ()
        return samples

    def describe(self, metric: str) -> str:
        """Return the folder in words; see MetricSource."""
        group = self._chosen.get(metric)
        return self._where(group.folder) if group else "TensorBoard event files"

    def seen_tags(self) -> list[SeenTag]:
        """Return all scalar tags with their folders; see MetricSource."""
        seen = {
            SeenTag(tag, self._where(file.folder))
            for file in self._files.values()
            for tag in file.tags
        }
        return sorted(seen)

    def warnings(self, metric: str) -> list[str]:
        """Return what is doubtful about the chosen folder; see MetricSource."""
        group = self._chosen.get(metric)
        if group is None:
            return []
        found = []
        place = self._where(group.folder)
        if group.rank == TRAIN:
            found.append(
                f"metric {metric!r} comes from a training folder ({place}); a value on training "
                "data is no tuning metric, report one on held-out data"
            )
        if group.is_unknown and self._spec.n_parallel > 1:
            found.append(
                f"metric {metric!r} was read from {self._shown(group.folder)}, a folder that the trials share, and "
                "nothing tells which trial wrote it; give each trial its own folder, for example "
                "--output_dir {trial_dir}"
            )
        if any(file.has_damage for file in group.files):
            found.append(f"damaged records were passed over in {place}")
        return found

    @property
    def searched(self) -> list[str]:
        """The folders that are searched, in words, with a note on those too large."""
        incomplete = self._search.incomplete
        return [
            self._shown(root) + (" (only in part: too large)" if root in incomplete else "")
            for root in self._search.roots
        ]

    def _choose(self, metric: str, *, final: bool) -> _Group | None:
        groups = list(self._groups(metric, final=final))
        if not groups:
            return self._chosen.get(metric)
        best = min(groups, key=lambda g: (*g.quality, g.order, g.folder.count(os.sep), g.name))
        chosen = self._chosen.get(metric)
        same = [g for g in groups if chosen is not None and g.folder == chosen.folder]
        if same and min(g.quality for g in same) <= best.quality:
            best = min(same, key=lambda g: (*g.quality, g.name))
        self._chosen[metric] = best
        return best

    def _groups(self, metric: str, *, final: bool) -> Iterator[_Group]:
        members: dict[tuple[str, bool, str], list[EventFile]] = {}
        for file in self._files.values():
            if not any(run.get(metric) for run in file.runs):
                continue
            is_unknown = file.found.is_shared and not self._search.wrote(file.found.path)
            is_ambiguous = is_unknown and self._spec.n_parallel > 1
            if is_ambiguous and not final:
                continue
            # Of files that other trials may have written, each stands for itself.
            own = file.found.path if is_ambiguous else ""
            members.setdefault((file.folder, is_unknown, own), []).append(file)
        for (folder, is_unknown, _), files in members.items():
            rank = min(folder_rank(folder, file.found.root) for file in files)
            order = min(file.found.order for file in files)
            yield _Group(folder, rank, is_unknown, order, tuple(files))

    def _where(self, folder: str) -> str:
        return f"TensorBoard event files in {self._shown(folder)}"

    def _shown(self, folder: str) -> str:
        for base in (self._spec.trial_dir.parent, self._spec.cwd):
            relative = os.path.relpath(folder, base)
            if not relative.startswith(os.pardir):
                return relative
        return folder
