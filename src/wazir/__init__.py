"""Wazir: give it a program and a search space; it finds the hyperparameters.

The names below are loaded when they are first used, so that `import wazir` costs little.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wazir.analysis.advice import Advice as Advice
    from wazir.analysis.recommendation import Recommendation as Recommendation
    from wazir.app.compose import create_study as create_study
    from wazir.app.compose import load_study as load_study
    from wazir.client.study import Study as Study
    from wazir.client.trial import Trial as Trial
    from wazir.domain.errors import WazirError as WazirError
    from wazir.domain.parameters import Categorical as Categorical
    from wazir.domain.parameters import Discrete as Discrete
    from wazir.domain.parameters import Double as Double
    from wazir.domain.parameters import Integer as Integer

_HOMES = {
    "Advice": "wazir.analysis.advice",
    "Categorical": "wazir.domain.parameters",
    "Discrete": "wazir.domain.parameters",
    "Double": "wazir.domain.parameters",
    "Integer": "wazir.domain.parameters",
    "Recommendation": "wazir.analysis.recommendation",
    "Study": "wazir.client.study",
    "Trial": "wazir.client.trial",
    "WazirError": "wazir.domain.errors",
    "create_study": "wazir.app.compose",
    "load_study": "wazir.app.compose",
}

__all__ = [
    "Advice",
    "Categorical",
    "Discrete",
    "Double",
    "Integer",
    "Recommendation",
    "Study",
    "Trial",
    "WazirError",
    "create_study",
    "load_study",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'wazir' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return __all__
