"""Arguments that were renamed, removed, or that a class or method of Keras never had."""

import ast
import inspect
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, name_of
from kfunc_lab.mistakes.names.cause import is_keras
from kfunc_lab.mistakes.names.scope import Evaluator
from kfunc_lab.mistakes.names.table import arguments
from kfunc_lab.mistakes.nearest import nearest
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.rules.names.trying import (
    changed_source,
    failing_node,
    is_refuted,
    names_of,
    spelled_module,
)
from kfunc_lab.mistakes.source.code import Code, begin_of, end_of
from kfunc_lab.mistakes.source.edit import Change

_OF_ANY_LAYER = ("name", "trainable", "dtype", "input_shape", "input_dim", "autocast")
_INITIALIZERS = {
    "normal": "random_normal", "uniform": "random_uniform", "zero": "zeros", "one": "ones",
}  # fmt: skip
_KEPT_LATER = ("batch_input_shape", "input_shape", "input_dim")


def _wrong_arguments(match: re.Match[str], failure: Failure) -> Mistake | None:
    call, code = failing_node(failure), failure.source
    if not isinstance(call, ast.Call) or code is None:
        return None
    function = _called(failure, call)
    if function is None or not is_keras(function):
        return None
    owner = getattr(function, "__name__", "")
    unknown = list(_unknown(call, function))
    if not unknown:
        return None
    words = _Words(code, call, owner, failure, function)
    for keyword in unknown:
        words.turn(keyword)
    words.join_sizes()
    words.add_suffix()
    return words.mistake([keyword.arg or "" for keyword in unknown])


def _called(failure: Failure, call: ast.Call) -> Any:
    """Returns the class, function or method that a call calls; `None` if it is not known."""
    found = Evaluator(names_of(failure), calls=False).look_up(call.func)
    if found is not None:
        return found
    model = failure.model
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    return getattr(type(model), name, None) if name and is_keras(model) else None


def _parameters(function: Any) -> tuple[set[str], bool]:
    """Returns the names of a function's parameters, and whether it takes others."""
    signature = inspect.signature(function)
    kinds = [each.kind for each in signature.parameters.values()]
    return set(signature.parameters), inspect.Parameter.VAR_KEYWORD in kinds


def _unknown(call: ast.Call, function: Any) -> Iterator[ast.keyword]:
    """Yields the keywords of a call that the function does not know."""
    import keras

    try:
        known, takes_others = _parameters(function)
    except (TypeError, ValueError):
        return
    is_layer = isinstance(function, type) and issubclass(function, keras.Layer)
    if takes_others and is_layer:
        known |= {*_OF_ANY_LAYER}
    if takes_others and isinstance(function, type) and issubclass(function, keras.Model):
        known |= {"inputs", "outputs"}
    if takes_others and isinstance(function, type) and issubclass(function, keras.Optimizer):
        known |= _parameters(keras.Optimizer.__init__)[0]
    for keyword in call.keywords:
        if keyword.arg and keyword.arg not in known:
            yield keyword


@lru_cache(maxsize=1)
def _arguments_of_layers() -> frozenset[str]:
    """Returns the names of the arguments that layers of Keras have."""
    import keras

    classes = [each for each in vars(keras.layers).values() if isinstance(each, type)]
    return frozenset(name for each in classes for name in _parameters(each)[0])


def _of_other_layer(name: str | None) -> bool:
    """Returns whether an argument is spelled right, but belongs to another class."""
    return name in _arguments_of_layers()


