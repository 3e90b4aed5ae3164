"""Says what a file is that was given in place of a model, and how to get a model from it."""

import json
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from kfunc_lab.graph.foreign.model_config import (
    Contents,
    contents_of_hdf5,
    contents_of_zip,
    custom_names,
    holds_code,
)
from kfunc_lab.locale import _
from kfunc_lab.ui.text import first_sentences

_HDF5_SUFFIXES = (".h5", ".hdf5")
_ZIP, _HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"


def why_not_a_model(path: Path) -> str:
    """Says why Keras cannot load a model from a path.

    Args:
        path: The path. Its first bytes say what it is, whatever its name is.

    Returns:
        Sentences with the way on; empty if it is a file that Keras can try to load.

    Example:
        >>> why_not_a_model(Path("model.keras"))
        'There is no file model.keras.'
    """
    try:
        if path.is_dir():
            return _folder(path)
        if not path.exists():
            return _checkpoint(path) or _("There is no file {path}.").format(path=path)
        with path.open("rb") as file:
            head = file.read(16)
        return _file(path, head)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        return _("{path} cannot be read: {reason}.").format(path=path, reason=reason)


def what_to_load(path: Path) -> str:
    """Says how to get a model from a path that was given in place of a model."""
    return why_not_a_model(path) or _(
        "This is the path of a file, not a model. Load it first: model = "
        "keras.saving.load_model({path})."
    ).format(path=repr(str(path)))


def why_not_loaded(path: Path, error: Exception) -> str:
    """Says why Keras failed to load a file of a model.

    Args:
        path: The file, of which `why_not_a_model` knows nothing bad.
        error: The error that Keras raised.

    Returns:
        Sentences with the way on.
    """
    import keras

    contents = _contents(path)
    if holds_code(contents.config):
        return _(
            "{path} was not loaded: it contains Python code (a lambda), which could do anything "
            "on this computer. If you trust it, load it in Python: "
            "keras.saving.load_model({quoted}, safe_mode=False)."
        ).format(path=path, quoted=repr(str(path)))
    if contents.version.startswith("2.") and path.suffix not in _HDF5_SUFFIXES:
        return _keras_2(path, contents.version)
    if names := custom_names(contents.config):
        objects = ", ".join(f'"{name}": {name}' for name in names)
        return _(
            "{path} was not loaded: it uses {names}, which a model file does not contain. Load "
            "it in Python where that is defined: keras.saving.load_model({quoted}, "
            "custom_objects={objects})."
        ).format(
            path=path,
            names=", ".join(names),
            quoted=repr(str(path)),
            objects=f"{{{objects}}}",
        )
    reason = _reason(error)
    if contents.version.startswith("2."):
        return _(
            "{path} is a model of Keras {saved}, and Keras {installed} cannot load it: "
            "{reason} Build the same model with Keras 3, call model.load_weights({quoted}), and "
            "show it with lab.graph(model)."
        ).format(
            path=path,
            saved=contents.version,
            installed=keras.__version__,
            reason=reason,
            quoted=repr(str(path)),
        )
    if _numbers(contents.version) > _numbers(keras.__version__):
        return _(
            "{path} was saved by Keras {saved}, which is newer than Keras {installed} here, "
            "and was not loaded. Update Keras: pip install --upgrade keras. Keras says: "
            "{reason}"
        ).format(path=path, saved=contents.version, installed=keras.__version__, reason=reason)
    return _(
        "{path} was saved by Keras {saved}, but Keras {installed} cannot load it: {reason}"
    ).format(
        path=path, saved=contents.version or "?", installed=keras.__version__, reason=reason
    )


def _contents(path: Path) -> Contents:
    try:
        found = contents_of_zip(path) if zipfile.is_zipfile(path) else contents_of_hdf5(path)
    except Exception:  # a file that somebody else wrote can hold anything
        found = None
    return found or Contents("", None)


def _reason(error: Exception) -> str:
    """Returns the innermost reason in an error of Keras, which repeats whole configurations."""
    told = str(error).rpartition("Exception encountered:")[2].strip() or type(error).__name__
    reason = first_sentences(told.splitlines()[0])
    return reason if reason.endswith(".") else f"{reason}."


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")[:3] if part.isdigit()]


