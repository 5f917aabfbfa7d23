"""The client test suite that google-vizier ships, on the server at argv[1]; prints what passed as JSON."""

import json
import sys
import unittest

from absl import flags
from vizier.client import client_abc_testing
from vizier.service import clients
from vizier.service import pyvizier as svz

flags.FLAGS(["suite"])


def create_study(problem, study_id, algorithm):
    config = svz.StudyConfig.from_problem(problem)
    config.algorithm = algorithm
    return clients.Study.from_study_config(config, owner="owner", study_id=study_id)


class OnWazir(client_abc_testing.TestCase):
    """The suite, with the two end-to-end runs that its own subclass for a server adds."""

    def create_study(self, problem, study_id):
        return create_study(problem, study_id, "RANDOM_SEARCH")

    def test_e2e_tuning(self):
        self.assertPassesE2ETuning()

    def test_e2e_tuning_gp(self):
        self.assertPassesE2ETuning(
            study_factory=lambda problem: create_study(
                problem, self.id(), "GAUSSIAN_PROCESS_BANDIT"
            ),
            num_iterations=2,
        )

    def test_e2e_tuning_of_several_objectives(self):
        self.assertPassesE2ETuning(multi_objective=True)


class Remember(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.passed = []

    def addSuccess(self, test):  # noqa: N802 - the name that unittest wants
        super().addSuccess(test)
        self.passed.append(test.id().rpartition(".")[2])


clients.environment_variables.server_endpoint = sys.argv[1]
suite = unittest.defaultTestLoader.loadTestsFromTestCase(OnWazir)
result = Remember()
suite.run(result)
broken = {test.id().rpartition(".")[2]: text for test, text in result.errors + result.failures}
print(json.dumps({"passed": result.passed, "broken": broken, "n_skipped": len(result.skipped)}))
