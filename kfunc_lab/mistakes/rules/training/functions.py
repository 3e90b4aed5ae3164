"""Mistakes in a learner's own losses and metrics: their arguments, results, and NumPy in them."""

import ast
import inspect
import re
from collections.abc import Iterator
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.cells import definition
from kfunc_lab.mistakes.data.mending import module_name
from kfunc_lab.mistakes.data.passed import Passed, find_passed
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.rules.training.edits import mistake
from kfunc_lab.mistakes.source.code import Code, begin_of, end_of
from kfunc_lab.mistakes.source.edit import Change, Edit
from kfunc_lab.mistakes.statements.compiling import argument_of_compile

_PAIR = "y_true, y_pred"


def _own_function(passed: Passed, name: str) -> tuple[str, Any] | None:
    """Returns the argument of `compile` and the learner's function that it received."""
    for role in ("loss", "metrics", "weighted_metrics"):
        for function in _functions(_of_compile(passed, role)):
            if getattr(function, "__name__", "") == name:
                return role, function
    return None


def _of_compile(passed: Passed, role: str) -> Any:
    if role == "loss":
        return getattr(passed.model, "loss", None)
    found = argument_of_compile(passed, role)
    if found is None or passed.scope is None:
        return None
    from kfunc_lab.mistakes.data.passed import value_of

    node = found[1]
    nodes = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
    return [value_of(each, passed.scope) for each in nodes]


