"""Fills today's expression for an old function with the arguments of a call."""

import ast
import copy
from collections.abc import Callable
from typing import Any

from kfunc_lab.mistakes.names.scope import Evaluator
from kfunc_lab.mistakes.names.table import OldFunction
from kfunc_lab.mistakes.names.turns import TURNS, CannotTurnError

# Parameters that change how TensorFlow computes, not what.
_IGNORED = {
    "name", "layout", "stable", "sorted", "parallel_iterations", "back_prop", "swap_memory",
    "infer_shape", "validate_indices", "out_type", "output_type", "fallback_to_while_loop",
    "warn", "bad_indices_policy", "validate_args", "fast", "index_type", "dtype_hint", "num",
    "fn_output_signature", "maxlength", "gate_gradients", "optional_name",
}  # fmt: skip
# Names that TensorFlow 1 gave to parameters.
_RENAMED = {
    "keep_dims": "keepdims", "reduction_indices": "axis", "dim": "axis", "dimension": "axis",
    "squeeze_dims": "axis", "concat_dim": "axis", "split_dim": "axis", "filter": "filters",
    "num_split": "num_or_size_splits", "input": "input_tensor", "x": "features",
}  # fmt: skip
_ATOMS = (
    ast.Name, ast.Constant, ast.Attribute, ast.Subscript, ast.Call, ast.List, ast.Dict,
    ast.Tuple, ast.ListComp, ast.Set, ast.JoinedStr,
)  # fmt: skip


def fill(
    old: OldFunction,
    call: ast.Call,
    source: Callable[[ast.expr], str],
    spelled: Callable[[str], str],
    values: Evaluator,
) -> str:
    """Writes a call of an old function as today's expression.

    Args:
        old: The old function.
        call: The call.
        source: Returns the source of an argument, in which old functions are written anew.
        spelled: Returns the code for `ops`, `layers`, `random` or `keras` at this place.
        values: Computes arguments whose value matters.

    Returns:
        The source of the new expression.

    Raises:
        CannotTurnError: If an argument has no equivalent.
    """
    if not old.new:
        raise CannotTurnError(old.names[0])
    template = _Template(old, call, source, spelled, values)
    template.check_all_used()
    return template.written()


def in_parentheses(source: str) -> str:
    """Returns an expression in parentheses if an operator beside it could tear it apart."""
    try:
        node = ast.parse(source, mode="eval").body
    except SyntaxError:  # a generator expression without its own parentheses
        return source
    return source if isinstance(node, _ATOMS) else f"({source})"


class _Template:
    """Today's expression for one call; see `turns.Template`."""

    def __init__(
        self,
        old: OldFunction,
        call: ast.Call,
        source: Callable[[ast.expr], str],
        spelled: Callable[[str], str],
        values: Evaluator,
    ) -> None:
        self._old = old
        self._source, self._spelled, self._values = source, spelled, values
        self._defaults = _defaults(old.signature)
        self._others = old.signature.vararg.arg if old.signature.vararg else ""
        self._bound, self._rest = _bind(old, call)
        self._holes: dict[str, ast.expr] = {}

    def check_all_used(self) -> None:
        """Raises `CannotTurnError` if a given argument has no place in the new expression."""
        used = {node.id for node in ast.walk(self._old.template) if isinstance(node, ast.Name)}
        used |= _IGNORED | {*self._old.dropped, "self"}
        for name in self._bound:
            if name not in used and self.given(ast.Name(name)):
                raise CannotTurnError(name)

    def written(self) -> str:
        """Returns the source of the new expression."""
        tree = self.filled(self._old.template)
        text = ast.unparse(ast.fix_missing_locations(tree)).replace("'", '"')
        for hole, node in self._holes.items():
            plain = self._source(node)
            text = text.replace(f"{hole}__tight", in_parentheses(plain)).replace(hole, plain)
        return text

    # -- what the turns ask

    def given(self, node: ast.expr) -> bool:
        if not isinstance(node, ast.Name) or node.id not in self._bound:
            return isinstance(node, ast.Name) and node.id == self._others and bool(self._rest)
        default, value = self._defaults.get(node.id), self._bound[node.id]
        return default is None or ast.dump(default) != ast.dump(value)

    def known(self, node: ast.expr) -> Any:
        value = self._bound.get(node.id) if isinstance(node, ast.Name) else node
        if value is None and isinstance(node, ast.Name):
            value = self._defaults.get(node.id)
        if value is None:
            raise CannotTurnError(ast.dump(node))
        try:
            return self._values.value(value)
        except Exception as error:
            raise CannotTurnError(ast.unparse(value)) from error

    def is_function(self, node: ast.expr) -> bool:
        """Returns whether an argument is a function."""
        value = self._bound.get(node.id) if isinstance(node, ast.Name) else node
        if isinstance(value, ast.Lambda):
            return True
        return isinstance(value, ast.Name) and callable(self._names_value(value))

    def _names_value(self, node: ast.expr) -> Any:
        return self._values.look_up(node)

    def is_list(self, node: ast.expr) -> bool:
        """Returns whether an argument is a list or a tuple."""
        value = self._bound.get(node.id) if isinstance(node, ast.Name) else node
        if isinstance(value, ast.List | ast.Tuple):
            return True
        return value is not None and isinstance(self._names_value(value), list | tuple)

    def others(self) -> list[ast.expr]:
        """Returns the arguments of `*parameters`, as the learner wrote them."""
        return list(self._rest)

    def parsed(self, code: str, **parts: ast.expr) -> ast.expr:
        tree = ast.parse(code, mode="eval").body
        for name, part in parts.items():
            tree = _Replacer(name, part).visit(tree)
        return _Speller(self._spelled).visit(tree)  # type: ignore[no-any-return]

    def filled(self, node: ast.expr) -> ast.expr:
        return _Filler(self).visit(copy.deepcopy(node))  # type: ignore[no-any-return]

    # -- what the filler asks

    def argument(self, name: str) -> ast.expr | None:
        """Returns a name that stands for an argument, or the default; `None` for other names."""
        if name in self._bound:
            hole = f"__hole{len(self._holes)}__"
            self._holes[hole] = self._bound[name]
            return ast.Name(f"{hole}__tight")
        default = self._defaults.get(name)
        return copy.deepcopy(default)

    def rest(self, name: str) -> list[ast.expr] | None:
        """Returns names that stand for the arguments of `*name`; `None` for other names."""
        if name != self._others:
            return None
        holes: list[ast.expr] = []
        for value in self._rest:
            hole = f"__hole{len(self._holes)}__"
            self._holes[hole] = value
            holes.append(ast.Name(hole))
        return holes

    def omitted(self, node: ast.expr) -> bool:
        """Returns whether an expression is a parameter that the call leaves at its default."""
        is_optional = isinstance(node, ast.Name) and node.id in self._defaults
        return is_optional and not self.given(node)

    def speller(self) -> Callable[[str], str]:
        """Returns the function that spells the modules of Keras."""
        return self._spelled


