"""Imports of modules, classes and functions that stand elsewhere today, and names not imported."""

import ast
import importlib.util
import inspect
import re
from collections.abc import Iterator
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, as_call
from kfunc_lab.mistakes.names.cause import is_keras_name
from kfunc_lab.mistakes.names.nearest import exists, today, today_module, usual, value_of
from kfunc_lab.mistakes.names.rewriting import rewritten
from kfunc_lab.mistakes.names.scope import GoneName, short_name
from kfunc_lab.mistakes.names.table import OldFunction, methods, places
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.rules.names.trying import failing_statement, names_of
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import Change


def _missing(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains an import that failed."""
    error, statement, code = failure.error, failing_statement(failure), failure.source
    if not isinstance(error, ImportError) or code is None:
        return None
    if not isinstance(statement, ast.Import | ast.ImportFrom):
        return None
    others = [
        each
        for each in code.tree.body
        if isinstance(each, ast.Import | ast.ImportFrom)
        and each.lineno > statement.lineno
        and _fails(each)
    ]
    imports = _Imports(code, failure)
    words = imports.replace(statement)
    for each in others:
        imports.replace(each)
    name = failure.kind
    module, _dot, last = name.rpartition(".")
    reason = _("There is no module `{name}`.")
    if not isinstance(error, ModuleNotFoundError):
        reason = _("`{module}` has no `{last}`.")
    changes = imports.all_changes() if words else []
    edit = _("Write `{code}`.").format(code=words) if words else ""
    if imports.pairs:
        edit = _("Write {pairs}.").format(pairs=", ".join(imports.pairs))
    return Mistake(
        "old-name",
        reason.format(name=name, module=module, last=last),
        "",
        edit,
        last or name,
        tuple(changes),
    )


def _without_pydot(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains `plot_model` where its package is not installed."""
    call = as_call(failure.code)
    model = ast.unparse(call.args[0]) if call is not None and call.args else "model"
    return Mistake(
        "missing-package",
        _("`plot_model` needs the package pydot, which is not installed."),
        "",
        _(
            "Draw the model with `lab.graph({model})`, or install it: `pip install pydot`."
        ).format(model=model),
    )


def _fails(statement: ast.Import | ast.ImportFrom) -> bool:
    """Returns whether an import of Keras asks for a module or name that does not exist."""
    if isinstance(statement, ast.Import):
        return any(_is_missing(alias.name) for alias in statement.names)
    module = statement.module or ""
    if not is_keras_name(module):
        return False
    if _is_missing(module):
        return True
    place = module if module.startswith("tensorflow") else usual(module)
    return any(
        alias.name != "*" and not exists(f"{place}.{alias.name}") for alias in statement.names
    )


def _is_missing(module: str) -> bool:
    if not is_keras_name(module):
        return False
    try:
        return importlib.util.find_spec(module) is None and not exists(module)
    except (ImportError, ValueError, AttributeError):
        return not exists(module)


class _Imports:
    """Writes import statements anew, and what they import where it has another name."""

    def __init__(self, code: Code, failure: Failure) -> None:
        self._code, self._failure = code, failure
        self._changes: list[Change] = []
        self._gone: dict[str, GoneName] = {}
        self.pairs: list[str] = []

    def replace(self, statement: ast.Import | ast.ImportFrom) -> str:
        """Replaces an import; returns the new statement, or nothing if a name has no place."""
        lines = (
            list(self._modules(statement))
            if isinstance(statement, ast.Import)
            else self._names(statement)
        )
        if lines is None or None in lines:
            return ""
        new = [line for line in lines if line]
        indent = "\n" + " " * statement.col_offset
        self._changes.append(self._code.replaced(statement, indent.join(new) or "import keras"))
        return "; ".join(new) or "import keras"

    def all_changes(self) -> list[Change]:
        """Returns the changes, including the calls of functions that are gone."""
        if self._gone:
            names = {**names_of(self._failure), **self._gone}
            result = rewritten(self._code, list(self._code.tree.body), names, set())
            self.pairs = [
                _("`{new}` instead of `{old}`").format(old=old, new=new)
                for old, new in result.replaced.items()
            ]
            lines = {change.begin[0] for change in self._changes}
            inside = [each for each in result.changes if each.begin[0] not in lines]
            return [*self._changes, *inside, *self._import_of_keras(result.changes)]
        return self._changes

    def _import_of_keras(self, changes: list[Change]) -> Iterator[Change]:
        """Adds `import keras` to the first import, which the calls written anew need."""
        if any(change.new.startswith("import keras\n") for change in changes):
            first = self._changes[0]
            yield Change(first.file, first.begin, first.begin, "import keras\n")

    def _modules(self, statement: ast.Import) -> Iterator[str | None]:
        for alias in statement.names:
            place = alias.name
            if _is_missing(alias.name):
                place = _as_written(today_module(alias.name), alias.name)
            name = alias.asname or (alias.name if "." not in alias.name else "")
            yield f"import {place}" + (f" as {name}" if name and name != place else "")

    def _names(self, statement: ast.ImportFrom) -> list[str | None] | None:
        module = statement.module or ""
        by_module: dict[str, list[str]] = {}
        for alias in statement.names:
            found = self._place(module, alias)
            if found is None:
                return None
            if found:
                place, words = found
                by_module.setdefault(place, []).append(words)
        return [f"from {place} import {', '.join(each)}" for place, each in by_module.items()]

    def _place(self, module: str, alias: ast.alias) -> tuple[str, str] | tuple[()] | None:
        """Returns the module and the words for one name; `None` if it has no place today."""
        if alias.name == "*":
            return _as_written(today_module(module), module), "*"
        old = usual(f"{module}.{alias.name}")
        if old == "keras":
            return "tensorflow", _aliased("keras", alias.asname)
        if not _is_missing(module) and exists(f"{module}.{alias.name}"):
            return module, _aliased(alias.name, alias.asname)
        entry = methods().get(old) or methods().get(f"{today_module(module)}.{alias.name}")
        kept = alias.asname or alias.name
        if entry is not None and self._is_called(kept) and _needs_turning(entry, old):
            self._gone[kept] = GoneName(entry.names[0])
            return ()
        place = today(old)
        if not place:
            return None
        inside, _dot, name = _as_written(place, module).rpartition(".")
        if name != alias.name and not alias.asname and self._renames(alias.name, name):
            return inside, name
        return inside, _aliased(name, kept if kept != name else None)

    def _is_called(self, name: str) -> bool:
        return any(
            isinstance(call.func, ast.Name) and call.func.id == name
            for call in self._code.calls
        )

    def _renames(self, old: str, new: str) -> bool:
        """Renames what was imported where the cell uses it; returns whether it does."""
        used = [
            node
            for node in ast.walk(self._code.tree)
            if isinstance(node, ast.Name) and node.id == old
        ]
        self._changes += [self._code.replaced(node, new) for node in used]
        return bool(used)


def _needs_turning(entry: OldFunction, old: str) -> bool:
    """Returns whether calls of a gone function need other arguments today."""
    if not entry.new or entry.attribute:
        return False
    try:
        known = set(inspect.signature(value_of(places().get(old, ""))).parameters)
    except (TypeError, ValueError):
        return True
    own = {each.arg for each in entry.signature.args} - {*entry.dropped, "name"}
    return not own <= known


def _aliased(name: str, alias: str | None) -> str:
    return f"{name} as {alias}" if alias else name


def _as_written(place: str, module: str) -> str:
    """Returns a place under the package by which the learner imports Keras."""
    if module.startswith("tensorflow.keras") and place.startswith("keras"):
        other = f"tensorflow.{place}"
        return other if exists(other) else place
    return place


# ---------------------------------------------------------------------------------------------
# Names that were not imported


def _undefined(match: re.Match[str], failure: Failure) -> Mistake | None:
    error, code = failure.error, failure.source
    if not isinstance(error, NameError) or failure.stage != "name" or code is None:
        return None
    name = match["name"]
    line = _import_line(name)
    known = names_of(failure)
    layers = known.get("layers")
    nodes = [each for each in ast.walk(code.tree) if isinstance(each, ast.Name)]
    used = [each for each in nodes if each.id == name]
    statement = failing_statement(failure)
    if not line or statement is None:
        return None
    if name == "K" and (mistake := _backend(failure, code)) is not None:
        return mistake
    if short_name(layers) == "keras.layers" and hasattr(layers, name):
        edit = _("Write `layers.{name}`, or import it: `{line}`.").format(name=name, line=line)
        changes = tuple(code.replaced(each, f"layers.{name}") for each in used)
    else:
        edit = _("Import it first: `{line}`.").format(line=line)
        top: Any = statement
        while not isinstance(code.parents.get(top), ast.Module):
            top = code.parents[top]
        changes = (code.line_before(top, line),)
    return Mistake(
        "not-imported",
        _("`{name}` was not imported.").format(name=name),
        "",
        edit,
        name,
        changes,
    )


def _backend(failure: Failure, code: Code) -> Mistake | None:
    """Explains `K` where it was not imported, and today's functions stand elsewhere."""
    import keras

    names = {**names_of(failure), "K": keras.backend}
    result = rewritten(code, list(code.tree.body), names, set(), ("K",))
    if not result.changes or result.unknown:
        return None
    pairs = [
        _("`{new}` instead of `{old}`").format(old=old, new=new)
        for old, new in result.replaced.items()
    ]
    return Mistake(
        "not-imported",
        _("`{name}` was not imported.").format(name="K"),
        "",
        _("Write {pairs}.").format(pairs=", ".join(pairs)),
        "K",
        tuple(result.changes),
    )


def _import_line(name: str) -> str:
    if name == "K":
        return "from keras import backend as K"
    if name == "keras":
        return "import keras"
    for module in ("keras", "keras.layers"):
        if value_of(f"{module}.{name}") is not None:
            return f"from {module} import {name}"
    return ""


RULES: tuple[Rule, ...] = (
    rule(
        "old-name", r"No module named|cannot import name|is not supported in Keras 3", _missing
    ),
    rule("missing-package", r"install pydot", _without_pydot),
    rule("not-imported", r"name '(?P<name>\w+)' is not defined", _undefined),
)
