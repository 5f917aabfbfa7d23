"""google-vizier with a token over TLS: the server at argv[1], its certificate argv[2], the token argv[3]."""

import sys
from pathlib import Path

import grpc
from vizier import pyvizier as vz
from vizier.service import clients
from vizier.service import pyvizier as svz

place, certificate, token = sys.argv[1:]


# The lines up to the next blank one stand in docs/how-to/google-vizier.md.
def channel(endpoint, **_):
    trusted = grpc.ssl_channel_credentials(Path(certificate).read_bytes())
    shown = grpc.access_token_call_credentials(token)
    return grpc.secure_channel(endpoint, grpc.composite_channel_credentials(trusted, shown))


grpc.insecure_channel = channel
clients.environment_variables.server_endpoint = place

config = svz.StudyConfig(algorithm="RANDOM_SEARCH")
config.search_space.root.add_float_param("x", 0.0, 1.0)
config.metric_information.append(
    vz.MetricInformation("loss", goal=vz.ObjectiveMetricGoal.MINIMIZE)
)
study = clients.Study.from_study_config(config, owner="me", study_id="s")
for trial in study.suggest(count=2, client_id="c"):
    trial.complete(vz.Measurement({"loss": trial.parameters["x"]}))
assert len(list(study.trials())) == 2


def code_of(action):
    try:
        action()
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


assert code_of(study.delete) is grpc.StatusCode.PERMISSION_DENIED
theirs = code_of(lambda: clients.Study.from_study_config(config, owner="you", study_id="s"))
assert theirs is grpc.StatusCode.PERMISSION_DENIED
print("all done")
