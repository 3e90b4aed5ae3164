"""Lesson 15."""

import numpy as np


def counts(sentences=(2, 2, 0, 4), vectors=2):
    return lambda: {"sentences": sentences, "vectors": vectors}


WRONG_SENTENCES = [
    ((2, 3, 0, 4), ("between two words", "entre dos palabras")),
    ((2, 1, 0, 4), ("the 4 counts", "el 4 cuenta")),
    ((2, 2, 4, 0), ("steps that are masked", "los pasos enmascarados")),
    ((2, 2, 1, 4), ("`[0, 0, 0, 0]`", "`[0, 0, 0, 0]`")),
    ((4, 4, 4, 4), ("all steps", "todos los pasos")),
    ((1, 2, 0, 4), ("`[3, 5, 0, 0]`", "`[3, 5, 0, 0]`")),
    ((2, 2, 4, 0, 1), ("length is 5", "longitud es 5")),
    (8, ("a list of four", "una lista de cuatro")),
    ((2, 2, ..., 4), ("still missing", "Falta")),
    (("two", 2, 0, 4), ("a whole number", "un número entero")),
]
WRONG_VECTORS = [
    (0, ("has a 3", "hay un 3")),
    (1, ("both contain", "contienen")),
    (3, ("at the beginning", "al principio")),
    (4, ("nothing but zeros", "solo tiene ceros")),
    (6, ("only four steps", "solo tiene cuatro pasos")),
]
WRONG = [("steps-that-count", counts(given), words) for given, words in WRONG_SENTENCES]
WRONG += [("steps-that-count", counts(vectors=n), words) for n, words in WRONG_VECTORS]
WRONG += [
    ("steps-that-count", lambda: [2, 2, 0, 4], ("a dict with the keys", "con las claves")),
]
RIGHT = [
    ("steps-that-count", counts([2, 2, 0, 4])),
    ("steps-that-count", counts(np.array([2, 2, 0, 4]), "2")),
]
GIVEN = [("steps-that-count", counts([..., ..., ..., ...], ...))]