# ---------------------------------------------------------------------------------------------
# Files


def _file(path: Path, head: bytes) -> str:
    if not head:
        return _("{path} is empty.").format(path=path)
    if head.startswith(_ZIP):
        return _zip(path)
    if head.startswith(_HDF5):
        return _hdf5(path)
    return _checkpoint(path) or _other(path, head)


def _zip(path: Path) -> str:
    try:
        contents = contents_of_zip(path)
    except Exception:
        return _damaged(path)
    if contents is None:
        with zipfile.ZipFile(path) as archive:
            return _archive(path, archive.namelist()) or _other(path, _ZIP)
    return _renamed(path, (".keras",))


def _archive(path: Path, names: Iterable[str]) -> str:
    """Says how to get at the models in an archive; empty if it holds none."""
    models = _models_in(names)
    if not models:
        return ""
    return _(
        "{path} is an archive. Unpack it, and name one of the files in it: {names}."
    ).format(path=path, names=", ".join(models[:5]))


def _models_in(names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if name.endswith((".keras", *_HDF5_SUFFIXES)))


def _hdf5(path: Path) -> str:
    try:
        contents = contents_of_hdf5(path)
    except Exception:
        return _damaged(path)
    if contents.config is None:
        return _(
            "{path} holds weights alone, without the model to which they belong. Build the "
            "model in Python, call model.load_weights({quoted}), and show it with "
            "lab.graph(model)."
        ).format(path=path, quoted=repr(str(path)))
    return _renamed(path, _HDF5_SUFFIXES)


def _damaged(path: Path) -> str:
    return _("{path} is damaged or incomplete. Copy or download it again.").format(path=path)


def _renamed(path: Path, suffixes: tuple[str, ...]) -> str:
    """Says how to rename a file by whose name Keras would take it for another format."""
    if path.suffix in suffixes:
        return ""
    return _(
        "{path} holds a model, but Keras knows its format by its name. Rename it to {name}."
    ).format(path=path, name=path.with_suffix(suffixes[0]).name)


def _other(path: Path, head: bytes) -> str:
    suffix = path.suffix.lower()
    if path.with_name("saved_model.pb").exists():
        return _(
            "{path} is a part of a SavedModel of TensorFlow. Name its folder: {folder}."
        ).format(path=path, folder=path.parent)
    kind = {
        ".onnx": "ONNX",
        ".tflite": "TensorFlow Lite",
        ".pt": "PyTorch",
        ".pth": "PyTorch",
        ".ckpt": "PyTorch",
        ".safetensors": "safetensors",
        ".npz": "NumPy",
        ".npy": "NumPy",
        ".pkl": "pickle",
        ".pickle": "pickle",
        ".joblib": "joblib",
        ".mlmodel": "Core ML",
        ".pb": "TensorFlow",
    }.get(suffix, "TensorFlow Lite" if head[4:8] == b"TFL3" else "")
    if kind:
        return _(
            "{path} is a file of {kind}, not a model that Keras saved. Keras saves models as "
            ".keras files: model.save({name})."
        ).format(path=path, kind=kind, name=repr(path.with_suffix(".keras").name))
    if suffix in (".ipynb", ".py"):
        return _(
            "{path} is a program, not a model that Keras saved. Run it, and write "
            "lab.graph(model) where it has built the model."
        ).format(path=path)
    if told := _json(path, head) or _not_downloaded(path, head) or _tar(path):
        return told
    return _(
        "{path} is not a model that Keras saved. Keras saves models as .keras files; older ones "
        "are .h5 files."
    ).format(path=path)


def _not_downloaded(path: Path, head: bytes) -> str:
    """Says what came in place of a file, if that is easily seen."""
    if head.startswith(b"version https://"):
        return _(
            "{path} is a pointer of Git LFS to a file that was not fetched. Fetch it: git lfs pull."
        ).format(path=path)
    if head.lstrip().lower().startswith((b"<!doctype", b"<html")):
        return _(
            "{path} is a web page, not a model that Keras saved. Download the file itself, to "
            "which the page leads."
        ).format(path=path)
    return ""


