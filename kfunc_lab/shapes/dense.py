"""Rules for products of inputs with one matrix: Dense, EinsumDense, embeddings."""

from kfunc_lab.locale import _
from kfunc_lab.shapes.arithmetic import Term, number, product
from kfunc_lab.shapes.rule import (
    Axis,
    Derivation,
    DoesNotFitError,
    Given,
    NoRuleError,
    Rule,
    WeightSize,
    axis,
    expect_rank,
    kept,
    known,
)

_KERAS = "https://keras.io/api/layers/core_layers/"


def _dense(given: Given) -> Derivation:
    expect_rank(given, 2, at_least=True)
    entering, units = known(given.shape[-1], given.shape), int(given.get("units"))
    kernel = (number(entering, "n"), number(units, "u"))
    uses = product(number(size) for size in given.shape[1:-1])
    return Derivation(
        ((*kept(given.shape[:-1]), axis("features", units, "units")),),
        (
            WeightSize("kernel", kernel, uses),
            *([WeightSize("bias", (number(units, "u"),))] if given.get("use_bias") else []),
            *low_rank("kernel", kernel, given),
        ),
    )


def low_rank(name: str, kernel: tuple[Term, ...], given: Given) -> list[WeightSize]:
    """Returns the two small matrices of a low-rank adaptation, whose product is added."""
    rank = given.get("lora_rank")
    if not rank:
        return []
    return [
        WeightSize(f"lora_{name}_a", (*kernel[:-1], number(rank, "r"))),
        WeightSize(f"lora_{name}_b", (number(rank, "r"), kernel[-1])),
    ]


def _einsum_dense(given: Given) -> Derivation:
    """Each letter of the equation is an axis; the kernel has those of its own part."""
    equation = str(given.get("equation")).replace(" ", "")
    left, arrow, right = equation.partition("->")
    taken, comma, own = left.partition(",")
    if not arrow or not comma:
        raise NoRuleError(equation)
    shape = given.shape
    spread = len(shape) - len(taken.replace("...", ""))
    taken, right = (it.replace("...", "." * spread) for it in (taken, right))
    if len(taken) != len(shape):
        raise DoesNotFitError(
            _("The equation {equation} has {n} axes for an input of {found}: {shape}.").format(
                equation=equation, n=len(taken), found=len(shape), shape=shape
            ),
            f"{len(shape)} ≠ {len(taken)}",
        )
    sizes = {letter: size for letter, size in zip(taken, shape, strict=True) if letter != "."}
    asked = given.get("output_shape")
    asked = [asked] if isinstance(asked, int) else list(asked)
    # Without the batch, and without the axes that dots stand for.
    places = right.replace(".", "")[-len(asked) :]
    wanted = dict(zip(places, asked[-len(places) :], strict=False))
    for letter, size in wanted.items():
        if size is not None and letter not in sizes:
            sizes[letter] = size
    unnamed = iter([size for letter, size in zip(taken, shape, strict=True) if letter == "."])
    made = []
    for place, letter in enumerate(right):
        size = next(unnamed) if letter == "." else sizes[letter]
        role = "batch" if place == 0 else ""
        reason = "output_shape" if letter in wanted and letter not in taken else "input"
        made.append(Axis(role, number(size, "" if letter == "." else letter), reason))
    kernel = tuple(number(known(sizes.get(letter), shape), letter) for letter in own)
    uses = product(
        number(size, letter)
        for letter, size in list(zip(taken, shape, strict=True))[1:]
        if letter not in own
    )
    bias_axes = given.get("bias_axes")
    return Derivation(
        (tuple(made),),
        (
            WeightSize("kernel", kernel, uses),
            *([_bias(bias_axes, right, sizes)] if bias_axes else []),
            *low_rank("kernel", kernel, given),
        ),
    )


def _bias(letters: str, right: str, sizes: dict[str, int | None]) -> WeightSize:
    """The bias has the axes named, and size 1 for those after the first of them."""
    first = min(right.index(letter) for letter in letters)
    return WeightSize(
        "bias",
        tuple(
            number(sizes[letter], letter) if letter in letters else number(1)
            for letter in right[first:]
        ),
    )


def _embedding(given: Given) -> Derivation:
    words, size = int(given.get("input_dim")), int(given.get("output_dim"))
    table = (number(words, "v"), number(size, "e"))
    return Derivation(
        ((*kept(given.shape), axis("features", size, "output_dim")),),
        (WeightSize("embeddings", table), *low_rank("embeddings", table, given)),
    )


RULES = (
    Rule("Dense", _dense, _KERAS + "dense/", ("units", "use_bias"), "matrix"),
    Rule("EinsumDense", _einsum_dense, _KERAS + "einsum_dense/", (), "axes"),
    Rule("Embedding", _embedding, _KERAS + "embedding/", ("input_dim", "output_dim"), "table"),
)
