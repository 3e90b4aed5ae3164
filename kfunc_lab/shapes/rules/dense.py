"""Rules for products of inputs with one matrix: Dense, EinsumDense, embeddings."""

import re
from collections.abc import Mapping

from kfunc_lab.locale import _
from kfunc_lab.shapes.rules.arithmetic import Term, number, product
from kfunc_lab.shapes.rules.rule import (
    Derivation,
    DoesNotFitError,
    Given,
    NoRuleError,
    Rule,
    Shape,
    WeightSize,
    axis,
    expect_rank,
    kept,
    known,
    positive,
)

_KERAS = "https://keras.io/api/layers/core_layers/"


def places(shape: Shape) -> Term:
    """Reckons in how many places of one example a product is made, by the axes between."""
    return product(number(size) for size in shape[1:-1])


def _dense(given: Given) -> Derivation:
    expect_rank(given, 2, at_least=True)
    entering = number(known(given.shape[-1], given.shape), "n")
    units = number(positive(given.settings, "units"), "u")
    return Derivation(
        ((*kept(given.shape[:-1]), axis("features", units.value, "units")),),
        (
            adapted("kernel", (entering, units), given, places(given.shape)),
            *([WeightSize("bias", (units,))] if given.get("use_bias") else []),
            *low_rank("kernel", (entering, units), given),
        ),
    )


def adapted(
    name: str, sizes: tuple[Term, ...], given: Given, uses: Term | None = None
) -> WeightSize:
    """Returns a matrix; with a low-rank adaptation beside it, it is not trained any more."""
    return WeightSize(name, sizes, uses, trainable=not given.get("lora_rank"))


def low_rank(name: str, kernel: tuple[Term, ...], given: Given) -> list[WeightSize]:
    """Returns the two small matrices of a low-rank adaptation, whose product is added."""
    rank = given.get("lora_rank")
    if not rank:
        return []
    return [
        WeightSize(f"lora_{name}_a", (*kernel[:-1], number(rank, "r"))),
        WeightSize(f"lora_{name}_b", (number(rank, "r"), kernel[-1])),
    ]


# ---------------------------------------------------------------------------------------------
# Einstein's summation

# The forms that Keras knows: the ellipsis stands for no, one or several axes.
_EQUATIONS = (
    re.compile("([a-zA-Z]+),([a-zA-Z]+)->([a-zA-Z]+)"),
    re.compile(r"(\.{3}[a-zA-Z]+),([a-zA-Z]+)->(\.{3}[a-zA-Z]+)"),
    re.compile(r"([a-zA-Z]{2,}\.{3}),([a-zA-Z]+)->([a-zA-Z]+\.{3})"),
)


def _einsum_dense(given: Given) -> Derivation:
    """Each letter of the equation is an axis; the kernel has those of its own part."""
    shape = given.shape
    taken, own, made = _parts(str(given.get("equation")), shape)
    before = dict(zip(taken, shape, strict=True))
    after = _sizes_after(made, before, given)
    # Keras takes a size from the output first, where it may be left open.
    size_of = {**before, **after}
    kernel = tuple(number(known(size_of[letter], shape)) for letter in own)
    uses = product(number(before[letter]) for letter in taken[1:] if letter not in own)
    return Derivation(
        (
            tuple(
                axis("batch" if place == 0 else "", size, _reason(letter, size, before))
                for place, (letter, size) in enumerate(after.items())
            ),
        ),
        (
            adapted("kernel", kernel, given, uses),
            *_einsum_bias(given, after),
            *low_rank("kernel", kernel, given),
        ),
    )


def _parts(equation: str, shape: Shape) -> tuple[str, str, str]:
    """Splits an equation; digits stand for the axes that its ellipsis means."""
    found = next(filter(None, (form.fullmatch(equation) for form in _EQUATIONS)), None)
    if found is None:
        raise DoesNotFitError(
            _(
                "The equation {equation} has none of the forms ab,bc->ac, ...b,bc->...c and "
                "ab...,bc->ac...."
            ).format(equation=equation)
        )
    taken, own, made = found.groups()
    letters = len(taken.replace(".", ""))
    if len(shape) < letters or (len(shape) > letters and "." not in taken):
        raise DoesNotFitError(
            _(
                "The equation {equation} has {n} axes, but the input has {found}: {shape}."
            ).format(equation=equation, n=letters, found=len(shape), shape=shape),
            f"{len(shape)} ≠ {letters}",
        )
    elided = "".join(map(str, range(len(shape) - letters)))
    between = shape[1 : len(elided)]
    if taken[0] == "." and between != between[::-1]:  # Keras states them in reverse order
        raise NoRuleError(equation)
    taken, made = taken.replace("...", elided), made.replace("...", elided)
    for letter in own + made:
        if letter not in taken and (letter not in made or letter not in own):
            raise DoesNotFitError(
                _("Nothing in the equation {equation} gives the size of {letter}.").format(
                    equation=equation, letter=letter
                )
            )
    return taken, own, made


