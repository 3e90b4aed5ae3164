"""`get_config` of a learner's class, and configurations that an older Keras wrote."""

import ast
import re
from collections.abc import Mapping
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, called_name
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.rules.own.signature import called_expression, parses, with_options
from kfunc_lab.mistakes.source.code import begin_of, end_of
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.own_code import (
    OwnClass,
    OwnFunction,
    is_own,
    value_of,
    variables,
)


def _class_named(name: str, failure: Failure) -> OwnClass | None:
    value = variables(failure.scope).get(name)
    if isinstance(value, type):
        return OwnClass.of(value)
    return OwnClass.of(failure.operation) if is_own(failure.operation) else None


# ---------------------------------------------------------------------------------------------
# get_config is missing, or incomplete


def _no_get_config(match: re.Match[str], failure: Failure) -> Mistake | None:
    own = _class_named(match["name"], failure)
    if own is None:
        return None
    changes = _new_get_config(own, failure)
    return Mistake(
        "missing-get-config",
        _("Keras cannot save how a {name} was created.").format(name=match["name"]),
        "",
        _(
            "Add to {name}: `def get_config(self): return {{**super().get_config(), ...}}`, with "
            "the constructor's arguments."
        ).format(name=match["name"]),
        "get_config",
        changes,
    )


def _new_get_config(own: OwnClass, failure: Failure) -> tuple[Change, ...]:
    """Writes `get_config`, and `from_config` for arguments that are layers."""
    import keras

    init = own.method("__init__")
    if init is None or own.method("get_config") is not None:
        return ()
    items, layers = [], []
    for parameter in [*init.parameters, *init.node.args.kwonlyargs]:
        attribute = _attribute_of(parameter.arg, init)
        if attribute is None:
            return ()
        value = getattr(failure.operation, attribute, None)
        source = f"self.{attribute}"
        if isinstance(value, keras.Layer):
            layers.append(parameter.arg)
            source = f"keras.saving.serialize_keras_object({source})"
        items.append(f'"{parameter.arg}": {source}')
    lines = [
        "def get_config(self):",
        f"    return {{**super().get_config(), {', '.join(items)}}}",
    ]
    lines += _from_config(layers)
    changes = (own.new_method(lines, ""), *_options(init))
    return changes if parses(changes) else ()


def _options(init: OwnFunction) -> tuple[Change, ...]:
    return () if init.node.args.kwarg is not None else with_options(init)


def _from_config(layers: list[str]) -> list[str]:
    if not layers:
        return []
    lines = ["", "@classmethod", "def from_config(cls, config):"]
    lines += [
        f'    config["{name}"] = keras.saving.deserialize_keras_object(config["{name}"])'
        for name in layers
    ]
    return [*lines, "    return cls(**config)"]


def _attribute_of(name: str, init: OwnFunction) -> str | None:
    """Returns the attribute in which `__init__` keeps an argument."""
    for node in ast.walk(init.node):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Name)
            and node.value.id == name
            and isinstance(node.targets[0], ast.Attribute)
            and getattr(node.targets[0].value, "id", "") == "self"
        ):
            return node.targets[0].attr
    return None


