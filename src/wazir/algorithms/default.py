"""DEFAULT: the algorithm that suits the problem, by rules that are written down here."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from wazir.algorithms.protocol import Algorithm, Reads, Snapshot, Suggestion
from wazir.domain.parameters import Categorical
from wazir.domain.studies import StudyConfig

# From here on a model of all results no longer pays: what it sees is a small part of them.
MANY_TRIALS = 5_000
# Up to so many parameters the Gaussian process was measured.
MANY_PARAMETERS = 150
# Trials faster than this wait for their suggestions, once there are enough to tell.
FAST_TRIAL_S = 0.02
ENOUGH_TO_TELL = 1_000

_MODEL = "GP_BANDIT"
_NUMBERS = "CMA_ES"
_CATEGORIES = "REGULARIZED_EVOLUTION"
_SEVERAL = "NSGA2"


@dataclass(frozen=True)
class Choice:
    """The name of an algorithm and, in one sentence, why it was chosen."""

    algorithm: str
    reason: str


def choose(config: StudyConfig, snapshot: Snapshot) -> Choice:
    """Return the algorithm for the next trials of a study.

    The Gaussian process needs fewest trials. Where trials are so many or so fast that its own
    time counts, or parameters so many that it was not measured, a population takes over: CMA_ES
    if all parameters are numbers, REGULARIZED_EVOLUTION if some are categories or depend on
    others. With several objectives it is NSGA2, which keeps a whole front.
    """
    reason = _too_large(config, snapshot)
    if not reason:
        return Choice(_MODEL, "a model of all results needs fewest trials")
    if len(config.objectives) > 1:
        return Choice(
            _SEVERAL, f"{reason}, and it keeps a front of {len(config.objectives)} objectives"
        )
    is_plain = all(
        not isinstance(parameter, Categorical) and not parameter.branches
        for _, parameter in config.space.walk()
    )
    return Choice(_NUMBERS if is_plain else _CATEGORIES, reason)


def _too_large(config: StudyConfig, snapshot: Snapshot) -> str:
    """Return why a model does not suit, "" where it does."""
    n_parameters = sum(parameter.n_values != 1 for _, parameter in config.space.walk())
    if n_parameters > MANY_PARAMETERS:
        return f"{n_parameters} parameters are more than {MANY_PARAMETERS}"
    n_trials = max(config.planned_n_trials or 0, len(snapshot.completed))
    if n_trials > MANY_TRIALS:
        return f"{n_trials} trials are more than {MANY_TRIALS}"
    if len(snapshot.completed) >= ENOUGH_TO_TELL and _trial_s(snapshot) < FAST_TRIAL_S:
        return f"a trial takes less than {FAST_TRIAL_S * 1000:g} ms"
    return ""


def _trial_s(snapshot: Snapshot) -> float:
    """Return the median duration of the newest trials that ran, infinite if none did."""
    durations = [
        trial.completed_at - trial.started_at
        for trial in snapshot.completed[-ENOUGH_TO_TELL:]
        if trial.completed_at is not None and trial.started_at is not None
    ]
    return median(durations) if len(durations) * 2 >= ENOUGH_TO_TELL else math.inf


@dataclass(frozen=True)
class DefaultAlgorithm:
    """Suggests with the algorithm that `choose` names, and says in the explanation which and why.

    `algorithm_named` gives an algorithm by its name.
    """

    algorithm_named: Callable[[str], Algorithm]

    @property
    def reads(self) -> Reads:
        """All trials."""
        return Reads.TRIALS

    def suggest(
        self, config: StudyConfig, snapshot: Snapshot, trial_ids: Sequence[int]
    ) -> list[Suggestion]:
        """Return the suggestions of the chosen algorithm; see Algorithm."""
        choice = choose(config, snapshot)
        made = self.algorithm_named(choice.algorithm).suggest(config, snapshot, trial_ids)
        said = {"chosen": choice.algorithm, "because": choice.reason}
        return [replace(one, explanation={**said, **one.explanation}) for one in made]
