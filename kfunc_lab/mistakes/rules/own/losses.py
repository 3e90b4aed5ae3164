"""`add_loss` outside of a layer's `call`."""

import ast
import re

from kfunc_lab.graph.keras.nodes import ancestors, has_history
from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, called_name
from kfunc_lab.mistakes.rule import Mistake, Rule, rule, title
from kfunc_lab.mistakes.rules.own.signature import called_expression, parses
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.own_code import spelled, value_of, variables

_NAME = "AddLoss"


def _outside(match: re.Match[str], failure: Failure) -> Mistake | None:
    if called_name(failure.code) != "add_loss":
        return None
    return Mistake(
        "add-loss",
        _("`add_loss` works only inside the `call` of a layer, where the tensors have values.")
        if failure.operation is None
        else _(
            "`add_loss` of {layer} was called on a symbolic tensor, outside of a layer's `call`."
        ).format(layer=title(failure)),
        "",
        _(
            "Put the loss into a layer of your own: its `call` computes it, calls "
            "`self.add_loss(...)`, and returns the tensor."
        ),
        failure.name,
        _in_a_layer(failure),
    )


def _in_a_layer(failure: Failure) -> tuple[Change, ...]:
    """Lets the output of the model pass through a layer that adds the loss."""
    import keras

    call, code = called_expression(failure), failure.source
    if call is None or code is None or len(call.args) != 1 or failure.scope is None:
        return ()
    known = variables(failure.scope)
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    model = value_of(owner, known)
    if not isinstance(model, keras.Model) or not isinstance(owner, ast.Name):
        return ()
    if len(model.outputs) != 1 or _NAME in known:
        return ()
    tensors = [
        known[node.id]
        for node in ast.walk(call.args[0])
        if isinstance(node, ast.Name) and has_history(known.get(node.id))
    ]
    inputs = {id(tensor) for tensor in model.inputs}
    fed = [node for node in ancestors(tensors) if not node.input_tensors]
    if not fed or any(id(tensor) not in inputs for node in fed for tensor in node.outputs):
        return ()  # the loss also depends on an input that the model does not have
    layer = f"{spelled('layers', failure)}.Layer"
    one = "input" if len(inputs) == 1 else "inputs"
    lines = [
        f"class {_NAME}({layer}):",
        "    def call(self, inputs):",
        "        tensor, loss = inputs",
        "        self.add_loss(loss)",
        "        return tensor",
        "",
        f"{owner.id} = keras.Model({owner.id}.{one}, "
        f"{_NAME}()([{owner.id}.output, {code.source(call.args[0])}]))",
    ]
    statement = code.statement_of(call)
    if statement is None or "keras" not in known:
        return ()
    indent = "\n" + " " * statement.col_offset
    changes = (code.replaced(statement, indent.join(lines)),)
    return changes if parses(changes) else ()


RULES: tuple[Rule, ...] = (
    rule(
        "add-loss",
        r"`?add_loss\(\)`? can only be called from inside `build\(\)` or `call\(\)`|\A\Z",
        _outside,
    ),
)