def _incomplete(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Adds an argument to a `get_config` that lacks it."""
    name, missing = match["name"].rpartition(".")[2], match["missing"]
    own = _class_named(name, failure)
    if own is None or own.node.name != name:
        return None
    init, config = own.method("__init__"), own.method("get_config")
    attribute = None if init is None else _attribute_of(missing, init)
    if config is None or attribute is None:
        return None
    dicts = [
        node
        for statement in config.returns()
        for node in ast.walk(statement)
        if isinstance(node, ast.Dict)
    ]
    changes: tuple[Change, ...] = ()
    value: Any = config.returns()[-1].value if config.returns() else None
    if not dicts and isinstance(value, ast.Call):
        new = f'{{**{config.code.source(value)}, "{missing}": self.{attribute}}}'
        changes = (config.code.replaced(value, new),)
    if len(dicts) == 1:
        changes = _with_item(dicts[0], missing, attribute, config)
    reason = _("The configuration of {name} lacks the argument `{missing}`.")
    if failure.kind == "load_model":
        reason = _("The saved file lacks the argument `{missing}` of {name}.")
    return Mistake(
        "missing-get-config",
        reason.format(name=name, missing=missing),
        "",
        _item_edit(name, missing, attribute, failure),
        missing,
        changes,
    )


def _item_edit(name: str, missing: str, attribute: str, failure: Failure) -> str:
    if attribute != missing:
        return _(
            'Write `"{missing}": self.{attribute}` in `get_config`, and save again.'
        ).format(missing=missing, attribute=attribute)
    edit = _(
        'Add to {name}: `def get_config(self): return {{**super().get_config(), "{missing}": '
        "self.{missing}}}`."
    )
    if failure.kind == "load_model":
        edit = _(
            'Add to {name}: `def get_config(self): return {{**super().get_config(), "{missing}": '
            "self.{missing}}}`, and save again."
        )
    return edit.format(name=name, missing=missing)


def _with_item(
    node: ast.Dict, name: str, attribute: str, config: OwnFunction
) -> tuple[Change, ...]:
    """Sets an item of a dict; the one that holds the attribute under a wrong key, if any."""
    code = config.code
    for key, value in zip(node.keys, node.values, strict=True):
        if key is not None and code.source(value) == f"self.{attribute}":
            return (code.replaced(key, f'"{name}"'),)
    if not node.values:
        return (code.replaced(node, f'{{"{name}": self.{attribute}}}'),)
    end = end_of(node.values[-1])
    change = Change(code.file, end, end, f', "{name}": self.{attribute}')
    return (change,) if parses([change]) else ()


def _returns_no_dict(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Lets `get_config` return the dict."""
    own = _class_named(match["name"], failure)
    config = None if own is None else own.method("get_config")
    if own is None or config is None or not isinstance(config.node.body, list):
        return None
    last = config.node.body[-1]
    changes: tuple[Change, ...] = ()
    value: Any = getattr(last, "value", None)
    edit = _("End it with `return config`.")
    if isinstance(last, ast.Return) and _is_update(value):
        new = f"{{**{config.code.source(value.func.value)}, **{config.code.source(value.args[0])}}}"
        changes = (config.code.replaced(value, new),)
        edit = _("`update` returns nothing: write `return {new}`.").format(new=new)
    elif not config.returns():
        held = _last_dict(config)
        if held:
            changes = (config.code.line_after(last, f"return {held}"),)
            edit = _("End it with `return {result}`.").format(result=held)
    return Mistake(
        "missing-return",
        _("`get_config` of {name} must return a dict, got {value}.").format(
            name=own.node.name, value=match["value"].strip()
        ),
        "",
        edit,
        "get_config",
        changes if parses(changes) else (),
    )


def _is_update(value: Any) -> bool:
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Attribute)
        and value.func.attr == "update"
        and len(value.args) == 1
    )


def _last_dict(config: OwnFunction) -> str:
    """Returns the first variable that a function sets, which holds the configuration."""
    assigned = [
        node.targets[0].id
        for node in ast.walk(config.node)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    ]
    return assigned[0] if assigned else ""


