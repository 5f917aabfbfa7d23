"""Google's generated client of Vertex AI Vizier, over REST, against the server in argv[1].

The server asks for the token in argv[2].
"""

import random
import sys

from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import aiplatform_v1 as v1
from google.longrunning import operations_pb2 as lro
from google.oauth2.credentials import Credentials
from google.protobuf import duration_pb2, timestamp_pb2

PARENT = "projects/my-project/locations/us-central1"
Spec = v1.StudySpec
Parameter = Spec.ParameterSpec


def client_with(credentials):
    return v1.VizierServiceClient(
        credentials=credentials,
        transport="rest",
        client_options=ClientOptions(api_endpoint=sys.argv[1]),
    )


client = client_with(Credentials(token=sys.argv[2]))


def raises(kind, action):
    try:
        action()
    except kind as error:
        return error
    raise AssertionError(f"{kind} was not raised")


def double(name, low, high, **more):
    values = Spec.ParameterSpec.DoubleValueSpec(min_value=low, max_value=high)
    return Spec.ParameterSpec(parameter_id=name, double_value_spec=values, **more)


def suggest(study, count, client_id):
    request = v1.SuggestTrialsRequest(parent=study, suggestion_count=count, client_id=client_id)
    return client.suggest_trials(request).result(timeout=60)


def plain_spec(**more):
    return Spec(
        metrics=[Spec.MetricSpec(metric_id="loss", goal=Spec.MetricSpec.GoalType.MINIMIZE)],
        parameters=[double("x", 0, 1)],
        algorithm=Spec.Algorithm.RANDOM_SEARCH,
        **more,
    )


def make(display_name, spec):
    study = v1.Study(display_name=display_name, study_spec=spec)
    return client.create_study(parent=PARENT, study=study)


def life_of_a_study():
    made = make("my study", plain_spec())
    assert made.state == v1.Study.State.ACTIVE, made
    assert made.display_name == "my study"
    assert made.create_time.timestamp() > 1.7e9
    assert make("my study", plain_spec()) == made
    other = plain_spec(observation_noise=Spec.ObservationNoise.LOW)
    error = raises(exceptions.Conflict, lambda: make("my study", other))
    assert error.reason == "AlreadyExistsError", error
    request = v1.LookupStudyRequest(parent=PARENT, display_name="my study")
    assert client.lookup_study(request) == made
    assert client.get_study(name=made.name) == made
    missing = v1.LookupStudyRequest(parent=PARENT, display_name="none")
    assert raises(exceptions.NotFound, lambda: client.lookup_study(missing))
    assert made.name in [study.name for study in client.list_studies(parent=PARENT)]
    return made


def life_of_trials(study):
    answer = suggest(study.name, 2, "me")
    assert answer.study_state == v1.Study.State.ACTIVE
    first, second = answer.trials
    assert first.state == v1.Trial.State.ACTIVE
    assert first.client_id == "me"
    assert 0 <= first.parameters[0].value <= 1
    assert [trial.name for trial in suggest(study.name, 2, "me").trials] == [
        first.name,
        second.name,
    ]
    measured = client.add_trial_measurement(
        v1.AddTrialMeasurementRequest(
            trial_name=first.name,
            measurement=v1.Measurement(
                step_count=1,
                elapsed_duration=duration_pb2.Duration(seconds=2, nanos=500_000_000),
                metrics=[v1.Measurement.Metric(metric_id="loss", value=0.5)],
            ),
        )
    )
    (kept,) = measured.measurements
    assert kept.step_count == 1
    assert kept.elapsed_duration.total_seconds() == 2.5
    assert kept.metrics[0].value == 0.5
    check = v1.CheckTrialEarlyStoppingStateRequest(trial_name=first.name)
    assert client.check_trial_early_stopping_state(check).result(timeout=60).should_stop is False
    done = client.complete_trial(v1.CompleteTrialRequest(name=first.name))
    assert done.state == v1.Trial.State.SUCCEEDED
    assert done.final_measurement.metrics[0].value == 0.5
    same = v1.CompleteTrialRequest(name=first.name, final_measurement=done.final_measurement)
    assert client.complete_trial(same) == done
    other = v1.Measurement(metrics=[v1.Measurement.Metric(metric_id="loss", value=9)])
    again = v1.CompleteTrialRequest(name=first.name, final_measurement=other)
    error = raises(exceptions.GoogleAPICallError, lambda: client.complete_trial(again))
    assert error.code == 400, error
    stopped = client.stop_trial(v1.StopTrialRequest(name=second.name))
    assert stopped.state == v1.Trial.State.STOPPING
    failed = client.complete_trial(
        v1.CompleteTrialRequest(
            name=second.name, trial_infeasible=True, infeasible_reason="out of memory"
        )
    )
    assert failed.state == v1.Trial.State.INFEASIBLE
    assert failed.infeasible_reason == "out of memory"
    optimal = client.list_optimal_trials(v1.ListOptimalTrialsRequest(parent=study.name))
    assert [trial.name for trial in optimal.optimal_trials] == [first.name]
    assert len(list(client.list_trials(parent=study.name))) == 2


