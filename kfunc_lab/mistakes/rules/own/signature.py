"""Arguments that do not fit the signature of a learner's layer: of `call` or `__init__`."""

import ast
import difflib
import inspect
import re
from collections.abc import Sequence
from typing import Any

from kfunc_lab.graph.keras.nodes import has_history, is_symbolic, node_of
from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, shape_of
from kfunc_lab.mistakes.rule import Mistake, Rule, rule, title
from kfunc_lab.mistakes.source.code import Code, begin_of, end_of
from kfunc_lab.mistakes.source.edit import Change, Edit, edited
from kfunc_lab.mistakes.statements.own_code import (
    OwnClass,
    OwnFunction,
    constructor_of,
    is_own,
    new_first_line,
    spelled,
    value_of,
    variables,
)

# The names of a switch for training; Keras passes only the first one.
_TRAINING = ("training", "is_training", "train", "is_train", "train_mode")
_TAKES = {"name": "name", "dtype": "dtype", "trainable": "trainable"}


def parses(changes: Sequence[Change]) -> bool:
    """Returns whether the files are still Python after changes of them."""
    for file in {change.file for change in changes}:
        code = Code.of(file)
        if code is None:
            return False
        try:
            ast.parse(edited(code.text, [each for each in changes if each.file == file]))
        except (SyntaxError, ValueError):
            return False
    return bool(changes)


def called_expression(failure: Failure) -> ast.Call | None:
    """Returns the call that failed, if its place in the source is known."""
    return failure.expression if isinstance(failure.expression, ast.Call) else None


def _call_method(failure: Failure) -> OwnFunction | None:
    own = OwnClass.of(failure.operation) if is_own(failure.operation) else None
    return None if own is None else own.method("call")


# ---------------------------------------------------------------------------------------------
# An argument is missing


def _missing(match: re.Match[str], failure: Failure) -> Mistake | None:
    function = _call_method(failure)
    name = match["where"]
    if function is None:
        return None
    if name not in {each.arg for each in function.parameters}:
        return _keyword_only(name, function, failure)
    if name in _TRAINING or "mask" in name:
        return _switch(name, function, failure)
    required = [
        each.arg for each in function.parameters if function.default_of(each.arg) is None
    ]
    call = called_expression(failure)
    if failure.stage == "fit" or call is None:
        return _takes_inputs(required, function, failure)
    return _list_given(required, call, function, failure)


def _switch(name: str, function: OwnFunction, failure: Failure) -> Mistake:
    """Gives a default to a switch such as `training`, or to a mask."""
    default = "None" if "mask" in name else "False"
    after = [each.arg for each in function.parameters]
    after = after[after.index(name) :]
    given = [_with_switch(each, function) for each in after]
    change = None if len(given) > 1 else function.with_default(name, default)
    right = "training" if name in _TRAINING else name
    changes: tuple[Change, ...] = () if change is None else (change,)
    if len(given) > 1 and None not in given:
        changes = tuple(each for each in given if each is not None)
    elif right != name:
        changes = _renamed(name, f"{right}={default}", right, function)
    first = next((each.arg for each in function.parameters), "x")
    if "mask" in name and not _checks(name, function):
        return _masked_before(name, changes, failure)
    reason = _("`call` of {layer} requires `{name}`, and this call does not pass it.")
    if right != name:
        reason = _(
            "`call` of {layer} requires `{name}`, and Keras passes only `training` by itself."
        )
    return Mistake(
        "call-signature",
        reason.format(layer=title(failure), name=name),
        "",
        _("Give it a default: `def call(self, {first}, {name}={default})`.").format(
            first=first, name=right, default=default
        ),
        name,
        changes if parses(changes) else (),
    )


