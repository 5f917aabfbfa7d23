"""Messages of OSS Vizier: their descriptors, what is read, what is written, what is refused where."""

import subprocess
import sys
from dataclasses import replace
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.app.registry import NEAREST, canonical_name
from wazir.domain.errors import InvalidInputError, NotFoundError
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Categorical, Double, ExternalType, Integer
from wazir.domain.space import SearchSpace
from wazir.domain.studies import EarlyStopping, ObservationNoise, Study, StudyConfig
from wazir.domain.trials import Trial, TrialState
from wazir.servers.grpc.messages import message, methods, vizier
from wazir.servers.grpc.metadata import fill_metadata, metadata_from
from wazir.servers.grpc.parameters import fill_parameters, parameters_from, values_from
from wazir.servers.grpc.studies import (
    config_from_spec,
    metadata_of_spec,
    owner_of,
    study_message,
    study_name_of,
    trial_name_of,
)
from wazir.servers.grpc.trials import measurement_from, trial_message
from wazir.testing.spaces import SPACES

MINIMIZE = (Metric("loss", Goal.MINIMIZE),)
NAME = StudyName("me", "s")


def sent(written):
    """Return a message as it arrives."""
    return type(written).FromString(written.SerializeToString())


def test_the_descriptors_are_made_from_the_protos(tmp_path):
    protos = files("wazir.servers.grpc").joinpath("protos")
    made = tmp_path / "made.pb"
    subprocess.run(
        [
            sys.executable, "-W", "ignore", "-m", "grpc_tools.protoc", f"-I{protos}",
            "--include_imports", f"--descriptor_set_out={made}", "vizier.proto",
        ],
        check=True,
    )  # fmt: skip
    assert made.read_bytes() == files("wazir.servers.grpc").joinpath("vizier.pb").read_bytes()


def test_the_service_has_all_methods_of_oss_vizier():
    assert len(methods()) == 17
    assert methods()["SuggestTrials"][1].DESCRIPTOR.full_name == "google.longrunning.Operation"


@pytest.mark.parametrize("name", sorted(SPACES))
def test_a_space_comes_back(name):
    given_space = SPACES[name]
    if name == "categorical":
        given_space = SearchSpace({"x": Categorical(["a", "True", "1", "2.5"])})
    spec = vizier("StudySpec")()
    fill_parameters(spec.parameters, given_space.parameters)
    back = SearchSpace(parameters_from(sent(spec).parameters, ""))
    # Integers say that they are, which the space did not.
    told = "the values on which parameters depend, or the types clients gave, differ"
    assert set(back.differences(given_space)) <= {told}
    again = vizier("StudySpec")()
    fill_parameters(again.parameters, back.parameters)
    assert again == spec


def test_integers_say_that_they_are():
    spec = vizier("StudySpec")()
    fill_parameters(
        spec.parameters,
        {"n": Integer(1, 3), "flag": Categorical(["True"], external_type=ExternalType.BOOLEAN)},
    )
    assert [one.external_type for one in spec.parameters] == [2, 1]


def spec_message(**fields):
    spec = vizier("StudySpec")(**fields)
    spec.metrics.add(metric_id="loss", goal=2)
    spec.parameters.add(parameter_id="x").double_value_spec.max_value = 1
    return spec


@pytest.mark.parametrize("name", ["", "DEFAULT", "RANDOM_SEARCH", "NSGA2", "CMA_ES", *NEAREST])
def test_a_study_comes_back_as_it_was_given(name):
    spec = spec_message(algorithm=name, observation_noise=2)
    spec.default_stopping_spec.SetInParent()
    spec.metrics.add(metric_id="latency", goal=2).safety_config.safety_threshold = 0.5
    spec.metadata.add(key="k", ns="mine", value="v")
    config = config_from_spec(spec, "study_spec")
    assert config.observation_noise is ObservationNoise.HIGH
    assert config.early_stopping == EarlyStopping("default")
    study = Study(NAME, config, metadata=metadata_of_spec(spec, ""), created_at=1.5)
    written = sent(study_message(study))
    assert written.study_spec == spec
    assert (written.name, written.display_name, written.state) == ("owners/me/studies/s", "s", 1)
    assert written.create_time.nanos == 500_000_000
    wider = replace(config, space=SearchSpace({"x": Double(0, 2)}))
    edited = study_message(replace(study, config=wider)).study_spec
    assert edited.parameters[0].double_value_spec.max_value == 2
    assert edited.metadata == spec.metadata


