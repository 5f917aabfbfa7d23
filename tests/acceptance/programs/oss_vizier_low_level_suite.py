"""google-vizier's test of its low-level client, as it is, on the server at argv[1]; prints what passed as JSON.

The test wants a server in its own process, with a database that it writes to. `OnWazir` stands in
for that server, and does what the test wants of the database with requests.
"""

import json
import sys
import types
import unittest

from absl import flags
from vizier._src.service import resources, stubs_util
from vizier._src.service import vizier_service_pb2 as messages

flags.FLAGS(["suite"])
PLACE = sys.argv[1]
SERVER = "vizier._src.service.vizier_server"


class Datastore:
    """What the test does with the database of its server, as requests."""

    def __init__(self, stub):
        self._stub = stub

    def create_study(self, study):
        name = resources.StudyResource.from_name(study.name)
        study.display_name = name.study_id
        study.name = ""
        parent = name.owner_resource.name
        self._stub.CreateStudy(messages.CreateStudyRequest(parent=parent, study=study))

    def load_study(self, name):
        return self._stub.GetStudy(messages.GetStudyRequest(name=name))

    def create_trial(self, trial):
        parent = resources.TrialResource.from_name(trial.name).study_resource.name
        if not trial.parameters:
            trial.parameters.add(parameter_id="double").value.number_value = 0.5
        self._stub.CreateTrial(messages.CreateTrialRequest(parent=parent, trial=trial))
        if trial.state == trial.ACTIVE:
            # Of another client, so that the test's own gets new ones.
            request = messages.SuggestTrialsRequest(
                parent=parent, suggestion_count=1, client_id="somebody"
            )
            self._stub.SuggestTrials(request)

    def get_trial(self, name):
        return self._stub.GetTrial(messages.GetTrialRequest(name=name))


class OnWazir:
    """Stands in for a new, empty server."""

    def __init__(self, **_options):
        stub = stubs_util.create_vizier_server_stub(PLACE)
        self.endpoint = PLACE
        self._servicer = types.SimpleNamespace(datastore=Datastore(stub))
        there = stub.ListStudies(messages.ListStudiesRequest(parent="owners/my_username"))
        for study in there.studies:
            stub.DeleteStudy(messages.DeleteStudyRequest(name=study.name))

    def wait_for_early_stop_recycle_period(self):
        """Do nothing: answers are not kept."""


class Remember(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.passed = []

    def addSuccess(self, test):  # noqa: N802 - the name that unittest wants
        super().addSuccess(test)
        self.passed.append(test.id().rpartition(".")[2])


# The real one needs JAX.
sys.modules[SERVER] = types.ModuleType(SERVER)
sys.modules[SERVER].DefaultVizierServer = OnWazir
from vizier._src.service import vizier_client_test  # noqa: E402 - after the stand-in

suite = unittest.defaultTestLoader.loadTestsFromModule(vizier_client_test)
result = Remember()
suite.run(result)
broken = {test.id().rpartition(".")[2]: text for test, text in result.errors + result.failures}
print(json.dumps({"passed": result.passed, "broken": broken, "n_skipped": len(result.skipped)}))