class _Words:
    """The changes of one call, with the sentences about them."""

    def __init__(
        self, code: Code, call: ast.Call, owner: str, failure: Failure, function: Any
    ) -> None:
        self._code, self._call, self._owner = code, call, owner
        self._failure, self._function = failure, function
        self._table = arguments().get(owner, {})
        self.changes: list[Change] = []
        self.sentences: list[str] = []
        self._is_of_keras_1 = False

    def turn(self, keyword: ast.keyword) -> None:
        """Renames or removes one keyword."""
        name = keyword.arg or ""
        if name == "batch_input_shape" and self._owner not in ("Input", "InputLayer"):
            self._input_before(keyword)
        elif name in ("nb_row", "nb_col", "kernel_dim1", "kernel_dim2", "kernel_dim3"):
            self._sizes(keyword)
        elif name == "decay" and self._rate() is not None:
            self._scheduled(keyword)
        elif name in self._table:
            self._is_of_keras_1 = True
            self._listed(keyword, self._table[name])
        else:
            self._closest(keyword)

    def _listed(self, keyword: ast.keyword, new: str) -> None:
        if not new:
            self._remove(keyword)
            return
        name, _equals, template = new.partition("=")
        if self._is_given(name):
            self._remove(keyword)
            return
        value = _turned(self._code, keyword.value, template)
        self._rename(keyword, name, value)

    def _closest(self, keyword: ast.keyword) -> None:
        known = sorted(_parameters(self._function)[0] - {"self", "kwargs", "args"})
        if self._function_is("Model"):
            known += ["inputs", "outputs", "name", "trainable"]
        close = nearest(keyword.arg or "", known, 0.6)
        is_misspelt = keyword.arg not in _KEPT_LATER and not _of_other_layer(keyword.arg)
        if close and not self._is_given(close) and is_misspelt:
            self._rename(keyword, close, self._code.source(keyword.value))
        else:
            self._remove(keyword)

    def _is_given(self, name: str) -> bool:
        """Returns whether the call passes an argument, by name or by position."""
        parameters = list(inspect.signature(self._function).parameters)
        by_position = parameters[: len(self._call.args)]
        return name in [*by_position, *(each.arg for each in self._call.keywords)]

    def _function_is(self, name: str) -> bool:
        import keras

        return self._function is getattr(keras, name)

    def _rename(self, keyword: ast.keyword, name: str, value: str) -> None:
        self.changes.append(self._code.replaced(keyword, f"{name}={value}"))
        self.sentences.append(
            _("Write `{close}=` instead of `{name}=`.").format(close=name, name=keyword.arg)
        )

    def _remove(self, keyword: ast.keyword, sentence: str = "") -> None:
        self.changes.append(removed(self._code, self._call, keyword))
        self.sentences.append(sentence or _removal(keyword.arg or "", self._owner))

    def _sizes(self, keyword: ast.keyword) -> None:
        """Joins the sides of a window, which Keras 1 takes one by one."""
        self._is_of_keras_1 = True
        sides = [
            each
            for each in self._call.keywords
            if re.fullmatch(r"nb_(?:row|col)|kernel_dim\d", each.arg or "")
        ]
        if keyword is sides[0]:
            sizes = ", ".join(self._code.source(each.value) for each in sides)
            self._rename(keyword, "kernel_size", f"({sizes})")
        else:
            self.changes.append(removed(self._code, self._call, keyword))

    def join_sizes(self) -> None:
        """Joins the sides of a window that a call of Keras 1 passes by position."""
        args = self._call.args
        if not self._is_of_keras_1 or "Conv" not in self._owner or "1D" in self._owner:
            return
        count = 3 if "3D" in self._owner else 2
        sides = args[1 : 1 + count]
        if len(sides) != count or any(isinstance(each, ast.Tuple | ast.List) for each in sides):
            return
        sizes = f"({', '.join(map(self._code.source, sides))})"
        self.changes.append(
            Change(self._code.file, begin_of(sides[0]), end_of(sides[-1]), sizes)
        )
        self.sentences.append(
            _("Write the sizes of the window in one tuple: `{sizes}`.").format(sizes=sizes)
        )

    def _rate(self) -> ast.keyword | None:
        names = ("lr", "learning_rate")
        return next((each for each in self._call.keywords if each.arg in names), None)

    def add_suffix(self) -> None:
        """Adds the suffix that a file name without one needs."""
        path = self._call.args[0] if self._call.args else None
        if self._owner not in ("save", "save_model") or not isinstance(path, ast.Constant):
            return
        name = str(path.value)
        if not name.endswith((".keras", ".h5")):
            self.changes.append(self._code.replaced(path, f'"{name}.keras"'))

    def _scheduled(self, keyword: ast.keyword) -> None:
        """Writes a learning rate that decays as a schedule."""
        rate = self._rate()
        if rate is None:
            return
        keras = spelled_module("keras", names_of(self._failure))
        schedule = (
            f"{keras}.optimizers.schedules.InverseTimeDecay("
            f"{self._code.source(rate.value)}, 1, {self._code.source(keyword.value)})"
        )
        self.changes = [change for change in self.changes if change.begin != begin_of(rate)]
        self.changes.append(self._code.replaced(rate, f"learning_rate={schedule}"))
        self.changes.append(removed(self._code, self._call, keyword))
        self.sentences.append(
            _("Pass a learning rate that decays: `{code}`.").format(code=schedule)
        )

    def _input_before(self, keyword: ast.keyword) -> None:
        """Moves the shape of the batch from the first layer to an input before it."""
        shape = _as_tuple(self._code, keyword.value)
        new = f"{spelled_module('keras', names_of(self._failure))}.Input(batch_shape={shape})"
        self.changes.append(removed(self._code, self._call, keyword))
        layer: ast.AST = self._call
        parent = self._code.parents.get(layer)
        while isinstance(parent, ast.Call) and self._call in parent.args and _wraps(parent):
            layer, parent = parent, self._code.parents.get(parent)
        if isinstance(parent, ast.List):
            self.changes.append(
                Change(self._code.file, begin_of(layer), begin_of(layer), f"{new}, ")
            )
        elif isinstance(parent, ast.Call) and _is_add(parent):
            model = self._code.source(parent.func)
            self.changes.append(self._code.line_before(parent, f"{model}({new})"))
        self.sentences.append(
            _("Write `{code}` before the layer, so that the size of the batch stays.").format(
                code=new
            )
        )

    def mistake(self, names: list[str]) -> Mistake | None:
        """Returns the mistake, with the edit if the new call is accepted."""
        if is_refuted(self._failure, self._call, self.changes) or not self._binds():
            self.changes, self.sentences = [], []
        reason = _("{kind} has no argument `{name}`.")
        if len(names) > 1:
            reason = _("{kind} has no arguments {names}.")
        if self._owner in ("Model", "Functional") and names[0] in ("input", "output"):
            return Mistake(
                "model-arguments",
                _("`keras.Model` has no argument `{name}`.").format(name=names[0]),
                "",
                _("Write `inputs=` and `outputs=`, with an s."),
                names[0],
                tuple(self.changes),
            )
        return Mistake(
            "unknown-argument",
            reason.format(
                kind=self._owner, name=names[0], names=", ".join(f"`{name}`" for name in names)
            ),
            "",
            " ".join(dict.fromkeys(self.sentences)),
            names[0],
            tuple(self.changes),
        )

    def _binds(self) -> bool:
        """Returns whether the signature takes the new arguments."""
        source = changed_source(self._code, self._call, self.changes)
        call = ast.parse(source, mode="eval").body
        if not isinstance(call, ast.Call):
            return False
        known, takes_others = _parameters(self._function)
        names = {each.arg for each in call.keywords if each.arg}
        return takes_others or names <= known


