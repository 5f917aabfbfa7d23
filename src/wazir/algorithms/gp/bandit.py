"""GP_BANDIT, the default algorithm: a Gaussian process says where improvement is to be expected.

The recipe: an initial design, then for each trial a model of all results (outputs with bad values
pulled in, Matern-5/2 with one length scale per parameter, priors on the
hyperparameters) and the point of greatest expected improvement, found in the mixed space.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from wazir.algorithms.axes import Array
from wazir.algorithms.beliefs import Belief
from wazir.algorithms.encoding import Encoding, row_keys
from wazir.algorithms.gp.acquisition import (
    Acquisition,
    AugmentedLogExpectedImprovement,
    LogExpectedImprovement,
    LowerConfidenceBound,
)
from wazir.algorithms.gp.branches import ANYWHERE, Branch, due_branch
from wazir.algorithms.gp.criterion import Criterion, ProcessCriterion
from wazir.algorithms.gp.earlier import Lessons, Teacher
from wazir.algorithms.gp.front import FrontModel, prefix_of, reference_losses
from wazir.algorithms.gp.history import History
from wazir.algorithms.gp.hyperparameters import Fitted, latest
from wazir.algorithms.gp.model import Model, ModelMaker
from wazir.algorithms.gp.noise import Repeats, sign_of_noise
from wazir.algorithms.gp.plateaus import Plateaus
from wazir.algorithms.gp.search import N_BEST, Search
from wazir.algorithms.gp.settings import GpSettings
from wazir.algorithms.gp.starts import Starts
from wazir.algorithms.gp.terms import Terms
from wazir.algorithms.inside import Inside
from wazir.algorithms.protocol import Reads, Snapshot, Suggestion
from wazir.domain.metrics import Goal
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial
from wazir.surrogates.basis_functions import BasisProcess

VERSION = "5"
_SALT_SEARCH, _SALT_WEIGHTS, _SALT_INSIDE, _SALT_BELIEF, _SALT_BRANCH = 4, 5, 7, 8, 9
_N_WISHED = 50
_MIN_FOR_TREND = 15
_MIN_FOR_NEAR = 20
# Without this a category that began badly is hardly ever tried again.
_EXPLORATION_BETA = 3.0
_N_SAMPLED = 32
_MAX_TEXT = 190


@dataclass(frozen=True)
class GpBandit:
    """Bayesian optimization with a Gaussian process; see the module's text.

    The first trial has the parameters' defaults if any has one. Pending trials, those of the same
    call included, are believed to end as the model expects. Where the model fails, a Sobol point
    is suggested and the explanation says so. A point is not suggested twice while others are left
    to try, unless there is a sign of noise: see `wazir.algorithms.gp.noise`. Two or three objectives
    have a model each, and the point of greatest expected hypervolume improvement is suggested; more
    are weighted at random for each trial.

    Limits of safety metrics, failed trials and the user's beliefs are terms of the acquisition: see
    `wazir.algorithms.gp.terms`.

    The explanation holds "kind" (initial, model, fallback) and for a model its "acquisition", the
    acquisition's "value", whether the suggestion means to "explore" or to "exploit", the weights
    of "prior_studies" (see `wazir.algorithms.gp.earlier`), the hyperparameters
    ("log_hyperparameters", "fitted_at"), and with one objective its "mean" and
    "std" at the point and the "expected_improvement", in the objective's units; they are rough
    where the mean is worse than the median of the results. "plateaus" is the number of trials on
    plateaus, where there are any: see `wazir.algorithms.gp.plateaus`. Points there are left out as
    long as there are others. With two or three objectives there are "mean.METRIC" and "std.METRIC"
    for each, the "expected_hypervolume_improvement", the "reference" point from which that is measured
    ("far" or "near", as for `near_every` in the settings), and the hyperparameters of all models.
    """

    settings: GpSettings = field(default_factory=GpSettings)
    teacher: Teacher = field(default_factory=Teacher, repr=False, compare=False)

    @property
    def reads(self) -> Reads:
        """All trials."""
        return Reads.TRIALS

    def suggest(
        self, config: StudyConfig, snapshot: Snapshot, trial_ids: Sequence[int]
    ) -> list[Suggestion]:
        """Return one point per id; see Algorithm."""
        trials = [*snapshot.completed, *snapshot.pending]
        encoding = Encoding.of(config.space).with_former([trial.parameters for trial in trials])
        priors = snapshot.prior_studies
        lessons = self.teacher.lessons(config, encoding, priors, self.settings)
        planner = _Planner(config, encoding, self.settings, snapshot, lessons)
        history = History.of(config, encoding, snapshot, outside=True)
        suggestions = []
        for trial_id in trial_ids:
            x, explanation = planner.next_point(history, trial_id)
            suggestion = Suggestion(encoding.decode(x), {"version": VERSION, **explanation})
            suggestions.append(suggestion)
            # Encoded again, so that rounding is the same as when the trial is read back.
            row = encoding.encode([suggestion.parameters])
            history = replace(history, pending=np.vstack([history.pending, row]))
        return suggestions


@dataclass
class _Believer:
    """A model of one kind that is kept from one point to the next."""

    maker: ModelMaker
    known: Fitted | None
    model: Model | None = None
    n_believed: int = 0

    def update(self, history: History, weights_rng: np.random.Generator, terms: Terms) -> Model:
        """Return the model that believes in all pending points, in the order of their ids."""
        # Weights of several objectives differ from trial to trial, so the model does too.
        if self.model is None or history.Y.shape[1] > 1:
            self.model = self.maker.make(history, self.known, weights_rng)
            self.n_believed = 0
        new = history.pending[self.n_believed :]
        self.model = self.model.believe(new, terms.probably_safe(new))
        self.n_believed = len(history.pending)
        return self.model


@dataclass
class _Planner:
    """Finds the points of one call; models are kept from one point to the next.

    `believers` are found by the place of their objective and by whether they have a trend.
    """

    config: StudyConfig
    encoding: Encoding
    settings: GpSettings
    snapshot: Snapshot
    lessons: Lessons
    believers: dict[tuple[int, bool], _Believer] = field(default_factory=dict)
    terms: Terms | None = None

    @cached_property
    def inside(self) -> Inside:
        """Finds points that fulfil the constraints."""
        return Inside.of(self.config, self.encoding)

    @cached_property
    def starts(self) -> Starts:
        """Finds points that need no model."""
        return Starts(self.config, self.inside, self.lessons)

    @cached_property
    def trials(self) -> list[Trial]:
        """All trials, whose metadata may hold hyperparameters that were fitted before."""
        return [*self.snapshot.completed, *self.snapshot.pending]

    def next_point(self, history: History, trial_id: int) -> tuple[Array, dict[str, str]]:
        """Return the point of a trial, shape (d,), and its explanation."""
        point, explanation = self._proposed(history, trial_id)
        if not self.inside.region.contains(point):
            # Off by the last bit of a value that was computed for many points at once.
            point = self.inside.sample(1, self._rng(trial_id, _SALT_INSIDE))[0]
        return point, explanation

    def _proposed(self, history: History, trial_id: int) -> tuple[Array, dict[str, str]]:
        taken = frozenset(history.keys())
        first = self.starts.first(history, trial_id, taken)
        if first is not None:
            return first
        try:
            return self._by_model(history, trial_id, taken)
        except (np.linalg.LinAlgError, FloatingPointError) as error:
            point = self.starts.spread_out(trial_id, taken)
            return point, {"kind": "fallback", "fallback": f"Sobol point: {error}"}

    def _by_model(
        self, history: History, trial_id: int, taken: frozenset[bytes]
    ) -> tuple[Array, dict[str, str]]:
        if self.terms is None:
            # They depend on completed trials alone, which are the same for all points of a call.
            self.terms = Terms.of(self.config, self.encoding, history, self.settings, self.trials)
        terms = self.terms
        if 1 < len(self.config.objectives) <= self.settings.max_front_objectives:
            point, explanation = self._by_front(history, terms, trial_id, taken)
            return point, explanation | terms.texts(point)
        has_trend = self._wants_trend(history, trial_id)
        believer = self._believer(has_trend=has_trend)
        model = believer.update(history, self._rng(trial_id, _SALT_WEIGHTS), terms)
        if self._may_replicate(believer.maker.used(history), model):
            # A replicate may be what tells most; it is weighed like any other point.
            taken = frozenset(row_keys(history.pending))
        due = self._due_branch(history, trial_id)
        point, texts = self._most_promising(model, terms, due, trial_id, taken)
        kind = {"model": "Matern and trend" if has_trend else "Matern"}
        explanation = self._explain(model, point) | kind | self._weights(model) | texts
        return point, explanation | terms.texts(point)

    def _weights(self, model: Model) -> dict[str, str]:
        """Return how much the model leans on each prior study, as a text; "none" on none."""
        if self.lessons.basis is None:
            return {}
        text = "none"
        if isinstance(model.process, BasisProcess):
            names = model.process.basis.functions
            pairs = zip(names, model.process.weights.tolist(), strict=True)
            text = ", ".join(f"{name} {weight:.2g}" for name, weight in pairs)
        return {"prior_studies": text[:_MAX_TEXT]}

    def _by_front(
        self, history: History, terms: Terms, trial_id: int, taken: frozenset[bytes]
    ) -> tuple[Array, dict[str, str]]:
        """Return the point that is expected to add most to the front."""
        objectives = self.config.objectives
        is_near = self._is_near(history, trial_id)
        reference, limits = reference_losses(history, objectives, is_near=is_near)
        weights_rng = self._rng(trial_id, _SALT_WEIGHTS)
        models = []
        for place, limit in enumerate(limits.tolist()):
            believer, own = self._believer(place=place, limit=limit), history.of_objective(place)
            models.append(believer.update(own, weights_rng, terms))
            if self._may_replicate(believer.maker.used(own), models[-1]):
                taken = frozenset(row_keys(history.pending))
        is_safe = terms.probably_safe(history.pending)
        is_inside = self.inside.region.encloses(history.X)
        front = FrontModel.of(models, history, reference.tolist(), is_safe, is_inside)
        rng = self._rng(trial_id, _SALT_SEARCH)
        explores = rng.random() < self.settings.exploration
        is_optimistic = explores and bool(front.features.categorical)
        objective = front.criterion(widening=_EXPLORATION_BETA if is_optimistic else 1.0)
        criterion = terms.added_to(objective, is_any_safe=front.is_any_safe)
        best = self._in_space(front.best_points(N_BEST, rng))
        wished = self._wished(trial_id)
        search = Search(self.inside, criterion, best, taken, self.settings, wished=wished)
        point = self._found(search, trial_id, rng)
        kind = {
            "kind": "model",
            "acquisition": "log expected hypervolume improvement",
            "reference": "near" if is_near else "far",
            "value": f"{float(criterion.value(point[None])[0]):.4g}",
        }
        return point, kind | front.explain(point, objectives)

    def _most_promising(
        self,
        model: Model,
        terms: Terms,
        branch: Branch,
        trial_id: int,
        taken: frozenset[bytes],
    ) -> tuple[Array, dict[str, str]]:
        rng = self._rng(trial_id, _SALT_SEARCH)
        explores = rng.random() < self.settings.exploration
        is_optimistic = explores and bool(model.features.categorical)
        objective = self._criterion(model, is_optimistic)
        criterion = terms.added_to(objective, is_any_safe=model.is_any_safe)
        plateaus = Plateaus.of(model) if self.settings.avoids_plateaus else None
        best = self._in_space(model.best_points(N_BEST))
        wished = self._wished(trial_id)
        search = Search(
            self.inside, criterion, best, taken, self.settings, plateaus, wished, branch
        )
        point = self._found(search, trial_id, rng)
        texts = {
            "acquisition": "confidence bound" if is_optimistic else "log expected improvement",
            "value": f"{float(criterion.value(point[None])[0]):.4g}",
        }
        if branch.values:
            texts["branch"] = branch.text(self.encoding)
        if plateaus is not None and plateaus.n_points:
            texts["plateaus"] = str(plateaus.n_points)
        return point, texts

    def _in_space(self, X: Array) -> Array:
        """Return rows X (n, d) with those from before an edit moved into the space."""
        return X if self.encoding.holds(X).all() else self.encoding.snap(X)

    def _found(self, search: Search, trial_id: int, rng: np.random.Generator) -> Array:
        """Return the best point that a search finds, else one that is better than nothing."""
        point = search.run(rng)
        if point is None and search.is_restricted:
            return self._found(search.everywhere(), trial_id, rng)
        if point is None:
            point, _ = search.best_of(self.starts.untried(search.taken, trial_id))
        if point is None and not self.inside.region.is_whole:
            point, _ = search.best_of(self.inside.sample(_N_SAMPLED, rng))
        if point is None:
            point, _ = replace(search, taken=frozenset()).best_of(search.best[:1])
        if point is None:
            raise FloatingPointError("the acquisition function has no value anywhere")
        return point

    def _due_branch(self, history: History, trial_id: int) -> Branch:
        if not self.settings.opens_branches:
            return ANYWHERE
        X = np.vstack([history.X, history.pending])
        return due_branch(self.inside.region, X, self._rng(trial_id, _SALT_BRANCH))

    def _wished(self, trial_id: int) -> Array | None:
        """Return candidates near what the user believes, None without beliefs."""
        belief = Belief.of(self.config, self.encoding)
        if belief is None:
            return None
        rng = self._rng(trial_id, _SALT_BELIEF)
        return belief.draw(rng.random((_N_WISHED, self.encoding.n_columns)))

    def _believer(
        self, *, has_trend: bool = False, place: int = 0, limit: float | None = None
    ) -> _Believer:
        """Return what makes the model of an objective; `limit` says up to where losses matter."""
        key = (place, has_trend)
        if key not in self.believers:
            noise = self.config.observation_noise
            maker = ModelMaker(
                *(self.encoding, self.config.seed, self.settings, has_trend, noise),
                basis=self.lessons.basis,
                limit=limit,
                constraints=self.config.constraints,
            )
            known = latest(self.trials, maker.theta_size, maker.fingerprint, prefix_of(place))
            self.believers[key] = _Believer(maker, known)
        return self.believers[key]

    def _wants_trend(self, history: History, trial_id: int) -> bool:
        """Return whether the model of a trial has a trend.

        A process without one has no opinion far from the data and walks in small steps; one with
        a trend extrapolates. They take turns, so that neither is stuck for long where the other
        one would move on.
        """
        every = self.settings.trend_every
        if not every or trial_id % every or len(self.config.objectives) > 1:
            return False
        return history.n_observed >= _MIN_FOR_TREND

    def _is_near(self, history: History, trial_id: int) -> bool:
        """Return whether a trial measures hypervolume from just beyond the front.

        From afar the ends of the front count for most, from near by what lies between them. From
        near by alone, the search would never leave the part of the front that it found first.
        """
        every = self.settings.near_every
        if not every or trial_id % every:
            return False
        return history.n_observed >= _MIN_FOR_NEAR

    def _may_replicate(self, history: History, model: Model) -> bool:
        is_seen = history.is_observed
        repeats = Repeats.of(history.X[is_seen])
        repeat_share = repeats.variance(model.outputs.values[is_seen])
        noise = model.process.parameters.noise
        return bool(
            sign_of_noise(self.config.observation_noise, repeats.n_repeats, repeat_share, noise)
        )

    def _criterion(self, model: Model, is_optimistic: bool) -> Criterion:
        def acquisition(i: int) -> Acquisition:
            if is_optimistic:
                return LowerConfidenceBound(_EXPLORATION_BETA)
            best = model.incumbents[i]
            if not self.settings.penalises_replicates:
                return LogExpectedImprovement(best)
            noise = math.sqrt(model.processes[i].parameters.noise)
            return AugmentedLogExpectedImprovement(best, noise)

        return ProcessCriterion.of(model, acquisition)

    def _explain(self, model: Model, point: Array) -> dict[str, str]:
        prediction = model.predict(point[None])
        mean, std = float(prediction.mean[0]), float(prediction.std[0])
        # Exploiting: the point would be better than all others even if it is as expected.
        aim = "exploit" if mean < model.incumbent else "explore"
        explanation = {"kind": "model", "aim": aim, **model.fitted.texts()}
        if len(self.config.objectives) > 1:
            return explanation
        improvement = LogExpectedImprovement(model.incumbent).value(
            prediction.mean, prediction.std
        )
        sign = 1.0 if self.config.objective.goal is Goal.MINIMIZE else -1.0
        origin, unit = model.outputs.origin, model.outputs.unit
        return explanation | {
            "mean": f"{sign * (origin + unit * mean):.6g}",
            "std": f"{unit * std:.6g}",
            "expected_improvement": f"{unit * float(np.exp(improvement[0])):.6g}",
        }

    def _rng(self, trial_id: int, salt: int) -> np.random.Generator:
        return np.random.default_rng([self.config.seed, trial_id, salt])
