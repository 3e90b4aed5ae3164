"""Metadata stored with each run: the model, its settings, and versions."""

import importlib.metadata
import json
import platform
from collections.abc import Mapping
from typing import Any

from kfunc_lab.graph.export.table import to_text
from kfunc_lab.graph.keras.nodes import random_seed
from kfunc_lab.graph.model.layer_graph import LayerGraph

_PACKAGES = ("keras", "tensorflow", "jax", "torch", "numpy", "kfunc_lab")


def describe_run(
    model: Any, params: Mapping[str, Any], graph: LayerGraph | None
) -> dict[str, Any]:
    """Describes a model and its training as plain JSON.

    Args:
        model: The model.
        params: The parameters that Keras passes to callbacks, such as epochs and steps.
        graph: The model's graph; `None` if it cannot be read.

    Returns:
        The description, without what cannot be determined.
    """
    import keras

    return {
        "model": {
            "name": model.name,
            "class": type(model).__name__,
            "parameters": int(model.count_params()) if model.built else None,
            "summary": "" if graph is None else to_text(graph).removeprefix(f"{model.name} "),
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


def _optimizer(model: Any) -> Any:
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        return None
    try:
        config = {**_plain(optimizer.get_config())}
        config.pop("name", None)  # Keras numbers optimizers, so the name has no meaning
        return {"class": type(optimizer).__name__, **config}
    except Exception:  # a custom optimizer may have no config
        return {"class": type(optimizer).__name__}


def _plain(value: Any) -> Any:
    """Converts a value to plain JSON, with the name of an object that JSON cannot hold."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    try:
        return json.loads(json.dumps(value))
    except (TypeError, ValueError):
        return getattr(value, "__name__", None) or type(value).__name__


def _versions() -> dict[str, str]:
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
