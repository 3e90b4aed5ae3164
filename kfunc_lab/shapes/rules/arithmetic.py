"""Readable arithmetic: numbers together with the calculations that led to them."""

import html
from collections.abc import Iterable
from functools import reduce

# The precedence of the signs: a part with lower precedence gets parentheses.
_SUM, _PRODUCT, _WHOLE = range(3)
_BINDS = {"+": _SUM, "−": _SUM, "·": _PRODUCT, "/": _PRODUCT}


class Term:
    """A number or a calculation.

    Attributes:
        value: The result; `None` if a number in it is unknown.
        sign: `""` for a number; else `"+"`, `"−"`, `"·"`, `"/"`, `"floor"`, `"ceiling"` or
            `"greatest"`.
        parts: The operands.
        name: The name of the number in a formula, such as `"k"`; may be empty.

    Example:
        >>> n, p, k, s = number(28, "n"), number(0, "p"), number(3, "k"), number(1, "s")
        >>> size = floor((n + 2 * p - k) / s) + 1
        >>> print(equation(size))
        ⌊(28 + 2·0 − 3)/1⌋ + 1 = 26
        >>> print(formula(size))
        ⌊(n + 2·p − k)/s⌋ + 1
    """

    __slots__ = ("name", "parts", "sign", "value")

    def __init__(
        self, sign: str, parts: tuple["Term", ...], value: int | None, name: str = ""
    ) -> None:
        self.sign = sign
        self.parts = parts
        self.value = value
        self.name = name

    def __add__(self, other: "Term | int") -> "Term":
        other = as_term(other)
        known = self.value is not None and other.value is not None
        return Term("+", (self, other), self.value + other.value if known else None)  # type: ignore[operator]

    def __sub__(self, other: "Term | int") -> "Term":
        other = as_term(other)
        known = self.value is not None and other.value is not None
        return Term("−", (self, other), self.value - other.value if known else None)  # type: ignore[operator]

    def __mul__(self, other: "Term | int") -> "Term":
        other = as_term(other)
        known = self.value is not None and other.value is not None
        return Term("·", (self, other), self.value * other.value if known else None)  # type: ignore[operator]

    def __rmul__(self, other: int) -> "Term":
        return as_term(other) * self

    def __radd__(self, other: int) -> "Term":
        return as_term(other) + self

    def __truediv__(self, other: "Term | int") -> "Term":
        """Makes a fraction of two terms; only `floor` and `ceiling` give it a value."""
        return Term("/", (self, as_term(other)), None)

    def __repr__(self) -> str:
        return text(self)


def number(value: int | None, name: str = "") -> Term:
    """Makes a term of a number; `None` means that it is unknown."""
    return Term("", (), value, name)


def as_term(value: "Term | int") -> Term:
    """Converts a plain number to a term."""
    return value if isinstance(value, Term) else Term("", (), value)


