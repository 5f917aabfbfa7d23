"""Find and load the benchmark data of `--data`: its loaders are read from where they lie."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def require(data: Path | None, name: str) -> Path:
    """Return the folder of benchmark data.

    Raises:
        FileNotFoundError: there is none, so the problem `name` cannot be made.
    """
    if data is None or not (data / "loaders.py").is_file():
        raise FileNotFoundError(
            f"{name} needs the benchmark data (a folder with loaders.py), got {data}; "
            "give it with --data"
        )
    return data.resolve()


def loader(path: Path) -> ModuleType:
    """Return the module at `path`, imported once per path."""
    key = f"benchdata_{path.stem}"
    known = sys.modules.get(key)
    if known is not None and known.__file__ == str(path):
        return known
    spec = importlib.util.spec_from_file_location(key, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[key] = module
    return module
