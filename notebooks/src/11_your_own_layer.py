# %% [markdown] id="title" tags=["en"]
# # Your own layer
#
# When no layer of Keras does what you need, you write one. You will write a Dense layer yourself,
# use it in a model like any other, and make sure that it can be saved and loaded unchanged: with
# its settings, its weights and its name.

# %% [markdown] id="title" tags=["es"]
# # Tu propia capa
#
# Cuando ninguna capa de Keras hace lo que necesitas, escribes una. Vas a escribir tú una capa
# Dense, a usarla en un modelo como cualquier otra y a lograr que se guarde en un archivo y se
# recupere tal como era: con sus ajustes, sus pesos y su nombre.

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
# | method | when it runs | what it does |
# |---|---|---|
# | `__init__` | when the layer is made | keeps the settings |
# | `build` | once, before the first call | makes the weights |
# | `call` | at every call | computes |
#
# `super().__init__(**kwargs)` comes first: it prepares the layer, and takes `name` and the other
# arguments that every layer accepts.

# %% [markdown] id="about-class" tags=["es"]
# ## Una capa es una clase
#
# | método | cuándo se ejecuta | qué hace |
# |---|---|---|
# | `__init__` | al crear la capa | conserva los ajustes |
# | `build` | una vez, antes de la primera llamada | crea los pesos |
# | `call` | en cada llamada | calcula |
#
# `super().__init__(**kwargs)` va primero: prepara la capa y recibe `name` y los demás argumentos
# que admite cualquier capa.


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


# %% [markdown] id="about-build" tags=["en"]
# An *initializer* gives the weights their first values: `"random_normal"` draws small random
# numbers.
#
# **Predict:** how many weights does a new layer have? And after a call on 4 numbers, with 10 units?

# %% [markdown] id="about-build" tags=["es"]
# Un *inicializador* da a los pesos sus primeros valores: `"random_normal"` saca números pequeños al
# azar.
#
# **Predice:** ¿cuántos pesos tiene una capa nueva? ¿Y después de una llamada con 4 números, si
# tiene 10 unidades?

# %% id="before-call"
layer = CustomDense(units, name="mixer")
len(layer.weights)

# %% id="after-call"
inputs = keras.Input(shape=(4,), name="features")
outputs = layer(inputs)
print([(weight.name, tuple(weight.shape)) for weight in layer.weights])

# %% [markdown] id="about-graph" tags=["en"]
# None at first: the layer does not know yet how many numbers will come in. The call shows this, and
# Keras runs `build` with that shape. This is why weights are not made in `__init__`.
#
# In the graph the layer is a box like the others. **Predict** its parameters, then click it.

# %% [markdown] id="about-graph" tags=["es"]
# Ninguno al principio: la capa aún no sabe cuántos números van a entrar. Lo sabe con la llamada, y
# Keras ejecuta `build` con esa forma. Por eso los pesos no se crean en `__init__`.
#
# En el grafo, la capa es una caja como las demás. **Predice** sus parámetros y luego haz clic.

# %% id="graph"
model = keras.Model(inputs, outputs, name="own_layer")
lab.graph(model)

# %% [markdown] id="about-shapes" tags=["en"]
# `lab.shapes` asks the layer itself where its 50 parameters come from. Only its multiply-adds
# remain unknown: they depend on the code of `call`.

# %% [markdown] id="about-shapes" tags=["es"]
# `lab.shapes` le pregunta a la propia capa de dónde salen sus 50 parámetros. Lo único que no se
# sabe es cuántos productos y sumas hace: eso depende del código de `call`.

# %% id="shapes"
print(lab.shapes(model).to_text())

# %% [markdown] id="about-other-size" tags=["en"]
# ## Change something
#
# **Predict** the parameters of the same class, called on 6 numbers instead of 4.

# %% [markdown] id="about-other-size" tags=["es"]
# ## Cambia algo
#
# **Predice** los parámetros de una capa de la misma clase llamada con 6 números en vez de 4.

# %% id="other-size"
wider = CustomDense(units)
wider(keras.Input(shape=(6,)))
6 * units + units, wider.count_params()

# %% [markdown] id="about-call" tags=["en"]
# ## `call` only computes
#
# **Predict:** what happens if `call` makes the weights, so that `build` is not needed?

# %% [markdown] id="about-call" tags=["es"]
# ## `call` solo calcula
#
# **Predice:** ¿qué pasa si los pesos se crean en `call`, para ahorrarse `build`?


# %% id="weights-in-call"
class Hasty(layers.Layer):
    def call(self, inputs):
        w = self.add_weight(shape=(inputs.shape[-1], 10), name="w")
        return ops.matmul(inputs, w)


try:
    Hasty(name="hasty")(inputs)
except ValueError as error:
    display(lab.explain(error))

# %% [markdown] id="about-random" tags=["en"]
# Keras refuses: `call` runs again and again, and would make new weights each time. It cannot always
# tell. Here the numbers come from `keras.random`. **Predict:** how many parameters? Are two calls
# on the same numbers equal?