def _functions(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from _functions(each)
    elif inspect.isfunction(value):
        yield value


def _signature(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a loss or metric that does not take targets and output."""
    passed = find_passed(failure)
    found = None if passed is None else _own_function(passed, match["name"])
    if passed is None or found is None or passed.code is None:
        return None
    role = found[0]
    made = definition(match["name"], passed.code.file)
    if made is None or not isinstance(made[1], ast.FunctionDef):
        return None
    code, node = made
    names = [each.arg for each in node.args.args]
    what = _("loss") if role == "loss" else _("metric")
    reason = _(
        "Keras calls a {what} with two arguments, the targets and the output; {name} takes {given}."
    )
    edits: list[Edit] = []
    if _makes_function(node):
        edits += _called(passed, role, match["name"], names)
        reason = _(
            "{name} makes a {what}; Keras was given {name} itself, and not what it makes."
        )
    elif len(names) > 2:
        edits += _factory(passed, role, code, node, names)
    elif len(names) == 1:
        words = _("Write `def {name}({arguments}):`.").format(name=node.name, arguments=_PAIR)
        arg = node.args.args[0]
        change = code.replaced(arg, _PAIR if names[0] in _PAIR else f"y_true, {names[0]}")
        edits.append(Edit(words, (change,)))
    return mistake(
        failure,
        "loss-signature",
        reason.format(what=what, name=node.name, given=", ".join(names)),
        edits,
        f"{len(names)} ≠ 2",
        role,
    )


def _makes_function(node: ast.FunctionDef) -> bool:
    inner = {each.name for each in ast.walk(node) if isinstance(each, ast.FunctionDef)} - {
        node.name
    }
    returned = [each.value for each in ast.walk(node) if isinstance(each, ast.Return)]
    return any(
        isinstance(each, ast.Lambda) or (isinstance(each, ast.Name) and each.id in inner)
        for each in returned
    )


def _name_nodes(passed: Passed, role: str, name: str) -> list[tuple[Code, ast.Name]]:
    found = argument_of_compile(passed, role)
    if found is None:
        return []
    code, node = found
    return [
        (code, each)
        for each in ast.walk(node)
        if isinstance(each, ast.Name) and each.id == name
    ]


def _called(passed: Passed, role: str, name: str, names: list[str]) -> Iterator[Edit]:
    values = ", ".join(f"{each}={_value_for(passed, each)}" for each in names)
    nodes = _name_nodes(passed, role, name)
    words = _("Call it in `compile`, with the numbers that you want: `{code}`.").format(
        code=f"{name}({values})"
    )
    yield Edit(words, tuple(code.replaced(node, f"{name}({values})") for code, node in nodes))


def _value_for(passed: Passed, name: str) -> str:
    known = passed.scope is not None and name in passed.scope.f_globals
    return name if known else "1.0"


def _factory(
    passed: Passed, role: str, code: Code, node: ast.FunctionDef, names: list[str]
) -> Iterator[Edit]:
    """Yields a function that makes the loss, with the further arguments outside."""
    given = len(node.args.args) - len(node.args.defaults)
    more = names[2:given]
    pair = ", ".join(names[:2])
    lines = code.text.splitlines()[node.body[0].lineno - 1 : node.end_lineno]
    indent = " " * node.col_offset
    if node.body[0].lineno == node.lineno or not more:
        return
    body = "\n".join(f"    {line}" if line.strip() else line for line in lines)
    arguments = ", ".join(ast.unparse(each) for each in node.args.args[2:given])
    inner = f"{indent}    def compute({pair}):\n{body}\n{indent}    return compute"
    new = f"def {node.name}({arguments}):\n{inner}"
    nodes = _name_nodes(passed, role, node.name)
    values = ", ".join(f"{each}={_value_for(passed, each)}" for each in more)
    changes = [code.replaced(node, new)]
    changes += [where.replaced(each, f"{node.name}({values})") for where, each in nodes]
    words = _(
        "Let {name} make the function, with `{more}` outside: `def {name}({more}):` around "
        "`def compute({pair}):`, and write `{call}` in `compile`."
    ).format(name=node.name, more=", ".join(more), pair=pair, call=f"{node.name}({values})")
    yield Edit(words, tuple(changes) if nodes else ())


# -- NumPy in a loss


def _numpy(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains NumPy in a loss or metric, and rewrites the whole function with keras.ops."""
    passed = find_passed(failure)
    scope, code, expression = failure.scope, failure.source, failure.expression
    if passed is None or scope is None or code is None or expression is None:
        return None
    if scope is passed.scope:
        return None
    name = scope.f_code.co_name
    node: Any = expression
    while node is not None and not isinstance(node, (ast.FunctionDef, ast.Lambda)):
        node = code.parents.get(node)
    if node is None or (isinstance(node, ast.FunctionDef) and node.name != name):
        return None
    changes, unknown = _with_ops(passed, code, node)
    if not changes:
        return None
    reason = _(
        "{name} runs on symbolic tensors, whose values NumPy and Python cannot read: all of it "
        "has to use `keras.ops`."
    ).format(name=name if name != "<lambda>" else _("The function"))
    if unknown:
        return mistake(failure, "symbolic-value", reason, [])
    new = [change.new for change in changes if change.new]
    words = _("Write {functions} in {name}.").format(
        functions=", ".join(f"`{each}`" for each in dict.fromkeys(new)), name=name
    )
    if not new:
        words = _("Leave `{call}` out: `keras.ops` works on the tensor itself.").format(
            call="float" if "float(" in code.source(node) else ".numpy()"
        )
    return mistake(failure, "symbolic-value", reason, [Edit(words, tuple(changes))])


def _ops(passed: Passed) -> str:
    if passed.scope is not None:
        for name, value in passed.scope.f_globals.items():
            if getattr(value, "__name__", "").endswith("keras.ops") or (
                getattr(value, "__name__", "") == "keras.api.ops"
            ):
                return name
    return "keras.ops"


def _with_ops(passed: Passed, code: Code, function: ast.AST) -> tuple[list[Change], list[str]]:
    """Returns the changes from NumPy to keras.ops, and the functions that have no counterpart."""
    import keras

    np, ops = module_name(passed, "numpy", "np"), _ops(passed)
    changes, unknown = [], []
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if getattr(node.func.value, "id", "") == np:
                counterpart = getattr(keras.ops, node.func.attr, None)
                if counterpart is None or not _binds(counterpart, node):
                    if not _is_constant(node):
                        unknown.append(node.func.attr)
                    continue
                changes.append(code.replaced(node.func, f"{ops}.{node.func.attr}"))
            elif node.func.attr == "numpy" and not node.args:
                begin = end_of(node.func.value)
                changes.append(Change(code.file, begin, end_of(node), ""))
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "float":
            changes += _bare(code, node)
    return changes, unknown


def _bare(code: Code, call: ast.Call) -> list[Change]:
    """Returns the changes that leave a call such as `float(...)` out around its argument."""
    if len(call.args) != 1 or isinstance(call.args[0], ast.Constant):
        return []
    inner = call.args[0]
    return [
        Change(code.file, begin_of(call), begin_of(inner), ""),
        Change(code.file, end_of(inner), end_of(call), ""),
    ]


def _is_constant(node: ast.Call) -> bool:
    """Returns whether a call only asks NumPy for a constant, such as `np.finfo("float32")`."""
    return all(isinstance(each, ast.Constant) for each in node.args)


def _binds(function: Any, call: ast.Call) -> bool:
    try:
        inspect.signature(function).bind(
            *call.args, **{each.arg: each for each in call.keywords if each.arg}
        )
    except TypeError:
        return False
    return True


# -- results


def _returns_nothing(match: re.Match[str], failure: Failure) -> Mistake | None:
    passed = find_passed(failure)
    if passed is None or passed.code is None:
        return None
    for function in _functions(getattr(passed.model, "loss", None)):
        made = definition(function.__name__, passed.code.file)
        if made is None or not isinstance(made[1], ast.FunctionDef):
            continue
        code, node = made
        if any(isinstance(each, ast.Return) and each.value for each in ast.walk(node)):
            continue
        last = node.body[-1]
        reason = _("The loss {name} returns nothing.").format(name=node.name)
        edits = []
        if isinstance(last, ast.Expr):
            begin = (last.lineno, last.col_offset)
            words = _("Write `return {code}`.").format(code=code.source(last))
            edits = [Edit(words, (Change(code.file, begin, begin, "return "),))]
        elif isinstance(last, ast.Assign) and isinstance(last.targets[0], ast.Name):
            name = last.targets[0].id
            words = _("Write `return {code}`.").format(code=name)
            edits = [Edit(words, (code.line_after(last, f"return {name}"),))]
        return mistake(failure, "loss-result", reason, edits, where="loss")
    return None


def _no_gradients(match: re.Match[str], failure: Failure) -> Mistake | None:
    passed = find_passed(failure)
    if passed is None or passed.code is None:
        return None
    steps = "argmax|argmin|argsort|round|floor|ceil|sign|equal|not_equal|greater|less|one_hot"
    for function in _functions(getattr(passed.model, "loss", None)):
        made = definition(function.__name__, passed.code.file)
        if made is None:
            continue
        source = made[0].source(made[1])
        found = re.search(rf"\.({steps})\(", source)
        if found is not None:
            reason = _(
                "The loss {name} has no gradient: `{step}` jumps from one number to the next, "
                "so no small change of the weights changes the loss."
            ).format(name=function.__name__, step=found[1])
            edit = Edit(
                _(
                    "Compute the loss from the output itself, and put {name} into `metrics`."
                ).format(name=function.__name__)
            )
            return mistake(failure, "no-gradient", reason, [edit], where="loss")
    if not passed.model.trainable_variables:
        reason = _("The model has no weights to train.")
        return mistake(failure, "no-gradient", reason, [])
    return None


def _input_in_loss(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a symbolic tensor of the graph inside a loss."""
    passed = find_passed(failure)
    if passed is None or passed.code is None:
        return None
    found = _symbolic_name(passed)
    if found is None:
        return None
    function, name = found
    reason = _(
        "The loss {function} uses {name}, a symbolic tensor of the graph, but training gives "
        "it only targets and output."
    ).format(function=function, name=name)
    edit = Edit(
        _(
            "Put this term into a layer that takes {name} and calls `self.add_loss(...)`, or "
            "make {name} an output."
        ).format(name=name)
    )
    return mistake(failure, "tensor-in-loss", reason, [edit], where=name)


def _symbolic_name(passed: Passed) -> tuple[str, str] | None:
    """Returns a loss of the learner, and the name of a symbolic tensor that it uses."""
    import keras

    for function in _functions(getattr(passed.model, "loss", None)):
        outside = inspect.getclosurevars(function)
        for name, value in {**outside.globals, **outside.nonlocals}.items():
            if isinstance(value, keras.KerasTensor):
                return function.__name__, name
    return None


def _loss_called(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a loss that is called in `compile`, without arguments."""
    code, call = failure.source, failure.expression
    if code is None or not isinstance(call, ast.Call) or call.args or call.keywords:
        return None
    parent: Any = code.parents.get(call)
    while parent is not None and not isinstance(parent, ast.stmt):
        if getattr(getattr(parent, "func", None), "attr", "") == "compile":
            name = code.source(call.func)
            reason = _("Keras calls {name} itself, with targets and output.").format(name=name)
            edit = Edit(
                _("Pass the function, without parentheses: `{name}`.").format(name=name),
                (code.replaced(call, name),),
            )
            return mistake(failure, "loss-called", reason, [edit], where="loss")
        parent = code.parents.get(parent)
    return None


def _loss_class(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a Loss class that overrides `__call__`."""
    passed = find_passed(failure)
    made = (
        None
        if passed is None or passed.code is None
        else definition(match["name"], passed.code.file)
    )
    if made is None or not isinstance(made[1], ast.ClassDef):
        return None
    code, node = made
    for each in node.body:
        if isinstance(each, ast.FunctionDef) and each.name == "__call__":
            begin = (each.lineno, each.col_offset + len("def "))
            end = (each.lineno, each.col_offset + len("def __call__"))
            reason = _("{name} replaces `__call__`, which Keras calls with weights too.")
            edit = Edit(_("Name the method `call`."), (Change(code.file, begin, end, "call"),))
            return mistake(
                failure, "loss-signature", reason.format(name=node.name), [edit], where="loss"
            )
    return None


RULES: tuple[Rule, ...] = (
    rule(
        "loss-called",
        r"missing 2 required positional arguments: 'y_true' and 'y_pred'",
        _loss_called,
    ),
    rule("loss-signature", r"(?P<name>\w+)\.__call__\(\) takes \d+ positional", _loss_class),
    rule(
        "loss-signature",
        r"(?<![\w.])(?P<name>\w+)\(\) (?:missing \d+ required|takes \d+ positional|"
        r"takes from)",
        _signature,
    ),
    rule(
        "symbolic-value",
        r"Cannot convert a symbolic tf\.Tensor|has no attribute 'numpy'|"
        r"float\(\) argument must be|numpy\(\) is only available",
        _numpy,
    ),
    rule(
        "loss-result", r"None values not supported|convert a value \(None\)", _returns_nothing
    ),
    rule("no-gradient", r"No gradients provided for any variable", _no_gradients),
    rule(
        "tensor-in-loss",
        r"KerasTensor cannot be used as input|'?KerasTensor'? object",
        _input_in_loss,
    ),
)
