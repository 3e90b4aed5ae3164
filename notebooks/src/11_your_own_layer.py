# %% [markdown] id="title" tags=["en"]
# # Your own layer
#
# When no layer of Keras does what you need, you write one. You will write a Dense layer yourself,
# use it in a model, and make sure that it can be saved and loaded unchanged.

# %% [markdown] id="title" tags=["es"]
# # Tu propia capa
#
# Cuando ninguna capa de Keras hace lo que necesitas, escribes una. Vas a escribir una capa Dense, a
# usarla en un modelo y a lograr que se guarde y se recupere tal como era.

# %% id="parameters" tags=["parameters"]
language = "en"
units = 10
seed = 1

# %% id="setup" tags=["nbval-ignore-output"]
import tempfile
from pathlib import Path

import keras
import kfunc_lab as lab
import numpy as np
from keras import layers, ops

lab.language(language)
keras.utils.set_random_seed(seed)

# %% [markdown] id="about-class" tags=["en"]
# ## A layer is a class
#
# A *class* is a plan for objects: `layers.Dense` is one, and `layers.Dense(10)` makes an object from
# it. The functions in a class are its *methods*; their first argument, `self`, is the object.
# `class Scale(layers.Layer)` means: a layer like any other, with what is written below.
#
# - `__init__` runs when the layer is made. It keeps the settings, here `factor`.
# - `**kwargs` collects all other arguments, such as `name`, and `super().__init__(**kwargs)` passes
#   them on to `layers.Layer`. This line comes first.
# - `call` runs whenever the layer is called. It only computes.

# %% [markdown] id="about-class" tags=["es"]
# ## Una capa es una clase
#
# Una *clase* es un plano para crear objetos: `layers.Dense` es una, y `layers.Dense(10)` crea un
# objeto con ella. Las funciones de una clase son sus *métodos*; su primer argumento, `self`, es el
# objeto.
#
# `class Scale(layers.Layer)` significa: una capa como las demás, más lo que se escribe debajo.
#
# - `__init__` se ejecuta al crear la capa. Conserva los ajustes, aquí `factor`.
# - `**kwargs` reúne todos los demás argumentos, como `name`, y `super().__init__(**kwargs)` se los
#   pasa a `layers.Layer`. Esta línea va primero.
# - `call` se ejecuta en cada llamada. Solo calcula.

# %% id="scale"
class Scale(layers.Layer):
    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs):
        return self.factor * inputs


ones = np.ones((1, 4), "float32")
print(np.array(Scale(3.0, name="triple")(ones)))

# %% [markdown] id="about-build" tags=["en"]
# ## `build` makes the weights
#
# A Dense layer also has weights. `self.add_weight` makes them, and their *initializer* gives them
# (with `initializer=`) their first values: `"random_normal"` draws small random numbers (`keras.initializers.get` makes an
# object of this name). This happens in `build`: Keras runs it once, just before the first call, with
# the shape of the input. Its last size, `input_shape[-1]`, is the number of features.
#
# `ops.matmul` multiplies the inputs by `w`; unlike NumPy, `keras.ops` also takes symbolic tensors.
# `layer.weights` is the list of all weights.

# %% [markdown] id="about-build" tags=["es"]
# ## `build` crea los pesos
#
# Una capa Dense tiene además pesos. Los crea `self.add_weight`, y su *inicializador* (en
# `initializer=`) les da los primeros valores: `"random_normal"` saca números pequeños al azar (`keras.initializers.get` hace de
# ese nombre un objeto). Esto ocurre en `build`: Keras lo ejecuta una sola vez, justo antes de la
# primera llamada, con la forma de la entrada. Su último tamaño, `input_shape[-1]`, es el número de
# características.
#
# `ops.matmul` multiplica las entradas por `w`; a diferencia de NumPy, `keras.ops` admite tensores
# simbólicos. `layer.weights` es la lista de todos los pesos.

# %% id="class"
class CustomDense(layers.Layer):
    def __init__(self, units=32, initializer="random_normal", **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape):
        shape = (input_shape[-1], self.units)
        self.w = self.add_weight(shape=shape, initializer=self.initializer, name="w")
        self.b = self.add_weight(shape=shape[1:], initializer=self.initializer, name="b")

    def call(self, inputs):
        return ops.matmul(inputs, self.w) + self.b


