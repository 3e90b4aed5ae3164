"""Assignments to more or fewer variables than a layer or model returns tensors."""

import ast
import re
from collections.abc import Sequence
from typing import Any

from kfunc_lab.graph.keras.state import preserve_keras_state
from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.names.scope import Evaluator
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.rules.names.trying import (
    changed_source,
    failing_statement,
    names_of,
    spelled_module,
    value_of,
)
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import Change

_RECURRENT = ("LSTM", "GRU", "SimpleRNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
_ATTENTION = ("MultiHeadAttention", "Attention", "AdditiveAttention", "GroupQueryAttention")


def _unpacked(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a wrong number of variables on the left of an assignment."""
    statement, code = failing_statement(failure), failure.source
    if not isinstance(statement, ast.Assign) or code is None:
        return None
    [target, *more] = statement.targets
    if more or not isinstance(target, ast.Tuple | ast.List):
        return None
    if any(isinstance(each, ast.Starred) for each in target.elts):
        return None
    work = _Unpacking(failure, code, statement, target)
    if work.is_evaluation():
        return work.of_evaluation()
    return work.of_layer()


class _Unpacking:
    """An assignment to several variables."""

    def __init__(
        self, failure: Failure, code: Code, statement: ast.Assign, target: ast.Tuple | ast.List
    ) -> None:
        self._failure, self._code, self._value = failure, code, statement.value
        self._statement, self._target = statement, target
        parts = [part for each in target.elts for part in getattr(each, "elts", [each])]
        self._words = [code.source(each) for each in parts]
        self._values = names_of(failure)

    # -- model.evaluate

    def is_evaluation(self) -> bool:
        """Returns whether the value is what a model measured."""
        value = self._value
        name = value.func.attr if self._is_method(value) else ""  # type: ignore[attr-defined]
        return name in ("evaluate", "test_on_batch", "train_on_batch")

    def _is_method(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)

    def of_evaluation(self) -> Mistake | None:
        """Explains `loss, accuracy = model.evaluate(...)` without such a metric."""
        call = self._value
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            return None
        try:
            model = Evaluator(self._values, calls=False).value(call.func.value)
            measured = [str(name) for name in model.get_metrics_result()]
        except Exception:  # the model is not known
            return None
        if len(measured) == len(self._words):
            return None
        names = measured if len(measured) > 1 else ["loss"]
        pairs = zip(names, [*self._words, *names[len(self._words) :]], strict=False)
        kept = [word if _is_like(word, name) else name for name, word in pairs]
        new = ", ".join(name if name.isidentifier() else f"value_{name}" for name in kept)
        reason = _("`{function}` returns {n} values: {names}.")
        if len(measured) == 1:
            reason = _(
                "`{function}` returns only the loss: the model was compiled without metrics."
            )
        edit = _("Write `{code}`.").format(code=f"{new} = {self._code.source(call.func)}(...)")
        if len(measured) == 1:
            edit = _("{edit} For more, compile the model with `metrics=[...]`.").format(
                edit=edit
            )
        return Mistake(
            "unpacking",
            reason.format(
                function=self._code.source(call.func),
                n=len(measured),
                names=", ".join(measured),
            ),
            f"{len(self._words)} ≠ {len(measured)}",
            edit,
            "",
            (self._code.replaced(self._target, new),),
        )

    # -- layers and models

    def of_layer(self) -> Mistake | None:
        """Explains the outputs of a layer or a model."""
        outputs, changes = self._outputs(), []
        layer = self._layer()
        kind, inner = type(layer).__name__, _recurrent(layer)
        if layer is None or outputs is None:
            return None
        if outputs == 1 and inner is not None:
            changes = self._with_states()
            outputs = self._count(changes) if changes else 1
        elif outputs == 1 and kind in _ATTENTION and len(self._words) == 2:
            return self._with_scores(kind)
        if inner is None:
            return self._of_others(layer, outputs)
        reason = self._reason(kind, inner, changes, outputs)
        names = self._names(kind, type(inner).__name__, outputs)
        if names is None or (outputs == 1 and not changes):
            return Mistake("unpacking", reason, f"{len(self._words)} ≠ {outputs}")
        joined = self._joined(kind, names)
        changes = [*changes, self._code.replaced(self._target, ", ".join(names)), *joined]
        return Mistake(
            "unpacking",
            reason,
            "" if outputs == len(self._words) else f"{len(self._words)} ≠ {outputs}",
            self._edit(names, changes),
            str(getattr(layer, "name", "")),
            tuple(change for change in changes if change.new != self._old(change)),
        )

    def _old(self, change: Change) -> str:
        is_target = change.begin == (self._target.lineno, self._target.col_offset)
        return self._code.source(self._target) if is_target else ""

    def _edit(self, names: Sequence[str], changes: Sequence[Change]) -> str:
        words = changed_source(self._code, self._value, changes)
        code = f"{', '.join(names)} = {words}"
        if len(code) > 110 or "\n" in code:
            code = f"{', '.join(names)} = ..."
        edit = _("Write `{code}`.").format(code=code)
        if any("\n" in change.new for change in changes):
            edit = _("{edit} Then join the states of both directions.").format(edit=edit)
        return edit

    def _reason(self, kind: str, inner: Any, changes: Sequence[Change], outputs: int) -> str:
        if changes:
            return _("{kind} returns one tensor, as `return_state` is not set.").format(
                kind=kind
            )
        name = type(inner).__name__
        if kind == "Bidirectional":
            states = _("h and c") if "LSTM" in name else _("the state")
            return _(
                "Bidirectional({kind}) with `return_state=True` returns {n} tensors: the output, "
                "then {states} of the forward direction and of the backward direction."
            ).format(kind=name, n=outputs, states=states)
        if "LSTM" in name:
            return _(
                "{kind} with `return_state=True` returns three tensors: the output and the states "
                "h and c."
            ).format(kind=kind)
        return _(
            "{kind} with `return_state=True` returns two tensors: the output and the state."
        ).format(kind=kind)

    def _names(self, kind: str, inner: str, outputs: int) -> list[str] | None:
        """Returns the names of all outputs, with the learner's own where they fit."""
        words = self._words
        states = ["h", "c"] if "LSTM" in inner else ["h"]
        if kind == "Bidirectional" and outputs == 1 + 2 * len(states):
            both = [f"{side}_{state}" for side in ("forward", "backward") for state in states]
            return [words[0], *both]
        if outputs == 1 + len(states):
            names = [
                *words[:outputs],
                *[f"state_{state}" for state in states][len(words) - 1 :],
            ]
            return names if len(set(names)) == outputs else None
        return None

    def _joined(self, kind: str, names: Sequence[str]) -> list[Change]:
        """Returns lines that join the states of both directions under the learner's names."""
        wanted = self._words[1:]
        if kind != "Bidirectional" or 2 * len(wanted) != len(names) - 1:
            return []
        half, layers = len(wanted), spelled_module("keras.layers", self._values)
        lines = [
            f"{name} = {layers}.Concatenate()([{names[1 + n]}, {names[1 + n + half]}])"
            for n, name in enumerate(wanted)
            if name != "_"
        ]
        indent = "\n" + " " * self._statement.col_offset
        return [self._code.line_after(self._statement, indent.join(lines))] if lines else []

    def _of_others(self, layer: Any, outputs: int) -> Mistake | None:
        """Explains a model or another layer with several outputs."""
        import keras

        if outputs == 1 or outputs == len(self._words):
            return None
        names = [f"output_{n + 1}" for n in range(outputs)]
        if isinstance(layer, keras.Model):
            names = [str(name).replace("/", "_") for name in layer.output_names]
        kept = [*self._words[:outputs], *names[len(self._words) :]]
        return Mistake(
            "unpacking",
            _("`{function}` returns {n} tensors.").format(
                function=getattr(layer, "name", None) or self._function(), n=outputs
            ),
            f"{len(self._words)} ≠ {outputs}",
            _("Write `{code}`.").format(code=f"{', '.join(kept)} = ..."),
            str(getattr(layer, "name", "")),
            (self._code.replaced(self._target, ", ".join(kept)),),
        )

    def _function(self) -> str:
        value = self._value
        return self._code.source(value.func if isinstance(value, ast.Call) else value)

    def _with_scores(self, kind: str) -> Mistake | None:
        call = self._value
        if not isinstance(call, ast.Call):
            return None
        change = self._code.with_argument(call, "return_attention_scores", "True")
        if self._count([change]) != 2:
            return None
        return Mistake(
            "unpacking",
            _("{kind} returns one tensor, without the attention scores.").format(kind=kind),
            "2 ≠ 1",
            _("Pass `return_attention_scores=True` in the call."),
            "",
            (change,),
        )

    def _with_states(self) -> list[Change]:
        """Returns the change that lets a recurrent layer return its states."""
        for call in ast.walk(self._value):
            if isinstance(call, ast.Call):
                function = call.func
                name = getattr(function, "attr", getattr(function, "id", ""))
                if name in _RECURRENT:
                    return [self._code.with_argument(call, "return_state", "True")]
        return []

    # -- what can be computed

    def _outputs(self) -> int | None:
        return self._count([])

    def _count(self, changes: Sequence[Change]) -> int:
        """Returns how many tensors the value holds; 0 if it is not known."""
        if not changes and (outputs := getattr(self._layer(), "outputs", None)):
            return len(outputs)
        source = changed_source(self._code, self._value, changes)
        try:
            value = value_of(source, self._values)
        except Exception:  # the learner's code, or the edit does not fit
            return 0
        return len(value) if isinstance(value, list | tuple | dict) else 1

    def _layer(self) -> Any:
        """Returns the layer or model that is called."""
        if not isinstance(self._value, ast.Call):
            return None
        try:
            with preserve_keras_state():
                return Evaluator(self._values).value(self._value.func)
        except Exception:  # the learner's code
            return None


def _is_like(word: str, measured: str) -> bool:
    """Returns whether a variable may hold a measure by its name."""
    return measured == "loss" or measured.startswith(word) or word in measured


def _recurrent(layer: Any) -> Any:
    """Returns a recurrent layer, or the one inside a `Bidirectional`."""
    inner = getattr(layer, "forward_layer", layer)
    return inner if type(inner).__name__ in _RECURRENT else None


RULES: tuple[Rule, ...] = (
    rule(
        "unpacking",
        r"values to unpack|cannot unpack non-iterable|Iterating over a symbolic KerasTensor",
        _unpacked,
    ),
)
