"""The algorithms by name: one line for each."""

from collections.abc import Callable, Mapping
from importlib import import_module

from wazir.algorithms.default import DefaultAlgorithm
from wazir.algorithms.protocol import Algorithm, Reads
from wazir.app.blas import OneThreadAlgorithm
from wazir.domain.errors import InvalidInputError
from wazir.domain.hints import did_you_mean, one_of
from wazir.domain.studies import StudyConfig

# Modules are named, not imported: random search should not pay for the Gaussian process.
ALGORITHMS: Mapping[str, tuple[str, str]] = {
    "GP_BANDIT": ("wazir.algorithms.gp.bandit", "GpBandit"),
    "RANDOM_SEARCH": ("wazir.algorithms.random_search", "RandomSearch"),
    "GRID_SEARCH": ("wazir.algorithms.grid_search", "GridSearch"),
    "QUASI_RANDOM_SEARCH": ("wazir.algorithms.quasi_random", "QuasiRandomSearch"),
    "TPE": ("wazir.algorithms.tpe.search", "Tpe"),
    "CMA_ES": ("wazir.algorithms.evolution.cma_es", "CmaEs"),
    "NSGA2": ("wazir.algorithms.evolution.nsga2", "Nsga2"),
    "REGULARIZED_EVOLUTION": (
        "wazir.algorithms.evolution.regularized",
        "RegularizedEvolution",
    ),
}
# Chooses among the others; see wazir.algorithms.default.
DEFAULT_ALGORITHM = "DEFAULT"
ALIASES: Mapping[str, str] = {
    "ALGORITHM_UNSPECIFIED": DEFAULT_ALGORITHM,
    "BAYESIAN": "GP_BANDIT",
    "GP": "GP_BANDIT",
    "CMAES": "CMA_ES",
    "NSGA_II": "NSGA2",
    "EVOLUTION": "REGULARIZED_EVOLUTION",
    "RANDOM": "RANDOM_SEARCH",
    "GRID": "GRID_SEARCH",
    "SOBOL": "QUASI_RANDOM_SEARCH",
    "QUASI_RANDOM": "QUASI_RANDOM_SEARCH",
}
# These do not look at results, nor at what is believed.
_BLIND = frozenset({"RANDOM_SEARCH", "GRID_SEARCH", "QUASI_RANDOM_SEARCH"})
# Their models have a place for trials from before an edit that are no points of the space now.
_PLACE_FORMER = frozenset({DEFAULT_ALGORITHM, "GP_BANDIT"})
# Names of OSS Vizier for what is not here, with the nearest algorithm and why it is the nearest.
NEAREST: Mapping[str, tuple[str, str]] = {
    "GAUSSIAN_PROCESS_BANDIT": ("GP_BANDIT", "a Gaussian process with expected improvement"),
    "GP_UCB_PE": ("GP_BANDIT", "a Gaussian process with expected improvement"),
    "EAGLE_STRATEGY": ("REGULARIZED_EVOLUTION", "a population for numbers and categories"),
    "BOCS": ("GP_BANDIT", "a Bayesian model that takes categories"),
    "HARMONICA": ("GP_BANDIT", "a Bayesian model that takes categories"),
    "SHUFFLED_GRID_SEARCH": ("GRID_SEARCH", "every point of the grid once"),
}


def canonical_name(text: str) -> str:
    """Return the name of an algorithm: `random-search`, `random`, `RANDOM_SEARCH` are one.

    Raises:
        InvalidInputError: there is no such algorithm.
    """
    name = _plain(text)
    name = NEAREST[name][0] if name in NEAREST else ALIASES.get(name, name)
    if name not in ALGORITHMS and name != DEFAULT_ALGORITHM:
        known = [*ALGORITHMS, DEFAULT_ALGORITHM]
        raise InvalidInputError(
            f"an algorithm is {one_of(known)}, got {text!r}",
            hint=did_you_mean(text, [*known, *ALIASES, *NEAREST]),
        )
    return name


def learns_from_outside(name: str) -> bool:
    """Return whether an algorithm learns from trials that an edit put outside of the space."""
    return canonical_name(name) in _PLACE_FORMER


def algorithm_note(text: str) -> str:
    """Return what is to be said of a name for which the nearest algorithm is taken, else ""."""
    name = _plain(text)
    if name not in NEAREST:
        return ""
    nearest, reason = NEAREST[name]
    return f"there is no {name} here; {nearest} is taken, the nearest: {reason}"


def algorithm_notes(config: StudyConfig) -> list[str]:
    """Return what is to be said of the algorithm that a study names.

    That the nearest one is taken, and what it does not use of what the study says.
    """
    notes = list(filter(None, [algorithm_note(config.algorithm)]))
    chosen = canonical_name(config.algorithm)
    if chosen in _BLIND:
        unused = ["beliefs"] * bool(config.beliefs) + ["limits"] * bool(config.safety_metrics)
        notes += [f"{chosen} makes no use of the {what} when it chooses trials" for what in unused]
    return notes


def _plain(text: str) -> str:
    return text.strip().upper().replace("-", "_").replace(" ", "_")


class AlgorithmRegistry:
    """Gives algorithms by name and keeps the objects.

    What they keep themselves, from one call to the next, saves time and changes no result.
    """

    def __init__(self) -> None:
        self._made: dict[str, Algorithm] = {}

    def __call__(self, name: str) -> Algorithm:
        """Return the algorithm of a name or alias. Raises InvalidInputError."""
        name = canonical_name(name)
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: str) -> Algorithm:
        if name == DEFAULT_ALGORITHM:
            return DefaultAlgorithm(self)
        module, attribute = ALGORITHMS[name]
        factory: Callable[[], Algorithm] = getattr(import_module(module), attribute)
        made = factory()
        # Only those that read trials compute with matrices.
        return made if made.reads is Reads.NOTHING else OneThreadAlgorithm(made)
