"""Finds mistakes in connections: unused inputs, huge or equally named layers, wrong dtypes."""

from collections.abc import Callable, Iterator
from math import prod

from kfunc_lab.graph.lint.finding import Case, Finding
from kfunc_lab.graph.model.descriptions import shape_label
from kfunc_lab.graph.model.families import family_of
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable

_HUGE = 10_000_000  # parameters of one Dense layer
_MAX_POSITIONS = 49  # positions left before Flatten, such as the 7 × 7 of VGG


def _unused_inputs(case: Case) -> Iterator[Finding]:
    for call_id in case.graph.unused:
        name = printable(call_id)
        yield Finding(
            "unused-input",
            call_id,
            _("The input {name} leads to no output, so its data is ignored.").format(name=name),
            _("Use {name} in a layer that leads to an output, or remove it.").format(name=name),
            "certain",
        )


def _huge_dense(case: Case) -> Iterator[Finding]:
    for call in case.calls:
        if call.kind != "Dense" or call.parameters < _HUGE:
            continue
        source = case.only_source(call.id)
        while source is not None and source.kind == "Dropout":
            source = case.only_source(source.id)
        if source is None or source.kind != "Flatten" or not source.inputs:
            continue
        shape = source.inputs[0].shape or ()
        positions = prod(size or 1 for size in shape[1:-1])
        share = call.parameters / max(1, case.graph.parameters)
        if positions > _MAX_POSITIONS and share > 0.5:
            yield Finding(
                "huge-dense",
                call.id,
                _(
                    "{name} has {n} parameters, {share} of the model's total, because its "
                    "input is {shape}, flattened."
                ).format(
                    name=printable(call.layer),
                    n=f"{call.parameters:,}",
                    share=f"{round(100 * share)} %",
                    shape=shape_label(source.inputs[0]),
                ),
                _(
                    "Make the feature maps smaller first (`layers.MaxPooling2D()`, strides), "
                    "or use `layers.GlobalAveragePooling2D()` instead of Flatten."
                ),
                "likely",
            )


def _duplicate_names(case: Case) -> Iterator[Finding]:
    seen: dict[tuple[str | None, str], str] = {}
    for call in case.calls:
        other = seen.setdefault((call.group, call.layer), call.layer_id)
        if other != call.layer_id and call.id == call.layer_id:
            yield Finding(
                "duplicate-name",
                call.id,
                _("Two layers are called {name}.").format(name=printable(call.layer)),
                _(
                    "Give each layer its own name: `keras.Model` refuses duplicate names, and "
                    "weights are looked up by name."
                ),
                "certain",
            )


def _dtypes(case: Case) -> Iterator[Finding]:
    graph = case.graph
    for edge in graph.edges:
        source, target = graph.call_of[edge.source], graph.call_of[edge.target]
        if edge.source not in graph.inputs or edge.target in graph.lost:
            continue
        # Keras converts floats to indices; 16-bit floats cannot represent large indices exactly.
        if target.kind == "Embedding" and edge.tensor.dtype in ("float16", "bfloat16"):
            yield Finding(
                "dtype",
                source.id,
                _(
                    "{name} has dtype {dtype}, but {taker} uses it as indices, which that "
                    "dtype cannot represent exactly."
                ).format(
                    name=printable(source.layer),
                    dtype=edge.tensor.dtype,
                    taker=printable(target.layer),
                ),
                _('Declare it as integers: `keras.Input(..., dtype="int32")`.'),
                "likely",
            )
        weighted = family_of(target).name in ("dense", "convolution") and target.parameters
        if (
            weighted
            and "Embedding" not in target.kind
            and edge.tensor.dtype.startswith(("int", "uint"))
        ):
            yield Finding(
                "dtype",
                source.id,
                _("{name} has dtype {dtype} and enters {taker} without rescaling.").format(
                    name=printable(source.layer),
                    dtype=edge.tensor.dtype,
                    taker=printable(target.layer),
                ),
                _(
                    "Rescale it first (`layers.Rescaling(1 / 255)`), or encode it, for "
                    "example with `layers.Embedding` or `layers.CategoryEncoding`."
                ),
                "possible",
            )
    has_loss = getattr(case.model, "compiled", False)
    for call, output in case.exits:
        for tensor in call.outputs[output : output + 1]:
            if tensor.dtype in ("float16", "bfloat16"):
                yield Finding(
                    "dtype",
                    call.id,
                    _(
                        "The output of {name} has dtype {dtype}, so the loss is less precise."
                    ).format(name=printable(call.layer), dtype=tensor.dtype),
                    _('Let the last layer compute in full precision: `dtype="float32"`.'),
                    "likely" if has_loss else "possible",  # it may be a part of another model
                )


RULES: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    _unused_inputs,
    _huge_dense,
    _duplicate_names,
    _dtypes,
)
