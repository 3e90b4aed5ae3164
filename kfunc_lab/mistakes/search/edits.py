"""Turns a candidate that fits into an edit: the words, and the changes of the source."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.search.problem import (
    GOAL,
    TARGET,
    Candidate,
    Layer,
    Problem,
    inner_layer,
    setting,
)
from kfunc_lab.mistakes.search.sites import Site, Sites, creates, last_name, parameters_of
from kfunc_lab.mistakes.source.code import Code, begin_of, end_of, tensor_expressions
from kfunc_lab.mistakes.source.edit import Change, Edit
from kfunc_lab.shapes.rules.formulas import class_defaults
from kfunc_lab.shapes.rules.rule import Shape, parse_layer
from kfunc_lab.ui.text import printable

_POSITIONAL = {
    "Dense": ("units",), "Reshape": ("target_shape",), "RepeatVector": ("n",),
    "UpSampling1D": ("size",), "UpSampling2D": ("size",), "UpSampling3D": ("size",),
    "MaxPooling1D": ("pool_size",), "MaxPooling2D": ("pool_size",), "Permute": ("dims",),
    "Cropping1D": ("cropping",), "Cropping2D": ("cropping",), "Cropping3D": ("cropping",),
    "ZeroPadding1D": ("padding",), "ZeroPadding2D": ("padding",), "Resizing": ("height", "width"),
    "Conv1D": ("filters", "kernel_size"), "Conv2D": ("filters", "kernel_size"),
    "Conv3D": ("filters", "kernel_size"),
}  # fmt: skip


class Describer:
    """Describes candidates of one problem.

    Args:
        problem: The failed call.
        failure: The failure.
        sites: The learner's code.
    """

    def __init__(self, problem: Problem, failure: Failure, sites: Sites) -> None:
        self._problem = problem
        self._failure = failure
        self._sites = sites
        self._home = layer_home(failure)

    def with_shared(self, candidate: Candidate) -> Candidate:
        """Returns a candidate that changes all layers which one line of the code creates."""
        settings = dict(candidate.settings)
        for layer_id, changes in candidate.settings.items():
            own = self._site(layer_id)
            for other in self._problem.siblings(self._call_of(layer_id)):
                site = None if own is None else self._site(other.layer_id)
                if own is not None and site is not None and site[1] is own[1]:
                    settings[other.layer_id] = changes
        if len(settings) == len(candidate.settings):
            return candidate
        return replace(candidate, settings=settings)

    def written_factors(self) -> dict[str, list[tuple[int, ...]]]:
        """Returns the factors of sizes that the code writes as products, by the id of the call."""
        found = {}
        for call in self._problem.calls.values():
            has_factors = call.kind in ("InputLayer", "Dense") and call.id != GOAL
            site = self._site(call.layer_id) if has_factors else None
            written = [] if site is None else products_in(site[1])
            factors = [factors_of(node) for node in written]
            if any(factors):
                found[call.id] = [each for each in factors if each]
        return found

    def edit(self, candidate: Candidate) -> Edit:
        """Returns the edit of a candidate."""
        parts = list(self._parts(candidate))
        changes = [change for _words, change in parts if change is not None]
        is_whole = len(changes) == len(parts)
        words = " ".join([*dict.fromkeys(words for words, _change in parts), candidate.note])
        return Edit(words.strip(), tuple(dict.fromkeys(changes)) if is_whole else ())

    def _parts(self, candidate: Candidate) -> Iterator[tuple[str, Change | None]]:
        yield from self._set_all(candidate.settings)
        for call_id, shape in candidate.inputs.items():
            yield self._input(call_id, shape)
        for (call_id, position), layers in candidate.inserted.items():
            yield self._insert(call_id, position, layers)
        for call_id in candidate.dropped:
            yield self._drop(call_id)
        for layer_id, layer in candidate.replaced.items():
            yield self._replace(layer_id, layer)

    # -- settings

    def _set_all(
        self, settings: Mapping[str, Mapping[str, Any]]
    ) -> Iterator[tuple[str, Change | None]]:
        """Yields the sentence and the changes of settings, equal settings in one sentence."""
        parts = [(*self._set(*item), self._call_of(item[0])) for item in settings.items()]
        for sentence in dict.fromkeys(sentence for sentence, _change, _call in parts):
            same = [part for part in parts if part[0] == sentence]
            named = dict.fromkeys(self._name(call) for _sentence, _change, call in same)
            names = ", ".join(named)  # a call inside a model is one of the same layer
            for _sentence, change, _call in same:
                yield sentence.format(layer=names), change

    def _set(self, layer_id: str, settings: Mapping[str, Any]) -> tuple[str, Change | None]:
        call = self._call_of(layer_id)
        inner = inner_layer(call)
        site = self._site(layer_id)
        if "layer" in settings:
            settings = {
                name: value
                for name, value in parse_layer(settings["layer"])[1].items()
                if inner[1].get(name, _ABSENT) != value
            }
            site = _inner_site(site)
        settings = dict(list(settings.items()))
        words = ", ".join(f"{name}={value!r}" for name, value in settings.items())
        removed = [name for name, value in settings.items() if value is None]
        sentence = _("Set `{setting}` in {layer}.")
        if removed and len(removed) == len(settings):
            words = ", ".join(f"{name}={setting(call, name)!r}" for name in removed)
            sentence = _("Remove `{setting}` in {layer}.")
        return (
            sentence.replace("{setting}", words.replace("'", '"')),
            self._setting_change(site, inner[0], settings),
        )

    def _setting_change(
        self, site: Site | None, kind: str, settings: Mapping[str, Any]
    ) -> Change | None:
        if site is None:
            return None
        code, call = site
        changes = [_one_setting(code, call, kind, *item) for item in settings.items()]
        known = [change for change in changes if change is not None]
        return known[0] if len(known) == len(changes) == 1 else _merged(code, call, changes)

    # -- inputs

    def _input(self, call_id: str, shape: Shape) -> tuple[str, Change | None]:
        site = self._site(call_id)
        words = _("Give the input {name} another shape: `{code}`.").format(
            name=printable(self._problem.calls[call_id].layer),
            code=f"keras.Input(shape={shape[1:]!r})",
        )
        if shape[0] is not None:
            words = _("Fix the batch size of the input {name}: `{code}`.").format(
                name=printable(self._problem.calls[call_id].layer),
                code=f"keras.Input(batch_shape={shape!r})",
            )
        if site is None:
            return words, None
        code, call = site
        if shape[0] is not None:
            return words, _with_batch(code, call, shape)
        own = call.args[0] if call.args else None
        for keyword in call.keywords:
            own = keyword.value if keyword.arg in ("shape", "batch_shape") else own
            if keyword.arg == "batch_shape":
                return words, code.replaced(keyword.value, repr(shape))
        if own is None:
            return words, None
        return words, code.replaced(own, self._shape_source(code, own, shape[1:]))

    def _shape_source(self, code: Code, own: ast.expr, shape: Shape) -> str:
        """Writes a shape, with the learner's own expression if it holds the shape."""
        values = {} if self._failure.scope is None else self._failure.scope.f_locals
        if isinstance(own, ast.Attribute) and isinstance(own.value, ast.Name):
            held = getattr(values.get(own.value.id), own.attr, None)
            if isinstance(held, tuple) and held[1:] == shape:
                return f"{code.source(own)}[1:]"
        return repr(shape)

    # -- layers

    def _insert(
        self, call_id: str, position: int, layers: tuple[Layer, ...]
    ) -> tuple[str, Change | None]:
        source = [f"{self._home}{constructor(layer, self._home)}" for layer in layers]
        call = self._problem.calls[call_id]
        if call.kind == TARGET:
            words = _("Let the model end in `{layer}`.").format(layer="`, `".join(source))
            return words, self._end_of_model(source)
        maker = self._problem.source(call_id, position)
        words = _("Put `{layer}` before {goal}, on {tensor}.").format(
            layer="`, `".join(source),
            goal=self._name(call),
            tensor=self._name(maker) if maker is not None else _("its input"),
        )
        return words, self._insertion(call_id, position, source)

    def _insertion(self, call_id: str, position: int, layers: list[str]) -> Change | None:
        use = self._use(call_id)
        if use is None:
            return self._insertion_in_chain(call_id, layers)
        code, operands = use[0], tensor_expressions(use[1])
        if len(operands) != len(self._problem.calls[call_id].inputs):
            return None
        source = code.source(operands[position])
        for layer in layers:
            source = f"{layer}({source})"
        return code.replaced(operands[position], source)

    def _use(self, call_id: str) -> tuple[Code, ast.expr] | None:
        """Returns the expression that calls a layer on its tensors."""
        site = self._site(self._problem.calls[call_id].layer_id)
        if site is not None and chain_of(*site) is not None:
            return None
        own = self._failure.source
        if call_id == GOAL and self._failure.stage != "fit":
            expression = self._failure.expression
            return None if own is None or expression is None else (own, expression)
        traced = getattr(self._problem.reading.nodes.get(call_id), "call", None)
        if traced is not None and own is not None:
            return own, traced
        if site is None:
            return None
        code, call = site
        use = code.parents.get(call)
        if isinstance(use, ast.Call) and use.func is call:
            return code, use
        return (code, call) if last_name(call.func)[:1].islower() else None

    def _insertion_in_chain(self, call_id: str, layers: list[str]) -> Change | None:
        site = self._site(self._problem.calls[call_id].layer_id)
        chain = None if site is None else chain_of(*site)
        if site is None or chain is None:
            return None
        code, call = site
        if isinstance(chain, ast.Call):  # `model.add(layer)`
            added = [f"{code.source(chain.func)}({layer})" for layer in layers]
            return code.line_before(chain, added[0]) if len(added) == 1 else None
        return code.replaced(call, ", ".join([*layers, code.source(call)]))

    def _end_of_model(self, layers: list[str]) -> Change | None:
        """Puts layers behind the output, where the learner's code creates the model."""
        for code, call in self._sites.models(model_variable(self._failure)):
            outputs = call.args[1] if len(call.args) > 1 else None
            for keyword in call.keywords:
                outputs = keyword.value if keyword.arg == "outputs" else outputs
            if outputs is None or isinstance(outputs, (ast.List, ast.Tuple, ast.Dict)):
                return None
            source = code.source(outputs)
            for layer in layers:
                source = f"{layer}({source})"
            return code.replaced(outputs, source)
        return None

    def _drop(self, call_id: str) -> tuple[str, Change | None]:
        call = self._problem.calls[call_id]
        words = _("Leave out {layer}.").format(layer=self._name(call))
        use = self._use(call_id)
        if use is None:
            site = self._site(call.layer_id)
            chain = None if site is None else chain_of(*site)
            if site is None or chain is None:
                return words, None
            return words, _without_link(*site, chain)
        code, expression = use
        operands = tensor_expressions(expression)
        if len(operands) != 1:
            return words, None
        return words, code.replaced(expression, code.source(operands[0]))

    def _replace(self, layer_id: str, layer: Layer) -> tuple[str, Change | None]:
        call = self._call_of(layer_id)
        site = self._site(layer_id)
        if layer.kind == "TimeDistributed":
            words = _("Apply {layer} to each step: `{code}`.")
            if site is None:
                source = f"{self._home}{call.kind}(...)"
                code = f"{self._home}TimeDistributed({source})"
                return words.format(layer=self._name(call), code=code), None
            wrapped = f"{self._home}TimeDistributed({site[0].source(site[1])})"
            return (
                words.format(layer=self._name(call), code=wrapped),
                site[0].replaced(site[1], wrapped),
            )
        new = f"{self._home}{constructor(layer, self._home)}"
        renamed = None if site is None else _renamed(site, call.kind, layer.kind)
        if renamed is not None and site is not None:
            new = edited_call(site[0], site[1], renamed)
        words = _("Use `{new}` instead of {layer}.").format(new=new, layer=self._name(call))
        return words, renamed or (None if site is None else _exchanged(site, new))

    # -- the learner's code

    def _call_of(self, layer_id: str) -> Any:
        if layer_id == GOAL:
            return self._problem.goal
        return next(call for call in self._problem.calls.values() if call.layer_id == layer_id)

    def _name(self, call: Any) -> str:
        return f"{printable(call.layer)} ({printable(call.kind)})"

    def _site(self, layer_id: str) -> Site | None:
        if layer_id == GOAL:
            own = self._own_site()
            if own is not None:
                return own
            layer = self._problem.operation
        else:
            node = self._problem.reading.nodes.get(layer_id)
            layer = None if node is None else node.operation
        if layer is None:
            return None
        use = None if layer_id == GOAL else getattr(node, "call", None)
        if use is not None:
            own = self._sites.assigned(ast.unparse(use.func), layer)
            if own is not None:
                return own
        peers = sum(
            call.kind == type(layer).__name__ and call.layer_id == call.id
            for call in self._calls_before(layer_id)
        )
        return self._sites.constructor(layer, layer_id, peers)

    def _calls_before(self, layer_id: str) -> Iterator[Any]:
        for call in self._problem.calls.values():
            if call.id == layer_id:
                return
            yield call

    def _own_site(self) -> Site | None:
        """Returns the constructor in the expression that failed."""
        expression, code = self._failure.expression, self._failure.source
        if code is None or not isinstance(expression, ast.Call):
            return None
        if isinstance(expression.func, ast.Call):
            return code, expression.func
        return (code, expression) if creates(expression, self._problem.operation) else None


