"""File names whose suffix Keras refuses, where the learner's code writes them."""

import ast
import re
from collections.abc import Iterator

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, called_name
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.rules.own.signature import called_expression, parses
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.statements.own_code import codes_of

_WEIGHTS, _MODEL = ".weights.h5", ".keras"
_OTHERS = (".weights.h5", ".keras", ".hdf5", ".h5", ".ckpt", ".weights", ".tf", ".pb")


def _of_weights(match: re.Match[str], failure: Failure) -> Mistake | None:
    return _renamed(match["path"], _WEIGHTS, failure)


def _of_model(match: re.Match[str], failure: Failure) -> Mistake | None:
    return _renamed(match["path"], _MODEL, failure)


def _renamed(path: str, suffix: str, failure: Failure) -> Mistake | None:
    """Gives a file the suffix, where its name is written."""
    name = re.split(r"[\\/]", path.strip().rstrip("."))[-1]
    new = _stem(name) + suffix
    found = next(_places(name, failure), None)
    if not name or found is None:
        return None
    code, node = found
    source = code.source(node)
    quote = source[-1]
    change = code.replaced(node, f"{source[: -len(name) - 1]}{new}{quote}")
    if not parses([change]):
        return None
    reason = _("The file name of a saved model must end in `.keras`, got {path}.")
    edit = _('Write `"{stem}.keras"`.')
    if called_name(failure.code) == "save":
        edit = _('Write `model.save("{stem}.keras")`; for serving, `model.export("{stem}")`.')
    if suffix == _WEIGHTS:
        reason = _("The file name of saved weights must end in `.weights.h5`, got {path}.")
        edit = _('Write `"{stem}.weights.h5"`.')
    return Mistake(
        "file-suffix",
        reason.format(path=name),
        "",
        edit.format(stem=_stem(name)),
        "filepath",
        (change,),
    )


def _stem(name: str) -> str:
    for suffix in _OTHERS:
        if name.endswith(suffix) and name != suffix:
            return _stem(name.removesuffix(suffix))
    return name


def _places(name: str, failure: Failure) -> Iterator[tuple[Code, ast.expr]]:
    """Yields the texts that end in a file name: in the failing call, or of its variables."""
    call, code = called_expression(failure), failure.source
    if call is None or code is None:
        return
    given = [*call.args, *(word.value for word in call.keywords)]
    for argument in given:
        yield from _texts(argument, name, code)
    used = {node.id for each in given for node in ast.walk(each) if isinstance(node, ast.Name)}
    for other in codes_of(failure):
        for node in ast.walk(other.tree):
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in used:
                yield from _texts(node.value, name, other)


def _texts(expression: ast.expr, name: str, code: Code) -> Iterator[tuple[Code, ast.expr]]:
    for node in ast.walk(expression):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if not is_text and not isinstance(node, ast.JoinedStr):
            continue
        if isinstance(code.parents.get(node), (ast.JoinedStr, ast.FormattedValue)):
            continue
        assert isinstance(node, ast.expr)  # noqa: S101
        if re.search(rf"(?:^|[\\/'\"]){re.escape(name)}['\"]$", code.source(node)):
            yield code, node


RULES: tuple[Rule, ...] = (
    rule(
        "file-suffix", r"must end in `\.weights\.h5`.*?filepath=(?P<path>[^\n]*)", _of_weights
    ),
    rule("file-suffix", r"must end in `\.keras`.*?filepath=(?P<path>[^\n]*)", _of_model),
    rule(
        "file-suffix",
        r"Invalid filepath extension for saving.*?filepath=(?P<path>[^\n]*)",
        _of_model,
    ),
)