def test_a_study_of_another_door_is_told():
    config = StudyConfig(
        SearchSpace({"x": Double(0, 1), "k": Categorical([True, 2])}),
        (*MINIMIZE, Metric("auc", Goal.MAXIMIZE, 0.5, 0.25)),
        early_stopping=EarlyStopping("median"),
    )
    told = study_message(Study(NAME, config)).study_spec
    assert list(told.parameters[1].categorical_value_spec.values) == ["True", "2"]
    assert told.metrics[1].safety_config.desired_min_safe_trials_fraction == 0.25
    assert told.HasField("default_stopping_spec")


def without_parameters(spec):
    del spec.parameters[:]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (without_parameters, "spec: a search space needs at least one"),
        (lambda spec: spec.metrics.add(), r"spec.metrics\[1\]: a metric needs a name"),
        (lambda spec: spec.parameters.add(), r"spec.parameters\[1\].parameter_id: a parameter"),
        (lambda spec: spec.parameters.add(parameter_id="x"), r"\[1\].parameter_id: 'x' is defined"),
        (lambda spec: spec.parameters.add(parameter_id="y"), r"\[1\]: needs a double, integer"),
        (lambda spec: setattr(spec.parameters[0].double_value_spec, "min_value", 2),
         r"parameters\[0\].double_value_spec: min_value"),
        (lambda spec: spec.parameters[0].conditional_parameter_specs.add(),
         r"conditional_parameter_specs\[0\]: a DOUBLE parameter has no children"),
        (lambda spec: setattr(spec, "algorithm", "MAGIC"), "spec: an algorithm is"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(change, place):
    spec = spec_message()
    change(spec)
    with pytest.raises(InvalidInputError, match=place):
        config_from_spec(spec, "spec")


@given(st.dictionaries(st.text(), st.dictionaries(st.text(), st.text(), min_size=1)))
def test_metadata_comes_back(metadata):
    metadata = {ns: keys for ns, keys in metadata.items() if not ns.startswith("wazir.")}
    holder = vizier("Trial")()
    for namespace, entries in metadata.items():
        for key, value in entries.items():
            holder.metadata.add(ns=namespace, key=key, value=value)
    kept = metadata_from(sent(holder).metadata, "")
    again = vizier("Trial")()
    fill_metadata(again.metadata, {**kept, "wazir.own": {"hidden": "yes"}})
    assert again == holder


def test_metadata_may_be_a_message():
    holder = vizier("Trial")()
    packed = holder.metadata.add(key="k").proto
    packed.type_url, packed.value = "type/of.It", b"\x00\xff"
    again = vizier("Trial")()
    fill_metadata(again.metadata, metadata_from(holder.metadata, ""))
    assert again == holder


def test_namespaces_of_our_own_are_refused():
    holder = vizier("Trial")()
    holder.metadata.add(ns="wazir.edits", key="k", value="v")
    with pytest.raises(InvalidInputError, match=r"metadata\[0\].ns: .*Wazir's own"):
        metadata_from(holder.metadata, "metadata")


@given(
    st.dictionaries(st.text(min_size=1), st.floats(allow_nan=False), min_size=1, max_size=3),
    st.none() | st.integers(1, 2**62),
    st.none() | st.floats(0, 1e8),
)
def test_a_trial_and_its_measurements_come_back(metrics, step, elapsed_s):
    measurement = Measurement(metrics, step, elapsed_s)
    study = Study(NAME, StudyConfig(SearchSpace({"x": Double(0, 1)}), MINIMIZE))
    trial = Trial(
        7, {"x": 0.5}, TrialState.SUCCEEDED, "me", final_measurement=measurement,
        started_at=2.0, completed_at=3.5,
    )  # fmt: skip
    written = sent(trial_message(study, trial, [measurement]))
    assert (written.name, written.id, written.state) == ("owners/me/studies/s/trials/7", "7", 4)
    assert written.end_time.nanos == 500_000_000
    for one in (written.final_measurement, *written.measurements):
        back = measurement_from(one, "")
        assert (back.metrics, back.step) == (metrics, step)
        assert back.elapsed_s == pytest.approx(elapsed_s, abs=1e-8)


def test_wrong_measurements_are_named():
    measured = vizier("Measurement")()
    assert measurement_from(measured, "m") is None
    measured.metrics.add(value=1)
    with pytest.raises(InvalidInputError, match=r"m.metrics\[0\].metric_id: needs a name"):
        measurement_from(measured, "m")
    measured.metrics[0].metric_id = "loss"
    measured.elapsed_duration.seconds = -1
    with pytest.raises(InvalidInputError, match=r"m\.elapsed_duration: must be in"):
        measurement_from(measured, "m")
    measured.elapsed_duration.seconds = 2**63 - 1
    with pytest.raises(InvalidInputError, match=r"m\.elapsed_duration: must be in"):
        measurement_from(measured, "m")
    measured.elapsed_duration.seconds, measured.step_count = 1, -1
    with pytest.raises(InvalidInputError, match="m: a step"):
        measurement_from(measured, "m")


def test_values_are_numbers_or_texts():
    trial = vizier("Trial")()
    trial.parameters.add(parameter_id="x").value.number_value = 0.5
    trial.parameters.add(parameter_id="k").value.string_value = "True"
    by_name = {"k": [Categorical([True, False])]}
    assert values_from(trial.parameters, by_name, "p") == {"x": 0.5, "k": True}
    trial.parameters.add(parameter_id="z").value.null_value = 0
    with pytest.raises(InvalidInputError, match=r"p\[2\].value: must be a number or a text"):
        values_from(trial.parameters, by_name, "p")


def test_names_are_read():
    assert owner_of("owners/me") == "me"
    assert study_name_of("owners/me/studies/s") == NAME
    assert study_name_of("owners/me/studies/my study").study_id.startswith("my-study-")
    assert trial_name_of("owners/me/studies/s/trials/3") == (NAME, 3)
    for text in ("", "owners/", "owners/a/b", "projects/a"):
        with pytest.raises(InvalidInputError):
            owner_of(text)
    for text in (
        "",
        "owners/me",
        "owners/me/studies/",
        "owners/../studies/s",
        "owners/me/studies/a/b",
    ):
        with pytest.raises(InvalidInputError):
            study_name_of(text)
    for text in ("owners/me/studies/s/trials/0", "owners/me/studies/s/trials/x"):
        with pytest.raises(NotFoundError):
            trial_name_of(text)
    with pytest.raises(InvalidInputError):
        trial_name_of("owners/me/studies/s")


def test_messages_of_the_default_pool_are_others():
    from google.protobuf import duration_pb2

    assert message("google.protobuf.Duration") is not duration_pb2.Duration


OSS_NAMES = (
    "ALGORITHM_UNSPECIFIED", "DEFAULT", "GP_UCB_PE", "GAUSSIAN_PROCESS_BANDIT", "RANDOM_SEARCH",
    "QUASI_RANDOM_SEARCH", "GRID_SEARCH", "SHUFFLED_GRID_SEARCH", "NSGA2", "CMA_ES",
    "EAGLE_STRATEGY", "BOCS", "HARMONICA",
)  # fmt: skip


@pytest.mark.parametrize("name", OSS_NAMES)
def test_the_page_says_which_algorithm_a_name_means(name, repository):
    page = (repository / "docs" / "how-to" / "google-vizier.md").read_text()
    (row,) = [
        line
        for line in page.splitlines()
        if line.startswith("|") and f"`{name}`" in line and f"`{name}`" in line.split("|")[1]
    ]
    told = row.split("|")[2]
    assert f"`{canonical_name(name)}`" in told
    if name in NEAREST:
        assert NEAREST[name][1] in told
