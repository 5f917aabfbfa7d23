"""Entries of metadata that are set beside those that are there."""

from collections.abc import Mapping
from dataclasses import replace

from wazir.domain.trials import Metadata
from wazir.storage.protocol import StudyWriter


def set_metadata(writer: StudyWriter, study: Metadata, trials: Mapping[int, Metadata]) -> None:
    """Set entries of the study and of trials by id, and write only what changes."""
    for trial_id, entries in trials.items():
        trial = writer.trial(trial_id)
        merged = merged_metadata(trial.metadata, entries)
        if merged != trial.metadata:
            writer.update_trial(replace(trial, metadata=merged))
    merged = merged_metadata(writer.study.metadata, study)
    if merged != writer.study.metadata:
        writer.update_study(replace(writer.study, metadata=merged))


def merged_metadata(old: Metadata, new: Metadata) -> Metadata:
    """Return metadata in which new entries replace old ones of the same namespace and key."""
    both = {namespace: {**old.get(namespace, {}), **entries} for namespace, entries in new.items()}
    return {**old, **both}
