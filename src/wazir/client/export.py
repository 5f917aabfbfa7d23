"""A whole study as one document for other programs."""

from collections.abc import Mapping, Sequence

from wazir.domain.codec import measurement_to_dict, study_to_dict, trial_to_dict
from wazir.domain.metrics import Measurement
from wazir.domain.studies import Study
from wazir.domain.trials import Trial

FORMAT = "wazir-study"
FORMAT_VERSION = 1


def study_document(
    study: Study, trials: Sequence[Trial], measurements: Mapping[int, Sequence[Measurement]]
) -> dict[str, object]:
    """Return a study with its configuration, trials and their measurements, JSON-ready.

    The keys are those of `wazir.domain.codec`; each trial has its `measurements` beside them.
    """
    return {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "study": study_to_dict(study),
        "trials": [
            {
                **trial_to_dict(trial),
                "measurements": [
                    measurement_to_dict(one) for one in measurements.get(trial.id, ())
                ],
            }
            for trial in trials
        ],
    }
