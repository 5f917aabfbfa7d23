"""What the service returns as JSON objects and back, for the API between our client and server."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from wazir.analysis.advice import Advice
from wazir.analysis.recommendation import Recommendation
from wazir.domain.codec import (
    config_from_dict,
    config_to_dict,
    metrics_from_dict,
    metrics_to_dict,
    trial_from_dict,
    trial_to_dict,
)
from wazir.domain.json_fields import (
    Fields,
    JsonObject,
    decode_number,
    decode_text,
    decode_whole,
    encode_number,
)
from wazir.domain.studies import TrialCounts
from wazir.service.editing import EditEffects

if TYPE_CHECKING:
    from wazir.analysis.pareto import ParetoFront


def counts_to_dict(counts: TrialCounts) -> JsonObject:
    """Return how many trials are in which state as a JSON object."""
    return asdict(counts)


def counts_from_dict(data: object) -> TrialCounts:
    """Return what `counts_to_dict` wrote."""
    fields = Fields(data, "counts of trials")
    counts = TrialCounts(**{name: fields.whole(name, 0) for name in vars(TrialCounts())})
    fields.finish()
    return counts


def recommendation_to_dict(recommendation: Recommendation) -> JsonObject:
    """Return a recommendation as a JSON object."""
    return _flat(asdict(recommendation))


def recommendation_from_dict(data: object) -> Recommendation:
    """Return what `recommendation_to_dict` wrote."""
    fields = Fields(data, "a recommendation")
    recommendation = Recommendation(
        trial_id=fields.whole("trial_id"),
        value=fields.number("value"),
        luckiest_trial_id=fields.whole("luckiest_trial_id"),
        luckiest_value=fields.number("luckiest_value"),
        reason=fields.text("reason"),
        is_by_model=fields.flag("is_by_model"),
        **_numbers(fields, "mean", "std", "noise_std", "luckiest_mean"),
    )
    fields.finish()
    return recommendation


def advice_to_dict(advice: Advice) -> JsonObject:
    """Return advice as a JSON object."""
    return _flat(asdict(advice))


def advice_from_dict(data: object) -> Advice:
    """Return what `advice_to_dict` wrote."""
    fields = Fields(data, "advice")
    advice = Advice(
        n_more=fields.whole("n_more"),
        more_than=fields.optional("more_than", decode_number),
        n_results=fields.whole("n_results"),
        reason=fields.text("reason", ""),
        is_of_front=fields.flag("is_of_front"),
        is_of_default=fields.flag("is_of_default"),
        **_numbers(fields, "probability", "expected_improvement", "per_hour"),
    )
    fields.finish()
    return advice


def front_to_dict(front: "ParetoFront") -> JsonObject:
    """Return a Pareto front as a JSON object."""
    return {
        "trials": [trial_to_dict(trial) for trial in front.trials],
        "reference": metrics_to_dict(front.reference),
        "hypervolume": encode_number(front.hypervolume),
    }


def front_from_dict(data: object) -> "ParetoFront":
    """Return what `front_to_dict` wrote."""
    from wazir.analysis.pareto import ParetoFront  # noqa: PLC0415 - numpy

    fields = Fields(data, "a Pareto front")
    front = ParetoFront(
        trials=tuple(trial_from_dict(trial) for trial in fields.items("trials")),
        reference=metrics_from_dict(fields.take("reference")),
        hypervolume=fields.number("hypervolume"),
    )
    fields.finish()
    return front


def effects_to_dict(effects: EditEffects) -> JsonObject:
    """Return what an edit would do as a JSON object."""
    return {
        "config": config_to_dict(effects.config),
        "changes": list(effects.changes),
        "n_inside": effects.n_inside,
        "n_outside": effects.n_outside,
        "dropped": list(effects.dropped),
    }


def effects_from_dict(data: object) -> EditEffects:
    """Return what `effects_to_dict` wrote."""
    fields = Fields(data, "the effects of an edit")
    effects = EditEffects(
        config=config_from_dict(fields.take("config")),
        changes=tuple(decode_text(line, "changes") for line in fields.items("changes")),
        n_inside=fields.whole("n_inside"),
        n_outside=fields.whole("n_outside"),
        dropped=tuple(decode_whole(trial_id, "dropped") for trial_id in fields.items("dropped")),
    )
    fields.finish()
    return effects


def _flat(values: Mapping[str, object]) -> JsonObject:
    return {
        key: encode_number(value) if isinstance(value, float) else value
        for key, value in values.items()
    }


def _numbers(fields: Fields, *names: str) -> dict[str, float | None]:
    decode: Callable[[object, str], float] = decode_number
    return {name: fields.optional(name, decode) for name in names}