def _tar(path: Path) -> str:
    if not tarfile.is_tarfile(path):
        return ""
    with tarfile.open(path) as archive:
        return _archive(path, archive.getnames())


def _json(path: Path, head: bytes) -> str:
    if not head.lstrip().startswith(b"{"):
        return ""
    try:
        data = json.loads(path.read_text("utf-8"))
    except ValueError:
        return ""
    if "format" in data and "calls" in data:
        return _(
            "{path} is a graph that kfunc_lab saved. Show it in Python: "
            "lab.graph(lab.load_graph({quoted}))."
        ).format(path=path, quoted=repr(str(path)))
    if str(data.get("keras_version", "")).startswith("2."):
        return _(
            "{path} describes a model of Keras 2 without its weights (model.to_json()). Convert "
            "it where tf_keras is installed (pip install tf_keras): "
            "tf_keras.models.model_from_json(open({quoted}).read()).save({new}). Keras 3 loads "
            "{new}."
        ).format(path=path, quoted=repr(str(path)), new=repr(str(path.with_suffix(".h5"))))
    if "modelTopology" in data:
        return _(
            "{path} is a model of TensorFlow.js. Convert it where tensorflowjs is installed: "
            "tensorflowjs_converter --input_format=tfjs_layers_model --output_format=keras "
            "{path} {new}."
        ).format(path=path, new=path.with_suffix(".h5"))
    if "class_name" in data and "config" in data:
        return _(
            "{path} describes a model without its weights (model.to_json()). Build it in "
            "Python: keras.models.model_from_json(open({quoted}).read()), and show it with "
            "lab.graph(model)."
        ).format(path=path, quoted=repr(str(path)))
    return ""


# ---------------------------------------------------------------------------------------------
# Folders, and files that belong together


def _folder(path: Path) -> str:
    names = {each.name for each in path.iterdir()}
    if names & {"saved_model.pb", "saved_model.pbtxt"}:
        if "keras_metadata.pb" in names:
            return _keras_2(path, "2")
        return _(
            "{path} is a SavedModel of TensorFlow: it has compiled functions, but no layers to "
            "draw. keras.layers.TFSMLayer({quoted}, call_endpoint='serving_default') makes it "
            "one layer of a Keras model."
        ).format(path=path, quoted=repr(str(path)))
    if names >= {"config.json", "metadata.json"}:
        return ""  # a .keras file that was unpacked, which Keras loads
    if models := _models_in(names):
        return _("{path} is a folder. Name one of the files in it: {names}.").format(
            path=path, names=", ".join(models[:5])
        )
    without = _("{path} is a folder without a model that Keras saved.").format(path=path)
    return _checkpoint(path / "checkpoint") or without


def _checkpoint(path: Path) -> str:
    """Describes a checkpoint of TensorFlow: the files `NAME.index` and `NAME.data-…`."""
    name = path.name.partition(".index")[0].partition(".data-")[0]
    if name == "checkpoint":  # it lists the checkpoints in its folder
        name = next((each.stem for each in sorted(path.parent.glob("*.index"))), name)
    if not path.with_name(f"{name}.index").exists():
        return ""
    whole = path.with_name(name)
    return _(
        "{path} is a checkpoint of TensorFlow: it holds weights alone, and Keras 3 cannot read "
        "it. Where tf_keras is installed, build the model, call model.load_weights({quoted}), "
        'and save it: model.save("model.h5").'
    ).format(path=whole, quoted=repr(str(whole)))


def _keras_2(path: Path, version: str) -> str:
    new = repr(str(path.with_suffix(".h5")))
    return _(
        "{path} is a model of Keras {version} in a format that Keras 3 cannot load. Convert it "
        "where tf_keras is installed (pip install tf_keras): "
        "tf_keras.models.load_model({quoted}, compile=False).save({new}). Keras 3 loads {new}."
    ).format(path=path, version=version, quoted=repr(str(path)), new=new)