def added_and_deleted_trials(study):
    parameter = v1.Trial.Parameter(parameter_id="x", value=0.25)
    waiting = client.create_trial(parent=study.name, trial=v1.Trial(parameters=[parameter]))
    assert waiting.state == v1.Trial.State.REQUESTED
    assert suggest(study.name, 1, "other").trials[0].name == waiting.name
    outside = v1.Trial(parameters=[v1.Trial.Parameter(parameter_id="x", value=7)])
    add = v1.CreateTrialRequest(parent=study.name, trial=outside)
    assert raises(exceptions.BadRequest, lambda: client.create_trial(add))
    client.delete_trial(name=waiting.name)
    assert raises(exceptions.NotFound, lambda: client.get_trial(name=waiting.name))


def trials_of_elsewhere(study):
    """Trials that are copied with their results."""
    trial = v1.Trial(
        parameters=[v1.Trial.Parameter(parameter_id="x", value=0.75)],
        final_measurement=v1.Measurement(
            metrics=[v1.Measurement.Metric(metric_id="loss", value=3)]
        ),
        custom_job="projects/p/locations/l/customJobs/1",
        web_access_uris={"workerpool0-0": "https://example.com"},
    )
    added = client.create_trial(parent=study.name, trial=trial)
    assert added.state == v1.Trial.State.SUCCEEDED, added
    assert added.final_measurement == trial.final_measurement
    copy = client.create_trial(parent=study.name, trial=added)
    assert copy.final_measurement == added.final_measurement
    assert copy.name != added.name
    trial.state = v1.Trial.State.ACTIVE
    add = v1.CreateTrialRequest(parent=study.name, trial=trial)
    error = raises(exceptions.BadRequest, lambda: client.create_trial(add))
    assert "finalMeasurement" in str(error), error


def operations(study):
    request = v1.SuggestTrialsRequest(parent=study.name, suggestion_count=1, client_id="op")
    made = client.suggest_trials(request).operation
    assert made.done
    for ask in (lro.GetOperationRequest, lro.WaitOperationRequest):
        method = client.get_operation if ask is lro.GetOperationRequest else client.wait_operation
        again = method(ask(name=made.name))
        assert again.done, again
        response = v1.SuggestTrialsResponse.deserialize(again.response.value)
        (trial,) = response.trials
        assert trial.client_id == "op"
    client.cancel_operation(lro.CancelOperationRequest(name=made.name))
    client.delete_operation(lro.DeleteOperationRequest(name=made.name))
    assert client.get_trial(name=trial.name) == trial
    assert not client.list_operations(lro.ListOperationsRequest(name=study.name)).operations
    missing = lro.GetOperationRequest(name=f"{study.name}/operations/suggest-9999")
    assert raises(exceptions.NotFound, lambda: client.get_operation(missing))