_ABSENT = object()


def _one_setting(code: Code, call: ast.Call, kind: str, name: str, value: Any) -> Change | None:
    import keras

    cls = getattr(keras.layers, kind, None)
    names = parameters_of(cls) if cls is not None else []
    position = names.index(name) if name in names else -1
    default = class_defaults(kind).get(name, _ABSENT) if cls is not None else _ABSENT
    if (
        last_name(call.func) != kind
    ):  # `layers.concatenate(tensors, axis=1)` takes the tensors first
        position = -1
    if value is None or value == default:
        removed = code.without_argument(call, name)
        if removed is not None:
            return removed
        if position >= len(call.args):
            return None
    return code.with_argument(call, name, _literal(value), position)


def _merged(code: Code, call: ast.Call, changes: list[Change | None]) -> Change | None:
    """Joins the changes of one call, if they only add to its end."""
    known = [change for change in changes if change is not None]
    if len(known) != len(changes) or not known:
        return None
    if (
        len({(change.begin, change.end) for change in known}) == 1
        and known[0].begin == known[0].end
    ):
        first = known[0]
        return Change(
            first.file, first.begin, first.end, "".join(change.new for change in known)
        )
    return None


def _inner_site(site: Site | None) -> Site | None:
    """Returns the constructor of the layer that a wrapper's constructor holds."""
    if site is None:
        return None
    code, call = site
    inner = [argument for argument in call.args if isinstance(argument, ast.Call)]
    inner += [
        keyword.value
        for keyword in call.keywords
        if keyword.arg == "layer" and isinstance(keyword.value, ast.Call)
    ]
    return (code, inner[0]) if inner else None


