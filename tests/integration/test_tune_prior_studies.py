"""Studies that learn from earlier ones, and files that continue a job."""

import json

TRAIN = 'echo "loss: $(awk "BEGIN {print ($2 - 0.3) ^ 2 + ($4 / 10 - 0.5) ^ 2}")"\n'
OLD = ("tune", "--minimize", "loss", "-p", "x=0.0..1.0", "-p", "n=1..9", "--seed", "1")
NEW = ("tune", "--minimize", "loss", "-p", "x=0.2..2.0", "-p", "n=1..9", "--seed", "2")
RUN = ("--", "sh", "train.sh")
FILE = """\
jobId: %s
trainingInput:
  hyperparameters:
    goal: MINIMIZE
    hyperparameterMetricTag: loss
    maxTrials: %d
    resumePreviousJobId: %s
    params:
    - {parameterName: x, type: DOUBLE, minValue: 0, maxValue: %s}
    - {parameterName: n, type: INTEGER, minValue: 1, maxValue: 9}
"""


def an_old_study(wazir_in, name="old", n_trials=8):
    wazir_in.write("train.sh", TRAIN)
    wazir_in(*OLD, "--trials", str(n_trials), "--study", name, *RUN)
    return wazir_in.study(name)


def test_a_study_begins_with_what_an_earlier_one_found(wazir_in):
    old = an_old_study(wazir_in)
    inside = [trial for trial in old.trials if trial.parameters["x"] >= 0.2]
    best = min(inside, key=lambda trial: trial.value)
    flags = ("--trials", "4", "--study", "new", "--prior-studies", "old")
    done = wazir_in(*NEW, *flags, *RUN)
    note = f"prior study old: {len(inside)} trials with a result"
    assert note in done.stderr
    (first, *_) = wazir_in.trials("new")
    assert abs(first.parameters["x"] - best.parameters["x"]) < 1e-9
    assert note in wazir_in("show", "new").stdout
    assert json.loads(wazir_in("show", "new", "--json").stdout)["prior_studies"] == ["old"]
    # The same command, and one without the option, go on.
    wazir_in(*NEW, "--trials", "5", "--study", "new", "--prior-studies", "old", *RUN)
    wazir_in(*NEW, "--trials", "6", "--study", "new", *RUN)
    assert len(wazir_in.trials("new")) == 6


def test_a_dry_run_knows_the_earlier_study_and_stores_nothing(wazir_in):
    an_old_study(wazir_in)
    best = wazir_in.study("old").best_trial
    flags = ("--study", "new", "--prior-studies", "old", "--dry-run")
    shown = wazir_in(*OLD, *flags, *RUN)
    assert "prior      old" in shown.stdout
    assert f"--n {best.parameters['n']}" in shown.stdout.partition("first commands")[2]
    assert "new" not in wazir_in("studies").stdout.split()


def test_an_earlier_study_that_is_not_there_is_an_error(wazir_in):
    wazir_in.write("train.sh", TRAIN)
    for dry in ((), ("--dry-run",)):
        none = wazir_in(*NEW, "--prior-studies", "old", *dry, *RUN, code=1)
        assert "there is no database" in none.stderr
    an_old_study(wazir_in, n_trials=1)
    for dry in ((), ("--dry-run",)):
        none = wazir_in(*NEW, "--prior-studies", "odl", *dry, *RUN, code=1)
        assert "did you mean 'old'?" in none.stderr
    other = wazir_in(*OLD, "--study", "old", "--prior-studies", "old", *RUN, code=2)
    assert "prior studies: was none, is old" in other.stderr


def test_a_file_continues_the_study_of_its_previous_job(wazir_in):
    an_old_study(wazir_in)
    wazir_in.write("job.yaml", FILE % ("second", 10, "old", "1"))
    done = wazir_in("tune", "job.yaml", *RUN)
    assert "study 'old' goes on, as resumePreviousJobId asks" in done.stderr
    assert [trial.id for trial in wazir_in.trials("old")] == list(range(1, 11))


def test_a_file_with_another_space_learns_from_its_previous_job(wazir_in):
    an_old_study(wazir_in)
    wazir_in.write("second.yaml", FILE % ("second", 10, "old", "1"))
    wazir_in("tune", "second.yaml", *RUN)
    # By the id of the job, whose study has another name.
    wazir_in.write("third.yaml", FILE % ("third", 2, "second", "3"))
    done = wazir_in("tune", "third.yaml", *RUN)
    assert "study 'old' does not go on, because its x: was DOUBLE 0 to 1, is" in done.stderr
    assert "study 'train' learns from it as a prior study" in done.stderr
    assert "prior study old: 10 trials with a result" in done.stderr
    wazir_in("tune", "third.yaml", "--trials", "3", *RUN)
    assert len(wazir_in.trials("train")) == 3


def test_a_new_study_that_would_have_the_name_of_the_old_one_gets_a_free_one(wazir_in):
    an_old_study(wazir_in, "train")
    wazir_in.write("job.yaml", FILE % ("second", 2, "train", "3"))
    wazir_in("tune", "job.yaml", *RUN)
    wazir_in("tune", "job.yaml", "--trials", "3", *RUN)
    assert len(wazir_in.trials("train-2")) == 3


def test_a_previous_job_that_is_not_there_is_an_error(wazir_in):
    an_old_study(wazir_in, n_trials=1)
    wazir_in.write("job.yaml", FILE % ("second", 2, "odl", "1"))
    done = wazir_in("tune", "job.yaml", *RUN, code=1)
    assert "resumePreviousJobId names no study or job of this storage: 'odl'" in done.stderr
    assert "did you mean 'old'?" in done.stderr
