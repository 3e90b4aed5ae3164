"""Files of models and weights: what is in them, where they stand, and what they fit."""

import ast
import re
from pathlib import Path
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, quoted, rule, title
from kfunc_lab.mistakes.rules.own.signature import called_expression, parses
from kfunc_lab.mistakes.source.edit import Change, Edit
from kfunc_lab.mistakes.statements.own_code import constructor_of, value_of, variables

# ---------------------------------------------------------------------------------------------
# A model without weights yet


def _unbuilt(match: re.Match[str], failure: Failure) -> Mistake:
    owner, shape = _owner(failure), _first_shape(failure)
    reason = _("{model} has no weights yet: nothing tells the shape of its input.")
    words = {"owner": owner or "model", "shape": shape or "(None, ...)"}
    changes: tuple[Change, ...] = ()
    call, code = called_expression(failure), failure.source
    if owner and shape is not None and call is not None and code is not None:
        changes = (code.line_before(call, f"{owner}.build({shape})"),)
    return Mistake(
        "not-built",
        reason.format(model=title(failure)),
        "",
        _(
            "Build it first: `{owner}.build({shape})`, or begin the model with `keras.Input`."
        ).format(**words),
        failure.name,
        changes if parses(changes) else (),
    )


def _owner(failure: Failure) -> str:
    """Returns the source of the model that failed, such as `"other"`."""
    call, code = called_expression(failure), failure.source
    if call is None or code is None or not isinstance(call.func, ast.Attribute):
        return ""
    return code.source(call.func.value)


def _first_shape(failure: Failure) -> tuple[int | None, ...] | None:
    """Returns the shape of the input for which the weights in the file were made."""
    import keras

    call = called_expression(failure)
    layers = getattr(failure.operation, "layers", None) or []
    if call is None or not call.args or not layers:
        return None
    if not isinstance(layers[0], keras.layers.Dense):
        return None  # the first weights of other layers do not tell the whole shape
    path = value_of(call.args[0], variables(failure.scope))
    if not isinstance(path, (str, Path)) or not Path(path).is_file():
        return None
    import h5py  # type: ignore[import-untyped]

    with h5py.File(path) as file:
        kernels = [item for item in _datasets(file) if len(item.shape) == 2]
        fitting = [item for item in kernels if item.shape[1] == layers[0].units]
    return (None, int(fitting[0].shape[0])) if fitting else None


def _datasets(group: Any, limit: int = 200) -> list[Any]:
    """Returns the arrays of a file, in order."""
    found: list[Any] = []
    for item in group.values():
        if len(found) >= limit:
            break
        found += _datasets(item, limit) if hasattr(item, "values") else [item]
    return found


# ---------------------------------------------------------------------------------------------
# Weights of another model


def _other_depth(match: re.Match[str], failure: Failure) -> Mistake:
    return _of_another_model(int(match["have"]), int(match["found"]), failure)


def _layer_counts(failure: Failure) -> tuple[int, int] | None:
    """Returns the number of layers with weights in the model and in the file."""
    call = called_expression(failure)
    path = value_of(call.args[0], variables(failure.scope)) if call and call.args else None
    layers = getattr(failure.operation, "layers", None)
    if layers is None or not isinstance(path, (str, Path)) or not Path(path).is_file():
        return None
    import h5py

    if not h5py.is_hdf5(path):
        return None
    with h5py.File(path) as file:
        if "layers" not in file:
            return None
        saved = [group for group in file["layers"].values() if _datasets(group)]
        return sum(bool(layer.weights) for layer in layers), len(saved)


def _of_another_model(have: int, found: int, failure: Failure) -> Mistake:
    return Mistake(
        "weights-of-another-model",
        _(
            "{model} has {have} layers with weights, but the file has {found}: it was saved "
            "from another model."
        ).format(model=title(failure), have=have, found=found),
        f"{have} ≠ {found}",
        _("Build the model exactly as it was when the weights were saved."),
        failure.name,
    )


def _other_count(match: re.Match[str], failure: Failure) -> Mistake:
    have, found = int(match["have"]), int(match["found"])
    return Mistake(
        "weights-of-another-model",
        _("The number of weights of {layer} is {have} here, and {found} in the file.").format(
            layer=match["name"], have=have, found=found
        ),
        f"{have} ≠ {found}",
        _("Build the model exactly as it was when the weights were saved."),
        match["name"],
    )