def _sizes_after(
    made: str, before: Mapping[str, int | None], given: Given
) -> dict[str, int | None]:
    """Returns the output's sizes: those of the setting, the batch and what dots stand for."""
    asked = given.get("output_shape")
    asked = [asked] if isinstance(asked, int) else list(asked)
    named = [letter for letter in made[1:] if letter.isalpha()]
    if len(named) != len(asked) or len(set(made)) < len(made):
        raise NoRuleError(given.kind)
    chosen = dict(zip(named, asked, strict=True))
    after = {made[0]: given.shape[0]}
    after |= {letter: chosen.get(letter, before.get(letter)) for letter in made[1:]}
    for letter, size in after.items():
        if size is not None and letter in before and size != before[letter]:
            raise DoesNotFitError(
                _(
                    "The output would have size {size} for {letter}, which has size {n} in "
                    "the input."
                ).format(size=size, letter=letter, n=before[letter]),
                f"{size} ≠ {before[letter]}",
            )
    return after


def _reason(letter: str, size: int | None, before: Mapping[str, int | None]) -> str:
    return "input" if letter in before and size == before[letter] else "output_shape"


def _einsum_bias(given: Given, after: Mapping[str, int | None]) -> list[WeightSize]:
    """The bias has the axes named, and size 1 for those after the first of them."""
    letters, made = given.get("bias_axes"), "".join(after)
    if not letters:
        return []
    for letter in letters:
        if letter not in made:
            raise DoesNotFitError(
                _("The bias has an axis {letter} that the output does not have.").format(
                    letter=letter
                )
            )
    first = min(made.index(letter) for letter in letters)
    sizes = [
        number(known(after[letter], given.shape) if letter in letters else 1)
        for letter in made[first:]
    ]
    return [WeightSize("bias", tuple(sizes))]


# ---------------------------------------------------------------------------------------------
# Embeddings


def _table(given: Given) -> tuple[Term, Term]:
    words, size = positive(given.settings, "input_dim"), positive(given.settings, "output_dim")
    return number(words, "v"), number(size, "e")


def _embedding(given: Given) -> Derivation:
    """Rows are looked up: nothing is multiplied."""
    table = _table(given)
    return Derivation(
        ((*kept(given.shape), axis("features", table[1].value, "output_dim")),),
        (
            adapted("embeddings", table, given),
            *low_rank("embeddings", table, given),
        ),
    )


def _reversible_embedding(given: Given) -> Derivation:
    looked_up = _embedding(given)
    weights = list(looked_up.weights)
    if not given.get("tie_weights", True):
        if given.get("lora_rank"):  # Keras adapts before it makes the other table, and fails
            raise NoRuleError(given.kind)
        words, size = _table(given)
        weights.append(WeightSize("reverse_embeddings", (size, words)))
    if not given.get("reverse"):
        return Derivation(looked_up.outputs, tuple(weights))
    return _reversed(given, weights)


def _reversed(given: Given, weights: list[WeightSize]) -> Derivation:
    """From vectors back to the vocabulary: a product with the table on its side."""
    shape, (words, size) = given.shape, _table(given)
    if shape[-1] is not None and shape[-1] != size.value:
        raise DoesNotFitError(
            _("It expects vectors of size {size}, but got {n}: {shape}.").format(
                size=size.value, n=shape[-1], shape=shape
            ),
            f"{shape[-1]} ≠ {size.value}",
        )
    name = "embeddings" if given.get("tie_weights", True) else "reverse_embeddings"
    return Derivation(
        ((*kept(shape[:-1]), axis("features", words.value, "input_dim")),),
        tuple(
            WeightSize(
                it.name, it.sizes, places(shape) if it.name == name else None, it.trainable
            )
            for it in weights
        ),
    )


RULES = (
    Rule("Dense", _dense, _KERAS + "dense/", ("units", "use_bias"), "matrix"),
    Rule("EinsumDense", _einsum_dense, _KERAS + "einsum_dense/", (), "axes"),
    Rule("Embedding", _embedding, _KERAS + "embedding/", ("input_dim", "output_dim"), "table"),
    Rule(
        "ReversibleEmbedding",
        _reversible_embedding,
        "https://arxiv.org/abs/1608.05859",
        ("input_dim", "output_dim", "tie_weights"),
        "table",
    ),
)
