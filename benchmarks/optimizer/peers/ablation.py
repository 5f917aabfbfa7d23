"""Variants of the Gaussian-process bandit, each with one setting changed: `ablation:NAME`."""

from collections.abc import Mapping

from peers.protocol import Params, Setup, Values
from peers.wazir import parameters_of
from wazir.algorithms.gp.bandit import GpBandit
from wazir.algorithms.gp.settings import GpSettings, OutputWarping
from wazir.algorithms.protocol import SUGGESTION_NAMESPACE, Snapshot
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial, TrialState

VARIANTS: Mapping[str, GpSettings] = {
    "as_it_is": GpSettings(),
    "no_trend": GpSettings(trend_every=0),
    "only_trend": GpSettings(trend_every=1),
    "plain_improvement": GpSettings(penalises_replicates=False),
    "standard_outputs": GpSettings(output_warping=OutputWarping.STANDARD),
    "half_rank_outputs": GpSettings(output_warping=OutputWarping.HALF_RANK),
    "bent_inputs": GpSettings(warps_inputs=True),
    "little_noise": GpSettings(expects_noise=False),
    "onto_plateaus": GpSettings(avoids_plateaus=False),
    "averaged": GpSettings(n_averaged=25),
    "no_exploration": GpSettings(exploration=0.0),
    "weighted_objectives": GpSettings(max_front_objectives=1),
    "far_reference": GpSettings(near_every=0),
    "more_climbs": GpSettings(n_climbs=5, n_climb_evaluations=25),
}


class Variant:
    """The bandit alone, without a study around it; its state is a list of trials."""

    def __init__(self, setup: Setup, settings: GpSettings) -> None:
        space = SearchSpace(parameters_of(setup.space, setup.default or {}))
        metrics = tuple(Metric(name, Goal.MINIMIZE) for name in setup.metrics)
        self._config = StudyConfig(space, metrics, seed=setup.seed)
        self._bandit = GpBandit(settings)
        self._trials: dict[int, Trial] = {}

    def ask(self) -> tuple[int, Params] | None:
        """Suggest a trial."""
        ended = [trial for trial in self._trials.values() if trial.state.is_final]
        waiting = [trial for trial in self._trials.values() if not trial.state.is_final]
        trial_id = len(self._trials) + 1
        (made,) = self._bandit.suggest(self._config, Snapshot(0, ended, waiting), [trial_id])
        metadata = {SUGGESTION_NAMESPACE: dict(made.explanation)}
        self._trials[trial_id] = Trial(trial_id, made.parameters, metadata=metadata)
        return trial_id, dict(made.parameters)

    def tell(self, token: int, params: Params, value: Values) -> None:
        """Complete the trial."""
        self._complete(token, params, value, self._trials[token].metadata)

    def observe(self, params: Params, value: Values) -> None:
        """Add a trial with a known result."""
        self._complete(len(self._trials) + 1, params, value, {})

    def recommend(self) -> Params | None:
        """The best value observed, so that only the search is compared."""
        return None

    def _complete(
        self,
        trial_id: int,
        params: Params,
        value: Values,
        metadata: Mapping[str, Mapping[str, str]],
    ) -> None:
        values = value if isinstance(value, list) else [value]
        names = [metric.name for metric in self._config.metrics]
        final = Measurement(dict(zip(names, values, strict=True)))
        state = TrialState.SUCCEEDED
        self._trials[trial_id] = Trial(
            trial_id, params, state, final_measurement=final, metadata=metadata
        )


def make(setup: Setup, choice: str) -> Variant:
    """Return the variant of a name."""
    return Variant(setup, VARIANTS[choice])
