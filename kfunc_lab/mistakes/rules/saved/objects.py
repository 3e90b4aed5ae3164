"""Classes and functions of the learner that a saved model uses."""

import ast
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.rules.own.signature import called_expression, parses
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import Change, Edit
from kfunc_lab.mistakes.statements.own_code import value_of, variables

_LOADERS = ("load_model", "model_from_json", "from_config", "clone_model", "deserialize")


def loading_call(failure: Failure) -> tuple[Code, ast.Call] | None:
    """Returns the expression that loads a model, if it takes `custom_objects`."""
    call, code = called_expression(failure), failure.source
    if call is None or code is None:
        return None
    name = code.source(call.func).rpartition(".")[2]
    return (code, call) if name in _LOADERS[:2] else None


def _not_found(match: re.Match[str], failure: Failure) -> Mistake | None:
    name = match["name"].rpartition(".")[2].rpartition(">")[2]
    if _is_of_keras(name) and name not in variables(failure.scope):
        return _loss_by_name(name, failure)
    reason = _("Keras does not know the function {name}, which the file uses.")
    if match["what"].lower() in ("class", "layer"):
        reason = _("Keras does not know the class {name}, which the file uses.")
    changes = with_custom_object(name, failure)
    others: tuple[Edit, ...] = (
        Edit(
            _(
                "Write `@keras.saving.register_keras_serializable()` above {name}, and save again."
            ).format(name=name)
        ),
    )
    if match["what"].lower() == "function" and "deserializ" not in match.string:
        others = (*others, *_without_compiling(failure))
    return Mistake(
        "custom-object",
        reason.format(name=name),
        "",
        _('Load with `custom_objects={{"{name}": {name}}}`.').format(name=name),
        name,
        changes,
        others,
    )


def _is_of_keras(name: str) -> bool:
    import keras

    homes: tuple[Any, ...] = (keras.losses, keras.metrics)
    if name in ("mse", "mae", "mape", "msle"):
        return True
    return any(callable(getattr(home, name, None)) for home in homes)


def _without_compiling(failure: Failure) -> tuple[Edit, ...]:
    """Loads a model without its loss and metrics, where only these are unknown."""
    found = loading_call(failure)
    if found is None or not found[0].source(found[1].func).endswith("load_model"):
        return ()
    code, call = found
    change = code.with_argument(call, "compile", "False", 2)
    words = _("If it is a loss or metric: `load_model(..., compile=False)`, then compile.")
    return (Edit(words, (change,)),)


def _loss_by_name(name: str, failure: Failure) -> Mistake:
    """Explains an .h5 file that holds a loss or metric as a mere name."""
    edits = _without_compiling(failure)
    return Mistake(
        "compile-of-file",
        _(
            "The .h5 file holds the loss or metric only as a name, `{name}`, which Keras 3 does "
            "not find."
        ).format(name=name),
        "",
        _(
            "Load it with `load_model(..., compile=False)`, then compile the model. A `.keras` "
            "file keeps the loss."
        ),
        "compile",
        edits[0].changes if edits else (),
    )


def with_custom_object(name: str, failure: Failure) -> tuple[Change, ...]:
    """Passes an object of the learner to the function that loads a model.

    Args:
        name: The name of the class or function in the file.
        failure: The failure of the function.

    Returns:
        The changes; none if the object is not known there by its name.
    """
    found = loading_call(failure)
    known = variables(failure.scope)
    value = known.get(name)
    if found is None or not callable(value):
        return ()
    code, call = found
    given = next((word for word in call.keywords if word.arg == "custom_objects"), None)
    names = [name, *_others_in_file(call, name, known)]
    item = ", ".join(f'"{each}": {each}' for each in names)
    if given is None:
        change = code.with_argument(call, "custom_objects", f"{{{item}}}", 1)
        return (change,)
    if not isinstance(given.value, (ast.Dict, ast.Set)):
        held = value_of(given.value, known)
        new = f"{{**{code.source(given.value)}, {item}}}" if isinstance(held, dict) else ""
        return (code.replaced(given.value, new),) if new else ()
    if isinstance(given.value, ast.Set):
        return (code.replaced(given.value, f"{{{item}}}"),)
    kept = [
        f"{code.source(key)}: {code.source(each)}"
        for key, each in zip(given.value.keys, given.value.values, strict=True)
        if key is not None and value_of(each, known) not in [known[each] for each in names]
    ]
    changes = (code.replaced(given.value, f"{{{', '.join([*kept, item])}}}"),)
    return changes if parses(changes) else ()