def _with_batch(code: Code, call: ast.Call, shape: Shape) -> Change | None:
    words = [f"batch_shape={shape!r}"]
    words += [
        f"{keyword.arg}={code.source(keyword.value)}"
        for keyword in call.keywords
        if keyword.arg not in ("shape", "batch_size", "batch_shape")
    ]
    return code.replaced(call, f"{code.source(call.func)}({', '.join(words)})")


def _renamed(site: Site, kind: str, new: str) -> Change | None:
    """Writes the class for another number of axes, and keeps the learner's arguments."""
    code, call = site
    written = code.source(call.func)
    has_tuples = any(isinstance(node, (ast.Tuple, ast.List)) for node in ast.walk(call))
    if has_tuples or kind[:-2] != new[:-2] or not written.endswith(kind):
        return None
    return code.replaced(call.func, written.removesuffix(kind) + new)


def edited_call(code: Code, call: ast.Call, change: Change) -> str:
    """Returns the source of a call whose function is changed."""
    return change.new + code.source(call).removeprefix(code.source(call.func))


def _exchanged(site: Site, new: str) -> Change | None:
    """Replaces a constructor, and keeps the name that the learner gave the layer."""
    code, call = site
    if last_name(call.func)[:1].islower():  # it takes the tensors, such as `layers.add`
        return None
    names = [f"name={code.source(it.value)}" for it in call.keywords if it.arg == "name"]
    if names:
        new = f"{new.removesuffix(')')}{'' if new.endswith('()') else ', '}{names[0]})"
    return code.replaced(call, new)


