"""The algorithms by name: one line for each."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from importlib import import_module

from wazir.algorithms.protocol import Algorithm
from wazir.app.blas import one_blas_thread
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
    """Gives algorithms by name and keeps the objects, which are stateless.

    With `owns_process` numerical libraries are loaded for one thread, which is fastest for the
    small matrices here: for processes that run nothing but Wazir. In a user's process they are
    loaded as the user wants them.
    """

    def __init__(self, *, owns_process: bool = False) -> None:
        self._made: dict[str, Algorithm] = {}
        self._loading = one_blas_thread if owns_process else nullcontext

    def __call__(self, name: str) -> Algorithm:
        """Return the algorithm of a name or alias. Raises InvalidInputError."""
        name = canonical_name(name)
        if name not in self._made:
            module, attribute = ALGORITHMS[name]
            with self._loading():
                factory: Callable[[], Algorithm] = getattr(import_module(module), attribute)
                self._made[name] = factory()
        return self._made[name]
