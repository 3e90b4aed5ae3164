"""Proposes another class for a constructor, or to leave out a layer that does not fit."""

import ast
from collections.abc import Iterator

from kfunc_lab.locale import _
from kfunc_lab.mistakes.ahead.notebook import Notebook
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake
from kfunc_lab.mistakes.search.sites import last_name
from kfunc_lab.mistakes.source.code import Code, tensor_expressions
from kfunc_lab.mistakes.source.edit import Edit
from kfunc_lab.ui.text import printable

# The classes that people exchange, the most common first.
_CLASSES = (
    "Conv2D", "Conv1D", "LSTM", "GRU", "Embedding", "Dense", "MaxPooling2D", "MaxPooling1D",
    "Reshape", "Conv3D", "Conv2DTranspose", "Bidirectional",
)  # fmt: skip
_CONSTRUCTION = frozenset(["unknown-argument", "unknown", "unknown-choice", "missing-argument"])
_WITHOUT_WEIGHTS = ("Pooling", "Repeat", "Flatten", "Cropping", "UpSampling",
                    "Padding", "Permute")  # fmt: skip


def proposals(mistake: Mistake, failure: Failure, notebook: Notebook) -> Iterator[Edit]:
    """Yields a class that takes the arguments, or the call without a layer that fails."""
    code, expression = failure.source, failure.expression
    if code is None or not isinstance(expression, ast.Call):
        return
    if failure.stage == "construct" and mistake.rule in _CONSTRUCTION:
        yield from _other_classes(code, expression, notebook)
    elif failure.stage == "call" and isinstance(expression.func, ast.Call):
        yield from _without(code, expression, notebook)


def _other_classes(code: Code, call: ast.Call, notebook: Notebook) -> Iterator[Edit]:
    own = last_name(call.func)
    written = code.source(call.func)
    if not own[:1].isupper() or not written.endswith(own) or not (call.args or call.keywords):
        return
    used = [last_name(each.func) for each in code.calls if each is not call]
    near = [own.removeprefix("Global"), *(name for name in used if name in _CLASSES)]
    for name in dict.fromkeys([*near, *_CLASSES]):
        if name in (own, ""):
            continue
        new = written.removesuffix(own) + name
        change = code.replaced(call.func, new)
        if notebook.verdict([change]).is_proof:
            arguments = code.source(call).removeprefix(written)
            words = _("Use `{new}` instead of {layer}.").format(
                new=f"{new}{arguments}", layer=printable(own)
            )
            yield Edit(words, (change,))
            return


def _without(code: Code, call: ast.Call, notebook: Notebook) -> Iterator[Edit]:
    kind = last_name(call.func.func) if isinstance(call.func, ast.Call) else ""
    operands = tensor_expressions(call)
    if not any(part in kind for part in _WITHOUT_WEIGHTS) or len(operands) != 1:
        return
    change = code.replaced(call, code.source(call.args[0]))
    if notebook.verdict([change]).is_proof:
        words = _("Leave out {layer}.").format(layer=printable(kind))
        yield Edit(words, (change,))
