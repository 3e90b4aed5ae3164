"""Says what an object is that was given in place of a model. Nothing here imports its library."""

import os
from collections.abc import Set
from pathlib import Path
from typing import Any

from kfunc_lab.graph.foreign.files import what_to_load
from kfunc_lab.locale import _


def describe(item: Any) -> str:
    """Says what an object is, if it looks like a model but is none of Keras 3.

    Args:
        item: The object. Nothing in it is called.

    Returns:
        Sentences with the way on; empty if it is nothing that is known here.

    Example:
        >>> describe(Path("model.keras"))
        'There is no file model.keras.'
    """
    if isinstance(item, (str, os.PathLike)):
        return _path(item)
    if isinstance(item, type):
        return ""
    if type(item).__name__ == "History" and hasattr(item, "model"):
        return _("This is the history that model.fit returns. Pass its model: history.model.")
    libraries = {cls.__module__.partition(".")[0] for cls in type(item).__mro__}
    if "sklearn" in libraries:
        return _(
            "This is an estimator of scikit-learn: it has no layers. If it holds a Keras model, "
            "pass that model, such as estimator.model_."
        )
    if "keras" in libraries:
        return ""
    if _is_keras_2(item):
        return _keras_2(item)
    return _of_another_library(item, libraries)


def _of_another_library(item: Any, libraries: Set[str]) -> str:
    if "torch" in libraries and hasattr(item, "named_modules"):
        return _(
            "This is a model of PyTorch, not of Keras. keras.layers.TorchModuleWrapper(module) "
            "makes it a layer of a Keras model, where Keras runs on PyTorch "
            "(KERAS_BACKEND=torch)."
        )
    if libraries & {"flax", "haiku", "equinox"}:
        return _(
            "This is a model of JAX, not of Keras. keras.layers.FlaxLayer and "
            "keras.layers.JaxLayer make it a layer of a Keras model, where Keras runs on JAX "
            "(KERAS_BACKEND=jax)."
        )
    if "tensorflow" in libraries:
        return _tensorflow(item)
    return ""


def _is_keras_2(item: Any) -> bool:
    return any(
        cls.__module__.startswith(("tf_keras.", "tensorflow.python.keras.", "keras.engine."))
        for cls in type(item).__mro__
    )


def _keras_2(item: Any) -> str:
    legacy = ""
    if os.environ.get("TF_USE_LEGACY_KERAS", "0").lower() in ("1", "true"):
        legacy = " " + _(
            "The environment variable TF_USE_LEGACY_KERAS makes tf.keras Keras 2; without it, "
            "or with import keras, you get Keras 3."
        )
    if hasattr(item, "layers") and hasattr(item, "save"):
        return (
            _(
                "This is a model of Keras 2 (tf_keras). Convert it to Keras 3: "
                'model.save("model.h5"), then keras.saving.load_model("model.h5", '
                "compile=False). If that fails, build it again with import keras, and call "
                'load_weights("model.h5").'
            )
            + legacy
        )
    return (
        _(
            "This is an object of Keras 2 (tf_keras). Make it with Keras 3: import keras, in "
            "place of tf_keras."
        )
        + legacy
    )


def _tensorflow(item: Any) -> str:
    if hasattr(item, "graph") and hasattr(item, "structured_input_signature"):
        return _(
            "This is a compiled function of TensorFlow: it has operations, but no layers. Pass "
            "the model from which it was made."
        )
    if hasattr(item, "get_concrete_function"):
        return _(
            "This is a function that TensorFlow compiles (tf.function): it has no layers. Pass "
            "the model that it calls."
        )
    if hasattr(item, "signatures"):
        return _(
            "This is a SavedModel of TensorFlow: it has compiled functions, but no layers. "
            "keras.layers.TFSMLayer(path) makes it one layer of a Keras model."
        )
    if hasattr(item, "submodules"):
        return _(
            "This is a tf.Module, not a model of Keras. With keras.Model or keras.layers.Layer "
            "as its base class, its layers can be listed."
        )
    return ""


def _path(item: Any) -> str:
    """Says how to load the file that a text or path names; empty if the text is no path."""
    text = os.fspath(item)
    path = Path(os.fsdecode(text))
    looks_like_path = path.suffix in (".keras", ".h5", ".hdf5", ".json") or len(path.parts) > 1
    if isinstance(item, str) and not looks_like_path and not _exists(path):
        return _("Pass the model itself, not its name.")
    return what_to_load(path)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a text that is no name of a file
        return False
