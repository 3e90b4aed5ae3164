"""Functions of NumPy and of `keras.ops` that got tensors in the form that layers take, a list."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.names.scope import Evaluator, canonical, names_of_frame
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.rules.names.trying import spelled_module
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import Edit
from kfunc_lab.mistakes.statements.failed_call import holds_tensors
from kfunc_lab.mistakes.statements.rest_of_cell import best_edit

# The functions of `keras.ops` that take two tensors, and the layers' functions that take a list.
_OF_TWO = {
    "add", "subtract", "multiply", "divide", "true_divide", "maximum", "minimum", "matmul", "dot",
}  # fmt: skip
_OF_A_LIST = {
    "add": "add", "subtract": "subtract", "multiply": "multiply", "maximum": "maximum",
    "minimum": "minimum", "average": "average", "mean": "average", "concatenate": "concatenate",
    "concat": "concatenate", "hstack": "concatenate", "append": "concatenate",
}  # fmt: skip
_MODULES = ("np", "tf", "tf.math", "keras.ops")


@dataclass(frozen=True)
class _Call:
    """A call of a function with symbolic tensors.

    Attributes:
        code: The file or cell.
        call: The call.
        module: The usual name of the function's module, such as `"np"`.
        name: The name of the function.
        tensors: The expressions of the tensors.
        is_list: Whether they stand in a list.
        names: The learner's variables.
    """

    code: Code
    call: ast.Call
    module: str
    name: str
    tensors: list[ast.expr]
    is_list: bool
    names: Any

    @classmethod
    def of(cls, failure: Failure) -> "_Call | None":
        code, call = failure.source, failure.expression
        if code is None or not isinstance(call, ast.Call) or not call.args:
            return None
        names = names_of_frame(failure.scope)
        module, _dot, name = _usual(canonical(call.func, names)).rpartition(".")
        if module not in _MODULES:
            return None
        listed = call.args[0]
        is_list = isinstance(listed, (ast.List, ast.Tuple))
        tensors = list(listed.elts) if is_list else call.args[:2]  # type: ignore[attr-defined]
        values = Evaluator(names, calls=False)
        known = [values.look_up(each) for each in tensors]
        if not any(map(holds_tensors, known)):
            return None
        if name == "mean" and [ast.unparse(each) for each in call.keywords] != ["axis=0"]:
            return None
        if not all(it is None or holds_tensors(it) for it in known):
            return None
        if module != "keras.ops" and _OF_A_LIST.get(name) == "concatenate" and _has_axis(call):
            return None  # the same function of `keras.ops` takes it
        if is_list and len(call.args) > 1 and _OF_A_LIST.get(name) != "concatenate":
            return None
        return cls(code, call, module, name, tensors, is_list, names)

    def edits(self) -> Iterator[Edit]:
        """Yields calls of other functions, the nearest in meaning first."""
        sources = list(map(self.code.source, self.tensors))
        joined, options = ", ".join(sources), self._options()
        ops, layers = (spelled_module(f"keras.{it}", self.names) for it in ("ops", "layers"))
        is_of_two = self.is_list and self.name in _OF_TWO and len(sources) == 2
        if is_of_two and not options and self.module == "keras.ops":
            yield self._edit(f"{ops}.{self.name}({joined})")
        if self.is_list and self.name in _OF_A_LIST and len(sources) > 1:
            options = "" if self.name == "mean" else options
            yield self._edit(f"{layers}.{_OF_A_LIST[self.name]}([{joined}]{options})")
        if is_of_two:
            yield self._edit(f"{ops}.{self.name}({joined})")

    def _options(self) -> str:
        words = [
            f"axis={self.code.source(each)}" for each in self.call.args[1:2] if self.is_list
        ]
        words += [f"{each.arg}={self.code.source(each.value)}" for each in self.call.keywords]
        return "".join(f", {word}" for word in words)

    def _edit(self, new: str) -> Edit:
        return Edit(
            _("Write `{code}`.").format(code=new), (self.code.replaced(self.call, new),)
        )


def _has_axis(call: ast.Call) -> bool:
    return len(call.args) > 1 or any(each.arg == "axis" for each in call.keywords)


def _usual(name: str) -> str:
    name = re.sub(r"^keras\.(?:src\.)?ops\.(?:\w+\.)?", "keras.ops.", name)
    return name.replace("keras.layers.ops", "keras.ops")


def _of_function(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains `ops.add([a, b])`, `np.add([a, b])` and `np.concatenate([a, b])`."""
    call = _Call.of(failure)
    if call is None or failure.stage in ("fit", "save"):
        return None
    edit = best_edit(failure, call.edits())
    if edit is None:
        return None
    words = {"function": call.code.source(call.call.func), "n": len(call.tensors)}
    reason = _("`{function}` computes with numbers, and these tensors are symbolic.")
    if call.module == "keras.ops":
        reason = _("`{function}` takes its tensors one by one, got a list of {n}.")
    kind = "function-arguments" if call.module == "keras.ops" else "symbolic-value"
    return Mistake(kind, reason.format(**words), "", edit.words, call.name, edit.changes)


RULES: tuple[Rule, ...] = (
    rule(
        "function-arguments",
        r"missing \d+ required positional argument: '(?:x2|b)'|takes from 2 to 3 positional|"
        r"invalid number of arguments|KerasTensor is symbolic|KerasTensor cannot be used|"
        r"symbolic KerasTensor|takes 2 positional arguments but|Missing required positional|ufunc",
        _of_function,
    ),
)