# %% id="predict-before"
lab.predict("weights-before-call")

# %% id="before-call"
layer = CustomDense(units, name="mixer")
before = len(layer.weights)
before

# %% [markdown] id="about-call" tags=["en"]
# So weights are not made in `__init__`. Now the layer is called on 4 numbers.

# %% [markdown] id="about-call" tags=["es"]
# Por eso los pesos no se crean en `__init__`. Ahora la capa se llama con 4 números.

# %% id="predict-parameters"
lab.predict("own-parameters")

# %% id="graph"
inputs = keras.Input(shape=(4,), name="features")
model = keras.Model(inputs, layer(inputs), name="own_layer")
lab.graph(model)

# %% [markdown] id="about-config" tags=["en"]
# Click `mixer` to see `w` and `b`.
#
# ## `get_config` returns the settings
#
# A file contains the name of your class and the *config* of each layer: the arguments to make it
# again. The method `get_config` returns them. `CustomDense` has inherited it from `layers.Layer`.
#
# The code of the class is not in the file. `custom_objects` says which class a name in the file
# refers to. `lab.compare` shows what differs between two models.

# %% [markdown] id="about-config" tags=["es"]
# Haz clic en `mixer` para ver `w` y `b`.
#
# ## `get_config` devuelve los ajustes
#
# Un archivo contiene el nombre de tu clase y la *configuración* de cada capa: los argumentos para
# volver a crearla. Los devuelve el método `get_config`, que `CustomDense` hereda de `layers.Layer`.
#
# El código de la clase no está en el archivo. `custom_objects` dice a qué clase se refiere cada
# nombre del archivo. `lab.compare` muestra en qué se diferencian dos modelos.

# %% id="round-trip"
folder = tempfile.TemporaryDirectory()


def round_trip(model, classes):
    path = Path(folder.name, "model.keras")
    model.save(path)
    return keras.models.load_model(path, custom_objects=classes)


lab.compare(model, round_trip(model, {"CustomDense": CustomDense}))

# %% [markdown] id="about-object" tags=["en"]
# No difference: Keras noted the arguments by itself. Is writing `get_config` optional, then? Now the
# initializer is not a string but an object, `RandomNormal`, with a `stddev` (standard deviation) of
# its own.

# %% [markdown] id="about-object" tags=["es"]
# Ninguna diferencia: Keras anotó los argumentos por sí solo. Entonces, ¿es opcional escribir
# `get_config`? Ahora el inicializador no es una cadena, sino un objeto, `RandomNormal`, con su propia
# desviación estándar, `stddev`.

# %% id="predict-object"
lab.predict("object-argument")

# %% id="object"
narrow = keras.initializers.RandomNormal(stddev=0.01)
narrow_model = keras.Model(inputs, CustomDense(units, narrow, name="narrow")(inputs))
try:
    saved = round_trip(narrow_model, {"CustomDense": CustomDense})
except NotImplementedError as error:
    saved = lab.explain(error)
saved

# %% [markdown] id="about-partial" tags=["en"]
# By itself Keras notes numbers, strings and the like. With an object, a function or a layer, you
# write `get_config` yourself.
#
# What `super().get_config()` returns is then only what every layer has, such as `name`. In this
# class, `factor` was forgotten.

# %% [markdown] id="about-partial" tags=["es"]
# Por sí solo, Keras anota números, cadenas y cosas así. Con un objeto, una función o una capa,
# escribes tú `get_config`.
#
# Entonces `super().get_config()` devuelve solo lo que tiene cualquier capa, como `name`. En esta
# clase se olvidó `factor`.

# %% id="predict-partial"
lab.predict("forgotten-factor")

# %% id="partial"
class Lossy(Scale):
    def get_config(self):
        return super().get_config()


tripled = keras.Model(inputs, Lossy(3.0, name="triple")(inputs))
loaded = round_trip(tripled, {"Lossy": Lossy})
print(np.array(tripled(ones)), np.array(loaded(ones)))

