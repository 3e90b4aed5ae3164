"""Lesson 11."""

import keras
import numpy as np
from keras import layers, ops


def start(layer, exponent, initializer, **named):
    layers.Layer.__init__(layer, **named)
    layer.exponent = exponent
    layer.initializer = keras.initializers.get(initializer)


def constructor(self, exponent=2, initializer="ones", **kwargs):
    start(self, exponent, initializer, **kwargs)


def weight(**options):
    def build(self, input_shape):
        self.scale = self.add_weight(
            **{"shape": (input_shape[-1],), "initializer": self.initializer, **options}
        )

    return build


def power(self, x):
    return ops.power(x, self.exponent)


def scaled(self, x):
    return self.scale * power(self, x)


def config(**said):
    return lambda self: {**layers.Layer.get_config(self), **said}


def whole_config(self):
    initializer = keras.initializers.serialize(self.initializer)
    return config(exponent=self.exponent, initializer=initializer)(self)


def changed(**methods):
    """Returns the right class with replaced or removed methods."""
    right = {
        "__init__": constructor,
        "build": weight(),
        "call": scaled,
        "get_config": whole_config,
    }
    used = {name: it for name, it in {**right, **methods}.items() if it is not None}
    return type("Power", (layers.Layer,), used)


def closed(self, exponent=2, initializer="ones"):
    start(self, exponent, initializer)


def named_only(self, exponent=2, initializer="ones", name=None):
    start(self, exponent, initializer, name=name)


def name_dropped(self, exponent=2, initializer="ones", **kwargs):
    start(self, exponent, initializer)


def no_super(self, exponent=2, initializer="ones", **kwargs):
    self.exponent = exponent


def no_exponent(self, initializer="ones", **kwargs):
    start(self, 3, initializer, **kwargs)


def no_initializer(self, exponent=2, **kwargs):
    start(self, exponent, "ones", **kwargs)


def no_default(self, exponent, initializer="ones", **kwargs):
    start(self, exponent, initializer, **kwargs)


def all_named(self, exponent=2, initializer="ones", name=None, trainable=True, dtype=None):
    start(self, exponent, initializer, name=name, trainable=trainable, dtype=dtype)


def misspelt(self, exponent=2, initializer="ones", **kwargs):
    start(self, exponent, initializer, **kwargs)
    self.power = self.exponnent


def other_defaults(self, exponent=2, initializer="zeros", **kwargs):
    start(self, exponent, initializer, **kwargs)


ONES = keras.initializers.Ones()


def object_default(self, exponent=2.0, initializer=ONES, **kwargs):
    start(self, exponent, initializer, **kwargs)


def fixed_size(self, exponent=2, initializer="ones", **kwargs):
    start(self, exponent, initializer, **kwargs)
    self.scale = self.add_weight(shape=(4,), initializer="ones")


def failing(self, exponent=2, initializer="ones", **kwargs):
    start(self, exponent, initializer, **kwargs)
    raise ValueError("too late")


def doubled(self, exponent=2, initializer="ones", **kwargs):
    start(self, 2 * exponent, initializer, **kwargs)


def array(self, input_shape):
    self.scale = np.ones(input_shape[-1], "float32")


def first_axis(self, input_shape):
    self.scale = self.add_weight(shape=(input_shape[1],), initializer=self.initializer)


def two(self, input_shape):
    weight()(self, input_shape)
    self.other = self.add_weight(shape=(1,))


def weight_in_call(self, inputs):
    scale = self.add_weight(shape=(inputs.shape[-1],), initializer="ones")
    return scale * ops.power(inputs, self.exponent)


def numpy_in_call(self, inputs):
    return self.scale * np.power(np.array(inputs), self.exponent)


def summed(self, inputs):
    return ops.sum(self.scale * ops.power(inputs, self.exponent), axis=-1)


def without_super(self):
    return {"exponent": self.exponent}


def kept_elsewhere(self, exponent=2, initializer="ones", **kwargs):
    start(self, exponent, initializer, **kwargs)
    self.shift = float(kwargs.get("trainable") is None)


def shifted(self, x):
    return scaled(self, x) * self.shift


def other_config(self):
    return {**whole_config(self), "kept": self.kept}


def takes_kept(self, exponent=2, initializer="ones", kept=1, **kwargs):
    start(self, exponent, initializer, **kwargs)
    self.kept = kept + 1


class Plain(layers.Layer):
    pass


