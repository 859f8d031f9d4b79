"""The simulated platforms: each file of this folder is one.

A new platform is a new file with one subclass of `simulator.api.PlatformApi`; nothing else changes.
"""

import importlib
import importlib.util
import pkgutil
import sys
from pathlib import Path
from types import ModuleType

from simulator import SimulatorError
from simulator.api import PlatformApi


def platform_classes(extra_folder: Path | None = None) -> dict[str, type[PlatformApi]]:
    """The API classes by platform, of this folder and of an extra one.

    Raises SimulatorError for a file without a platform, or a second file for one platform.
    """
    modules = [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    if extra_folder is not None:
        modules += [_module_from(path) for path in sorted(extra_folder.glob("*.py"))]
    classes: dict[str, type[PlatformApi]] = {}
    for module in modules:
        own = [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, PlatformApi) and value.__module__ == module.__name__
        ]
        if len(own) != 1:
            raise SimulatorError(f"{module.__file__} must have one subclass of PlatformApi, it has {len(own)}.")
        if own[0].platform in classes:
            raise SimulatorError(f"{module.__file__}: the platform {own[0].platform!r} has another file already.")
        classes[own[0].platform] = own[0]
    return classes


def _module_from(path: Path) -> ModuleType:
    name = f"simulator_extra_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise SimulatorError(f"{path} is not a Python file that can be loaded.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