# %% [markdown] id="about-random" tags=["es"]
# Keras se niega: `call` se ejecuta una y otra vez, y cada vez crearía pesos nuevos. No siempre lo
# detecta. Aquí los números vienen de `keras.random`. **Predice:** ¿cuántos parámetros hay? ¿Son
# iguales dos llamadas con los mismos números?


# %% id="random-in-call"
class Forgetful(layers.Layer):
    def call(self, inputs):
        return ops.matmul(inputs, keras.random.normal((inputs.shape[-1], 10)))


forgetful, ones = Forgetful(), np.ones((1, 4), "float32")
print(np.array_equal(forgetful(ones), forgetful(ones)), forgetful.count_params())

# %% [markdown] id="about-ops" tags=["en"]
# No weights, and another result each time: nothing that could be trained or saved. Keras knows only
# the weights that `self.add_weight` makes.
#
# `call` computes with `keras.ops`, not with NumPy or Python's own numbers: while the graph is
# built, `inputs` is symbolic. And `ops` works on every backend of Keras.

# %% [markdown] id="about-ops" tags=["es"]
# No hay pesos, y el resultado cambia cada vez: nada que se pueda entrenar o guardar. Keras solo
# conoce los pesos que crea `self.add_weight`.
#
# `call` calcula con `keras.ops`, no con NumPy ni con los números de Python: mientras se construye
# el grafo, `inputs` es simbólico. Además, `ops` funciona con todos los *backends* de Keras.


# %% id="numpy-in-call"
class Numeric(layers.Layer):
    def call(self, inputs):
        return np.tanh(inputs)


try:
    Numeric(name="numeric")(inputs)
except NotImplementedError as error:
    print(lab.explain(error).to_text())

# %% [markdown] id="about-config" tags=["en"]
# ## Is `get_config` optional?
#
# A saved model contains the name of your class and the *config* of each layer: the arguments to
# make it again. `get_config` returns them. `CustomDense` has no such method. **Predict:** what does
# Keras know?

# %% [markdown] id="about-config" tags=["es"]
# ## ¿Es opcional `get_config`?
#
# Un modelo guardado contiene el nombre de tu clase y la *configuración* de cada capa: los
# argumentos para volver a crearla. Los devuelve `get_config`. `CustomDense` no tiene ese método.
# **Predice:** ¿qué sabe Keras?

# %% id="config"
config = layer.get_config()
print({key: config[key] for key in ("name", "trainable", "units", "initializer")})

# %% id="round-trip"
folder = tempfile.TemporaryDirectory()


def round_trip(model, *classes):
    path = Path(folder.name, "model.keras")
    model.save(path)
    return keras.models.load_model(path, custom_objects={it.__name__: it for it in classes})


lab.compare(model, round_trip(model, CustomDense))

# %% [markdown] id="about-object" tags=["en"]
# Keras noted the arguments of `__init__` by itself, and the layer can be loaded. Is `get_config`
# optional, then? Now the initializer is not a string but an object, with a standard deviation of
# its own. **Predict:** does it still work?

# %% [markdown] id="about-object" tags=["es"]
# Keras anotó por sí solo los argumentos de `__init__`, y la capa se recupera. Entonces, ¿es
# opcional `get_config`? Ahora el inicializador no es una cadena, sino un objeto con su propia
# desviación estándar. **Predice:** ¿sigue funcionando?


# %% id="object"
def model_of(layer):
    inputs = keras.Input(shape=(4,), name="features")
    return keras.Model(inputs, layer(inputs), name=f"{layer.name}_model")


narrow = keras.initializers.RandomNormal(stddev=0.01)
try:
    round_trip(model_of(CustomDense(units, narrow, name="narrow")), CustomDense)
except NotImplementedError as error:
    print(lab.explain(error).to_text())

# %% [markdown] id="about-partial" tags=["en"]
# What Keras notes by itself are numbers, strings and the like. An object, a function or a layer is
# none of these: with one such argument, the whole model cannot be saved.
#
# This layer multiplies by a `factor`, and its `get_config` does not return it. **Predict:** where
# is the error?

# %% [markdown] id="about-partial" tags=["es"]
# Lo que Keras anota por sí solo son números, cadenas y cosas así. Un objeto, una función o una capa
# no lo son: con un solo argumento de ese tipo, el modelo entero no se puede guardar.
#
# Esta capa multiplica por un `factor`, y su `get_config` no lo incluye. **Predice:** ¿dónde está el
# error?


# %% id="partial"
class Scale(layers.Layer):
    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs):
        return self.factor * inputs

    def get_config(self):
        return super().get_config()


tripled = model_of(Scale(3.0, name="triple"))
print(tripled(ones).numpy(), round_trip(tripled, Scale)(ones).numpy())

# %% [markdown] id="about-name" tags=["en"]
# There is none. The layer was made again with the default, 1, and the model computes something else
# without any warning. It is the worst way to lose a setting.
#
# Two more traps. This layer returns a config of its own, without what `super().get_config()`
# returns. **Predict** what `lab.compare` finds.

