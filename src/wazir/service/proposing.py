"""Where suggestions are computed: the seam between giving out trials and algorithms."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from wazir.algorithms.protocol import Algorithm, Reads, Suggestion
from wazir.domain.codec import parameter_values_from_dict
from wazir.domain.json_fields import Fields, JsonObject, decode_object, decode_text
from wazir.domain.names import StudyName
from wazir.domain.studies import Study, TrialCounts
from wazir.service.budgets import problem_of
from wazir.service.snapshots import SnapshotReader
from wazir.storage.protocol import StudyWriter

AlgorithmNamed: TypeAlias = Callable[[str], Algorithm]

# Of so many studies the algorithms' caches are kept.
MAX_KEPT_STUDIES = 64


@dataclass(frozen=True)
class Outlook:
    """A study as one write transaction left it: what the next suggestion will be about."""

    study: Study
    counts: TrialCounts
    last_trial_id: int

    @classmethod
    def of(cls, writer: StudyWriter) -> "Outlook":
        """Return how a study is now in a transaction."""
        return cls(writer.study, writer.counts, writer.last_trial_id)


@dataclass(frozen=True)
class Proposal:
    """Suggestions for consecutive trial ids, and what they are based on.

    `revision` is that of the snapshot, which had `n_completed` trials that have ended;
    `config_revision` is that of the configuration. `reads` is what the algorithm looked at.
    """

    suggestions: Sequence[Suggestion]
    revision: int
    config_revision: int
    n_completed: int
    reads: Reads


def proposal_to_dict(proposal: Proposal) -> JsonObject:
    """Return a proposal as a JSON object."""
    return {
        "suggestions": [
            {"parameters": dict(one.parameters), "explanation": dict(one.explanation)}
            for one in proposal.suggestions
        ],
        "revision": proposal.revision,
        "config_revision": proposal.config_revision,
        "n_completed": proposal.n_completed,
        "reads": proposal.reads.value,
    }


def proposal_from_dict(data: object) -> Proposal:
    """Return what `proposal_to_dict` wrote."""
    fields = Fields(data, "a proposal")
    proposal = Proposal(
        suggestions=[_suggestion(one) for one in fields.items("suggestions")],
        revision=fields.whole("revision"),
        config_revision=fields.whole("config_revision"),
        n_completed=fields.whole("n_completed"),
        reads=Reads(fields.text("reads")),
    )
    fields.finish()
    return proposal


def _suggestion(data: object) -> Suggestion:
    fields = Fields(data, "a suggestion")
    explanation = decode_object(fields.take("explanation"), "explanation")
    suggestion = Suggestion(
        parameter_values_from_dict(fields.take("parameters")),
        {key: decode_text(text, key) for key, text in explanation.items()},
    )
    fields.finish()
    return suggestion


class Proposer(Protocol):
    """Computes suggestions, in this process or in another one. Safe for several threads."""

    def propose(self, study: Study, trial_ids: Sequence[int]) -> Proposal:
        """Return a suggestion per id, fewer if the space is exhausted.

        The proposal may be about a newer configuration than `study`, and then says so by its
        `config_revision`.
        """
        ...

    def look_ahead(self, outlook: Outlook) -> None:
        """Be told that a study has given out a trial, or that one of its trials has ended.

        Returns at once. What it leads to never changes what is suggested for a snapshot.
        """
        ...


@dataclass
class _Workbench:
    """The algorithms of one study with what they keep; one thread at a time."""

    algorithm_named: AlgorithmNamed
    lock: threading.Lock


class LocalProposer:
    """Asks the algorithms in this process (the Proposer protocol).

    Each study has algorithms of its own, because they keep what they have read. Suggestions of one
    study are computed one after the other, those of different studies beside each other.
    """

    def __init__(
        self, snapshots: SnapshotReader, new_algorithms: Callable[[], AlgorithmNamed]
    ) -> None:
        self._snapshots = snapshots
        self._new_algorithms = new_algorithms
        self._workbenches: OrderedDict[StudyName, _Workbench] = OrderedDict()
        self._lock = threading.Lock()

    def propose(self, study: Study, trial_ids: Sequence[int]) -> Proposal:
        """Return a suggestion per id."""
        workbench = self._workbench(study.name)
        with workbench.lock:
            algorithm = workbench.algorithm_named(study.config.algorithm)
            snapshot = self._snapshots.read(study, algorithm.reads)
            suggestions = algorithm.suggest(*problem_of(study, snapshot), trial_ids)
        return Proposal(
            suggestions,
            snapshot.revision,
            study.config_revision,
            len(snapshot.completed),
            algorithm.reads,
        )

    def look_ahead(self, outlook: Outlook) -> None:
        """Do nothing: computing ahead here would take time from everything else."""

    def _workbench(self, name: StudyName) -> _Workbench:
        with self._lock:
            found = self._workbenches.get(name)
            if found is None:
                found = _Workbench(self._new_algorithms(), threading.Lock())
                self._workbenches[name] = found
            self._workbenches.move_to_end(name)
            if len(self._workbenches) > MAX_KEPT_STUDIES:
                self._workbenches.popitem(last=False)
            return found
