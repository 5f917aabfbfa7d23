"""Whether constraints leave any point at all, asked before a study is made."""

from wazir.algorithms.encoding import Encoding
from wazir.algorithms.inside import Inside
from wazir.algorithms.region import Region
from wazir.domain.constraints import Constraint
from wazir.domain.errors import InvalidInputError
from wazir.domain.parameters import Double
from wazir.domain.studies import StudyConfig


def check_possible(config: StudyConfig) -> None:
    """Raise InvalidInputError if no point can be found that fulfils all constraints.

    In a space of up to 20,000 points every one is looked at, so that the answer is certain. In a
    larger one random points are drawn, and some of them moved towards the constraints.
    """
    encoding = Encoding.of(config.space)
    inside = Inside.of(config, encoding)
    if not config.constraints or inside.witness is not None:
        return
    alone = [one for one in config.constraints if not _is_possible(config, encoding, one)]
    failing = alone or list(config.constraints)
    rows = "\n".join(f"  {one.text}" for one in failing)
    if inside.listed is not None:
        what = f"none of the {config.space.n_points} points of the search space fulfils"
    else:
        what = "among thousands of points tried, none was found that fulfils"
    which = "all constraints together" if not alone else "this" if len(alone) == 1 else "these"
    raise InvalidInputError(f"{what} {which}:\n{rows}", hint=_hint(config, failing))


def _is_possible(config: StudyConfig, encoding: Encoding, constraint: Constraint) -> bool:
    return Inside(Region(encoding, (constraint,)), config.space).witness is not None


def _hint(config: StudyConfig, failing: list[Constraint]) -> str:
    real = {name for name, parameter in config.space.walk() if isinstance(parameter, Double)}
    if any("==" in one.text and one.names & real for one in failing):
        return "real numbers are hardly ever equal: allow a distance, as in abs(a + b - 1) <= 1e-6"
    return "loosen a constraint, or widen the range of a parameter in it"