# %% [markdown] id="about-name" tags=["es"]
# No lo hay. La capa se creó de nuevo con el valor por defecto, 1, y el modelo calcula otra cosa sin
# ningún aviso. Es la peor manera de perder un ajuste.
#
# Hay dos trampas más. Esta capa devuelve su propia configuración, sin lo que devuelve
# `super().get_config()`. **Predice** qué encuentra `lab.compare`.


# %% id="name-lost"
class Nameless(Scale):
    def get_config(self):
        return {"factor": self.factor}


tripled = model_of(Nameless(3.0, name="triple"))
lab.compare(tripled, round_trip(tripled, Nameless))

# %% [markdown] id="about-kwargs" tags=["en"]
# The name is lost, so nothing finds the layer by its name any more. The other trap is a constructor
# without `**kwargs`. **Predict:** what does it do with a config with `name` and `trainable`?

# %% [markdown] id="about-kwargs" tags=["es"]
# El nombre se perdió, así que la capa ya no se encuentra por su nombre. La otra trampa es un
# constructor sin `**kwargs`. **Predice:** ¿qué hace con una configuración que trae `name` y
# `trainable`?


# %% id="kwargs"
class Closed(Scale):
    def __init__(self, factor=1.0):
        super().__init__(factor)


try:
    Closed.from_config({"name": "triple", "trainable": True, "factor": 3.0})
except TypeError as error:
    print(str(error).split("Exception encountered: ")[-1])

# %% [markdown] id="about-whole" tags=["en"]
# ## A layer that can be loaded
#
# `from_config` calls the class with what `get_config` returned: `cls(**config)`. So the config
# needs what `super().get_config()` returns, and every argument of your own, in a form that can be
# written to a file. `@keras.saving.register_keras_serializable()` registers the class; once this
# code has run, loading needs no `custom_objects`.

# %% [markdown] id="about-whole" tags=["es"]
# ## Una capa que se recupera del archivo
#
# `from_config` llama a la clase con lo que devolvió `get_config`: `cls(**config)`. Así que la
# configuración necesita lo que devuelve `super().get_config()` y cada argumento tuyo, de modo que
# se pueda escribir en un archivo. `@keras.saving.register_keras_serializable()` registra la clase;
# una vez ejecutado este código, para cargar ya no hace falta `custom_objects`.


# %% id="whole"
@keras.saving.register_keras_serializable()
class WholeDense(CustomDense):
    def get_config(self):
        initializer = keras.initializers.serialize(self.initializer)
        own = {"units": self.units, "initializer": initializer}
        return {**super().get_config(), **own}


whole = model_of(WholeDense(units, narrow, name="whole"))
loaded = round_trip(whole)
print(lab.compare(whole, loaded).to_text())

# %% [markdown] id="about-equal" tags=["en"]
# **Predict:** are the weights equal too? And in a layer that `from_config` makes?

# %% [markdown] id="about-equal" tags=["es"]
# **Predice:** ¿son iguales también los pesos? ¿Y en una capa hecha con `from_config`?

# %% id="equal"
before, after = whole.get_layer("whole"), loaded.get_layer("whole")
print(before.get_config() == after.get_config(), np.array_equal(before.w, after.w))
again = WholeDense.from_config(before.get_config())
print(again.name, again.units, again.initializer.stddev, len(again.weights))

# %% [markdown] id="about-count" tags=["en"]
# A config contains no weights, as in lesson 03: the weights are loaded from the file into the layer
# that was made from the config.
#
# ## Your turn: count
#
# `CustomDense(7)` is called on `keras.Input(shape=(5, 3))`: five rows of three numbers. How many
# parameters does it have?

# %% [markdown] id="about-count" tags=["es"]
# Una configuración no contiene pesos, como en la lección 03: esos llegan del archivo a la capa que
# se creó con la configuración.
#
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
# `Power(exponent=2, initializer="ones")` raises every number to a power, then multiplies it by a
# weight: one trainable weight for each feature (the last axis), which the initializer sets. The
# shape stays the same. It must be possible to load the layer from a file with its config and its
# name.

# %% [markdown] id="about-power" tags=["es"]
# ## Te toca: una capa que se guarda y se carga
#
# `Power(exponent=2, initializer="ones")` eleva cada número a una potencia y luego lo multiplica por
# un peso: un peso entrenable por cada característica (el último eje), cuyo valor inicial pone el
# inicializador. La forma no cambia. La capa debe recuperarse de un archivo con su configuración y
# su nombre.


# %% id="exercise-power"
class Power(layers.Layer): ...


answer = Power
lab.check("power-layer", answer)

# %% id="hint-power"
# lab.hint("power-layer")
# lab.solution("power-layer")

# %% [markdown] id="recap" tags=["en"]
# ## What you have learned
#
# - `__init__` keeps settings, `build` makes weights when the size is known, `call` computes with
#   `ops`.
# - `get_config` returns all arguments, with `super().get_config()`; what it leaves out is lost
#   without warning.
# - `**kwargs` is passed on to `super().__init__`; once the class is registered, you no longer need
#   `custom_objects`.
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
# - `**kwargs` se pasa a `super().__init__`; una vez registrada la clase, ya no hace falta
#   `custom_objects`.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** [Qué API elegir](12_which_api.ipynb)
