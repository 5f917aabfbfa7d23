"""Copying studies from one store to another."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from wazir.domain.codec import (
    config_to_dict,
    measurement_to_dict,
    metadata_to_dict,
    trial_to_dict,
)
from wazir.domain.errors import AlreadyExistsError, NotFoundError
from wazir.domain.json_fields import to_json
from wazir.domain.names import StudyName
from wazir.domain.trials import TrialState
from wazir.storage.protocol import Store
from wazir.storage.whole import WholeStudy

# Is told of each study that was copied: how many are done, of how many, and the study.
OnCopied: TypeAlias = Callable[[int, int, WholeStudy], None]


@dataclass(frozen=True)
class Copied:
    """What was copied, and what was there already and is the same."""

    new: tuple[StudyName, ...]
    there: tuple[StudyName, ...]


def copy_studies(source: Store, target: Store, on_copied: OnCopied) -> Copied:
    """Copy all studies with their trials, measurements, metadata, ids and revisions; no tokens.

    Each study is copied as it is at one moment. What is written to it afterwards is not copied, and
    copying again then refuses, because the two differ.

    Raises:
        AlreadyExistsError: the target has another study of the same name; nothing was copied then,
            unless it was made meanwhile.
    """
    names = [
        study.name for project_id in source.project_ids() for study in source.studies(project_id)
    ]
    there = _equal_ones(source, target, names)
    new = [name for name in names if name not in there]
    for number, name in enumerate(new, start=1):
        whole = whole_study(source, name)
        target.add_whole_study(whole)
        on_copied(number, len(new), whole)
    return Copied(tuple(new), tuple(there))


def whole_study(store: Store, name: StudyName) -> WholeStudy:
    """Return a study with all that belongs to it, as it is at one moment. Raises NotFoundError."""
    # Nobody writes to the study meanwhile, and nothing is changed.
    with store.write(name) as writer:
        trials = writer.trials(states=TrialState)
        measured = {trial.id: writer.measurements(trial.id) for trial in trials}
        return WholeStudy(
            writer.study,
            writer.last_trial_id,
            trials,
            {trial_id: found for trial_id, found in measured.items() if found},
        )


def _equal_ones(source: Store, target: Store, names: Sequence[StudyName]) -> list[StudyName]:
    """Return the studies that both have. Raises AlreadyExistsError if they differ in one."""
    there: list[StudyName] = []
    other: list[StudyName] = []
    for name in names:
        try:
            theirs = whole_study(target, name)
        except NotFoundError:
            continue
        is_same = list(_texts(theirs)) == list(_texts(whole_study(source, name)))
        (there if is_same else other).append(name)
    if other:
        shown = ", ".join(map(str, other[:10])) + (", ..." if len(other) > 10 else "")
        raise AlreadyExistsError(
            f"the storage to copy to has other studies of the same names: {shown}",
            hint="nothing was copied; delete or export them there first",
        )
    return there


def _texts(whole: WholeStudy) -> Iterator[str]:
    """Return what a study consists of as texts: a NaN is not equal to itself."""
    study = whole.study
    yield to_json([study.state.value, study.created_at, study.revision, study.config_revision])
    yield to_json([config_to_dict(study.config), metadata_to_dict(study.metadata)])
    yield str(whole.last_trial_id)
    for trial in whole.trials:
        yield to_json(trial_to_dict(trial))
        for measurement in whole.measurements.get(trial.id, ()):
            yield to_json(measurement_to_dict(measurement))