def _with_switch(name: str, function: OwnFunction) -> Change | None:
    """Gives a default to a switch or mask, if it has none."""
    if function.default_of(name) is not None or (name != "training" and "mask" not in name):
        return None
    parameter = next(each for each in function.parameters if each.arg == name)
    equals = " = " if parameter.annotation is not None else "="
    default = "None" if "mask" in name else "False"
    new = f"{function.code.source(parameter)}{equals}{default}"
    return function.code.replaced(parameter, new)


def _keyword_only(name: str, function: OwnFunction, failure: Failure) -> Mistake | None:
    """Gives a default to a switch that is passed only by name."""
    found = [each for each in function.node.args.kwonlyargs if each.arg == name]
    if not found or name != "training":
        return None
    new = f"{function.code.source(found[0])}=False"
    return Mistake(
        "call-signature",
        _("`call` of {layer} requires `{name}`, and this call does not pass it.").format(
            layer=title(failure), name=name
        ),
        "",
        _("Give it a default: `{new}`.").format(new=new),
        name,
        (function.code.replaced(found[0], new),),
    )


def _checks(name: str, function: OwnFunction) -> bool:
    """Returns whether a function asks if a parameter is `None`, or does not use it."""
    for node in ast.walk(function.node):
        test = node.test if isinstance(node, (ast.If, ast.IfExp)) else node
        is_test = test is not node and isinstance(test, (ast.Compare, ast.Name))
        if is_test and name in function.code.source(test):
            return True
    uses = [node for node in ast.walk(function.node) if isinstance(node, ast.Name)]
    return not any(node.id == name for node in uses)


def _masked_before(name: str, changes: tuple[Change, ...], failure: Failure) -> Mistake:
    """Lets a layer before make the mask that `call` computes with."""
    call, source = called_expression(failure), failure.source
    edit = _(
        "Write `{name}=None` in `call`, and let a layer make the mask: `Masking()`, or "
        "`Embedding(..., mask_zero=True)`."
    ).format(name=name)
    shapes = [shape_of(tensor) or () for tensor in failure.tensors]
    found = _embedding_before(failure)
    if found is not None:
        name_of_it, change = found
        changes = (*changes, change)
        edit = _("Write `{name}=None` in `call`, and `mask_zero=True` in {layer}.").format(
            name=name, layer=name_of_it
        )
    elif (
        call is not None and source is not None and len(call.args) == 1 and len(shapes[0]) == 3
    ):
        new = f"{spelled('layers', failure)}.Masking()({source.source(call.args[0])})"
        changes = (*changes, source.replaced(call.args[0], new))
    else:
        changes = ()
    return Mistake(
        "call-signature",
        _("`call` of {layer} needs a mask, and no layer before it makes one.").format(
            layer=title(failure)
        ),
        "",
        edit,
        name,
        changes if parses(changes) else (),
    )


def _embedding_before(failure: Failure) -> tuple[str, Change] | None:
    """Returns the change by which the `Embedding` behind an input makes its mask."""
    tensors = [each for each in failure.tensors if has_history(each)]
    while len(tensors) == 1 and (node := node_of(tensors[0])) is not None:
        layer = node.operation
        if type(layer).__name__ == "Embedding":
            site = None if layer.mask_zero else constructor_of(layer, failure)
            if site is None:
                return None
            return f"{layer.name} ({type(layer).__name__})", site[0].with_argument(
                site[1], "mask_zero", "True"
            )
        if not getattr(layer, "supports_masking", False):
            return None
        tensors = list(node.input_tensors)
    return None


def _renamed(name: str, parameter: str, new: str, function: OwnFunction) -> tuple[Change, ...]:
    changes = [
        function.code.replaced(each, parameter)
        for each in function.parameters
        if each.arg == name
    ]
    for node in ast.walk(function.node):
        if isinstance(node, ast.Name) and node.id == name:
            changes.append(function.code.replaced(node, new))
    return tuple(changes)