WRONG_LAYERS = [
    ({"__init__": closed, "get_config": None}, ("no `**kwargs`", "no recibe `**kwargs`")),
    ({"__init__": named_only}, ("no `**kwargs`", "no recibe `**kwargs`")),
    ({"__init__": name_dropped}, ("name is lost", "nombre se pierde")),
    ({"__init__": no_super}, ("does not call `super()", "no llama a `super()")),
    ({"__init__": no_exponent}, ("no argument `exponent`", "no tiene el argumento")),
    ({"__init__": no_initializer}, ("no argument `initializer`", "no tiene el argumento")),
    ({"__init__": no_default}, ("has no default", "no tiene un valor por defecto")),
    ({"__init__": other_defaults}, ("return the square", "devolver el cuadrado")),
    (
        {"__init__": fixed_size, "build": None},
        ("before it is called", "antes de su primera llamada"),
    ),
    (
        {"__init__": misspelt},
        ("has no attribute `exponnent`", "no tiene el atributo `exponnent`"),
    ),
    ({"__init__": failing}, ("too late", "too late")),
    ({"__init__": doubled}, ("128.00", "128.00")),
    ({"build": array}, ("finds no weights", "no encuentra pesos")),
    ({"build": None, "call": power}, ("finds no weights", "no encuentra pesos")),
    ({"build": weight(trainable=False)}, ("trainable=False", "trainable=False")),
    ({"build": weight(initializer="ones")}, ("start at 1.0", "empiezan en 1.0")),
    ({"build": weight(shape=())}, ("shape ()", "forma ()")),
    ({"build": weight(shape=(1,))}, ("shape (1,)", "forma (1,)")),
    ({"build": weight(shape=(4,))}, ("shape (4,)", "forma (4,)")),
    ({"build": first_axis}, ("shape (5,)", "forma (5,)")),
    ({"build": two}, ("2 weight arrays", "2 arrays de pesos")),
    ({"build": None, "call": weight_in_call}, ("`call` creates weights", "`call` crea pesos")),
    ({"call": numpy_in_call}, ("The layer fails", "La capa falla")),
    ({"call": summed}, ("stay the same", "seguir siendo la misma")),
    ({"call": lambda self, x: self.scale * x**2}, ("always the square", "siempre el cuadrado")),
    ({"call": lambda self, x: self.scale * x}, ("power is missing", "falta la potencia")),
    ({"call": power}, ("does not depend on the weights", "no depende de los pesos")),
    ({"call": lambda self, x: power(self, self.scale * x)}, ("power too", "también")),
    ({"call": lambda self, x: self.scale + power(self, x)}, ("are added", "se suman")),
    (
        {"call": lambda self, x: 2 * scaled(self, x)},
        ("it should become", "debería"),
    ),
    ({"get_config": None}, ("no `get_config`", "No hay `get_config`")),
    ({"get_config": config()}, ("not return `exponent`", "no devuelve `exponent`")),
    (
        {"get_config": config(exponent=3)},
        ("not return `initializer`", "no devuelve `initializer`"),
    ),
    (
        {"get_config": config(exponent=2, initializer="ones")},
        ("`exponent` 2", "`exponent` vale 2"),
    ),
    ({"get_config": without_super}, ("not return the name", "no devuelve el nombre")),
    ({"get_config": lambda self: [self.exponent]}, ("returns list", "devuelve list")),
    ({"get_config": lambda self: self.missing}, ("`get_config` fails", "`get_config` falla")),
    (
        {"get_config": lambda self: {**whole_config(self), "units": 4}},
        ("cannot be loaded from a file", "no se puede cargar de un archivo"),
    ),
    (
        {"__init__": takes_kept, "get_config": other_config},
        ("values for `kept`", "valores para `kept`"),
    ),
    (
        {"__init__": kept_elsewhere, "call": shifted},
        ("computes something else", "calcula otra"),
    ),
]
WRONG = [
    ("power-layer", lambda methods=methods: changed(**methods), words)
    for methods, words in WRONG_LAYERS
]
WRONG += [
    ("power-layer", lambda: changed()(3), ("without parentheses", "sin paréntesis")),
    ("power-layer", lambda: layers.Dense, ("no argument `exponent`", "no tiene el argumento")),
    ("power-layer", lambda: dict, ("subclass of `layers.Layer`", "subclase de `layers.Layer`")),
    ("power-layer", lambda: np.power, ("got ufunc", "recibió ufunc")),
    ("own-layer-parameters", lambda: 21, ("`b` has one more", "`b` tiene un número más")),
    ("own-layer-parameters", lambda: 7, ("How large is `w`", "el de `w`")),
    ("own-layer-parameters", lambda: 42, ("the last axis", "el último eje")),
    ("own-layer-parameters", lambda: 112, ("Flatten", "Flatten")),
    ("own-layer-parameters", lambda: 140, ("share the same", "comparten")),
    ("own-layer-parameters", lambda: 50, ("new sizes", "nuevos tamaños")),
    ("own-layer-parameters", lambda: 29, ("not 29", "No es 29")),
    ("own-layer-parameters", lambda: "w, b", ("whole number", "número entero")),
]


@keras.saving.register_keras_serializable(package="tests")
class Registered(changed()):
    """The right class, inherited and registered."""


def object_in_config(self):
    return config(exponent=self.exponent, initializer=self.initializer)(self)


RIGHT = [
    ("power-layer", changed),
    ("power-layer", lambda: Registered),
    ("power-layer", lambda: changed(__init__=object_default)),
    ("power-layer", lambda: changed(__init__=all_named)),
    ("power-layer", lambda: changed(get_config=object_in_config)),
    ("power-layer", lambda: changed(build=weight(name="scale", dtype="float32"))),
    ("power-layer", lambda: changed(call=lambda self, x: x**self.exponent * self.scale)),
    ("own-layer-parameters", lambda: "28"),
]
GIVEN = [("power-layer", lambda: Plain)]