def _wraps(call: ast.Call) -> bool:
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in ("Bidirectional", "TimeDistributed")


def _is_add(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "add"


def _as_tuple(code: Code, node: ast.expr) -> str:
    if isinstance(node, ast.List):
        inside = ", ".join(map(code.source, node.elts))
        return f"({inside},)" if len(node.elts) == 1 else f"({inside})"
    return code.source(node)


def _removal(name: str, owner: str) -> str:
    if name in ("workers", "use_multiprocessing", "max_queue_size") and owner == "fit":
        return _(
            "Remove `{name}`: the constructor of a `keras.utils.PyDataset` takes it."
        ).format(name=name)
    if name in ("input_dim", "input_shape"):
        return _("Remove `{name}`: `keras.Input` gives the shape.").format(name=name)
    if name == "period":
        return _("Remove `{name}`: it saves after each epoch.").format(name=name)
    if name == "save_format":
        return _("Remove `{name}`: the suffix of the file name chooses the format.").format(
            name=name
        )
    return _("Remove `{name}`.").format(name=name)


def _turned(code: Code, value: ast.expr, template: str) -> str:
    """Returns the source of an argument's value, turned as the template says."""
    source = code.source(value)
    function = template.partition("(")[0] if "(" in template else ""
    literal = value.value if isinstance(value, ast.Constant) else None
    if function == "data_format":
        return '"channels_first"' if literal == "th" else '"channels_last"'
    if function == "initializer" and isinstance(literal, str):
        return f'"{_INITIALIZERS.get(literal, literal)}"'
    if function == "constant" and isinstance(value, ast.List) and len(value.elts) == 1:
        return f"keras.initializers.Constant({code.source(value.elts[0])})"
    if function == "complement":
        number = 1 - literal if isinstance(literal, float) else None
        return f"1 - {source}" if number is None else f"{number:g}"
    if function == "one":
        return f"({source},)"
    if function == "listed":
        return source if isinstance(value, (ast.List, ast.Dict)) else f"[{source}]"
    return template.replace("value", source) if not function else source


def removed(code: Code, call: ast.Call, keyword: ast.keyword) -> Change:
    """Removes a keyword from a call, with the comma beside it."""
    parts: list[Any] = sorted([*call.args, *call.keywords], key=begin_of)
    position = parts.index(keyword)
    if position:
        return Change(code.file, end_of(parts[position - 1]), end_of(keyword), "")
    if len(parts) > 1:
        return Change(code.file, begin_of(keyword), begin_of(parts[1]), "")
    return code.replaced(keyword, "")


# ---------------------------------------------------------------------------------------------
# The name of a weight, which Keras 2 took first

_OF_WEIGHTS = (
    "name",
    "shape",
    "dtype",
    "initializer",
    "regularizer",
    "trainable",
    "constraint",
)


def _weight(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains `add_weight("w", (3, 2))`: the shape comes first today."""
    call, code = failing_node(failure), failure.source
    if not isinstance(call, ast.Call) or code is None or not call.args:
        return None
    function = call.func
    if not isinstance(function, ast.Attribute) or function.attr not in (
        "add_weight", "add_variable",
    ):  # fmt: skip
        return None
    first = call.args[0]
    is_text = isinstance(first, ast.JoinedStr | ast.BinOp)
    if isinstance(first, ast.Constant):
        is_text = isinstance(first.value, str)
    if not is_text or len(call.args) > len(_OF_WEIGHTS):
        return None
    changes = [
        code.replaced(each, f"{name}={code.source(each)}")
        for name, each in zip(_OF_WEIGHTS, call.args, strict=False)
    ]
    if function.attr == "add_variable":
        changes.append(code.replaced(function, f"{code.source(function.value)}.add_weight"))
    return Mistake(
        "argument-order",
        _("`add_weight` takes the shape first; Keras 2 took the name first."),
        "",
        _("Write `{code}`.").format(code=changed_source(code, call, changes)),
        failure.name,
        tuple(changes),
    )


# ---------------------------------------------------------------------------------------------
# A monitor that is called otherwise


def _monitor(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a callback that watches a metric which has another name."""
    import keras

    callbacks = [
        value
        for value in names_of(failure).values()
        if isinstance(value, keras.callbacks.Callback) and hasattr(value, "monitor")
    ]
    wrong = match["monitor"]
    right = _RENAMED_METRICS.get(wrong, "")
    code = failure.source
    if not right or code is None:
        return None
    found = [
        keyword.value
        for call in code.calls
        for keyword in call.keywords
        if keyword.arg == "monitor"
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value == wrong
    ]
    kind = match["kind"] or (type(callbacks[0]).__name__ if callbacks else "")
    return Mistake(
        "no-such-metric",
        _("{callback} watches `{wrong}`, but the metric is called `{right}`.").format(
            callback=kind, wrong=wrong, right=right
        ),
        "",
        _('Write `monitor="{right}"`.').format(right=right),
        name_of(failure.operation),
        tuple(code.replaced(each, f'"{right}"') for each in found),
    )


_RENAMED_METRICS = {"val_acc": "val_accuracy", "acc": "accuracy"}


RULES: tuple[Rule, ...] = (
    rule("argument-order", r"", _weight),
    rule(
        "unknown-argument",
        r"Unrecognized keyword arguments? passed to|Argument\(s\) not recognized|"
        r"Arguments not recognized|argument\(s\) are not supported|"
        r"unexpected keyword argument|missing \d+ required (?:positional|keyword)|"
        r"Invalid keyword arguments?|`save_format`|keyword argument",
        _wrong_arguments,
    ),
    rule(
        "no-such-metric",
        r"(?P<kind>\w+) callback received monitor=(?P<monitor>\w+)",
        _monitor,
    ),
)
