"""Mistakes in saving and loading models, weights and custom layers."""

import re

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, quoted, rule, title


def _without_suffix(match: re.Match[str], failure: Failure) -> Mistake:
    path = match["path"].rstrip(".")
    name = _last_part(path)
    stem = name.rpartition(".")[0] or name
    return Mistake(
        "file-suffix",
        _("The file name of a saved model must end in `.keras`, got {path}.").format(path=name),
        "",
        _('Write `model.save("{stem}.keras")`; for serving, `model.export("{stem}")`.').format(
            stem=stem
        ),
        "filepath",
    )


def _without_weights_suffix(match: re.Match[str], failure: Failure) -> Mistake:
    name = _last_part(match["path"])
    stem = name.removesuffix(".h5").removesuffix(".weights").removesuffix(".keras")
    return Mistake(
        "file-suffix",
        _("The file name of saved weights must end in `.weights.h5`, got {path}.").format(
            path=name
        ),
        "",
        _('Write `"{stem}.weights.h5"`.').format(stem=stem),
        "filepath",
    )


def _checkpoint(match: re.Match[str], failure: Failure) -> Mistake:
    name = _last_part(match["path"])
    return Mistake(
        "file-suffix",
        _("The file name of a saved model must end in `.keras`, got {path}.").format(path=name),
        "",
        _('Write `"{stem}.keras"`.').format(stem=name.rpartition(".")[0] or name),
        "filepath",
    )


def _last_part(path: str) -> str:
    return re.split(r"[\\/]", path.strip())[-1]


def _no_file(match: re.Match[str], failure: Failure) -> Mistake:
    path = match["path"].strip().rstrip(".")
    return Mistake(
        "file-not-found",
        _("There is no file {path}.").format(path=quoted(path, 80)),
        "",
        _(
            "Check its name and folder with `os.listdir()`; a relative path starts at "
            "`os.getcwd()`."
        ),
        "filepath",
    )


def _other_format(match: re.Match[str], failure: Failure) -> Mistake:
    path = match["path"].strip().rstrip(".")
    return Mistake(
        "file-suffix",
        _("`load_model` expects a file that ends in `.keras`, got {path}.").format(
            path=_last_part(path)
        ),
        "",
        _('Save it with `model.save("{name}.keras")`, then load that file.').format(
            name=_last_part(path)
        ),
        "filepath",
    )


def _no_get_config(match: re.Match[str], failure: Failure) -> Mistake:
    name = match["name"]
    return Mistake(
        "missing-get-config",
        _("Keras cannot save how a {name} was created.").format(name=name),
        "",
        _(
            "Add to {name}: `def get_config(self): return {{**super().get_config(), ...}}`, with "
            "the constructor's arguments."
        ).format(name=name),
        "get_config",
    )


def _config_incomplete(match: re.Match[str], failure: Failure) -> Mistake | None:
    name, missing = match["name"].rpartition(".")[2], match["missing"]
    if name in ("Functional", "Sequential"):
        return None
    reason = _("The saved file lacks the argument `{missing}` of {name}.")
    edit = _(
        'Add to {name}: `def get_config(self): return {{**super().get_config(), "{missing}": '
        "self.{missing}}}`, and save again."
    )
    if failure.kind != "load_model":
        reason = _("The configuration of {name} lacks the argument `{missing}`.")
        edit = _(
            'Add to {name}: `def get_config(self): return {{**super().get_config(), "{missing}": '
            "self.{missing}}}`."
        )
    return Mistake(
        "missing-get-config",
        reason.format(missing=missing, name=name),
        "",
        edit.format(name=name, missing=missing),
        missing,
    )


def _config_too_much(match: re.Match[str], failure: Failure) -> Mistake:
    name = match["given"] or match["refused"]
    where = match["where"] or match["first"]
    if where in _OF_EVERY_LAYER:
        return Mistake(
            "missing-kwargs",
            _(
                "`__init__` of {name} does not accept `{where}`, which is in the configuration "
                "of every layer."
            ).format(name=name, where=where),
            "",
            _(
                "Write `def __init__(self, ..., **kwargs)` in {name}, and pass `**kwargs` to "
                "`super().__init__`."
            ).format(name=name),
            where,
        )
    return Mistake(
        "unknown-argument",
        _(
            "The configuration of {name} contains `{where}`, which `__init__` does not accept."
        ).format(name=name, where=where),
        "",
        _("Add `{where}` to `__init__` of {name}, or remove it from `get_config`.").format(
            name=name, where=where
        ),
        where,
    )


