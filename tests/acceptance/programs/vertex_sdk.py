"""The SDK of Vertex AI, `aiplatform.vizier.Study`, against the server in argv[1]."""

import os
import sys

from google.auth.credentials import AnonymousCredentials
from google.cloud import aiplatform
from google.cloud.aiplatform.vizier import Study, pyvizier
from google.oauth2.credentials import Credentials

token = os.environ.get("WAZIR_TOKEN")
aiplatform.init(
    project="my-project",
    location="us-central1",
    credentials=Credentials(token) if token else AnonymousCredentials(),
    api_endpoint=sys.argv[1],
    api_transport="rest",
)

config = pyvizier.StudyConfig()
config.algorithm = pyvizier.Algorithm.RANDOM_SEARCH
config.metric_information.append(
    pyvizier.MetricInformation(name="accuracy", goal=pyvizier.ObjectiveMetricGoal.MAXIMIZE)
)
root = config.search_space.select_root()
root.add_float_param("learning_rate", 1e-4, 1e-1, scale_type=pyvizier.ScaleType.LOG)
root.add_int_param("layers", 1, 4)
root.add_categorical_param("kind", ["a", "b"])
root.add_discrete_param("batch", [16, 32, 64])

study = Study.create_or_load("from the SDK", config)
assert Study.create_or_load("from the SDK", config).resource_name == study.resource_name
assert study.resource_name in [one.resource_name for one in Study.list()]

trials = study.suggest(count=3, worker="worker 1")
assert len(trials) == 3
assert {trial.uid for trial in study.suggest(count=3, worker="worker 1")} == {1, 2, 3}
for trial in trials:
    values = trial.parameters
    assert 1e-4 <= values["learning_rate"].value <= 1e-1
    assert values["layers"].value in (1, 2, 3, 4)
    assert values["kind"].value in ("a", "b")
    assert values["batch"].value in (16, 32, 64)

first, second, third = trials
measurement = pyvizier.Measurement(steps=1, elapsed_secs=1.5)
measurement.metrics["accuracy"] = 0.8
first.add_measurement(measurement)
assert first.should_stop() is False
final = pyvizier.Measurement(steps=2)
final.metrics["accuracy"] = 0.9
assert first.complete(measurement=final).metrics["accuracy"].value == 0.9
assert first.status == pyvizier.TrialStatus.COMPLETED
second.complete(infeasible_reason="it diverged")
assert second.materialize().infeasibility_reason == "it diverged"
third.delete()
assert {trial.uid for trial in study.trials()} == {1, 2}
assert [trial.uid for trial in study.optimal_trials()] == [1]
assert [trial.uid for trial in study.suggest(worker="worker 3")] == [4]
# The SDK reads one page of trials.
assert len(study.suggest(count=150, worker="worker 2")) == 150
assert len(study.trials()) == 153
assert Study.from_uid(study.name).get_trial(1).uid == 1
study.delete()
print("all done")
