"""Early stopping in a study: gathers the curves, asks the rule, writes down what it said."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from wazir.domain.metrics import Goal, Measurement, MeasurementSelection, Metric
from wazir.domain.names import StudyName
from wazir.domain.studies import EarlyStopping, Study
from wazir.domain.trials import Trial, TrialState
from wazir.service.stopped import DIVERGED, RuleMaker, expected_key, ran_to_its_end
from wazir.stopping.curves import Curve, curve_of, steps_are_comparable
from wazir.stopping.ending import expected_end
from wazir.stopping.judging import N_NOT_FINITE, Evidence, has_diverged, judge
from wazir.stopping.protocol import STOPPING_NAMESPACE, Stop
from wazir.storage.protocol import Store

_MAX_KEPT_STUDIES = 64
_RUNNING = (TrialState.ACTIVE, TrialState.STOPPING)


@dataclass
class _Learnt:
    """The trials of a study and the curves of those that have ended, by metric and axis.

    `lock` is held while they are used.
    """

    stamp: tuple[float, int]
    revision: int = -1
    trials: dict[int, Trial] = field(default_factory=dict)
    lasts: dict[int, Measurement] = field(default_factory=dict)
    curves: dict[tuple[str, bool], dict[int, Curve]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class EarlyStopper:
    """Judges running trials of studies that have a stopping rule. Safe for several threads.

    Curves of ended trials are kept in memory for the studies judged last, which saves time and
    changes nothing. Trials of different studies are judged beside each other.
    """

    def __init__(self, store: Store, rule_of: RuleMaker) -> None:
        self._store = store
        self._rule_of = rule_of
        self._learnt: OrderedDict[StudyName, _Learnt] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, name: StudyName, trial_id: int) -> Trial:
        """Return a trial, STOPPING if its study's rule says that it is to stop."""
        trial = self._store.trial(name, trial_id)
        study = self._store.study(name)
        if trial.state is not TrialState.ACTIVE or study.config.early_stopping is None:
            return trial
        record = self._judged(study, study.config.early_stopping, trial_id)
        return trial if record is None else self._write(name, trial, record)

    def _write(self, name: StudyName, judged: Trial, record: Mapping[str, str]) -> Trial:
        with self._store.write(name) as writer:
            trial = writer.trial(judged.id)
            # It may have ended, or begun again, while the rule was asked.
            if trial.state is not TrialState.ACTIVE or trial.attempt != judged.attempt:
                return trial
            stopped = replace(
                trial,
                state=TrialState.STOPPING,
                stopping_reason=record["reason"],
                metadata={**trial.metadata, STOPPING_NAMESPACE: dict(record)},
            )
            writer.update_trial(stopped)
        return stopped

    def _judged(self, study: Study, early: EarlyStopping, trial_id: int) -> dict[str, str] | None:
        """Return what is to be kept with a trial that is to stop, None if it is to go on."""
        metrics = study.config.objectives
        if study.config.fidelity is not None:
            # Budgets decide; nothing is stopped by its steps.
            own = self._store.measurements(study.name, [trial_id]).get(trial_id, [])
            curves = [
                curve_of(trial_id, own, metric, is_finished=False, by_time=False)
                for metric in metrics
            ]
            return _divergence(metrics, curves)
        learnt = self._kept(study)
        with learnt.lock:
            self._read(study, learnt)
            return self._judged_by_rule(study, early, trial_id, learnt)

    def _judged_by_rule(
        self, study: Study, early: EarlyStopping, trial_id: int, learnt: _Learnt
    ) -> dict[str, str] | None:
        metrics = study.config.objectives
        running = [i for i, trial in learnt.trials.items() if trial.state in _RUNNING]
        if trial_id not in running:
            return None
        fresh = self._store.measurements(study.name, running)
        axis = _Axis.of(early, learnt)
        objectives = [_evidence(learnt, fresh, metric, trial_id, axis) for metric in metrics]
        diverged = _divergence(metrics, [evidence.own for evidence in objectives])
        if diverged is not None:
            return diverged
        stop = judge(self._rule_of(early, metrics[0]), objectives)
        if stop is None:
            return None
        record = _record(stop, early, metrics, axis)
        return record | _expected(objectives, metrics, study.config.measurement_selection)

    def _kept(self, study: Study) -> _Learnt:
        """Return what is kept of a study, dropped when trials may have been deleted or edited."""
        stamp = (study.created_at, study.config_revision)
        with self._lock:
            learnt = self._learnt.get(study.name)
            if learnt is None or learnt.stamp != stamp:
                learnt = self._learnt[study.name] = _Learnt(stamp)
            self._learnt.move_to_end(study.name)
            if len(self._learnt) > _MAX_KEPT_STUDIES:
                self._learnt.popitem(last=False)
            return learnt

    def _read(self, study: Study, learnt: _Learnt) -> None:
        """Bring what is known of a study up to date."""
        learnt.revision, changed = self._store.trials(study.name, since_revision=learnt.revision)
        learnt.trials.update((trial.id, trial) for trial in changed)
        ended = [trial.id for trial in changed if trial.state.is_final]
        for i, measurements in self._store.measurements(study.name, ended).items():
            finished = ran_to_its_end(learnt.trials[i])
            for metric, by_time in product(study.config.objectives, (False, True)):
                curves = learnt.curves.setdefault((metric.name, by_time), {})
                curves[i] = curve_of(
                    i, measurements, metric, is_finished=finished, by_time=by_time
                )
            if finished and measurements:
                learnt.lasts[i] = measurements[-1]


