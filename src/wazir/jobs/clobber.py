"""Noticing that two trials wrote the same file, so that one destroyed the other's results."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_MAX_ENTRIES = 2000
_MAX_DEPTH = 4


@dataclass
class ClobberWatch:
    """Remembers which trial wrote which file below the paths among the command's arguments.

    `ours` is the folder of the study, where every trial has its own place.
    """

    cwd: Path
    ours: Path
    written: dict[str, tuple[str, int]] = field(default_factory=dict)

    def trial_ended(
        self, trial_label: str, argv: Sequence[str], started_at: float, ended_at: float
    ) -> str:
        """Note what a trial wrote; return a warning if another trial wrote the same file before.

        A file counts for the trial if it was changed while the trial ran. It counts as written
        twice if it was changed after the earlier trial had ended.
        """
        warning = ""
        for path, mtime_ns in self._changed(argv, started_at, ended_at):
            other, other_end_ns = self.written.get(path, (trial_label, 0))
            if other != trial_label and mtime_ns > other_end_ns and not warning:
                warning = (
                    f"trials {other} and {trial_label} both wrote {path}: the later one replaces "
                    f"the results of the earlier one. Give each trial a place of its own with "
                    f"{{trial_dir}} in the command, as in --output_dir {{trial_dir}}, or let the "
                    f"program add the trial of TF_CONFIG to its path"
                )
            self.written[path] = (trial_label, int(ended_at * 1e9))
        return warning

    def _changed(
        self, argv: Sequence[str], started_at: float, ended_at: float
    ) -> Iterator[tuple[str, int]]:
        start_ns, end_ns = int(started_at * 1e9), int(ended_at * 1e9)
        for root in self._roots(argv):
            for path in _files(root):
                try:
                    mtime_ns = path.stat().st_mtime_ns
                except OSError:
                    continue
                if start_ns <= mtime_ns <= end_ns:
                    yield str(path), mtime_ns

    def _roots(self, argv: Sequence[str]) -> Iterable[Path]:
        """Return existing files and folders among the arguments, outside our own folder."""
        roots: set[Path] = set()
        for element in argv[1:]:
            text = element.partition("=")[2] if element.startswith("-") else element
            if not text or len(text) > 1000 or "\0" in text:
                continue
            path = Path(os.path.abspath(self.cwd / text))
            # The working folder itself and those above it hold too much that is not output.
            outside = self.ours not in (path, *path.parents)
            if outside and path != self.cwd and path not in self.cwd.parents and path.exists():
                roots.add(path)
        return sorted(roots)


def _files(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
        return
    n_seen = 0
    for folder, folders, names in os.walk(root):
        if len(Path(folder).relative_to(root).parts) >= _MAX_DEPTH:
            folders.clear()
        for name in names:
            n_seen += 1
            if n_seen > _MAX_ENTRIES:
                return
            yield Path(folder) / name