def _not_registered(match: re.Match[str], failure: Failure) -> Mistake:
    name = match["name"]
    return Mistake(
        "custom-object",
        _("Keras does not know the class {name}, which the file uses.").format(name=name),
        "",
        _(
            "Write `@keras.saving.register_keras_serializable()` above the class, or load with "
            '`custom_objects={{"{name}": {name}}}`.'
        ).format(name=name),
        name,
    )


def _unsafe_lambda(match: re.Match[str], failure: Failure) -> Mistake:
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
    )


def _other_weights(match: re.Match[str], failure: Failure) -> Mistake:
    have, want = match["have"], match["want"]
    return Mistake(
        "weights-shape",
        _("{layer} has weights of shape {want}, got {have}.").format(
            layer=match.groupdict().get("name") or title(failure), want=want, have=have
        ),
        f"{have} ≠ {want}",
        _("Build the model exactly as it was when the weights were saved."),
        match.groupdict().get("name") or "",
    )


_SHAPE = r"[(\[][^)\]]*[)\]]"
_OF_EVERY_LAYER = ("name", "trainable", "dtype")
_REVIVING = r"(?:Error when deserializing class|could not be deserialized|Unable to revive)"

RULES: tuple[Rule, ...] = (
    rule(
        "file-suffix",
        r"Invalid filepath extension for saving.*?filepath=(?P<path>[^\n]*)",
        _without_suffix,
    ),
    rule(
        "file-suffix",
        r"must end in `\.weights\.h5`.*?filepath=(?P<path>[^\n]*)",
        _without_weights_suffix,
    ),
    rule("file-suffix", r"must end in `\.keras`.*?filepath=(?P<path>[^\n]*)", _checkpoint),
    rule("file-suffix", r"File format not supported: filepath=(?P<path>\S+)\. ", _other_format),
    rule("file-not-found", r"File not found: filepath=(?P<path>.*?)\. ", _no_file),
    rule(
        "file-not-found",
        r"unable to open file[^\n]*?name = '(?P<path>[^']*)', errno = 2",
        _no_file,
    ),
    rule(
        "missing-get-config",
        r"Object (?P<name>\w+) was created by passing\s+non-serializable",
        _no_get_config,
    ),
    rule(
        "missing-get-config",
        r".*<class '(?P<name>[^']*)'> could not be deserialized properly.*?"
        r"missing \d+ required (?:positional|keyword-only) arguments?: '(?P<missing>\w+)'",
        _config_incomplete,
    ),
    rule(
        "missing-get-config",
        r"(?P<name>\w+)\.__init__\(\) missing \d+ required (?:positional|"
        r"keyword-only) arguments?: '(?P<missing>\w+)'.*could not be deserialized",
        _config_incomplete,
    ),
    rule(
        "missing-get-config",
        rf"{_REVIVING}.*?(?P<name>\w+)\.__init__\(\) missing \d+ required (?:positional|"
        r"keyword-only) arguments?: '(?P<missing>\w+)'",
        _config_incomplete,
    ),
    rule(
        "unknown-argument",
        rf"{_REVIVING}.*?(?:(?P<given>\w+)\.__init__\(\) got an unexpected keyword argument "
        r"'(?P<where>\w+)'|Unrecognized keyword arguments? passed to (?P<refused>\w+): "
        r"\{'(?P<first>\w+)')",
        _config_too_much,
    ),
    rule("custom-object", r"Could not locate class '(?P<name>\w+)'", _not_registered),
    rule("unsafe-lambda", r"`Lambda` layer.*?Python lambda", _unsafe_lambda),
    rule(
        "weights-shape",
        rf"object <\w+ name=(?P<name>[^,>]*).*?variable\.shape=(?P<want>{_SHAPE}),"
        rf".*?value\.shape=(?P<have>{_SHAPE})",
        _other_weights,
    ),
    rule(
        "weights-shape",
        rf"Layer (?P<name>\S+) weight shape (?P<want>{_SHAPE}) is not compatible "
        rf"with provided weight shape (?P<have>{_SHAPE})",
        _other_weights,
    ),
)
