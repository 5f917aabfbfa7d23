"""The algorithms by name: one line for each."""

from collections.abc import Callable, Mapping
from importlib import import_module

from wazir.algorithms.protocol import Algorithm, Reads
from wazir.app.blas import OneThreadAlgorithm
from wazir.domain.errors import InvalidInputError
from wazir.domain.hints import did_you_mean, one_of

# Modules are named, not imported: random search should not pay for the Gaussian process.
ALGORITHMS: Mapping[str, tuple[str, str]] = {
    "GP_BANDIT": ("wazir.algorithms.gp.bandit", "GpBandit"),
    "RANDOM_SEARCH": ("wazir.algorithms.random_search", "RandomSearch"),
    "GRID_SEARCH": ("wazir.algorithms.grid_search", "GridSearch"),
    "QUASI_RANDOM_SEARCH": ("wazir.algorithms.quasi_random", "QuasiRandomSearch"),
}
DEFAULT_ALGORITHM = "GP_BANDIT"
ALIASES: Mapping[str, str] = {
    "DEFAULT": DEFAULT_ALGORITHM,
    "ALGORITHM_UNSPECIFIED": DEFAULT_ALGORITHM,
    "BAYESIAN": DEFAULT_ALGORITHM,
    "GP": DEFAULT_ALGORITHM,
    "RANDOM": "RANDOM_SEARCH",
    "GRID": "GRID_SEARCH",
    "SOBOL": "QUASI_RANDOM_SEARCH",
    "QUASI_RANDOM": "QUASI_RANDOM_SEARCH",
}


def canonical_name(text: str) -> str:
    """Return the name of an algorithm: `random-search`, `random`, `RANDOM_SEARCH` are one.

    Raises:
        InvalidInputError: there is no such algorithm.
    """
    name = text.strip().upper().replace("-", "_").replace(" ", "_")
    name = ALIASES.get(name, name)
    if name not in ALGORITHMS:
        known = [*ALGORITHMS, "DEFAULT"]
        raise InvalidInputError(
            f"an algorithm is {one_of(known)}, got {text!r}",
            hint=did_you_mean(text, [*ALGORITHMS, *ALIASES]),
        )
    return name


class AlgorithmRegistry:
    """Gives algorithms by name and keeps the objects, which are stateless."""

    def __init__(self) -> None:
        self._made: dict[str, Algorithm] = {}

    def __call__(self, name: str) -> Algorithm:
        """Return the algorithm of a name or alias. Raises InvalidInputError."""
        name = canonical_name(name)
        if name not in self._made:
            module, attribute = ALGORITHMS[name]
            factory: Callable[[], Algorithm] = getattr(import_module(module), attribute)
            made = factory()
            # Only those that read trials compute with matrices.
            is_cheap = made.reads is Reads.NOTHING
            self._made[name] = made if is_cheap else OneThreadAlgorithm(made)
        return self._made[name]
