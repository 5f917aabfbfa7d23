"""Stopping rules in the words of Vertex AI: the one table for files and for the server."""

from collections.abc import Mapping

from wazir.domain.studies import EarlyStopping

# The fields of a StudySpec, and our names of the rules.
RULES: Mapping[str, str] = {
    "decayCurveStoppingSpec": "decay_curve",
    "medianAutomatedStoppingSpec": "median",
    "convexAutomatedStoppingSpec": "convex",
}
CONVEX_OPTIONS: Mapping[str, str] = {
    "maxStepCount": "max_step_count",
    "minStepCount": "min_step_count",
    "minMeasurementCount": "min_measurement_count",
}
# A curve is fitted to three measurements at least.
MIN_MEASUREMENTS = 3


def stopping_rule(
    spec: str, *, use_elapsed_time: bool, numbers: Mapping[str, float | None]
) -> EarlyStopping:
    """Return the rule of a field of RULES; `numbers` are its options, by their names in Vertex.

    0 is what the format has for "not set". Fewer measurements than a curve needs become as many.
    """
    options = {ours: float(numbers.get(theirs) or 0) for theirs, ours in CONVEX_OPTIONS.items()}
    options = {name: number for name, number in options.items() if number}
    count = options.get("min_measurement_count", 0)
    if 0 < count < MIN_MEASUREMENTS:
        options["min_measurement_count"] = float(MIN_MEASUREMENTS)
    return EarlyStopping(RULES[spec], use_elapsed_time, options)