def random_parameter(rng, name, depth):
    """Return a parameter of any kind, with children down to a depth."""
    spec = Parameter(parameter_id=name, scale_type=rng.choice(list(Parameter.ScaleType)))
    values = sorted(rng.sample([0.5, 1, 2, 16, 1e6], 3))
    kind = rng.randrange(4)
    children = []
    if kind == 0:
        low, high = sorted(rng.uniform(1e-6, 9) for _ in range(2))
        spec.double_value_spec = {"min_value": low, "max_value": high}
    elif kind == 1:
        spec.integer_value_spec = {"min_value": 1, "max_value": rng.choice([3, 2**40])}
        children = [{"parent_int_values": {"values": [1, 3]}}]
    elif kind == 2:
        spec.categorical_value_spec = {"values": ["a", "", "ü"], "default_value": "a"}
        children = [{"parent_categorical_values": {"values": [one]}} for one in ("a", "ü")]
    else:
        spec.discrete_value_spec = {"values": values, "default_value": values[1]}
        children = [{"parent_discrete_values": {"values": values[:2]}}]
    if depth > 0:
        for number, fields in enumerate(children):
            child = random_parameter(rng, f"{name}_{number}", depth - 1)
            fields["parameter_spec"] = child
            spec.conditional_parameter_specs.append(fields)
    return spec


def random_specs():
    """Whatever a study is made with is what it says later."""
    rng = random.Random(7)
    for number in range(40):
        spec = Spec(
            metrics=[
                Spec.MetricSpec(metric_id="loss", goal=rng.choice([0, 1, 2])),
                Spec.MetricSpec(metric_id="ms", safety_config={"safety_threshold": 0}),
            ],
            parameters=[random_parameter(rng, f"p{i}", 3) for i in range(rng.randint(1, 5))],
            algorithm=rng.choice(list(Spec.Algorithm)),
            observation_noise=rng.choice(list(Spec.ObservationNoise)),
            measurement_selection_type=rng.choice(list(Spec.MeasurementSelectionType)),
            study_stopping_config=Spec.StudyStoppingConfig(
                minimum_runtime_constraint=v1.StudyTimeConstraint(
                    end_time=timestamp_pb2.Timestamp(seconds=rng.randrange(2**33))
                ),
                max_num_trials_no_progress=rng.randint(1, 100),
            ),
        )
        study = make(f"random {number}", spec)
        assert study.study_spec == spec, (number, study.study_spec, spec)
        assert client.get_study(name=study.name) == study


def a_study_of_our_own_api():
    """What the command line made can be read, and worked on."""
    (study,) = client.list_studies(parent="projects/our-own/locations/here")
    assert study.display_name == "ours"
    spec = study.study_spec
    kinds = {
        one.parameter_id: Parameter.pb(one).WhichOneof("parameter_value_spec")
        for one in spec.parameters
    }
    assert kinds == {
        "x": "double_value_spec",
        "n": "integer_value_spec",
        "flag": "categorical_value_spec",
    }, kinds
    assert spec.parameters[1].integer_value_spec.max_value == 9
    assert list(spec.parameters[2].categorical_value_spec.values) == ["True", "False"]
    assert spec.metrics[0].goal == Spec.MetricSpec.GoalType.MINIMIZE
    assert spec.study_stopping_config.max_num_trials == 7
    (trial,) = suggest(study.name, 1, "me").trials
    assert {one.parameter_id: one.value for one in trial.parameters}["flag"] in ("True", "False")
    copied = v1.Trial(parameters=trial.parameters)
    assert client.create_trial(parent=study.name, trial=copied).parameters == trial.parameters


def pages():
    study = make("pages", plain_spec())
    suggest(study.name, 25, "me")
    request = v1.ListTrialsRequest(parent=study.name, page_size=10)
    pager = client.list_trials(request)
    sizes = [len(page.trials) for page in pager.pages]
    assert sizes == [10, 10, 5], sizes
    pager = client.list_studies(v1.ListStudiesRequest(parent=PARENT, page_size=1))
    names = [study.name for study in pager]
    assert len(set(names)) == len(names) == 2, names