def _other_shape(match: re.Match[str], failure: Failure) -> Mistake:
    """Names the setting of a layer that the weights in a file had."""
    counts = _layer_counts(failure)
    if counts is not None and counts[0] != counts[1]:
        return _of_another_model(*counts, failure)
    name, want, have = match["name"], _sizes(match["want"]), _sizes(match["have"])
    layers = getattr(failure.operation, "layers", None) or []
    layer = next((each for each in layers if each.name == name), None)
    edit = _("Build the model exactly as it was when the weights were saved.")
    changes: tuple[Change, ...] = ()
    units = next((each for each in ("units", "filters") if hasattr(layer, each)), "")
    if units and len(want) == len(have) and want[:-1] == have[:-1]:
        edit = _("Write `{setting}={n}` in {name}, as when the weights were saved.").format(
            setting=units, n=have[-1], name=name
        )
        found = constructor_of(layer, failure)
        if found is not None:
            changes = (found[0].with_argument(found[1], units, str(have[-1]), 0),)
    others: tuple[Edit, ...] = ()
    if units and layer is layers[-1]:
        others = (
            Edit(_("For another number of classes: load the weights without the last layer.")),
        )
    return Mistake(
        "weights-shape",
        _("{layer} has weights of shape {want}, got {have}.").format(
            layer=name, want=match["want"], have=match["have"]
        ),
        f"{match['have']} ≠ {match['want']}",
        edit,
        name,
        changes,
        others,
    )


