"""Search spaces of all kinds, with beliefs about some of them, for the suite of algorithms."""

from collections.abc import Callable, Mapping, Sequence

from wazir.domain.parameters import (
    Categorical,
    Discrete,
    Double,
    Integer,
    Parameter,
    ParameterValue,
)
from wazir.domain.space import SearchSpace


def mixed_space(n_parameters: int) -> SearchSpace:
    """Return a space with all kinds of parameters in turn."""
    makers: Sequence[Callable[[], Parameter]] = (
        lambda: Double(0.0, 1.0),
        lambda: Double(1e-4, 1.0, scale="log"),
        lambda: Integer(1, 100, scale="log"),
        lambda: Discrete([0.1, 0.5, 2, 3]),
        lambda: Categorical(["a", "b", "c"]),
    )
    return SearchSpace({f"p{i}": makers[i % len(makers)]() for i in range(n_parameters)})


def _conditional_space() -> SearchSpace:
    layers = Integer(1, 3, default=1).when([2, 3], {"width": Integer(4, 64, scale="log")})
    booster = Categorical(["tree", "linear"])
    tree = booster.when("tree", {"depth": Integer(1, 8), "share": Double(0.1, 1.0)})
    both = tree.when("linear", {"share": Double(0.0, 0.5), "layers": layers})
    return SearchSpace({"rate": Double(1e-3, 1.0, scale="log"), "booster": both})


SPACES: Mapping[str, SearchSpace] = {
    "double": SearchSpace({"x": Double(-2.0, 3.0)}),
    "double_log": SearchSpace({"x": Double(1e-6, 1e2, scale="log")}),
    "double_reverse_log": SearchSpace({"x": Double(0.01, 0.999, scale="reverse_log")}),
    "integer": SearchSpace({"x": Integer(-3, 11)}),
    "integer_log": SearchSpace({"x": Integer(1, 4096, scale="log")}),
    "integer_reverse_log": SearchSpace({"x": Integer(1, 64, scale="reverse_log")}),
    "discrete": SearchSpace({"x": Discrete([-1, 0.5, 8, 1000])}),
    "categorical": SearchSpace({"x": Categorical(["a", True, 1, 2.5])}),
    "one_point": SearchSpace(
        {"x": Double(3.0, 3.0), "n": Integer(2, 2), "d": Discrete([7]), "c": Categorical(["a"])}
    ),
    "constants_beside": SearchSpace({"x": Double(0.0, 1.0), "k": Categorical(["only"])}),
    "wide": SearchSpace({"x": Double(-1e308, 1e308), "n": Integer(-(2**62), 2**62)}),
    "narrow": SearchSpace({"x": Double(1.0, 1.0 + 1e-15, scale="log")}),
    "finite": SearchSpace({"n": Integer(0, 2), "c": Categorical(["a", "b"])}),
    "conditional": _conditional_space(),
    "mixed_30": mixed_space(30),
}

BELIEFS: Mapping[str, Mapping[str, ParameterValue]] = {
    "double_log": {"x": 1e-3},
    "integer_reverse_log": {"x": 60},
    "discrete": {"x": 8},
    "categorical": {"x": True},
    "one_point": {"x": 3.0, "c": "a"},
    "conditional": {"rate": 0.1, "depth": 3, "share": 0.7},
}