def _others_in_file(call: ast.Call, name: str, known: Mapping[str, Any]) -> list[str]:
    """Returns the names of other objects of the learner that a `.keras` file uses."""
    path = value_of(call.args[0], known) if call.args else None
    if not isinstance(path, (str, Path)) or not zipfile.is_zipfile(path):
        return []
    with zipfile.ZipFile(path) as archive:
        if "config.json" not in archive.namelist():
            return []
        config = archive.read("config.json").decode(errors="replace")
    used = dict.fromkeys(re.findall(r'"(?:class_name|config)": "(\w+)"', config))
    return [each for each in used if each != name and _is_own_object(known.get(each))]


def _is_own_object(value: Any) -> bool:
    home = str(getattr(value, "__module__", "keras"))
    return callable(value) and not home.startswith(("keras", "tensorflow", "builtins"))


def _no_mapping(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains `custom_objects` that is no dict."""
    found = loading_call(failure)
    if found is None:
        return None
    code, call = found
    given = next((word for word in call.keywords if word.arg == "custom_objects"), None)
    if given is None:
        return None
    names = []
    if isinstance(given.value, (ast.Set, ast.List, ast.Tuple)):
        names = [code.source(each) for each in given.value.elts]
    if not names or not all(name.isidentifier() for name in names):
        return None
    items = (f'"{name}": {name}' for name in names)
    new = f"{{{', '.join(items)}}}"
    return Mistake(
        "custom-object",
        _("`custom_objects` is a dict: the names in the file, and what they mean here."),
        "",
        _("Write `custom_objects={new}`.").format(new=new),
        "custom_objects",
        (code.replaced(given.value, new),),
    )


def _unsafe(match: re.Match[str], failure: Failure) -> Mistake | None:
    found = loading_call(failure)
    if found is None or not found[0].source(found[1].func).endswith("load_model"):
        return None
    code, call = found
    return Mistake(
        "unsafe-lambda",
        _(
            "The file contains Python code in a `Lambda` layer, which Keras does not run by "
            "default."
        ),
        "",
        _(
            "If the file is yours: `load_model(..., safe_mode=False)`. Better: replace "
            "`Lambda` with a custom layer that uses `keras.ops`."
        ),
        "safe_mode",
        (code.with_argument(call, "safe_mode", "False"),),
    )


RULES: tuple[Rule, ...] = (
    rule(
        "custom-object",
        r"Could not locate (?P<what>function|class) '(?P<name>[^']+)'",
        _not_found,
    ),
    rule(
        "custom-object",
        r"Could not deserialize (?P<what>class|function) '(?P<name>[^']+)' because its parent",
        _not_found,
    ),
    rule(
        "custom-object",
        r"Unknown (?P<what>layer|\w+ function|\w+): '(?P<name>[^']+)'\.\s+Please ensure",
        _not_found,
    ),
    rule(
        "compile-of-file",
        r"Could not deserialize 'keras\.(?P<what>metrics|losses)\.(?P<name>\w+)' because",
        _not_found,
    ),
    rule("custom-object", r"'\w+' object is not a mapping", _no_mapping),
    rule("unsafe-lambda", r"`Lambda` layer.*?Python lambda", _unsafe),
)
