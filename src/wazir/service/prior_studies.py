"""Earlier studies from which a study learns: that they are there, and what of them counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from wazir.algorithms.protocol import PriorStudy, Snapshot
from wazir.algorithms.transfer import IGNORED_BY, MODELLED_BY, transfers
from wazir.domain.errors import NotFoundError
from wazir.domain.hints import did_you_mean
from wazir.domain.names import StudyName
from wazir.domain.studies import Study
from wazir.domain.trials import TrialState
from wazir.service.budgets import problem_of
from wazir.service.editing import EditRecord, edits_of
from wazir.storage.protocol import Store

_FINAL = [state for state in TrialState if state.is_final]


class StudyList(Protocol):
    """Whoever can tell which studies there are: a store, or the service on one."""

    def studies(self, project_id: str) -> list[Study]:
        """Return the studies of a project."""
        ...


@dataclass(frozen=True)
class _Known:
    """A prior study as it was read; `stamp` differs when its trials may have changed."""

    stamp: tuple[float, int]
    until: float
    prior: PriorStudy


class PriorStudyReader:
    """Reads the earlier studies of a study, and keeps those read last. Safe for several threads.

    Only trials count that had ended when the study was made, or when an edit named the earlier one,
    so a suggestion can be computed again while an earlier study goes on. One that was deleted since is left out.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[StudyName, _Known] = {}

    def read(self, study: Study) -> tuple[PriorStudy, ...]:
        """Return the earlier studies that a study names, in its order."""
        if not study.config.prior_studies:
            return ()
        edits = edits_of(study)
        found = (
            self._read(name, _named_at(study, edits, name)) for name in study.config.prior_studies
        )
        return tuple(prior for prior in found if prior is not None)

    def _read(self, name: StudyName, until: float) -> PriorStudy | None:
        try:
            earlier = self._store.study(name)
        except NotFoundError:
            return None
        stamp = (earlier.created_at, earlier.config_revision)
        known = self._known.get(name)
        if known is None or (known.stamp, known.until) != (stamp, until):
            _, ended = self._store.trials(name, states=_FINAL)
            kept = [trial for trial in ended if (trial.completed_at or 0.0) <= until]
            config, seen = problem_of(earlier, Snapshot(completed=kept))
            known = _Known(stamp, until, PriorStudy(name, config, tuple(seen.completed)))
            self._known[name] = known
        return known.prior


def _named_at(study: Study, edits: Sequence[EditRecord], prior: StudyName) -> float:
    """Return when a study was told to learn from an earlier one."""
    at = study.created_at
    for record in edits:
        before, after = (e.settings.get("prior_studies", ()) for e in (record.undo, record.edit))
        if prior in after and prior not in before:
            at = record.at
    return at


def check_prior_studies(store: StudyList, name: StudyName, wanted: Sequence[StudyName]) -> None:
    """Raise NotFoundError unless earlier studies that a study is to learn from are there.

    Those that it names already are not checked: one may have been deleted since.
    """
    known: dict[str, list[str]] = {}
    there = [study for study in store.studies(name.project_id) if study.name == name] * bool(
        wanted
    )
    named = {prior for study in there for prior in study.config.prior_studies}
    for prior in (prior for prior in wanted if prior not in named):
        if prior.project_id not in known:
            studies = store.studies(prior.project_id)
            known[prior.project_id] = [one.name.study_id for one in studies]
        others = [one for one in known[prior.project_id] if one != name.study_id]
        if prior == name:
            raise NotFoundError(f"study {name.study_id!r} cannot be its own prior study")
        if prior.study_id not in others:
            raise NotFoundError(
                f"there is no prior study {prior.study_id!r}",
                hint=did_you_mean(prior.study_id, others) or _listed(others),
            )


def prior_study_notes(study: Study, priors: Sequence[PriorStudy]) -> list[str]:
    """Return one sentence for each earlier study: what is learned from it, and what is not."""
    algorithm = study.config.algorithm
    if study.config.prior_studies and algorithm in IGNORED_BY:
        return [f"{algorithm} looks at no results, so it learns nothing from prior studies"]
    read = {prior.name for prior in priors}
    gone = [name for name in study.config.prior_studies if name not in read]
    notes = [f"prior study {name.study_id}: deleted since, so nothing is learned" for name in gone]
    for found in transfers(study.config.searched, priors):
        n = found.n_observed
        learned = f"{n} trial{'' if n == 1 else 's'} with a result" if n else "nothing"
        notes.append("; ".join([f"prior study {found.study_id}: {learned}", *found.doubts]))
    if notes and algorithm not in MODELLED_BY:
        notes.append(
            f"{algorithm} begins with their best points and learns nothing else from them"
        )
    return notes


def _listed(names: Sequence[str]) -> str:
    return f"there are {', '.join(names)}" if names else "the storage has no other study yet"
