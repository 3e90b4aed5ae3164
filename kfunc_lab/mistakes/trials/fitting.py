"""Tells whether data fit a model and its loss, from their shapes and their whole numbers."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kfunc_lab.graph.keras.acceptance import accepts, fits, loss_accepts, loss_of_keras
from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.mistakes.data.kinds import kind_of, leaves, spec_of_value
from kfunc_lab.mistakes.data.values import UNKNOWN as NO_VALUE
from kfunc_lab.mistakes.data.wanted import Shape, Wanted, wanted_inputs, wanted_outputs
from kfunc_lab.mistakes.statements.compiling import loss_of, name_of_loss

_WITH_TARGETS = ("fit", "evaluate", "train_on_batch", "test_on_batch")
_USUAL = {
    "mse", "mae", "mean_squared_error", "mean_absolute_error", "huber", "log_cosh", "hinge",
    "squared_hinge", "binary_crossentropy", "categorical_crossentropy", "kl_divergence",
    "sparse_categorical_crossentropy", "poisson",
}  # fmt: skip
_MAX_SIZE = 20_000_000  # numbers whose range is looked up
_NO_NUMBERS = re.compile(r"str|object|bytes|datetime|<U|timedelta|void")


@dataclass(frozen=True)
class Misfit:
    """The first thing that does not fit.

    Attributes:
        role: `"x"`, `"y"`, `"sample_weight"`, `"count"`, or `"unknown"` if the data cannot be
            checked.
        kind: `"container"`, `"dtype"`, `"rank"`, `"shape"`, `"values"`, `"count"`, `"missing"` or
            `"loss"`.
        place: The number of the input or output; -1 if it is none.
    """

    role: str
    kind: str
    place: int = -1


UNKNOWN = Misfit("unknown", "")


@dataclass
class Fitting:
    """A model with what it wants, which is read once for many trials.

    Attributes:
        model: The model.
        method: The method that was called.
        losses: Other losses than those of `compile`, by the name of the output.
        inputs: Other shapes of its inputs.
        graph: Its graph; `None` if it cannot be read.
    """

    model: Any
    method: str
    losses: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Shape] = field(default_factory=dict)
    graph: LayerGraph | None = None

    def __post_init__(self) -> None:
        self.graph = self.graph or _graph_of(self.model)
        self.wants = [
            Wanted(it.name, self.inputs.get(it.name, it.shape), it.dtype)
            for it in wanted_inputs(self.model)
        ]
        self.outputs = wanted_outputs(self.model)
        self.indices = dict(_vocabularies(self.graph))
        self._accepted: dict[Any, bool] = {}
        self._shapes: dict[Any, list[Shape] | None] = {}

    @property
    def needs_targets(self) -> bool:
        """Whether the method compares the outputs with targets."""
        return self.method in _WITH_TARGETS and getattr(self.model, "loss", None) is not None

    def misfit(self, values: Mapping[str, Any]) -> Misfit | None:
        """Returns the first thing that does not fit; `None` if all does."""
        if (
            not self.wants
            or not self.outputs
            or any(value is NO_VALUE for value in values.values())
        ):
            return UNKNOWN
        x = values.get("x")
        found = self._of_inputs(x)
        if found is not None:
            return found
        roles = {"x": x}
        if self.method in _WITH_TARGETS:
            roles |= {"y": values.get("y"), "sample_weight": values.get("sample_weight")}
        for role in ("y", "sample_weight"):
            if kind_of(roles.get(role)) in ("list", "tuple", "dict", "none"):
                if any(spec_of_value(each) is None for each in leaves(roles.get(role))):
                    return Misfit(role, "container")
            elif spec_of_value(roles[role]) is None:
                return Misfit(role, "container")
        counts = self._of_counts(roles)
        if counts is not None:
            return counts
        return self._of_targets(x, roles["y"]) if self.needs_targets else None

    # -- inputs

    def _of_inputs(self, x: Any) -> Misfit | None:
        kind = kind_of(x)
        if kind in ("dataset", "generator", "batches", "symbolic", "sparse", "function"):
            return UNKNOWN
        specs = structure_of(x)
        if specs is None:
            return Misfit("x", "container" if kind != "none" else "missing")
        values = leaves(x)
        if any(_NO_NUMBERS.match(spec.dtype) for spec in leaves(specs)):
            if any(want.dtype == "string" for want in self.wants):
                return UNKNOWN
            return Misfit("x", "dtype")
        if any(not spec.shape for spec in leaves(specs)):
            return Misfit("x", "rank")
        if not self._accepts(specs):
            return Misfit("x", "shape" if len(values) == len(self.wants) else "container")
        for place, (value, want) in enumerate(zip(self.in_order(x), self.wants, strict=False)):
            if want.name in self.indices and not _in_range(value, self.indices[want.name]):
                return Misfit("x", "values", place)
        return None

    def _accepts(self, specs: Any) -> bool:
        if self.inputs:
            flat = self.in_order(specs)
            return len(flat) == len(self.wants) and all(
                it is not None and fits((None, *it.shape[1:]), want.shape)
                for it, want in zip(flat, self.wants, strict=True)
            )
        key = repr(specs)
        if key not in self._accepted:
            self._accepted[key] = accepts(self.model, specs)
        return self._accepted[key]

    def in_order(self, x: Any) -> list[Any]:
        """Returns the arrays of x in the order of the inputs."""
        if isinstance(x, Mapping):
            return [x.get(want.name) for want in self.wants]
        return leaves(x)

    # -- numbers of examples

    def _of_counts(self, roles: Mapping[str, Any]) -> Misfit | None:
        counts: dict[int | None, str] = {}
        for role, value in roles.items():
            for place, each in enumerate(leaves(value)):
                spec = spec_of_value(each)
                if spec is None or not spec.shape:
                    return Misfit(role, "rank", place)
                counts.setdefault(spec.shape[0], role)
        if len(counts) > 1 or 0 in counts:
            return Misfit("count", "count")
        return None

    # -- targets

    def _of_targets(self, x: Any, y: Any) -> Misfit | None:
        if y is None:
            return Misfit("y", "missing")
        targets = self.targets(y)
        if targets is None:
            return Misfit("y", "container")
        shapes = self.output_shapes(x)
        if shapes is None:
            return Misfit("x", "shape")
        for place, (output, shape) in enumerate(zip(self.outputs, shapes, strict=True)):
            if output.name not in targets:
                continue
            loss = self.loss_of(output.name)
            if loss is None:
                continue
            found = misfit_of_loss(loss, targets[output.name], shape)
            if found:
                return Misfit("y", found, place)
        return None

    def loss_of(self, name: str) -> Any:
        """Returns the loss of an output."""
        return self.losses[name] if name in self.losses else loss_of(self.model, name)

    def targets(self, y: Any) -> dict[str, Any] | None:
        """Returns the targets by the name of their output; `None` if their container is wrong."""
        names = [output.name for output in self.outputs]
        of_dict = isinstance(getattr(self.model, "output", None), Mapping)
        if isinstance(y, Mapping):
            known = len(names) > 1 or of_dict or isinstance(self.model.loss, Mapping)
            missing = [name for name in names if name not in y]
            without_loss = all(self.loss_of(name) is None for name in missing)
            return dict(y) if known and without_loss and set(y) <= set(names) else None
        items = list(y) if isinstance(y, (list, tuple)) else [y]
        if len(items) != len(names) or (of_dict and len(names) > 1):
            return None
        if any(isinstance(each, (list, tuple, Mapping)) for each in items):
            return None
        return dict(zip(names, items, strict=True))

    def output_shapes(self, x: Any) -> list[Shape] | None:
        """Returns the shapes of the outputs for data; `None` if the layers refuse the data."""
        open_sizes = any(None in each.shape[1:] for each in self.outputs)
        given = {}
        for want, each in zip(self.wants, self.in_order(x), strict=False):
            spec = spec_of_value(each)
            same_rank = spec is not None and len(spec.shape) == len(want.shape)
            given[want.name] = (None, *spec.shape[1:]) if spec and same_rank else want.shape
        if not open_sizes and not self.inputs:
            return [each.shape for each in self.outputs]
        key = repr(given)
        if key not in self._shapes:
            self._shapes[key] = _outputs_after(self.graph, given, self.outputs)
        return self._shapes[key]


def _graph_of(model: Any) -> LayerGraph | None:
    from kfunc_lab.graph.keras.reader import read

    try:
        return read(model, lost=False).graph
    except Exception:  # an own layer may not be read
        return None


def _outputs_after(
    graph: LayerGraph | None, inputs: Mapping[str, Shape], outputs: list[Wanted]
) -> list[Shape] | None:
    """Returns the shapes of the outputs for other inputs; `None` if a layer refuses them."""
    from kfunc_lab.shapes.what_if import Changes, what_if

    known = [each.shape for each in outputs]
    if graph is None:
        return known
    try:
        after = what_if(graph, Changes(inputs=inputs))
    except Exception:  # an own layer may not be copied
        return known
    if after.problems or after.unreached:
        return None
    shapes = [after.graph.call_of[name].outputs[0].shape for name in graph.outputs]
    return [tuple(it or ()) for it in shapes] if len(shapes) == len(known) else known


def misfit_of_loss(loss: Any, target: Any, output: Shape) -> str:
    """Returns what does not fit between targets and a loss; empty if all does."""
    spec = spec_of_value(target)
    if spec is None:
        return "container"
    if _NO_NUMBERS.match(spec.dtype):
        return "dtype"
    rest, out = spec.shape[1:], output[1:]
    sparse = "parse" in name_of_loss(loss)
    if sparse:
        wanted = [out[:-1], (*out[:-1], 1)]
    else:
        wanted = [out] + [out[:-1]] * (out[-1:] == (1,))
        wanted += [(*out, 1)] if loss_of_keras(loss) is not None else [out[:-1]]
    if not any(_alike(rest, each) for each in wanted):
        return "loss"
    if loss_of_keras(loss) is None:
        return ""  # the learner's own loss is not called
    if sparse and not _in_range(target, out[-1]):
        return "values"
    if name_of_loss(loss) in _USUAL:
        return ""  # its only demand is the shape
    accepted = loss_accepts(
        loss, ((None, *rest), spec.dtype), ((None, *_filled(out, rest)), "float32")
    )
    return "" if accepted else "loss"


def _filled(output: Shape, target: Shape) -> Shape:
    """Returns the shape of an output with the targets' sizes in the place of open ones."""
    if None not in output:
        return output
    return tuple(
        target[place] if size is None and place < len(target) else size
        for place, size in enumerate(output)
    )