class _Filler(ast.NodeTransformer):
    """Puts the arguments of a call into a template."""

    def __init__(self, template: _Template) -> None:
        self._template = template

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if isinstance(node.func, ast.Name) and node.func.id in TURNS:
            turn: Callable[..., ast.expr] = TURNS[node.func.id]
            return turn(self._template, *node.args)
        args: list[ast.expr] = []
        for each in node.args:
            star = each.value if isinstance(each, ast.Starred) else None
            rest = self._template.rest(star.id) if isinstance(star, ast.Name) else None
            args += [_loose(self.visit(each))] if rest is None else rest
        keywords = [
            ast.keyword(each.arg, _loose(self.visit(each.value)))
            for each in node.keywords
            if not self._is_omitted(each.value)
        ]
        return ast.Call(self.visit(node.func), args, keywords)

    def _is_omitted(self, node: ast.expr) -> bool:
        """Returns whether the value of a keyword is a parameter that the call omits."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "either":
                return all(map(self._template.omitted, node.args))
            turned = node.func.id in ("dtype_of", "layout", "spatial") and node.args
            return bool(turned) and self._template.omitted(node.args[0])
        return self._template.omitted(node)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        argument = self._template.argument(node.id)
        if argument is not None:
            return argument
        return _Speller(self._template.speller()).visit_Name(node)

    def visit_List(self, node: ast.List) -> ast.expr:
        return ast.List([_loose(self.visit(each)) for each in node.elts])

    def visit_Tuple(self, node: ast.Tuple) -> ast.expr:
        return ast.Tuple([_loose(self.visit(each)) for each in node.elts])


def _loose(node: ast.expr) -> ast.expr:
    """Marks an argument that needs no parentheses where it stands."""
    if isinstance(node, ast.Name) and node.id.endswith("__tight"):
        return ast.Name(node.id.removesuffix("__tight"))
    return node


class _Replacer(ast.NodeTransformer):
    def __init__(self, name: str, part: ast.expr) -> None:
        self._name, self._part = name, part

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._part if node.id == self._name else node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        node.args = [_loose(each) for each in node.args]
        return node


class _Speller(ast.NodeTransformer):
    def __init__(self, spelled: Callable[[str], str]) -> None:
        self._spelled = spelled

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in ("ops", "layers", "random", "keras"):
            return ast.parse(self._spelled(node.id), mode="eval").body
        return node


def _defaults(signature: ast.arguments) -> dict[str, ast.expr]:
    names = [each.arg for each in [*signature.posonlyargs, *signature.args]]
    values = dict(zip(names[::-1], signature.defaults[::-1], strict=False))
    named = zip(signature.kwonlyargs, signature.kw_defaults, strict=True)
    return values | {each.arg: default for each, default in named if default is not None}


def _bind(old: OldFunction, call: ast.Call) -> tuple[dict[str, ast.expr], list[ast.expr]]:
    """Returns the argument of each parameter, and those of `*parameters`."""
    signature = old.signature
    names = [each.arg for each in signature.args]
    known = {*names, *(each.arg for each in signature.kwonlyargs)}
    args = list(call.args)
    if names[:1] == ["self"] and isinstance(call.func, ast.Attribute):
        args = [call.func.value, *args]
    if any(isinstance(each, ast.Starred) for each in args) and signature.vararg is None:
        raise CannotTurnError("*")
    if len(args) > len(names) and signature.vararg is None:
        raise CannotTurnError("too many arguments")
    bound = dict(zip(names, args, strict=False))
    for keyword in call.keywords:
        if keyword.arg is None:
            raise CannotTurnError("**")
        name = keyword.arg if keyword.arg in known else _RENAMED.get(keyword.arg, keyword.arg)
        if name in known:
            bound[name] = keyword.value
        elif name not in _IGNORED and signature.kwarg is None:
            raise CannotTurnError(name)
    missing = [name for name in names if name not in bound and name not in _defaults(signature)]
    if missing:
        raise CannotTurnError(missing[0])
    return bound, args[len(names) :]
