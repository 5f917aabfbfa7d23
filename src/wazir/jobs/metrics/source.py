"""The contract of a place where a trial's metric may be found."""

from collections.abc import Sequence
from typing import Protocol

from wazir.jobs.metrics.points import Sample, SeenTag


class MetricSource(Protocol):
    """Reads one kind of place, again and again, while a trial runs.

    A source keeps what it has read: samples never vanish when a program deletes its files. It is
    used by one thread. No method raises for what a program wrote or did not write; files that
    cannot be read count as absent.
    """

    def refresh(self, *, final: bool) -> bool:
        """Read what is new and return whether anything changed.

        With `final` the program has ended: unfinished last lines count, and nothing is put off.
        """
        ...

    def samples(self, metric: str, *, final: bool) -> Sequence[Sample]:
        """Return all samples of a metric in the order of writing.

        Empty if the source does not have the metric, or has only doubtful values (of a training
        set) that may yet be replaced by better ones; with `final` these are returned too.
        """
        ...

    def describe(self, metric: str) -> str:
        """Return in words where the samples of a metric come from."""
        ...

    def seen_tags(self) -> list[SeenTag]:
        """Return the names of all values seen so far."""
        ...

    def warnings(self, metric: str) -> list[str]:
        """Return what is doubtful about the samples of a metric."""
        ...