def _alike(shape: Shape, other: Shape) -> bool:
    return len(shape) == len(other) and all(
        None in pair or len(set(pair)) == 1 for pair in zip(shape, other, strict=True)
    )


def _in_range(value: Any, size: int | None) -> bool:
    """Returns whether all numbers of an array are at least 0 and less than a size."""
    if size is None or kind_of(value) != "array" or not 0 < value.size <= _MAX_SIZE:
        return True
    if value.dtype.kind not in "iufb":
        return True
    return bool(value.min() >= 0 and value.max() < size)


def _vocabularies(graph: LayerGraph | None) -> Iterator[tuple[str, int]]:
    """Yields the inputs that go into an Embedding, with the size of its vocabulary."""
    if graph is None:
        return
    for edge in graph.edges:
        call = graph.call_of.get(edge.target)
        if edge.source in graph.inputs and call is not None and call.kind == "Embedding":
            yield edge.source, int(str(call.settings.get("input_dim")))


def structure_of(value: Any) -> Any:
    """Returns a `Spec` for each array of a structure; `None` if a part is no array."""
    if isinstance(value, Mapping):
        made = {key: structure_of(each) for key, each in value.items()}
        return None if None in made.values() or not made else made
    if isinstance(value, (list, tuple)):
        if len(value) > 50:
            return None
        parts = [structure_of(each) for each in value]
        return None if None in parts or not parts else parts
    return spec_of_value(value)