def conditional_parameters():
    parent = Spec.ParameterSpec(
        parameter_id="model",
        categorical_value_spec=Spec.ParameterSpec.CategoricalValueSpec(values=["linear", "deep"]),
        conditional_parameter_specs=[
            Spec.ParameterSpec.ConditionalParameterSpec(
                parent_categorical_values={"values": ["deep"]},
                parameter_spec=Spec.ParameterSpec(
                    parameter_id="layers",
                    integer_value_spec=Spec.ParameterSpec.IntegerValueSpec(
                        min_value=1, max_value=3
                    ),
                    conditional_parameter_specs=[
                        Spec.ParameterSpec.ConditionalParameterSpec(
                            parent_int_values={"values": [2, 3]},
                            parameter_spec=Spec.ParameterSpec(
                                parameter_id="width",
                                discrete_value_spec=Spec.ParameterSpec.DiscreteValueSpec(
                                    values=[16, 32, 64]
                                ),
                            ),
                        )
                    ],
                ),
            )
        ],
    )
    spec = plain_spec()
    spec.parameters.append(parent)
    spec.parameters[0].scale_type = Spec.ParameterSpec.ScaleType.UNIT_LINEAR_SCALE
    study = make("branches", spec)
    assert study.study_spec == spec, study.study_spec
    names = [
        frozenset(parameter.parameter_id for parameter in trial.parameters)
        for trial in suggest(study.name, 40, "me").trials
    ]
    assert set(names) == {
        frozenset({"x", "model"}),
        frozenset({"x", "model", "layers"}),
        frozenset({"x", "model", "layers", "width"}),
    }


def stopping_specs():
    specs = {
        "decay": {
            "decay_curve_stopping_spec": Spec.DecayCurveAutomatedStoppingSpec(
                use_elapsed_duration=True
            )
        },
        "median": {"median_automated_stopping_spec": Spec.MedianAutomatedStoppingSpec()},
        "convex": {
            "convex_automated_stopping_spec": Spec.ConvexAutomatedStoppingSpec(
                max_step_count=100,
                min_step_count=10,
                min_measurement_count=5,
                learning_rate_parameter_name="x",
            )
        },
    }
    for name, more in specs.items():
        spec = plain_spec(
            study_stopping_config=Spec.StudyStoppingConfig(
                should_stop_asap=False,
                min_num_trials=2,
                max_num_trials=3,
                maximum_runtime_constraint=v1.StudyTimeConstraint(
                    max_duration=duration_pb2.Duration(seconds=3600)
                ),
                max_duration_no_progress=duration_pb2.Duration(seconds=600),
            ),
            observation_noise=Spec.ObservationNoise.HIGH,
            measurement_selection_type=Spec.MeasurementSelectionType.BEST_MEASUREMENT,
            **more,
        )
        study = make(name, spec)
        assert study.study_spec == spec, (name, study.study_spec)
        for trial in suggest(study.name, 3, "me").trials:
            metric = v1.Measurement.Metric(metric_id="loss", value=1.0)
            client.complete_trial(
                v1.CompleteTrialRequest(
                    name=trial.name, final_measurement=v1.Measurement(metrics=[metric])
                )
            )
        error = raises(
            exceptions.GoogleAPICallError, lambda name=study.name: suggest(name, 1, "me")
        )
        assert error.code == 400, error
        assert "3 trials" in str(error), error


def mistakes():
    spec = plain_spec()
    spec.parameters[0].double_value_spec.min_value = 5
    error = raises(exceptions.BadRequest, lambda: make("wrong", spec))
    assert "studySpec.parameters[0].doubleValueSpec" in str(error), error
    assert raises(exceptions.NotFound, lambda: client.get_study(name=f"{PARENT}/studies/none"))


def strangers():
    """Without a valid token nothing is answered; the client tries to renew its credentials."""
    for nobody in (AnonymousCredentials(), Credentials(token="wrong")):
        ask = client_with(nobody).list_studies
        assert raises(GoogleAuthError, lambda ask=ask: ask(parent=PARENT))


study = life_of_a_study()
life_of_trials(study)
added_and_deleted_trials(study)
trials_of_elsewhere(study)
operations(study)
pages()
random_specs()
a_study_of_our_own_api()
conditional_parameters()
stopping_specs()
mistakes()
strangers()
client.delete_study(name=study.name)
assert raises(exceptions.NotFound, lambda: client.get_study(name=study.name))
print("all done")