def chain_of(code: Code, call: ast.Call) -> ast.List | ast.Call | None:
    """Returns the list of layers, or the call of `add`, that holds a constructor."""
    parent = code.parents.get(call)
    if (
        isinstance(parent, ast.Call)
        and last_name(parent.func) == "add"
        and parent.args == [call]
    ):
        return parent if isinstance(code.parents.get(parent), ast.Expr) else None
    if isinstance(parent, ast.List):
        user = code.parents.get(parent)
        if isinstance(user, ast.keyword):
            user = code.parents.get(user)
        if isinstance(user, ast.Call) and last_name(user.func) == "Sequential":
            return parent
    return None


def _without_link(code: Code, call: ast.Call, chain: ast.List | ast.Call) -> Change:
    """Takes a layer out of a Sequential model."""
    if isinstance(chain, ast.Call):
        statement = code.statement_of(chain) or chain
        return code.replaced(statement, "pass")
    position = chain.elts.index(call)
    if position + 1 < len(chain.elts):
        end = begin_of(chain.elts[position + 1])
        return Change(code.file, begin_of(call), end, "")
    if position:
        return Change(code.file, end_of(chain.elts[position - 1]), end_of(call), "")
    return code.replaced(call, "")


def constructor(layer: Layer, home: str) -> str:
    """Writes the call that creates a layer; `home` stands before the layer that it wraps."""
    positional = _POSITIONAL.get(layer.kind, ())
    words = []
    for name, value in layer.settings.items():
        if name == "layer":
            words.append(f"{home}{value}")
        elif name in positional:
            words.append(_literal(value))
        else:
            words.append(f"{name}={_literal(value)}")
    return f"{layer.kind}({', '.join(words)})"