def floor(fraction: Term) -> Term:
    """Rounds a fraction down."""
    above, below = (part.value for part in fraction.parts)
    known = above is not None and below is not None
    return Term("floor", (fraction,), above // below if known else None)  # type: ignore[operator]


def ceiling(fraction: Term) -> Term:
    """Rounds a fraction up."""
    above, below = (part.value for part in fraction.parts)
    known = above is not None and below is not None
    return Term("ceiling", (fraction,), -(-above // below) if known else None)  # type: ignore[operator]


def greatest(*terms: "Term | int") -> Term:
    """Returns the largest of some terms."""
    parts = tuple(map(as_term, terms))
    values = [part.value for part in parts]
    return Term("greatest", parts, None if None in values else max(values))  # type: ignore[type-var]


def product(terms: Iterable["Term | int"]) -> Term:
    """Multiplies terms; an empty product is 1."""
    parts = [as_term(term) for term in terms]
    return reduce(lambda a, b: a * b, parts) if parts else number(1)


def factors(term: Term) -> list[Term]:
    """Lists the factors of a product: numbers, and the results of other calculations.

    Example:
        >>> product(factors(number(3) * (number(4) + 1) * 1))
        3·5
    """
    if term.sign == "·":
        terms = [factor for part in term.parts for factor in factors(part)]
        return [factor for factor in terms if factor.value != 1] or terms[:1]
    return [number(term.value, "" if term.sign else term.name)]


def total(terms: Iterable["Term | int"]) -> Term:
    """Adds terms; an empty sum is 0."""
    parts = [as_term(term) for term in terms]
    return reduce(lambda a, b: a + b, parts) if parts else number(0)


# ---------------------------------------------------------------------------------------------
# Text


def text(term: Term) -> str:
    """Writes a term with its numbers; `?` for an unknown number."""
    return _text(term, False)


def formula(term: Term) -> str:
    """Writes a term with the names of its numbers, if they have names."""
    return _text(term, True)


def equation(term: Term) -> str:
    """Writes a term with its result; for a plain number only the number."""
    result = number_text(term.value)
    return f"{text(term)} = {result}" if term.sign else result


def symbols(term: Term) -> list[str]:
    """Lists the names of the numbers in a term, each once, in order."""
    if not term.sign:
        return [term.name] if term.name else []
    return list(dict.fromkeys(name for part in term.parts for name in symbols(part)))


def number_text(value: int | None) -> str:
    """Formats a number with thousands separators; `?` if it is unknown.

    Example:
        >>> number_text(50176), number_text(-3), number_text(None)
        ('50,176', '−3', '?')
    """
    if value is None:
        return "?"
    return f"−{-value:,}" if value < 0 else f"{value:,}"


def _text(term: Term, named: bool) -> str:
    if not term.sign:
        return term.name if named and term.name else number_text(term.value)
    parts = [_text(part, named) for part in term.parts]
    if term.sign == "floor":
        return f"⌊{parts[0]}⌋"
    if term.sign == "ceiling":
        return f"⌈{parts[0]}⌉"
    if term.sign == "greatest":
        return f"max({', '.join(parts)})"
    for place, part in enumerate(term.parts):
        if _needs_parentheses(term, part, place):
            parts[place] = f"({parts[place]})"
    between = term.sign if term.sign in "·/" else f" {term.sign} "
    return between.join(parts)


def _needs_parentheses(term: Term, part: Term, place: int) -> bool:
    outer, inner = _BINDS[term.sign], _BINDS.get(part.sign, _WHOLE)
    if not part.sign and part.value is not None and part.value < 0:
        return place > 0 or outer == _PRODUCT
    # Subtraction and division are left-associative.
    return inner < outer or (inner == outer and place > 0 and term.sign not in "+·")


# ---------------------------------------------------------------------------------------------
# HTML, typeset by CSS, which needs neither a kernel nor mathematical fonts


def typeset(term: Term, named: bool = False) -> str:
    """Writes a term as HTML, with fractions and with brackets of matching height.

    Args:
        term: The term.
        named: Whether to write the names of its numbers, if they have names.

    Example:
        >>> typeset(number(2) + number(3, "k"), named=True)
        '2 + <i>k</i>'
    """
    if not term.sign:
        return (
            f"<i>{html.escape(term.name)}</i>"
            if named and term.name
            else number_text(term.value)
        )
    parts = [typeset(part, named) for part in term.parts]
    if term.sign in ("floor", "ceiling"):
        return f'<span class="{term.sign}">{parts[0]}</span>'
    if term.sign == "greatest":
        return f"max({', '.join(parts)})"
    if term.sign == "/":
        above, below = parts
        return f'<span class="fraction"><span>{above}</span><span>{below}</span></span>'
    for place, part in enumerate(term.parts):
        if _needs_parentheses(term, part, place):
            parts[place] = f"({parts[place]})"
    return f" {term.sign} ".join(parts)
