"""Methods that layers of Keras 2 had, in the code of a learner's layer."""

import ast
import re

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, rule, title
from kfunc_lab.mistakes.rules.own.signature import called_expression, parses
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.own_code import OwnClass, is_own


def _added_metric(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Keeps a metric in the layer, which `call` updates, instead of `add_metric`."""
    own = OwnClass.of(failure.operation) if is_own(failure.operation) else None
    call, code = called_expression(failure), failure.source
    if own is None or call is None or code is None:
        return None
    given = {word.arg: word.value for word in call.keywords}
    given |= dict(zip(("value", "name"), call.args, strict=False))
    value, name = given.get("value"), given.get("name")
    words = name.value if isinstance(name, ast.Constant) else "value"
    words = words if isinstance(words, str) and words.isidentifier() else "value"
    attribute = own.free_attribute(f"{words}_metric")
    made = f'self.{attribute} = keras.metrics.Mean(name="{words}")'
    changes: tuple[Change, ...] = ()
    if value is not None and code.file == own.code.file:
        used = code.replaced(call, f"self.{attribute}.update_state({code.source(value)})")
        changes = (own.new_in_init([made]), used)
    return Mistake(
        "old-name",
        _("A layer of Keras 3 has no `add_metric`: {layer} keeps its metrics itself.").format(
            layer=title(failure)
        ),
        "",
        _(
            "Write `{made}` in `__init__`, and `self.{attribute}.update_state(...)` in `call`."
        ).format(made=made, attribute=attribute),
        "add_metric",
        changes if parses(changes) else (),
    )


RULES: tuple[Rule, ...] = (
    rule("old-name", r"Layer `add_metric\(\)` method is deprecated", _added_metric),
)
