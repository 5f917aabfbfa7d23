"""The contract of rules that stop trials early."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from wazir.stopping.curves import Curve

# Where a trial's metadata say why it was stopped.
STOPPING_NAMESPACE = "wazir.stopping"


@dataclass(frozen=True)
class Stop:
    """Why a trial is to be stopped.

    `text` is a sentence in which {names} stand for `losses` (smaller is better) and `facts`
    (counts, places, probabilities), and {axis} for what x is.
    """

    text: str
    losses: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, float] = field(default_factory=dict)

    def reason(self, sign: float, axis: str = "step") -> str:
        """Return the sentence with its numbers; `sign` turns losses into values of the metric."""
        shown = {name: f"{number:.6g}" for name, number in self.numbers(sign).items()}
        return self.text.format_map({**shown, "axis": axis})

    def numbers(self, sign: float) -> dict[str, float]:
        """Return all numbers by name, losses as values of the metric."""
        return {**{name: sign * loss for name, loss in self.losses.items()}, **self.facts}


class StoppingRule(Protocol):
    """Decides whether a running trial is worth going on with.

    Rules are pure and stateless: the same curves give the same decision, whatever the order of
    `others`, and a curve that is judged again later is judged anew. They never raise for curves
    that are short, constant, or have NaN in them, and never stop a trial without others to
    compare it with, unless they compare it with a number that the user gave.
    """

    def judge(self, curve: "Curve", others: Sequence["Curve"]) -> Stop | None:
        """Return why the trial of `curve` is to be stopped, None if it is to go on.

        `others` are the curves of all other trials: running, finished and stopped ones.
        """
        ...
