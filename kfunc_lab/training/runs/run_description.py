"""What is kept of a training run besides its numbers: the model, settings, versions."""

import importlib.metadata
import json
import platform
from collections.abc import Mapping
from typing import Any

from kfunc_lab.graph.export.table import to_text
from kfunc_lab.graph.keras.nodes import random_seed
from kfunc_lab.graph.keras.reader import read_graph

_PACKAGES = ("keras", "tensorflow", "jax", "torch", "numpy", "kfunc_lab")


def about_run(model: Any, params: Mapping[str, Any]) -> dict[str, Any]:
    """Describes a model and how it is trained, as JSON.

    Args:
        model: The model.
        params: What Keras tells its callbacks: epochs and steps.

    Returns:
        The description. What cannot be told is left out.
    """
    import keras

    return {
        "model": {
            "name": model.name,
            "class": type(model).__name__,
            "parameters": int(model.count_params()) if model.built else None,
            "summary": _summary(model),
        },
        "epochs": params.get("epochs"),
        "steps": params.get("steps"),
        "optimizer": _optimizer(model),
        "loss": _plain(getattr(model, "loss", None)),
        "seed": random_seed(),
        "backend": keras.backend.backend(),
        "python": platform.python_version(),
        "versions": _versions(),
    }


def _summary(model: Any) -> str:
    try:
        return to_text(read_graph(model)).removeprefix(f"{model.name} ")
    except Exception:  # a model of its own kind; the run is worth keeping without
        return ""


def _optimizer(model: Any) -> Any:
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        return None
    try:
        config = {**_plain(optimizer.get_config())}
        config.pop("name", None)  # Keras counts them: it tells nothing
        return {"class": type(optimizer).__name__, **config}
    except Exception:  # an optimizer of the user's own may tell nothing
        return {"class": type(optimizer).__name__}


def _plain(value: Any) -> Any:
    """Returns a value as JSON has it; of what it cannot hold, the name."""
    if isinstance(value, Mapping):
        return {str(key): _plain(it) for key, it in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(it) for it in value]
    try:
        return json.loads(json.dumps(value))
    except (TypeError, ValueError):
        return getattr(value, "__name__", None) or type(value).__name__


def _versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