def _sizes(shape: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", shape)))


def _set_weights(match: re.Match[str], failure: Failure) -> Mistake:
    given, wanted = int(match["given"]), int(match["wanted"])
    edit = _("Pass one array for each weight: `{layer}.weights` lists them.").format(
        layer=failure.name
    )
    if wanted == 0:
        edit = _("The layer has no weights before it is built: call it on a tensor first.")
    return Mistake(
        "weights-count",
        _("The number of weights of {layer} is {wanted}, the number of arrays {given}.").format(
            layer=title(failure), wanted=wanted, given=given
        ),
        f"{given} ≠ {wanted}",
        edit,
        failure.name,
    )


# ---------------------------------------------------------------------------------------------
# Formats and places


def _by_name(match: re.Match[str], failure: Failure) -> Mistake | None:
    call, code = called_expression(failure), failure.source
    change = None
    if call is not None and code is not None:
        change = code.without_argument(call, "by_name")
    return Mistake(
        "by-name",
        _("Only files of the old format, `.h5`, are loaded by the names of the layers."),
        "",
        _("Remove `by_name`: a `.weights.h5` file is loaded by the structure of the model."),
        "by_name",
        () if change is None else (change,),
    )


def _only_weights(match: re.Match[str], failure: Failure) -> Mistake:
    path = Path(match["path"].rstrip("."))
    found = _model_of(path, failure)
    edit = _("Build the model in code, then call `model.load_weights(...)`.")
    changes: tuple[Change, ...] = ()
    if found is not None:
        name, changes = found
        edit = _("Load them into a copy of {model}, which has these weights.").format(
            model=name
        )
    return Mistake(
        "weights-only",
        _("The file {path} holds only weights, and no model.").format(
            path=quoted(path.name, 80)
        ),
        "",
        edit,
        "filepath",
        changes,
    )


def _model_of(path: Path, failure: Failure) -> tuple[str, tuple[Change, ...]] | None:
    """Returns the only model with the weights in a file, and the code that loads them."""
    import h5py
    import keras

    call, code = called_expression(failure), failure.source
    statement = None if code is None or call is None else code.statement_of(call)
    if code is None or call is None or not call.args or not path.is_file():
        return None
    if not isinstance(statement, ast.Assign) or statement.value is not call:
        return None
    with h5py.File(path) as file:
        if "layers" not in file:
            return None
        saved = sorted(tuple(item.shape) for item in _datasets(file["layers"]))
    known = variables(failure.scope)
    models = {
        name: value
        for name, value in known.items()
        if isinstance(value, keras.Model) and not name.startswith("_")
    }
    names = [
        name
        for name, value in models.items()
        if sorted(tuple(weight.shape) for weight in value.weights) == saved
    ]
    if len({id(models[name]) for name in names}) != 1 or known.get("keras") is not keras:
        return None
    target = code.source(statement.targets[0])
    lines = [
        f"{target} = keras.models.clone_model({names[0]})",
        f"{target}.load_weights({code.source(call.args[0])})",
    ]
    change = code.replaced(statement, f"\n{' ' * statement.col_offset}".join(lines))
    return names[0], (change,) if parses([change]) else ()


def _folder(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Loads a folder that `export` or an older Keras wrote, as a layer."""
    path = Path(match["path"].rstrip("."))
    call, code = called_expression(failure), failure.source
    if not (path / "saved_model.pb").is_file() or call is None or code is None:
        return None
    given = code.source(call.args[0]) if call.args else f'"{path.name}"'
    new = f'keras.layers.TFSMLayer({given}, call_endpoint="serving_default")'
    return Mistake(
        "saved-model-folder",
        _(
            "{path} is a folder in TensorFlow's format, which `load_model` does not read."
        ).format(path=quoted(path.name, 80)),
        "",
        _(
            "Load it as a layer: `{new}`. To train it further, save the model as `.keras`."
        ).format(new=new),
        "filepath",
        (code.replaced(call, new),),
    )


def _no_folder(match: re.Match[str], failure: Failure) -> Mistake | None:
    path, call, code = Path(match["path"]), called_expression(failure), failure.source
    if failure.stage != "save" or path.parent.is_dir() or call is None or code is None:
        return None
    changes: list[Change] = []
    if call.args:
        lines = [f"os.makedirs(os.path.dirname({code.source(call.args[0])}), exist_ok=True)"]
        if "os" not in variables(failure.scope):
            lines.insert(0, "import os")
        changes = [code.line_before(call, "\n".join(lines))]
    return Mistake(
        "no-folder",
        _("There is no folder {path} to save into.").format(path=quoted(str(path.parent), 80)),
        "",
        _("Create it first: `os.makedirs(..., exist_ok=True)`."),
        "filepath",
        tuple(changes) if parses(changes) else (),
    )


def _save_format(match: re.Match[str], failure: Failure) -> Mistake | None:
    call, code = called_expression(failure), failure.source
    if call is None or code is None:
        return None
    given = value_of(call.args[0], variables(failure.scope)) if call.args else None
    change = code.without_argument(call, "save_format")
    fits = isinstance(given, str) and given.endswith((".keras", ".h5"))
    return Mistake(
        "file-suffix",
        _("The suffix of the file name tells the format; `save_format` is gone."),
        "",
        _("Remove `save_format`, and end the file name in `.keras`."),
        "save_format",
        (change,) if change is not None and fits else (),
    )


def _no_archive(match: re.Match[str], failure: Failure) -> Mistake | None:
    path = Path(match["path"].rstrip("."))
    if not path.is_file():
        return None
    return Mistake(
        "not-an-archive",
        _("The file {path} exists, but it is no saved model: its content is damaged.").format(
            path=quoted(path.name, 80)
        ),
        "",
        _("Save the model again, or copy the whole file again."),
        "filepath",
    )


_SHAPE = r"[(\[][^)\]]*[)\]]"

RULES: tuple[Rule, ...] = (
    rule(
        "not-built",
        r"(?:loading weights into|saving) a model that has not yet been built|"
        r"but the layer isn't built|Weights for model .*? have not yet been created",
        _unbuilt,
    ),
    rule(
        "weights-of-another-model",
        r"Layer count mismatch.*?expected (?P<have>\d+) layers, found (?P<found>\d+)",
        _other_depth,
    ),
    rule(
        "weights-of-another-model",
        r"Layer '(?P<name>[^']*)' expected (?P<have>\d+) variables, but received "
        r"(?P<found>\d+)",
        _other_count,
    ),
    rule(
        "weights-shape",
        rf"Shape mismatch in layer #\d+ ?\(named (?P<name>[^)]*)\).*?expects shape "
        rf"(?P<want>{_SHAPE}).*?with shape (?P<have>{_SHAPE})",
        _other_shape,
    ),
    rule(
        "weights-shape",
        rf"object <\w+ name=(?P<name>[^,>]*).*?variable\.shape=(?P<want>{_SHAPE}),"
        rf".*?value\.shape=(?P<have>{_SHAPE})",
        _other_shape,
    ),
    rule(
        "weights-count",
        r"weight list of length (?P<given>\d+), but the layer was expecting (?P<wanted>\d+)",
        _set_weights,
    ),
    rule("by-name", r"`by_name` only supports|keyword arguments: \{'by_name'", _by_name),
    rule("weights-only", r"No model config found in the file at (?P<path>\S+)", _only_weights),
    rule(
        "saved-model-folder",
        r"File format not supported: filepath=(?P<path>.*?)\. Keras 3",
        _folder,
    ),
    rule("no-folder", r"No such file or directory: '(?P<path>[^']*)'", _no_folder),
    rule("no-folder", r"Unable to .*?create file.*?name = '(?P<path>[^']*)'", _no_folder),
    rule("file-suffix", r"`save_format` argument is deprecated", _save_format),
    rule("not-an-archive", r"File not found: filepath=(?P<path>.*?)\. ", _no_archive),
)
