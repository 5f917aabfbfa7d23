"""Search spaces before and after an edit, for the contract of algorithms."""

from collections.abc import Mapping

from wazir.domain.edits import StudyEdit
from wazir.domain.parameters import Categorical, Discrete, Double, Integer
from wazir.domain.space import SearchSpace

BEFORE = SearchSpace(
    {
        "lr": Double(1e-4, 1.0, scale="log"),
        "share": Double(0.0, 1.0),
        "layers": Integer(1, 4),
        "units": Integer(8, 64, when={"layers": [3, 4]}),
        "batch": Discrete([8, 16, 32, 64]),
        "optimizer": Categorical(["adam", "sgd", "lion"]),
    }
)
_HALF = StudyEdit(parameters={"share": Double(0.0, 0.5), "batch": Discrete([8, 64])})

EDITS: Mapping[str, StudyEdit] = {
    "widened": StudyEdit(
        parameters={"lr": Double(1e-6, 10.0, scale="log"), "layers": Integer(1, 8)}
    ),
    "narrowed": _HALF,
    "narrowed_away_from_all": StudyEdit(parameters={"share": Double(5.0, 6.0)}),
    "narrowed_a_thousandfold": StudyEdit(parameters={"share": Double(0.5, 0.501)}),
    "other_scales": StudyEdit(
        parameters={"lr": Double(1e-4, 1.0), "share": Double(0.1, 1.0, scale="log")}
    ),
    "other_types": StudyEdit(
        parameters={
            "batch": Integer(8, 64, scale="log"),
            "lr": Categorical(["low", "high"]),
            "optimizer": Double(0.0, 1.0),
        }
    ),
    "values_removed": StudyEdit(
        parameters={"batch": Discrete([16, 32]), "optimizer": Categorical(["adam", "lion"])}
    ),
    "values_added": StudyEdit(
        parameters={
            "batch": Discrete([8, 16, 24, 32, 64, 128]),
            "optimizer": Categorical(["rmsprop", "adam", "sgd", "lion"]),
        }
    ),
    "frozen_numbers": StudyEdit(freeze={"lr": 0.01, "batch": 32, "share": 0.25}),
    "frozen_category": StudyEdit(freeze={"optimizer": "sgd"}),
    "frozen_parent": StudyEdit(freeze={"layers": 3}),
    "frozen_childless": StudyEdit(freeze={"layers": 1}),
    "all_frozen": StudyEdit(
        freeze={"lr": 0.01, "share": 0.5, "layers": 2, "batch": 8, "optimizer": "adam"}
    ),
    "parent_narrowed": StudyEdit(parameters={"layers": Integer(2, 3)}),
    "children_elsewhere": StudyEdit(
        parameters={"units": Integer(8, 64, when={"layers": [1, 2, 3]})}
    ),
    "parameters_added": StudyEdit(
        parameters={
            "dropout": Double(0.1, 0.5, scale="log"),
            "decay": Categorical(["on", "cosine"], when={"optimizer": ["sgd", "lion"]}),
        },
        old_values={"dropout": 0.0, "decay": "off"},
    ),
    "parameters_removed": StudyEdit(remove=("lr", "layers")),
}
"""By a name for the case: an edit of `BEFORE`."""