def _divergence(metrics: Sequence[Metric], curves: Sequence[Curve]) -> dict[str, str] | None:
    """Return what is kept with a trial that diverges, None for one that does not."""
    for metric, curve in zip(metrics, curves, strict=True):
        if has_diverged(curve):
            reason = f"{metric.name} was NaN or infinite {N_NOT_FINITE} times in a row"
            return {"rule": DIVERGED, "reason": reason}
    return None


@dataclass(frozen=True)
class _Axis:
    """What trials are compared by: steps, or elapsed time because it is wanted or needed."""

    is_time: bool
    is_switched: bool

    @classmethod
    def of(cls, early: EarlyStopping, learnt: _Learnt) -> "_Axis":
        lengths = [(last.step or 0, last.elapsed_s or 0.0) for last in learnt.lasts.values()]
        switched = not early.use_elapsed_time and not steps_are_comparable(lengths)
        return cls(early.use_elapsed_time or switched, switched)


def _evidence(
    learnt: _Learnt,
    running: Mapping[int, Sequence[Measurement]],
    metric: Metric,
    trial_id: int,
    axis: _Axis,
) -> Evidence:
    curves = dict(learnt.curves.get((metric.name, axis.is_time), {}))
    for i, measurements in running.items():
        curves[i] = curve_of(i, measurements, metric, is_finished=False, by_time=axis.is_time)
    own = curves.pop(trial_id)
    return Evidence(own, [curves[i] for i in sorted(curves)])


def _expected(
    objectives: Sequence[Evidence], metrics: Sequence[Metric], selection: MeasurementSelection
) -> dict[str, str]:
    """Return with what a trial would have ended, as far as that is known."""
    found = {}
    for metric, evidence in zip(metrics, objectives, strict=True):
        curves = [evidence.own, *evidence.others]
        if selection is MeasurementSelection.BEST:
            curves = [curve.of_bests() for curve in curves]
        loss = expected_end(curves[0], curves[1:])
        if loss is not None:
            found[expected_key(metric)] = f"{metric.loss(loss):.8g}"
    return found


def _record(
    stop: Stop, early: EarlyStopping, metrics: Sequence[Metric], axis: _Axis
) -> dict[str, str]:
    """Return what is kept with a stopped trial: the rule, its reason and its numbers.

    Of several objectives the numbers are those of the first.
    """
    sign = 1.0 if metrics[0].goal is Goal.MINIMIZE else -1.0
    unit = "second" if axis.is_time else "step"
    reason = stop.reason(sign, unit)
    if len(metrics) > 1:
        reason = (
            f"{metrics[0].name}: {reason}; it is so in all {len(metrics)} objectives, and another "
            "trial was better in each"
        )
    if axis.is_switched:
        reason += "; trials are compared by time, because the steps of finished ones differ much"
    numbers = {name: f"{value:.8g}" for name, value in stop.numbers(sign).items()}
    return {"rule": early.rule, "axis": unit, "reason": reason, **numbers}
