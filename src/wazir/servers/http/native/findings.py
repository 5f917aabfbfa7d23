"""What was learned: the recommended trial, the optimal ones, and whether to go on."""

from typing import Annotated

from fastapi import APIRouter, Query

from wazir.analysis.advice import N_MORE_TRIALS
from wazir.servers.http.answers import JsonAnswer
from wazir.servers.http.openapi import ERRORS
from wazir.servers.http.parts import STUDY_PATH, Name, Parts
from wazir.service.wire import advice_to_dict, front_to_dict, recommendation_to_dict

router = APIRouter(prefix=STUDY_PATH, tags=["findings"], responses=ERRORS)


@router.get("/recommendation")
async def get_recommendation(name: Name, parts: Parts) -> JsonAnswer:
    """Return the trial whose configuration to use, null where none has succeeded."""
    found = await parts.suggest(lambda: parts.transport.recommend(name))
    shown = None if found is None else recommendation_to_dict(found)
    return JsonAnswer({"recommendation": shown})


@router.get("/optimal-trials")
async def get_optimal_trials(name: Name, parts: Parts) -> JsonAnswer:
    """Return the Pareto front; with one objective it is the best trial."""
    return JsonAnswer(
        front_to_dict(await parts.suggest(lambda: parts.transport.pareto_front(name)))
    )


@router.get("/advice")
async def get_advice(
    name: Name,
    parts: Parts,
    n_more: Annotated[int, Query(ge=1, le=1000)] = N_MORE_TRIALS,
    more_than: Annotated[float | None, Query(gt=0, allow_inf_nan=False)] = None,
) -> JsonAnswer:
    """Return what more trials may bring."""
    advice = await parts.suggest(lambda: parts.transport.advise(name, n_more, more_than))
    return JsonAnswer(advice_to_dict(advice))
