"""What goes over the wire comes back as it was."""

import json
import math

import pytest

from wazir.analysis.advice import Advice
from wazir.analysis.pareto import ParetoFront
from wazir.analysis.recommendation import Recommendation
from wazir.domain import errors
from wazir.domain.errors import Problem
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig, TrialCounts
from wazir.domain.trials import Trial, TrialState
from wazir.service import wire
from wazir.service.editing import EditEffects
from wazir.service.status import Status, status_of
from wazir.service.wire_errors import error_from_dict, error_to_dict, status_to_dict

CONFIG = StudyConfig(SearchSpace({"x": Double(0, 1)}), (Metric("loss", Goal.MINIMIZE),))
TRIAL = Trial(
    3,
    {"x": 0.5},
    TrialState.SUCCEEDED,
    final_measurement=Measurement({"loss": math.inf, "b": 1.0}, step=4, elapsed_s=2.5),
)


def there_and_back(value, to_dict, from_dict):
    return from_dict(json.loads(json.dumps(to_dict(value), allow_nan=False)))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("counts", TrialCounts(1, 2, 3, 4, 5)),
        ("recommendation", Recommendation(3, 0.5, 3, 0.5, "it is the best")),
        ("recommendation", Recommendation(1, 2.0, 3, 0.5, "r", True, 1.0, 0.1, 0.2, math.inf)),
        ("advice", Advice(10, 0.1, 20, 0.25, 0.5, None, is_of_default=True)),
        ("advice", Advice(10, None, 2, reason="too few results")),
        ("front", ParetoFront((TRIAL,), {"loss": 2.0}, 0.75)),
        ("front", ParetoFront((), {}, 0.0)),
        ("effects", EditEffects(CONFIG, ("a: was 1, is 2",), 3, 1, (4, 5))),
    ],
)
def test_a_value_comes_back(kind, value):
    to_dict, from_dict = getattr(wire, f"{kind}_to_dict"), getattr(wire, f"{kind}_from_dict")
    assert there_and_back(value, to_dict, from_dict) == value


@pytest.mark.parametrize(
    "error",
    [
        errors.NotFoundError("there is no study 'a'", hint="did you mean 'b'?"),
        errors.StaleAttemptError("attempt 1 was replaced"),
        errors.InvalidConfigError("f.yaml", [Problem("wrong", 3, 1)]),
        errors.SchemaVersionError("newer"),
        errors.InvalidTokenError("no token"),
    ],
)
def test_an_error_comes_back_as_the_same_error(error):
    answer = json.loads(json.dumps(error_to_dict(error)))
    assert answer["error"]["status"] == status_of(error).name
    assert answer["error"]["code"] == status_of(error).http_code
    back = error_from_dict(answer, answer["error"]["code"])
    assert type(back) is type(error)
    assert (back.message, back.hint, str(back)) == (error.message, error.hint, str(error))


@pytest.mark.parametrize(
    ("code", "answer", "kind"),
    [
        (404, "<html>", errors.NotFoundError),
        (502, None, errors.StorageError),
        (400, {"error": "text"}, errors.InvalidInputError),
        (403, {"error": {"message": "no", "details": ["x"]}}, errors.AccessError),
        (500, status_to_dict(Status.INTERNAL, "it broke"), errors.StorageError),
    ],
)
def test_an_answer_of_somebody_else_is_the_nearest_error(code, answer, kind):
    assert type(error_from_dict(answer, code)) is kind


def test_what_the_wire_names_is_no_other_class():
    answer = error_to_dict(errors.NotFoundError("x"))
    answer["error"]["details"][0]["reason"] = "SystemExit"
    assert type(error_from_dict(answer, 404)) is errors.NotFoundError