def _takes_inputs(
    required: list[str], function: OwnFunction, failure: Failure
) -> Mistake | None:
    """Lets a model whose `call` takes several tensors take them in one list."""
    if len(required) < 2:
        return None
    changes = _with_one_list(required, function)
    return Mistake(
        "call-signature",
        _(
            "`call` of {layer} takes {names} as separate arguments, but `fit` passes all inputs "
            "in one."
        ).format(layer=title(failure), names=", ".join(required)),
        "",
        _("Write `def call(self, inputs)`, and in it `{names} = inputs`.").format(
            names=", ".join(required)
        ),
        required[-1],
        changes,
    )


def _with_one_list(required: list[str], function: OwnFunction) -> tuple[Change, ...]:
    """Makes a function take one list, which it unpacks."""
    used = {node.id for node in ast.walk(function.node) if isinstance(node, ast.Name)}
    names = [each.arg for each in function.parameters]
    if "inputs" in {*used, *names} or names[: len(required)] != required:
        return ()
    first, last = function.parameters[0], function.parameters[len(required) - 1]
    whole = Change(function.code.file, begin_of(first), end_of(last), "inputs")
    changes = (whole, new_first_line(function, f"{', '.join(required)} = inputs"))
    return changes if parses(changes) else ()


def _list_given(
    required: list[str], call: ast.Call, function: OwnFunction, failure: Failure
) -> Mistake | None:
    """Passes the tensors of a list one by one, or says which tensor is missing."""
    code = failure.source
    if code is None or len(required) < 2:
        return None
    given = call.args[0] if len(call.args) == 1 else None
    count = len(failure.tensors)
    if given is None or count != len(required) or not _binds(failure, count):
        return Mistake(
            "call-signature",
            _("`call` of {layer} takes {names}, got {n}.").format(
                layer=title(failure), names=", ".join(required), n=max(count, len(call.args))
            ),
            f"{max(count, len(call.args))} ≠ {len(required)}",
            "",
            required[-1],
        )
    new = f"*{code.source(given)}"
    if isinstance(given, (ast.List, ast.Tuple)):
        new = ", ".join(map(code.source, given.elts))
    return Mistake(
        "call-signature",
        _(
            "`call` of {layer} takes {names} as separate arguments, got them in one list."
        ).format(layer=title(failure), names=", ".join(required)),
        "",
        _("Write `{callee}({tensors})`, without the list.").format(
            callee=code.source(call.func), tensors=new
        ),
        required[-1],
        (code.replaced(given, new),),
        (
            Edit(
                _("Write `def call(self, inputs)`, and in it `{names} = inputs`.").format(
                    names=", ".join(required)
                ),
                _with_one_list(required, function),
            ),
        ),
    )


def _binds(failure: Failure, count: int) -> bool:
    """Returns whether `call` of a layer takes a number of tensors by position."""
    try:
        inspect.signature(type(failure.operation).call).bind(None, *range(count))
    except TypeError:
        return False
    return True


# ---------------------------------------------------------------------------------------------
# Too many arguments


def _too_many(match: re.Match[str], failure: Failure) -> Mistake | None:
    function, call = _call_method(failure), called_expression(failure)
    if function is None or call is None or failure.source is None:
        return None
    arguments = function.node.args.args
    if arguments and arguments[0].arg != "self":
        return _without_self(function, failure)
    names = [each.arg for each in function.parameters]
    count = len(call.args)
    if len(names) == 0 or count < 2:
        return None
    parts = function.unpacked(names[0]) or []
    source = failure.source
    listed = f"[{', '.join(map(source.source, call.args))}]"
    if len(parts) == count or _highest_index(names[0], function) == count - 1:
        whole = Change(source.file, begin_of(call.args[0]), end_of(call.args[-1]), listed)
        return Mistake(
            "call-signature",
            _("`call` of {layer} takes one list of {n} tensors, got {n} arguments.").format(
                layer=title(failure), n=count
            ),
            "",
            _("Write `{callee}({tensors})`, with all the tensors in one list.").format(
                callee=source.source(call.func), tensors=listed
            ),
            names[0],
            (whole,),
        )
    return Mistake(
        "call-signature",
        _("`call` of {layer} takes {names}, got {n}.").format(
            layer=title(failure), names=", ".join(names), n=count
        ),
        f"{count} ≠ {len(names)}",
        "",
        names[-1],
    )


