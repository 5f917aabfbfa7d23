"""Copies of values for a store that keeps values and not their text."""

from dataclasses import replace

from wazir.domain.codec import config_from_dict, config_to_dict, metadata_to_dict
from wazir.domain.metrics import Measurement
from wazir.domain.studies import Study
from wazir.domain.trials import Trial


def detached(study: Study) -> Study:
    """Return a study that shares no mapping with the one given."""
    config = config_from_dict(config_to_dict(study.config))
    return replace(study, config=config, metadata=metadata_to_dict(study.metadata))


def copy_study(study: Study) -> Study:
    """Return a study that shares no metadata with the one given."""
    return replace(study, metadata=metadata_to_dict(study.metadata))


def copy_measurement(measurement: Measurement) -> Measurement:
    """Return a measurement that shares no values with the one given."""
    return replace(measurement, metrics=dict(measurement.metrics))


def copy_trial(trial: Trial) -> Trial:
    """Return a trial that shares no mapping with the one given."""
    final = trial.final_measurement
    return replace(
        trial,
        parameters=dict(trial.parameters),
        metadata=metadata_to_dict(trial.metadata),
        final_measurement=None if final is None else copy_measurement(final),
        rungs=tuple(
            replace(rung, measurement=copy_measurement(rung.measurement)) for rung in trial.rungs
        ),
    )