# %% [markdown] id="about-whole" tags=["en"]
# ## A layer that can be loaded
#
# So `get_config` starts from `super().get_config()` and adds *every* argument of `__init__`, in a
# form that can be written to a file; `keras.initializers.serialize` gives an initializer that form.
# The line with `@` above the class is a *decorator*: `register_keras_serializable` hands the class to
# Keras, which then finds it without `custom_objects`.

# %% [markdown] id="about-whole" tags=["es"]
# ## Una capa que se recupera del archivo
#
# Así que `get_config` parte de `super().get_config()` y añade *todos* los argumentos de `__init__`,
# en una forma que se pueda escribir en un archivo; la de un inicializador la da
# `keras.initializers.serialize`. La línea con `@` encima de la clase es un *decorador*:
# `register_keras_serializable` le entrega la clase a Keras, que luego la encuentra sin
# `custom_objects`.

# %% id="whole"
@keras.saving.register_keras_serializable()
class WholeDense(CustomDense):
    def get_config(self):
        config = super().get_config()
        config["units"] = self.units
        config["initializer"] = keras.initializers.serialize(self.initializer)
        return config


# %% id="whole-trip"
whole = keras.Model(inputs, WholeDense(units, narrow, name="whole")(inputs), name="whole_model")
print(lab.compare(whole, round_trip(whole, {})).to_text())

# %% [markdown] id="about-from-config" tags=["en"]
# Nothing differs. When a file is loaded, `WholeDense.from_config(config)` makes the layer: it calls
# the class with the arguments in the config.

# %% [markdown] id="about-from-config" tags=["es"]
# No hay diferencias. Al cargar un archivo, la capa la crea
# `WholeDense.from_config(config)`: llama a la clase con los argumentos de la configuración.

# %% id="predict-from-config"
lab.predict("weights-from-config")

# %% id="from-config"
again = WholeDense.from_config(whole.get_layer("whole").get_config())
print(again.name, again.units, again.initializer.stddev, len(again.weights))

# %% [markdown] id="about-count" tags=["en"]
# ## Your turn: count
#
# `CustomDense(7)` is called on `keras.Input(shape=(5, 3))`: five rows of three numbers. How many
# parameters does it have?

# %% [markdown] id="about-count" tags=["es"]
# ## Te toca: cuenta
#
# Se llama a `CustomDense(7)` con `keras.Input(shape=(5, 3))`: cinco filas de tres números. ¿Cuántos
# parámetros tiene?

# %% id="exercise-count"
parameters = ...
lab.check("own-layer-parameters", parameters)

# %% id="hint-count"
# lab.hint("own-layer-parameters")
# lab.solution("own-layer-parameters")

# %% [markdown] id="about-power" tags=["en"]
# ## Your turn: a layer that saves and loads
#
# Write the class `Power`. It raises every number to a power, then multiplies it by a weight. Its
# four methods, with `CustomDense` and `WholeDense` as examples:
#
# 1. `__init__` takes `exponent=2`, `initializer="ones"` and `**kwargs`, and keeps the first two.
# 2. `build` makes *one* array of weights: one weight for each feature, so its shape is
#    `(input_shape[-1],)`. Its first values come from the initializer.
# 3. `call` computes `ops.power(inputs, self.exponent)`, times the weights.
# 4. `get_config` returns `exponent`, `initializer`, and what every layer has.

# %% [markdown] id="about-power" tags=["es"]
# ## Te toca: una capa que se guarda y se carga
#
# Escribe la clase `Power`. Eleva cada número a una potencia y luego lo multiplica por un peso. Sus
# cuatro métodos, con `CustomDense` y `WholeDense` como ejemplos:
#
# 1. `__init__` recibe `exponent=2`, `initializer="ones"` y `**kwargs`, y conserva los dos primeros.
# 2. `build` crea *un solo* array de pesos: un peso por cada característica, así que su forma es
#    `(input_shape[-1],)`. Sus primeros valores los da el inicializador.
# 3. `call` calcula `ops.power(inputs, self.exponent)`, multiplicado por los pesos.
# 4. `get_config` devuelve `exponent`, `initializer` y lo que tiene cualquier capa.

# %% id="exercise-power"
class Power(layers.Layer):
    ...


answer = Power
lab.check("power-layer", answer)

# %% id="hint-power"
# lab.hint("power-layer")
# lab.solution("power-layer")

