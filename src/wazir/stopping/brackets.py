"""Budgets that grow: which paused trials are worth a larger one (ASHA, Hyperband)."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby

from wazir.domain.errors import InvalidInputError
from wazir.domain.fidelity import fidelity_parameter
from wazir.domain.hints import did_you_mean, one_of
from wazir.domain.parameters import Double, Integer
from wazir.domain.studies import EarlyStopping, StudyConfig
from wazir.stopping.protocol import Stop

_FACTOR = 3.0
RULE_OPTIONS = {"asha": ("factor",), "hyperband": ("factor", "n_brackets"), "default": ("factor",)}
# Sums of floating-point numbers end a little below the whole number that is meant.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Standing:
    """What a trial has measured: its losses by rung, smaller is better, one per objective.

    Rung k is the k-th of the budgets. `is_paused`: it may go on with a larger budget. `violations` has
    by rung how far it broke the limits of safety metrics; a rung that is not there is safe.
    """

    trial_id: int
    losses: Mapping[int, tuple[float, ...]]
    is_paused: bool = False
    violations: Mapping[int, float] = field(default_factory=dict)

    @property
    def rung(self) -> int:
        """The highest rung that it has reached."""
        return max(self.losses)


@dataclass(frozen=True)
class Promotion:
    """A paused trial that is to go on, with this budget."""

    trial_id: int
    budget: int | float


@dataclass(frozen=True)
class Brackets:
    """Successive halving with pauses, in one bracket (ASHA) or several (Hyperband).

    A trial begins with the smallest budget of its bracket and is paused when that is used up. Of
    all trials of the bracket that have finished a rung, the best 1 / `factor` go on to the next
    one, as soon as that can be said (L. Li et al., "A system for massively parallel
    hyperparameter tuning", MLSys 2020). Bracket b leaves out the b smallest budgets. Trials are
    spread over the brackets in the proportions of L. Li et al., "Hyperband: a novel bandit-based
    approach to hyperparameter optimization", JMLR 18, 2018, section 3.

    All decisions are functions of the standings; their order does not matter.

    Args:
        budgets: strictly increasing; the last one is the full budget.
        factor: above 1.
        n_brackets: at least 1; more than there are budgets count as so many.
    """

    budgets: tuple[int | float, ...]
    factor: float = _FACTOR
    n_brackets: int = 1

    def __post_init__(self) -> None:
        if not self.factor > 1.0:
            raise InvalidInputError(f"factor must be above 1, got {self.factor!r}")
        if self.n_brackets < 1:
            raise InvalidInputError(f"n_brackets must be at least 1, got {self.n_brackets!r}")

    @property
    def full_budget(self) -> int | float:
        """The budget of a trial that runs to its end."""
        return self.budgets[-1]

    def bracket_of(self, trial_id: int) -> int:
        """Return the bracket of a trial, from 0.

        Van der Corput's sequence spreads any run of trials as evenly as possible.
        """
        shares = self._shares
        place = _radical_inverse(trial_id) * sum(shares)
        for bracket, share in enumerate(shares):
            place -= share
            if place < 0.0:
                return bracket
        return len(shares) - 1

    def first_budget(self, trial_id: int) -> int | float:
        """Return the budget of a trial's first attempt."""
        return self.budgets[self.bracket_of(trial_id)]

    def rung_of(self, budget: float) -> int:
        """Return the rung that a budget reaches; one below the smallest counts as that one."""
        return max(0, sum(step <= budget for step in self.budgets) - 1)

    def promotions(self, standings: Sequence[Standing]) -> list[Promotion]:
        """Return the paused trials that are to go on now, those of the highest rungs first."""
        groups = self._groups_with_paused(standings)
        found = []
        for rung, bracket in sorted(groups, key=lambda place: (-place[0], place[1])):
            members = groups[rung, bracket]
            if rung + 1 == len(self.budgets):
                continue
            found += [
                Promotion(one.trial_id, self.budgets[rung + 1])
                for one in _ranked(members, rung)[: self._n_best(len(members))]
                if one.is_paused and one.rung == rung
            ]
        return found

    def finalist(self, standings: Sequence[Standing]) -> Promotion | None:
        """Return the paused trial that is to get the full budget where no trial has had it.

        To be asked when no more trials will come: too few may have come for a promotion.
        """
        full = len(self.budgets) - 1
        paused = [one for one in standings if one.is_paused]
        if not paused or any(full in one.losses for one in standings):
            return None
        rung = max(one.rung for one in paused)
        best = _ranked([one for one in paused if one.rung == rung], rung)[0]
        return Promotion(best.trial_id, self.full_budget)

    def why_ended(self, standings: Sequence[Standing]) -> dict[int, Stop]:
        """Return why the paused trials get no larger budget when the study has ended, by id."""
        return {
            one.trial_id: self._stop(one, place, len(members))
            for (rung, _), members in self._groups_with_paused(standings).items()
            for place, one in enumerate(_ranked(members, rung), start=1)
            if one.is_paused and one.rung == rung
        }

    def _stop(self, own: Standing, place: int, n: int) -> Stop:
        """Return why a trial ends that has a place, from 1, among n at its rung."""
        return Stop(
            "paused at {axis} {budget} of {full} with {value}, place {place} of {n} there; "
            "{n_best} could go on",
            {"value": own.losses[own.rung][0]},
            {
                "budget": self.budgets[own.rung],
                "full": self.full_budget,
                "place": place,
                "n": n,
                "n_best": self._n_best(n),
            },
        )

    @cached_property
    def _shares(self) -> list[int]:
        """How many of the trials begin in each bracket, in proportion."""
        n_rungs = len(self.budgets)
        n_brackets = min(self.n_brackets, n_rungs)
        halvings = range(n_rungs - 1, n_rungs - 1 - n_brackets, -1)
        return [math.ceil(n_rungs * self.factor**s / (s + 1) - _ROUNDING) for s in halvings]

    def _groups_with_paused(
        self, standings: Sequence[Standing]
    ) -> dict[tuple[int, int], list[Standing]]:
        """Return by rung and bracket who has finished that rung, where anyone is paused there."""
        brackets = {one.trial_id: self.bracket_of(one.trial_id) for one in standings}
        paused = (one for one in standings if one.is_paused)
        groups: dict[tuple[int, int], list[Standing]]
        groups = {(one.rung, brackets[one.trial_id]): [] for one in paused}
        for one in standings:
            for rung in one.losses:
                group = groups.get((rung, brackets[one.trial_id]))
                if group is not None:
                    group.append(one)
        return groups

    def _n_best(self, n: int) -> int:
        """Return how many of n trials may go on."""
        return int(n / self.factor + _ROUNDING)


def brackets_of(config: StudyConfig) -> Brackets:
    """Return the brackets of a study with a fidelity parameter.

    The rule is `asha` (`default` is the same), `hyperband`, or none: then each trial gets the full
    budget at once.

    Raises:
        InvalidInputError: there is no fidelity parameter, the rule decides by steps, or an option
            breaks a rule.
    """
    parameter = fidelity_parameter(config.space, config.fidelity or "")
    early = config.early_stopping
    if early is None:
        return Brackets((parameter.max_value,))
    _check(early)
    factor = early.options.get("factor", _FACTOR)
    Brackets((parameter.max_value,), factor)
    budgets = _budgets(parameter, factor, config.planned_n_trials)
    if early.rule != "hyperband":
        return Brackets(budgets, factor)
    n_brackets = early.options.get("n_brackets", len(budgets))
    if not float(n_brackets).is_integer():
        raise InvalidInputError(f"n_brackets must be whole, got {n_brackets!r}")
    return Brackets(budgets, factor, int(n_brackets))


def _check(early: EarlyStopping) -> None:
    if early.rule not in RULE_OPTIONS:
        raise InvalidInputError(
            f"with a fidelity parameter the rule is {one_of([*RULE_OPTIONS, 'none'])}, "
            f"got {early.rule!r}",
            hint=did_you_mean(early.rule, RULE_OPTIONS)
            or "leave the fidelity out to stop trials by the steps that they report",
        )
    known = RULE_OPTIONS[early.rule]
    for name in early.options:
        if name not in known:
            raise InvalidInputError(
                f"with a fidelity parameter an option of {early.rule} is {one_of(known)}, "
                f"got {name!r}",
                hint=did_you_mean(name, known),
            )


def _budgets(
    parameter: Integer | Double, factor: float, n_trials: int | None
) -> tuple[int | float, ...]:
    """Return the full budget and its parts by powers of `factor`, the smallest first.

    No more of them than `n_trials` trials can climb, so that some get to the top.
    """
    low, high = parameter.min_value, parameter.max_value
    n_steps = math.floor(math.log(high / low) / math.log(factor) + _ROUNDING)
    if n_trials is not None:
        n_steps = min(n_steps, math.floor(math.log(n_trials) / math.log(factor) + _ROUNDING))
    steps = (parameter.nearest(high / factor**k) for k in range(n_steps, -1, -1))
    return tuple(dict.fromkeys(steps))


def _ranked(members: Sequence[Standing], rung: int) -> list[Standing]:
    """Return trials by what they measured at a rung, the best first, the older of equals.

    Safe ones come first, the others by how far they are from it. With several objectives the rank
    is the number of trials that dominate it: nowhere worse, and somewhere better.
    """
    losses = [one.losses[rung] for one in members]
    values: Sequence[float] = [own[0] for own in losses]
    if any(len(own) > 1 for own in losses):
        values = _n_dominating(losses)
    rank = {one.trial_id: value for one, value in zip(members, values, strict=True)}
    return sorted(
        members,
        key=lambda one: (one.violations.get(rung, 0.0), rank[one.trial_id], one.trial_id),
    )


def _n_dominating(losses: Sequence[tuple[float, ...]]) -> list[int]:
    """Return how many of some losses dominate each of them."""
    # Sets as the bits of numbers: quick, and without numpy, which would slow every start.
    no_worse = [(1 << len(losses)) - 1] * len(losses)
    for column in zip(*losses, strict=True):
        seen = 0
        for _, group in groupby(
            sorted(range(len(losses)), key=column.__getitem__), column.__getitem__
        ):
            places = list(group)
            for place in places:
                seen |= 1 << place
            for place in places:
                no_worse[place] &= seen
    n_equal = Counter(losses)
    return [bits.bit_count() - n_equal[own] for bits, own in zip(no_worse, losses, strict=True)]


def _radical_inverse(number: int) -> float:
    """Return the binary digits of a number mirrored at the point: 1 -> 0.5, 2 -> 0.25, 3 -> 0.75."""
    inverse, unit = 0.0, 0.5
    while number:
        inverse += unit * (number & 1)
        number >>= 1
        unit /= 2
    return inverse