def _literal(value: Any) -> str:
    if isinstance(value, tuple) and len(value) > 1 and set(value) == {1}:
        return "1"
    return f'"{value}"' if isinstance(value, str) else repr(value)


def products_in(call: ast.Call) -> list[ast.expr]:
    """Returns the products of numbers among the arguments of a constructor."""
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    single = [
        value.elts[0] if isinstance(value, ast.Tuple) and len(value.elts) == 1 else value
        for value in values
    ]
    return [value for value in single if isinstance(value, ast.BinOp)]


def factors_of(node: ast.expr) -> tuple[int, ...]:
    """Returns the factors of a product such as `28 * 28`; empty for any other expression."""
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return (node.value,)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        one, other = factors_of(node.left), factors_of(node.right)
        return (*one, *other) if one and other else ()
    return ()


def model_variable(failure: Failure) -> str:
    """Returns the variable whose method failed, such as `"model"`; empty if it is none."""
    expression = failure.expression
    function = expression.func if isinstance(expression, ast.Call) else None
    owner = function.value if isinstance(function, ast.Attribute) else None
    return owner.id if isinstance(owner, ast.Name) else ""


def layer_home(failure: Failure) -> str:
    """Returns what stands before the name of a layer in the learner's code, such as `layers.`."""
    import keras

    scope = failure.scope
    known = {} if scope is None else {**scope.f_globals, **scope.f_locals}
    if known.get("layers") is keras.layers:
        return "layers."
    for name in ("keras", "k"):
        if known.get(name) is keras:
            return f"{name}.layers."
    tensorflow: Any = known.get("tf")
    if tensorflow is not None and hasattr(tensorflow, "keras"):
        return "tf.keras.layers."
    return "layers."
