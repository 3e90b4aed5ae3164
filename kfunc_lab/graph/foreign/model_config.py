"""What the configuration in a model's file needs that Keras does not have."""

import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kfunc_lab.ui.text import snake_case

# The packages whose classes a configuration may name.
_LIBRARIES = {"keras", "tf_keras", "builtins", "numpy", "tensorflow"}


@dataclass(frozen=True)
class Contents:
    """What a file of a model says about itself.

    Attributes:
        version: The version of Keras that saved it; empty if it does not say so.
        config: The configuration of the model; `None` if the file holds only weights.
    """

    version: str
    config: Any


def contents_of_zip(path: Path) -> Contents | None:
    """Reads a `.keras` file; `None` if it is another zip file.

    Raises:
        zipfile.BadZipFile: If it is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        if "config.json" not in archive.namelist():
            return None
        metadata = {}
        if "metadata.json" in archive.namelist():
            metadata = json.loads(archive.read("metadata.json"))
        return Contents(
            str(metadata.get("keras_version", "")), json.loads(archive.read("config.json"))
        )


def contents_of_hdf5(path: Path) -> Contents:
    """Reads an HDF5 file.

    Raises:
        OSError: If it is damaged.
    """
    import h5py  # type: ignore[import-untyped]

    with h5py.File(path, "r") as file:
        config = file.attrs.get("model_config")
        version = _text(file.attrs.get("keras_version", ""))
        return Contents(version, json.loads(_text(config)) if config is not None else None)


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def holds_code(config: Any) -> bool:
    """Tells whether a configuration holds Python code: a lambda."""
    return any(
        part.get("class_name") == "__lambda__" or _is_code(part.get("value"))
        for part in _mappings(config)
    )


def _is_code(value: Any) -> bool:
    """Tells whether a value is a lambda as Keras writes it: code, defaults and closure."""
    return isinstance(value, list) and len(value) == 3 and isinstance(value[0], str)


def custom_names(config: Any) -> list[str]:
    """Returns the names of the classes and functions that are not part of Keras."""
    names: dict[str, None] = {}
    for part in _mappings(config):
        name, inner = part.get("class_name"), part.get("config")
        if name == "function" and isinstance(inner, str):
            names[inner] = None
        elif isinstance(name, str) and not name.startswith("__") and not _is_known(part):
            names[name.rpartition(">")[2]] = None
    return list(names)


def _is_known(part: Mapping[str, Any]) -> bool:
    import keras

    module = part.get("module")
    if isinstance(module, str):
        return module.partition(".")[0] in _LIBRARIES
    name = part["class_name"]
    if "module" in part and name == part.get("registered_name"):
        return False  # Keras writes no module for a class of the user's own
    if hasattr(keras.ops, snake_case(name)):
        return True
    homes = (keras, keras.layers, keras.initializers, keras.regularizers, keras.constraints)
    return name == "Functional" or any(hasattr(home, name) for home in homes)


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping):
            yield part
            waiting += reversed(list(part.values()))
        elif isinstance(part, list):
            waiting += reversed(part)