def _highest_index(name: str, function: OwnFunction) -> int:
    """Returns the largest constant index that a function reads from a parameter."""
    found = [
        node.slice.value
        for node in ast.walk(function.node)
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == name
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, int)
    ]
    return max(found, default=-1)


def _without_self(function: OwnFunction, failure: Failure) -> Mistake:
    first = function.node.args.args[0]
    return Mistake(
        "call-signature",
        _("`call` of {layer} lacks its first parameter, `self`.").format(layer=title(failure)),
        "",
        _("Write `def call(self, {names})`.").format(
            names=", ".join(each.arg for each in function.node.args.args)
        ),
        "self",
        (Change(function.code.file, begin_of(first), begin_of(first), "self, "),),
    )


# ---------------------------------------------------------------------------------------------
# Keywords


def _unexpected(match: re.Match[str], failure: Failure) -> Mistake | None:
    name = match["where"]
    if failure.stage == "construct":
        return _constructor_keyword(name, failure)
    function, call = _call_method(failure), called_expression(failure)
    if function is None or call is None or failure.source is None:
        return None
    word = next((each for each in call.keywords if each.arg == name), None)
    known = [each.arg for each in (*function.parameters[1:], *function.node.args.kwonlyargs)]
    close = difflib.get_close_matches(name, known, 1, 0.4) or (known if len(known) == 1 else [])
    if word is None:
        return None
    new = f"{close[0]}={failure.source.source(word.value)}" if close else ""
    return Mistake(
        "call-signature",
        _("`call` of {layer} has no argument `{name}`; it takes {known}.").format(
            layer=title(failure),
            name=name,
            known=", ".join(each.arg for each in function.parameters),
        ),
        "",
        _("Write `{close}=` instead of `{name}=`.").format(close=close[0], name=name)
        if close
        else "",
        name,
        (failure.source.replaced(word, new),) if close else (),
    )


def _constructor_keyword(name: str, failure: Failure) -> Mistake | None:
    """Lets a learner's `__init__` accept what every layer accepts, such as `name`."""
    cls = variables(failure.scope).get(failure.kind)
    own = OwnClass.of(cls) if isinstance(cls, type) else None
    function = None if own is None else own.method("__init__")
    if own is None or function is None or function.node.args.kwarg is not None:
        return None
    if name not in _TAKES:
        return _unknown_setting(name, function, failure)
    changes = with_options(function)
    return Mistake(
        "missing-kwargs",
        _("`__init__` of {name} does not accept `{where}`, which every layer takes.").format(
            name=failure.kind, where=name
        ),
        "",
        _(
            "Write `def __init__(self, ..., **kwargs)` in {name}, and pass `**kwargs` to "
            "`super().__init__`."
        ).format(name=failure.kind),
        name,
        changes,
    )


