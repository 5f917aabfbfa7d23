"""Studies with constraints for the contract suite of algorithms: fixed ones, and any number more."""

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from wazir.domain.constraints import Constraint
from wazir.domain.metrics import Goal, Metric
from wazir.domain.parameters import (
    Categorical,
    Discrete,
    Double,
    Integer,
    Parameter,
    ParameterValue,
)
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig

_ROOM = 0.05
_METRICS = (Metric("loss", Goal.MINIMIZE),)
_SIMPLE: Sequence[Parameter] = (
    Double(-2.0, 3.0),
    Double(1e-4, 1.0, scale="log"),
    Integer(1, 100, scale="log"),
    Integer(-5, 5),
    Integer(0, 1000),
    Discrete([0.1, 0.5, 2, 3]),
    Categorical(["a", "b", "c"]),
    Categorical([True, False]),
)


def _study(space: Mapping[str, Parameter], *constraints: str) -> StudyConfig:
    return StudyConfig(
        SearchSpace(space),
        _METRICS,
        planned_n_trials=20,
        constraints=tuple(map(Constraint, constraints)),
    )


CONSTRAINED: Mapping[str, StudyConfig] = {
    "product": _study(
        {"n_layers": Integer(1, 8), "width": Integer(16, 4096, scale="log")},
        "n_layers * width <= 4096",
    ),
    "order": _study({"low": Double(0.0, 1.0), "high": Double(0.0, 1.0)}, "low < high"),
    "equal_integers": _study(
        {"a": Integer(0, 1000), "b": Integer(0, 1000), "c": Integer(0, 1000)}, "a + b + c == 1000"
    ),
    "thin": _study(
        {"x": Double(0.0, 1.0), "y": Double(0.0, 1.0)}, "abs(x + y - 1) <= 1e-6", "x > 0.25"
    ),
    "small": _study({"n": Integer(0, 5), "c": Categorical(["a", "b"])}, "n >= 4 or c == b"),
    "texts": _study(
        {"optimizer": Categorical(["adam", "sgd"]), "lr": Double(1e-5, 1.0, scale="log")},
        "optimizer == sgd or lr < 1e-4",
    ),
    "conditional": _study(
        {
            "n_layers": Integer(1, 3, default=3),
            "units": Integer(8, 512, default=512),
            "units_2": Integer(8, 512, when={"n_layers": [2, 3]}),
            "units_3": Integer(8, 512, when={"n_layers": 3}),
        },
        "units_2 < units",
        "units_3 < units_2",
        "n_layers * units <= 1024",
    ),
}


def constrained_studies() -> st.SearchStrategy[StudyConfig]:
    """Return studies with conditional parameters, and constraints that one point at least fulfils.

    The constraints hold at a point that was drawn first, so that narrow ones, such as the sum of
    two INTEGERs, occur often.
    """
    return _studies()


@st.composite
def _studies(draw: st.DrawFn) -> StudyConfig:
    parameters = draw(st.lists(st.sampled_from(_SIMPLE), min_size=1, max_size=4))
    space: dict[str, Parameter] = {f"p{i}": one for i, one in enumerate(parameters)}
    if draw(st.booleans()):
        space["depth"] = Integer(1, 3)
        space["child"] = Integer(1, 50, when={"depth": [2, 3]})
    if draw(st.booleans()):
        space["kind"] = Categorical(["x", "y"]).when("y", {"share": Double(0.0, 1.0)})
    searched = SearchSpace(space)
    point: dict[str, ParameterValue] = {}
    for name, parameter in searched.walk():
        point[name] = draw(_values(parameter))
    active = searched.check({name: point[name] for name, _ in searched.active(point)})
    texts = draw(st.lists(_texts(active), min_size=1, max_size=3))
    return _study(space, *texts)


def _values(parameter: Parameter) -> st.SearchStrategy[ParameterValue]:
    match parameter:
        case Double():
            return st.floats(parameter.min_value, parameter.max_value)
        case Integer():
            return st.integers(parameter.min_value, parameter.max_value)
        case _:
            return st.sampled_from(parameter.values)


def _texts(point: Mapping[str, ParameterValue]) -> st.SearchStrategy[str]:
    """Return constraints that hold at a point."""
    numbers = {name: value for name, value in point.items() if _is_number(value)}
    others = {name: value for name, value in point.items() if name not in numbers}
    choices: list[st.SearchStrategy[str]] = []
    if numbers:
        one = st.sampled_from(sorted(numbers))
        choices += [
            one.map(lambda name: f"{name} <= {_beside(numbers[name], _ROOM)!r}"),
            one.map(lambda name: f"not {name} < {_beside(numbers[name], -_ROOM)!r}"),
            one.map(lambda name: f"abs({name} - {numbers[name]!r}) <= 0.01"),
            st.tuples(one, one).map(lambda two: _ordered(two, numbers)),
            st.tuples(one, one).map(lambda two: _sum(two, numbers)),
        ]
    for name, value in others.items():
        text = str(value).lower() if isinstance(value, bool) else f'"{value}"'
        choices.append(st.just(f"{name} == {text}"))
        choices.append(st.just(f"{name} in ({text}) and not {name} != {text}"))
    return st.one_of(choices)


def _is_number(value: ParameterValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _ordered(names: tuple[str, str], values: Mapping[str, ParameterValue]) -> str:
    low, high = sorted(names, key=lambda name: float(values[name]))
    return f"{low} <= {high}"


def _sum(names: tuple[str, str], values: Mapping[str, ParameterValue]) -> str:
    a, b = names
    if all(isinstance(values[name], int) for name in names):
        return f"{a} + {b} == {int(values[a]) + int(values[b])}"
    return f"{a} * {b} <= {float(values[a]) * float(values[b]) + _ROOM!r}"


def _beside(value: ParameterValue, room: float) -> ParameterValue:
    """Return a real number with room for others; real numbers are hardly ever hit exactly."""
    return value + room if isinstance(value, float) else value
