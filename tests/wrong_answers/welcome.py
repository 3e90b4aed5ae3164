"""Lesson 00."""

WRONG = [
    ("species-parameters", lambda: 131, ("whole model", "modelo entero")),
    ("species-parameters", lambda: 40, ("`read_leaf`", "`read_leaf`")),
    ("species-parameters", lambda: 48, ("bias", "sesgo")),
    ("species-parameters", lambda: 3, ("number of outputs", "número de salidas")),
    ("species-parameters", lambda: 16, ("number of inputs", "número de entradas")),
    ("species-parameters", lambda: 52, ("not 52", "No es 52")),
    ("species-parameters", lambda: "many", ("whole number", "número entero")),
]
