"""Load Optuna's AutoSampler, which is not in the package but in the hub's registry.

The registry is fetched over the network. Where there is none, a copy of it in
`${WAZIR_CACHE:-~/.cache/wazir}/hub/package` is used, if somebody has put it there.
"""

import os
from pathlib import Path

import optuna
import optunahub

PACKAGE = "samplers/auto_sampler"
# The state of the registry that the results are about.
REGISTRY_REVISION = "257a04bca788dc263bf4cbb469083be82740cf69"


def auto_sampler(seed: int) -> optuna.samplers.BaseSampler:
    """Return the sampler; raises an error of the hub's client where it cannot be fetched."""
    cache = Path(os.environ.get("WAZIR_CACHE") or "~/.cache/wazir").expanduser()
    registry = cache / "hub" / "package"
    if (registry / PACKAGE).is_dir():
        module = optunahub.load_local_module(PACKAGE, registry_root=str(registry))
    else:
        module = optunahub.load_module(PACKAGE, ref=REGISTRY_REVISION)
    sampler: optuna.samplers.BaseSampler = module.AutoSampler(seed=seed)
    return sampler