def _dict_for_layer(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Rebuilds the layers that `get_config` of a learner's class holds."""
    import keras

    node, scope = failure.expression, failure.scope
    subject = None if scope is None else scope.f_locals.get("self")
    own = OwnClass.of(subject) if isinstance(subject, keras.Layer) and is_own(subject) else None
    if own is None or not isinstance(node, ast.Call) or own.method("from_config") is not None:
        return None
    init, config = own.method("__init__"), own.method("get_config")
    attribute = getattr(node.func, "attr", "")
    if init is None or config is None:
        return None
    held = getattr(subject, attribute, None)
    if not isinstance(held, Mapping) or held.get("class_name") in (None, "function"):
        return None
    names = [each.arg for each in init.parameters if _attribute_of(each.arg, init) == attribute]
    if not names:
        return None
    change = own.new_method(_from_config(names)[1:], "")
    return Mistake(
        "missing-from-config",
        _(
            "`{name}` of {layer} is a dict in the loaded model: a layer is saved as a dict."
        ).format(name=attribute, layer=own.node.name),
        "",
        _(
            "Write `from_config`, which makes the layer again with "
            "`keras.saving.deserialize_keras_object`."
        ),
        attribute,
        (change,) if parses([change]) else (),
    )


# ---------------------------------------------------------------------------------------------
# Arguments that `__init__` does not take


def _refused(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a setting that a class refused, in the message of the class alone."""
    call = called_expression(failure)
    name = "" if call is None else called_name(failure.code)
    return _too_much(match, failure) if name in _LOADERS else None


def _too_much(match: re.Match[str], failure: Failure) -> Mistake | None:
    import keras

    found = match.groupdict()
    name = found.get("given") or match["refused"]
    where = found.get("where") or match["first"]
    known = variables(failure.scope)
    if not isinstance(known.get(name), type) and hasattr(keras.layers, name):
        return _old_setting(name, where, failure)
    own = _class_named(name, failure)
    init = None if own is None else own.method("__init__")
    if init is None or where not in ("name", "trainable", "dtype"):
        return None
    return Mistake(
        "missing-kwargs",
        _(
            "`__init__` of {name} does not accept `{where}`, which is in the configuration of "
            "every layer."
        ).format(name=name, where=where),
        "",
        _(
            "Write `def __init__(self, ..., **kwargs)` in {name}, and pass `**kwargs` to "
            "`super().__init__`."
        ).format(name=name),
        where,
        with_options(init),
    )


def _old_setting(kind: str, setting: str, failure: Failure) -> Mistake:
    """Takes a setting that Keras 3 does not have out of a configuration of Keras 2."""
    call, code = called_expression(failure), failure.source
    edit = _("Take `{name}` out of the configuration before you load it.").format(name=setting)
    changes: tuple[Change, ...] = ()
    if call is not None and code is not None:
        name = code.source(call.func).rpartition(".")[2]
        if name == "load_model":
            changes = _older_class(kind, setting, call, failure)
            edit = _(
                "Load it with a class that leaves `{name}` out: "
                '`custom_objects={{"{kind}": ...}}`.'
            ).format(name=setting, kind=kind)
        elif name in ("model_from_json", "from_config"):
            changes = _popped(setting, call, failure)
    return Mistake(
        "old-configuration",
        _("An older Keras wrote this configuration: {kind} has no `{name}` in Keras 3.").format(
            kind=kind, name=setting
        ),
        "",
        edit,
        setting,
        changes,
    )


def _popped(setting: str, call: ast.Call, failure: Failure) -> tuple[Change, ...]:
    """Removes a setting of all layers from the dict or text that a model is made from."""
    code, known = failure.source, variables(failure.scope)
    if code is None or not call.args:
        return ()
    given = call.args[0]
    inner = given.args[0] if isinstance(given, ast.Call) and given.args else given
    value = value_of(inner, known)
    lines, held = [], code.source(inner)
    whole = isinstance(value, dict) and "class_name" not in value
    if isinstance(value, str):
        lines, held = [f"config = json.loads({held})"], "config"
        if "json" not in known:
            lines.insert(0, "import json")
    elif not isinstance(value, dict):
        return ()
    path = held if whole else f'{held}["config"]'
    lines += [
        f'for layer in {path}["layers"]:',
        f'    layer["config"].pop("{setting}", None)',
    ]
    statement = code.statement_of(call)
    if statement is None:
        return ()
    indent = f"\n{' ' * begin_of(statement)[1]}"
    changes = [code.line_before(statement, indent.join(lines))]
    if isinstance(value, str):
        changes.append(code.replaced(given, "json.dumps(config)"))
    return tuple(changes) if parses(changes) else ()


def _older_class(
    kind: str, setting: str, call: ast.Call, failure: Failure
) -> tuple[Change, ...]:
    code, known = failure.source, variables(failure.scope)
    statement = None if code is None else code.statement_of(call)
    named = {word.arg for word in call.keywords}
    if code is None or statement is None or "custom_objects" in named or f"Old{kind}" in known:
        return ()
    lines = [
        f"class Old{kind}(keras.layers.{kind}):",
        f"    def __init__(self, *args, {setting}=None, **kwargs):",
        "        super().__init__(*args, **kwargs)",
        "",
    ]
    indent = f"\n{' ' * begin_of(statement)[1]}"
    changes = (
        code.line_before(statement, indent.join(lines)),
        code.with_argument(call, "custom_objects", f'{{"{kind}": Old{kind}}}'),
    )
    return changes if parses(changes) else ()


_REVIVING = r"(?:Error when deserializing class|could not be deserialized|Unable to revive)"
_LOADERS = ("load_model", "model_from_json", "from_config")
_MISSING = (
    r"(?P<name>\w+)\.__init__\(\) missing \d+ required (?:positional|keyword-only) "
    r"arguments?: '(?P<missing>\w+)'"
)

RULES: tuple[Rule, ...] = (
    rule(
        "missing-get-config",
        r"Object (?P<name>\w+) was created by passing\s+non-serializable",
        _no_get_config,
    ),
    rule("missing-get-config", rf"{_REVIVING}.*?{_MISSING}", _incomplete),
    rule("missing-get-config", rf"{_MISSING}.*could not be deserialized", _incomplete),
    rule(
        "missing-return",
        r"`get_config\(\)` method of <(?P<name>\w+) .*?should return a dict\. It returned: "
        r"(?P<value>[^\n]*)",
        _returns_no_dict,
    ),
    rule(
        "missing-from-config",
        r"'(?:TrackedDict|dict)' object is not callable",
        _dict_for_layer,
    ),
    rule(
        "old-configuration",
        rf"{_REVIVING}.*?(?:(?P<given>\w+)\.__init__\(\) got an unexpected keyword argument "
        r"'(?P<where>\w+)'|Unrecognized keyword arguments? passed to (?P<refused>\w+): "
        r"\{'(?P<first>\w+)')",
        _too_much,
    ),
    rule(
        "old-configuration",
        r"(?:(?P<given>\w+)\.__init__\(\) got an unexpected keyword argument '(?P<where>\w+)'|"
        r"Unrecognized keyword arguments? passed to (?P<refused>\w+): \{'(?P<first>\w+)').*"
        r"could not be deserialized",
        _too_much,
    ),
    rule(
        "old-configuration",
        r"\AUnrecognized keyword arguments? passed to (?P<refused>\w+): \{'(?P<first>\w+)'",
        _refused,
    ),
)