# %% [markdown] id="about-hasty" tags=["en", "optional"]
# ## Four more traps (optional)
#
# This class has no `build`. Its `call` makes the weights.

# %% [markdown] id="about-hasty" tags=["es", "optional"]
# ## Cuatro trampas más (opcional)
#
# Esta clase no tiene `build`. Los pesos los crea `call`.

# %% id="predict-hasty" tags=["optional"]
lab.predict("weights-in-call")

# %% id="weights-in-call" tags=["optional"]
class Hasty(layers.Layer):
    def call(self, inputs):
        w = self.add_weight(shape=(inputs.shape[-1], 10), name="w")
        return ops.matmul(inputs, w)


try:
    hasty = Hasty(name="hasty")(inputs)
except ValueError as error:
    hasty = lab.explain(error)
hasty

# %% [markdown] id="about-random" tags=["en", "optional"]
# Keras cannot always tell. Here the numbers come from `keras.random.normal`.

# %% [markdown] id="about-random" tags=["es", "optional"]
# Keras no siempre lo detecta. Aquí los números vienen de `keras.random.normal`.

# %% id="predict-random" tags=["optional"]
lab.predict("random-parameters")

# %% id="random-in-call" tags=["optional"]
class Forgetful(layers.Layer):
    def call(self, inputs):
        return ops.matmul(inputs, keras.random.normal((inputs.shape[-1], 2)))


forgetful = Forgetful()
print(np.array(forgetful(ones)), np.array(forgetful(ones)))
forgetful.count_params()

# %% [markdown] id="about-name" tags=["en", "optional"]
# No weights, and another result each time: nothing that could be trained or saved. Keras knows only
# the weights that `self.add_weight` makes.
#
# The next class returns a config without what `super().get_config()` returns.

# %% [markdown] id="about-name" tags=["es", "optional"]
# No hay pesos, y el resultado cambia cada vez: nada que se pueda entrenar o guardar. Keras solo
# conoce los pesos que crea `self.add_weight`.
#
# La clase siguiente devuelve una configuración sin lo que devuelve `super().get_config()`.

# %% id="predict-name" tags=["optional"]
lab.predict("lost-setting")

# %% id="name-lost" tags=["optional"]
class Nameless(Scale):
    def get_config(self):
        return {"factor": self.factor}


named = keras.Model(inputs, Nameless(3.0, name="triple")(inputs), name="named")
unnamed = round_trip(named, {"Nameless": Nameless})
lab.compare(named, unnamed)

# %% [markdown] id="about-kwargs" tags=["en", "optional"]
# Nothing finds the layer by its name any more. The last trap is an `__init__` without `**kwargs`.
# A config contains `name` and `trainable` too.

# %% [markdown] id="about-kwargs" tags=["es", "optional"]
# La capa ya no se encuentra por su nombre. La última trampa es un `__init__` sin `**kwargs`. Una
# configuración contiene también `name` y `trainable`.

# %% id="predict-kwargs" tags=["optional"]
lab.predict("closed-constructor")

# %% id="kwargs" tags=["optional"]
class Closed(Scale):
    def __init__(self, factor=1.0):
        super().__init__(factor)


try:
    closed = Closed.from_config({"name": "triple", "trainable": True, "factor": 3.0})
except TypeError as error:
    closed = str(error).split("Exception encountered: ")[-1]
closed

# %% [markdown] id="recap" tags=["en"]
# ## What you have learned
#
# - `__init__` keeps settings, `build` makes weights when the size is known, `call` computes with
#   `ops`.
# - `get_config` returns all arguments, with `super().get_config()`; what it leaves out is lost
#   without warning.
#
# To free its memory, shut this notebook down: menu *Kernel* → *Shut Down Kernel*.
#
# **Next:** [Which API](12_which_api.ipynb)

# %% [markdown] id="recap" tags=["es"]
# ## Lo que has aprendido
#
# - `__init__` conserva los ajustes, `build` crea los pesos cuando se sabe el tamaño y `call`
#   calcula con `ops`.
# - `get_config` devuelve todos los argumentos, junto con `super().get_config()`; lo que omite se
#   pierde sin aviso.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** [Qué API elegir](12_which_api.ipynb)
