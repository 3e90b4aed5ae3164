"""What the letters in formulas stand for: the same letter for the same thing in every rule."""

from kfunc_lab.locale import N_, _

_SYMBOLS = {
    "n": N_("size of the axis before"),
    "k": N_("size of the window"),
    "s": N_("stride"),
    "p": N_("padding on each side"),
    "d": N_("dilation"),
    "o": N_("output padding"),
    "a": N_("at the beginning"),
    "b": N_("at the end"),
    "t": N_("times"),
    "c": N_("channels before"),
    "f": N_("filters"),
    "g": N_("groups"),
    "m": N_("depth multiplier"),
    "u": N_("units"),
    "v": N_("size of the vocabulary"),
    "e": N_("size of an embedding"),
    "r": N_("rank of the adaptation"),
    "h": N_("heads"),
    "q": N_("size of a query and a key"),
    "w": N_("size of a value"),
    "i": N_("places that ask"),
    "j": N_("places that are asked"),
}


def symbol_words(symbol: str) -> str:
    """Says what a letter in a formula stands for; empty for what is no such letter.

    Example:
        >>> symbol_words("s")
        'stride'
    """
    return _(_SYMBOLS[symbol]) if symbol in _SYMBOLS else ""
