"""Layers that were created and never called on a tensor."""

import ast
from collections.abc import Iterator
from itertools import islice
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, name_of
from kfunc_lab.mistakes.search.sites import Sites
from kfunc_lab.mistakes.source.code import Code, begin_of
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.failed_call import holds_tensors, is_known, value_of
from kfunc_lab.mistakes.statements.rest_of_cell import rest_of_cell
from kfunc_lab.mistakes.statements.tensors import likely, target_of

_MAX_EDITS = 6


def called_on_tensor(failure: Failure, layer: Any) -> tuple[str, tuple[Change, ...]]:
    """Returns the edit that calls a layer where the learner's code creates it.

    Args:
        failure: The failed call, which got the layer instead of a tensor.
        layer: The layer.

    Returns:
        The words and the changes; both empty if the layer's tensor is not known.
    """
    site = None if layer is None else Sites(failure).constructor(layer, name_of(layer))
    if site is None:
        return "", ()
    code, creation = site
    source = code.source(creation)
    before = _tensor_before(code, creation, failure)
    tried = 0
    for arguments in islice(
        _arguments(type(layer), before, code, creation, failure), _MAX_EDITS
    ):
        change = code.replaced(creation, f"{source}({arguments})")
        rest = rest_of_cell(failure, (change,)) if failure.source is not None else None
        if rest is None or (rest.runs and not rest.is_known):
            break
        tried += 1
        if rest.runs:
            return _words(source, arguments, arguments == before), (change,)
    if not before or tried:
        return "", ()
    change = code.replaced(creation, f"{source}({before})")
    return _words(source, before, True), (change,)


def _words(source: str, arguments: str, is_before: bool) -> str:
    words = _("Call it: `{code}`.")
    if is_before:
        words = _("Call it on the tensor before: `{code}`.")
    return words.format(code=f"{source}({arguments})")


def _arguments(
    cls: type, before: str, code: Code, creation: ast.Call, failure: Failure
) -> Iterator[str]:
    """Yields the arguments that a call of the layer may have, the most likely first."""
    target = target_of(code, creation)
    held = [it.name for it in likely(failure, target) if it.name != target or target == before]
    unused = [it.name for it in likely(failure, target) if not it.is_used]
    names = list(dict.fromkeys([before, *held] if before else held))
    takes = _takes(cls)
    for name in names:
        yield name if takes == 1 else f"[{name}, {name}]" if takes == 0 else f"{name}, {name}"
    if takes != 1 and len(unused) > 1:
        pair = ", ".join(unused[:2][::-1])
        yield f"[{pair}]" if takes == 0 else pair


def _takes(cls: type) -> int:
    """Returns the number of tensors that a layer takes; 0 for a list of them."""
    if cls.__name__ == "MultiHeadAttention":
        return 2
    if cls.__name__ in ("Attention", "AdditiveAttention"):
        return 0
    return 1


def _tensor_before(code: Code, creation: ast.Call, failure: Failure) -> str:
    """Returns the variable that holds the tensor which the layer belongs to.

    It is the variable itself if an earlier statement gave it a tensor, as in `x = layer(x)`;
    otherwise the variable that the statement before assigned.
    """
    statement = code.statement_of(creation)
    if not isinstance(statement, ast.Assign) or statement.value is not creation:
        return ""
    own = _target(statement)
    earlier = [
        each
        for each in ast.walk(code.tree)
        if isinstance(each, ast.Assign) and begin_of(each) < begin_of(statement)
    ]
    earlier.sort(key=begin_of)
    made = [_target(each) for each in earlier if _makes_tensor(each, failure)]
    made = [name for name in made if name]
    if own in made:
        return own
    return made[-1] if made else ""


def _target(statement: ast.Assign) -> str:
    target = statement.targets[0]
    return target.id if isinstance(target, ast.Name) else ""


def _makes_tensor(statement: ast.Assign, failure: Failure) -> bool:
    """Returns whether a statement assigns a tensor, as far as its source tells."""
    import keras

    found = value_of(statement.targets[0], failure)
    if is_known(found) and holds_tensors(found):
        return True
    call = statement.value
    if not isinstance(call, ast.Call):
        return False
    if isinstance(call.func, ast.Call):  # `layers.Dense(8)(x)`
        return True
    function = value_of(call.func, failure)
    is_function = not isinstance(function, type) and (
        str(getattr(function, "__module__", "")).startswith("keras.")
    )
    return isinstance(function, keras.Operation) or is_function  # a model, or `keras.Input`
