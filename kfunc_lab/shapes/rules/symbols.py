"""The meaning of the letters in formulas, which is the same in every rule."""

from kfunc_lab.locale import N_, _

_SYMBOLS = {
    "n": N_("size of the input axis"),
    "k": N_("window size"),
    "s": N_("stride"),
    "p": N_("padding on each side"),
    "d": N_("dilation"),
    "o": N_("output padding"),
    "a": N_("amount at the start"),
    "b": N_("amount at the end"),
    "t": N_("repetitions"),
    "c": N_("input channels"),
    "f": N_("filters"),
    "g": N_("groups"),
    "m": N_("depth multiplier"),
    "u": N_("units"),
    "v": N_("vocabulary size"),
    "e": N_("embedding size"),
    "r": N_("LoRA rank"),
    "h": N_("heads"),
    "q": N_("size of each query and key"),
    "w": N_("size of each value"),
    "i": N_("number of queries"),
    "j": N_("number of keys"),
}


def symbol_meaning(symbol: str) -> str:
    """Returns the meaning of a letter in a formula; an empty string for an unknown letter.

    Example:
        >>> symbol_meaning("s")
        'stride'
    """
    return _(_SYMBOLS[symbol]) if symbol in _SYMBOLS else ""
