"""Hyperopt's TPE. It has no ask/tell, so this does what its `fmin` does in each round."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from hyperopt import Trials, hp, tpe
from hyperopt.base import JOB_STATE_DONE, STATUS_OK, Domain
from hyperopt.pyll import scope

from peers.axes import Axis, axes_of, children, children_at
from peers.protocol import Params, Setup

Document = dict[str, Any]


class Hyperopt:
    """Trials in memory."""

    def __init__(self, setup: Setup) -> None:
        self._axes = axes_of(setup.space)
        self._domain = Domain(lambda _: 0.0, _space(self._axes))
        self._trials = Trials()
        self._rng = np.random.default_rng(setup.seed)
        self._default = setup.default

    def ask(self) -> tuple[Document, Params]:
        """Return a new trial document; the first is the default, if there is one."""
        ids = self._trials.new_trial_ids(1)
        if self._default is not None:
            documents = [self._document(ids[0], self._default)]
            self._default = None
        else:
            seed = int(self._rng.integers(2**31 - 1))
            documents = tpe.suggest(ids, self._domain, self._trials, seed)
        return self._insert(documents), self._params(documents[0])

    def tell(self, token: Document, params: Params, value: float) -> None:
        """Store the loss in the document."""
        token["state"] = JOB_STATE_DONE
        token["result"] = {"loss": value, "status": STATUS_OK}
        self._trials.refresh()

    def observe(self, params: Params, value: float) -> None:
        """Insert a document with a loss."""
        document = self._insert([self._document(self._trials.new_trial_ids(1)[0], params)])
        self.tell(document, params, value)

    def recommend(self) -> None:
        """Hyperopt recommends the best value observed."""

    def _insert(self, documents: Sequence[Document]) -> Document:
        self._trials.insert_trial_docs(documents)
        self._trials.refresh()
        inserted: Document = self._trials._dynamic_trials[-1]
        return inserted

    def _params(self, document: Document) -> Params:
        values = document["misc"]["vals"]
        return {
            axis.name: _decode(axis, values[axis.name][0])
            for axis in self._axes
            if values[axis.name]
        }

    def _document(self, trial_id: int, params: Params) -> Document:
        values = {
            axis.name: [_encode(axis, params[axis.name])] if axis.name in params else []
            for axis in self._axes
        }
        misc = {
            "tid": trial_id,
            "cmd": self._domain.cmd,
            "workdir": self._domain.workdir,
            "idxs": {name: [trial_id] if value else [] for name, value in values.items()},
            "vals": values,
        }
        documents = self._trials.new_trial_docs([trial_id], [None], [{"status": "new"}], [misc])
        document: Document = documents[0]
        return document


def make(setup: Setup, choice: str) -> Hyperopt:
    """Return the optimizer of a run."""
    return Hyperopt(setup)


def _encode(axis: Axis, value: Any) -> Any:
    return axis.values.index(value) if axis.kind == "category" else axis.encode(value)


def _decode(axis: Axis, native: Any) -> Any:
    return axis.values[int(native)] if axis.kind == "category" else axis.decode(native)


def _space(axes: Sequence[Axis]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for axis in reversed(axes):  # children before their parents
        made[axis.name] = _expression(axes, axis, made)
    return {axis.name: made[axis.name] for axis in children(axes, None)}


def _expression(axes: Sequence[Axis], axis: Axis, made: dict[str, Any]) -> Any:
    name, low, high = axis.name, axis.low, axis.high
    if axis.kind == "category":
        options = [
            {
                "=": value,
                **{child.name: made[child.name] for child in children_at(axes, axis, value)},
            }
            for value in axis.values
        ]
        return hp.choice(name, options)
    if axis.kind == "float":
        if axis.is_log:
            return hp.loguniform(name, math.log(low), math.log(high))
        return hp.uniform(name, low, high)
    if axis.is_log:
        return scope.int(hp.qloguniform(name, math.log(low), math.log(high), 1))
    return hp.uniformint(name, low, high)
