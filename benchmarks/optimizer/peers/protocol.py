"""What an adapter gets and gives: the setting of a run, and an optimizer to ask and tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

Value: TypeAlias = float | int | str
Params: TypeAlias = dict[str, Value]
# A value, or one for each of several metrics; None for a trial that has failed.
Values: TypeAlias = float | list[float] | None
# Whatever an adapter needs to find a point again: a trial, a number, a candidate.
Token: TypeAlias = Any


@dataclass(frozen=True)
class Setup:
    """The setting of one run.

    `space` is the list of parameters as `problems.protocol` describes it. `default` is the
    configuration to try first, None where there is none or the run goes without. `n_pending` is
    how many points are evaluated at a time. `is_noisy` is told only to a library that insists on
    being told. `metrics` names what is told of a point, all minimised: with several names, `tell`
    and `observe` get a list of values in place of one. `limits` are further metrics, told after
    these, that have to be at or below a number. `constraints` are expressions that each point has
    to fulfil; only peers that take expressions get them (`Peer.takes_constraints`).
    """

    space: list[dict[str, Any]]
    seed: int
    n_trials: int
    n_pending: int = 1
    default: Params | None = None
    is_noisy: bool = False
    metrics: Sequence[str] = ("value",)
    limits: Mapping[str, float] = field(default_factory=dict)
    constraints: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("n_trials", "n_pending"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> "Setup":
        """Return the setting in a `start` message."""
        known = {name: message[name] for name in cls.__dataclass_fields__ if name in message}
        tuples = {name: tuple(known.get(name, ())) for name in ("metrics", "constraints")}
        return cls(**{**known, **tuples, "metrics": tuples["metrics"] or cls.metrics})

    def to_message(self) -> dict[str, Any]:
        """Return the `start` message."""
        return {"op": "start", **vars(self)}


class Optimizer(Protocol):
    """An optimizer of one run; values are minimised."""

    def ask(self) -> tuple[Token, Params] | None:
        """Return a point and what it is known by; None when the space is exhausted.

        Asked again before the last point is told, it gives another point.
        """
        ...

    def tell(self, token: Token, params: Params, value: Values) -> None:
        """Take the value of a point that was asked for."""
        ...

    def observe(self, params: Params, value: Values) -> None:
        """Take the value of a point that was not asked for."""
        ...

    def recommend(self) -> Params | None:
        """Return the library's own idea of the best point; None: the best value observed."""
        ...