def _constructor_positions(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Moves a tensor out of the constructor of a learner's layer."""
    call, source, known = called_expression(failure), failure.source, variables(failure.scope)
    cls = None if call is None else value_of(call.func, known)
    if call is None or source is None or not isinstance(cls, type):
        return None
    if cls.__module__.startswith("keras.") or failure.stage != "construct" or not call.args:
        return None
    if not all(is_symbolic(value_of(each, known)) for each in call.args):
        return Mistake(
            "unknown-argument",
            _("`__init__` of {name} takes no settings by position, got {value}.").format(
                name=cls.__name__, value=", ".join(map(source.source, call.args))
            ),
            "",
            "",
            "__init__",
        )
    tensors = ", ".join(map(source.source, call.args))
    settings = ", ".join(map(source.source, call.keywords))
    new = f"{source.source(call.func)}({settings})({tensors})"
    return Mistake(
        "constructor-parentheses",
        _("The constructor of {kind} takes settings, not a tensor.").format(kind=cls.__name__),
        "",
        _("Write `{new}`: the tensor goes in a second pair of parentheses.").format(new=new),
        "",
        (source.replaced(call, new),),
    )


def with_options(function: OwnFunction) -> tuple[Change, ...]:
    """Lets `__init__` take `**kwargs` and pass them to `super().__init__`.

    Args:
        function: The `__init__` of a class.

    Returns:
        The changes; none if it does not call `super().__init__`, or not in a known way.
    """
    inits = [
        node
        for node in ast.walk(function.node)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "__init__"
        and isinstance(node.func.value, ast.Call)
    ]
    arguments = function.node.args
    listed = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    if len(inits) != 1 or arguments.kwarg is not None or arguments.vararg is not None:
        return ()
    last = max(
        map(end_of, [*listed, *arguments.defaults, *filter(None, arguments.kw_defaults)])
    )
    init = inits[0]
    given = [*init.args, *(word.value for word in init.keywords)]
    place = (init.end_lineno or 0, (init.end_col_offset or 0) - 1)
    file = function.code.file
    changes = (
        Change(file, last, last, ", **kwargs"),
        Change(file, place, place, ", **kwargs" if given else "**kwargs"),
    )
    return changes if parses(changes) else ()


def _unknown_setting(name: str, function: OwnFunction, failure: Failure) -> Mistake | None:
    known = [each.arg for each in (*function.parameters, *function.node.args.kwonlyargs)]
    close = difflib.get_close_matches(name, known, 1, 0.5)
    call = called_expression(failure)
    word = next((each for each in call.keywords if each.arg == name), None) if call else None
    changes: tuple[Change, ...] = ()
    if close and word is not None and failure.source is not None:
        new = f"{close[0]}={failure.source.source(word.value)}"
        changes = (failure.source.replaced(word, new),)
    edit = _("Write `{close}=` instead of `{name}=`.")
    return Mistake(
        "unknown-argument",
        _("{kind} has no argument `{name}`.").format(kind=failure.kind, name=name),
        "",
        edit.format(close=close[0], name=name) if close else "",
        name,
        changes,
    )


def _by_position(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Names an argument that is no tensor: only tensors are passed by position."""
    call, source = called_expression(failure), failure.source
    if failure.operation is None or call is None or source is None:
        return None
    if match["value"].startswith(("<", "[", "(")):
        return None
    names = list(inspect.signature(type(failure.operation).call).parameters)[1:]
    known = variables(failure.scope)
    start = next(
        (n for n, each in enumerate(call.args) if _is_plain(value_of(each, known))), None
    )
    if start is None or len(names) < len(call.args):
        return None
    named = list(zip(names[start:], call.args[start:], strict=False))
    if any(
        name in ("training", "mask") and not isinstance(value_of(argument, known), bool)
        for name, argument in named
    ):
        return None
    changes = tuple(
        source.replaced(argument, f"{name}={source.source(argument)}")
        for name, argument in named
    )
    words = ", ".join(f"{name}={source.source(argument)}" for name, argument in named)
    before = ", ".join(map(source.source, call.args[:start]))
    return Mistake(
        "call-signature",
        _("{layer} takes only tensors by position; {value} needs its name.").format(
            layer=title(failure), value=match["value"]
        ),
        "",
        _("Write `{callee}({tensors})`.").format(
            callee=source.source(call.func), tensors=f"{before}, {words}"
        ),
        named[0][0],
        changes if parses(changes) else (),
    )


def _is_plain(value: Any) -> bool:
    return isinstance(value, (bool, int, float, str))


# ---------------------------------------------------------------------------------------------
# The function of a Lambda layer


def _lambda_arguments(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Lets the function of a `Lambda` layer take its tensors in one list."""
    if failure.kind != "Lambda":
        return None
    function = OwnFunction.of(getattr(failure.operation, "function", None))
    call = called_expression(failure)
    if function is None or call is None or failure.source is None:
        return None
    names = [each.arg for each in function.parameters]
    if len(names) < 2:
        return None
    changes = _one_parameter(names, function)
    if len(call.args) == len(names):
        listed = f"[{', '.join(map(failure.source.source, call.args))}]"
        whole = Change(
            failure.source.file, begin_of(call.args[0]), end_of(call.args[-1]), listed
        )
        changes = (*changes, whole)
    return Mistake(
        "call-signature",
        _(
            "A `Lambda` layer passes all tensors in one list, but its function takes {names}."
        ).format(names=", ".join(names)),
        "",
        _("Let the function take one list, `t`, and read `t[0]`, `t[1]` and so on.")
        if isinstance(function.node, ast.Lambda)
        else _(
            "Let the function take one list, `inputs`, and begin with `{names} = inputs`."
        ).format(names=", ".join(names)),
        names[-1],
        changes if parses(changes) else (),
    )


def _one_parameter(names: list[str], function: OwnFunction) -> tuple[Change, ...]:
    if not isinstance(function.node, ast.Lambda):
        return _with_one_list(names, function)
    new = "t" if "t" not in names else "inputs"
    used = [node for node in ast.walk(function.node.body) if isinstance(node, ast.Name)]
    if any(node.id == new for node in used):
        return ()
    first, last = function.parameters[0], function.parameters[-1]
    changes = [Change(function.code.file, begin_of(first), end_of(last), new)]
    changes += [
        function.code.replaced(node, f"{new}[{names.index(node.id)}]")
        for node in used
        if node.id in names
    ]
    return tuple(changes)


def _build_names(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Names the arguments of `build` after those of `call`."""
    own = OwnClass.of(failure.operation) if is_own(failure.operation) else None
    build = None if own is None else own.method("build")
    call = None if own is None else own.method("call")
    if build is None or call is None:
        return None
    names = [each.arg for each in build.parameters]
    right = [f"{each.arg}_shape" for each in call.parameters[: len(names)]]
    if len(right) != len(names):
        return None
    pairs = dict(zip(names, right, strict=True))
    changes = [build.code.replaced(each, pairs[each.arg]) for each in build.parameters]
    changes += [
        build.code.replaced(node, pairs[node.id])
        for node in ast.walk(build.node)
        if isinstance(node, ast.Name) and node.id in pairs
    ]
    return Mistake(
        "call-signature",
        _("`build` of {layer} names its shapes differently from the tensors of `call`.").format(
            layer=title(failure)
        ),
        "",
        _("Write `def build(self, {names})`.").format(names=", ".join(right)),
        "build",
        tuple(changes) if parses(changes) else (),
    )


RULES: tuple[Rule, ...] = (
    rule("call-signature", r"`build\(\)` method with more than one argument", _build_names),
    rule("call-signature", r"missing a required (?:\S+ )?argument: '(?P<where>\w+)'", _missing),
    rule(
        "call-signature",
        r"call\(\) missing \d+ required (?:positional|keyword-only) arguments?: '(?P<where>\w+)'",
        _missing,
    ),
    rule(
        "call-signature",
        r"too many positional arguments|\.call\(\) takes \d+ positional arguments? but",
        _too_many,
    ),
    rule("call-signature", r"got an unexpected keyword argument '(?P<where>\w+)'", _unexpected),
    rule(
        "call-signature",
        r"Only input tensors may be passed as positional arguments.*?"
        r"keyword argument: (?P<value>.*?) \(of type",
        _by_position,
    ),
    rule("call-signature", r"\(\) missing \d+ required positional argument", _lambda_arguments),
    rule(
        "constructor-parentheses",
        r"__init__\(\) takes \d+ positional arguments? but",
        _constructor_positions,
    ),
)
