"""The client of google-vizier, unmodified, against the server at argv[1]."""

import sys

import grpc
from vizier import pyvizier as vz
from vizier.service import clients
from vizier.service import pyvizier as svz

clients.environment_variables.server_endpoint = sys.argv[1]


def error_of(action):
    try:
        action()
    except grpc.RpcError as error:
        return error
    raise AssertionError("there was no error")


config = svz.StudyConfig(algorithm="RANDOM_SEARCH")
root = config.search_space.root
root.add_float_param("rate", 1e-4, 1e-1, scale_type=vz.ScaleType.LOG, default_value=1e-3)
root.add_int_param("layers", 1, 4)
root.add_discrete_param("batch", [16, 32, 64], auto_cast=True)
root.add_bool_param("flag")
model = root.add_categorical_param("model", ["linear", "deep"])
model.select_values(["deep"]).add_int_param("width", 4, 64)
config.metric_information.append(
    vz.MetricInformation("loss", goal=vz.ObjectiveMetricGoal.MINIMIZE)
)
config.metadata.ns("mine")["note"] = "given at the start"

study = clients.Study.from_study_config(config, owner="me", study_id="by google-vizier")
again = clients.Study.from_study_config(config, owner="me", study_id="by google-vizier")
assert again.resource_name == study.resource_name == "owners/me/studies/by google-vizier"
there = study.materialize_study_config()
given = config.to_proto().parameters
for spec in (given[1], given[4].conditional_parameter_specs[0].parameter_spec):
    # So that integers come back as integers.
    spec.external_type = spec.AS_INTEGER
assert list(there.to_proto().parameters) == list(given)
assert there.metric_information == config.metric_information
assert there.algorithm == "RANDOM_SEARCH"
assert there.metadata.ns("mine")["note"] == "given at the start"

assert [trial.id for trial in study.suggest(client_id="worker 1")] == [1]
first, second, third = study.suggest(count=3, client_id="worker 1")
assert [trial.id for trial in study.suggest(count=3, client_id="worker 1")] == [1, 2, 3]
assert [trial.id for trial in study.suggest(count=1, client_id="worker 2")] == [4]
for trial in (first, second, third):
    values = trial.parameters
    assert 1e-4 <= values["rate"] <= 1e-1
    assert type(values["layers"]) is int, values
    assert type(values["batch"]) is int, values
    assert type(values["flag"]) is bool, values
    assert ("width" in values) == (values["model"] == "deep"), values
    assert type(values.get("width", 1)) is int, values

first.add_measurement(vz.Measurement({"loss": 0.5}, elapsed_secs=2.0, steps=3))
assert first.check_early_stopping() is False
assert first.materialize().measurements[0].elapsed_secs == 2.0
assert first.complete().metrics["loss"].value == 0.5
assert second.complete(vz.Measurement({"loss": 0.25})).metrics["loss"].value == 0.25
assert third.complete(infeasible_reason="out of memory") is None
assert third.materialize().infeasibility_reason == "out of memory"
assert [trial.id for trial in study.optimal_trials()] == [2]
assert {trial.id for trial in study.trials()} == {1, 2, 3, 4}
completed = study.trials(vz.TrialFilter(status=[vz.TrialStatus.COMPLETED]))
assert {trial.id for trial in completed} == {1, 2, 3}

delta = vz.Metadata()
delta.ns("mine")["more"] = "text"
study.update_metadata(delta)
second.update_metadata(delta)
assert study.materialize_study_config().metadata.ns("mine")["more"] == "text"
assert study.materialize_study_config().metadata.ns("mine")["note"] == "given at the start"
assert second.materialize().metadata.ns("mine")["more"] == "text"

# The client itself cannot add a trial to a space with conditional parameters.
flat = svz.StudyConfig(algorithm="QUASI_RANDOM_SEARCH")
flat.search_space.root.add_float_param("x", 0.0, 1.0)
flat.metric_information.append(vz.MetricInformation("loss", goal=vz.ObjectiveMetricGoal.MINIMIZE))
plain = clients.Study.from_study_config(flat, owner="me", study_id="flat")
waiting = plain.add_trial(vz.Trial({"x": 0.25}))
assert [trial.id for trial in plain.suggest(count=1, client_id="worker 3")] == [waiting.id]
waiting.stop()
assert waiting.materialize().status == vz.TrialStatus.STOPPING
waiting.delete()

told = error_of(lambda: study.get_trial(99))
assert told.code() is grpc.StatusCode.NOT_FOUND, told
assert "has no trial 99" in told.details(), told

study.set_state(vz.StudyState.COMPLETED)
assert study.suggest(count=1, client_id="worker 9") == []
same = clients.Study.from_resource_name(study.resource_name)
study.delete()
gone = error_of(lambda: same.suggest(count=1, client_id="worker 9"))
assert gone.code() is grpc.StatusCode.NOT_FOUND, gone
print("all done")
