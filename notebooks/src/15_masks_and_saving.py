# %% [markdown] id="title" tags=["en"]
# # Masks and saving (optional)
#
# This lesson is optional: the project does not need it. It completes the RNN of the last lesson.
# The layer will skip padding with a *mask*, drop numbers in training only, and be saved together
# with a layer inside it.
#
# ```
# words     4   7   2   0   0        0 is no word, only padding
# mask      1   1   1   0   0        1: this step counts
# ```

# %% [markdown] id="title" tags=["es"]
# # Máscaras y guardado (opcional)
#
# Esta lección es opcional: el proyecto no la necesita. Completa la RNN de la lección anterior. La
# capa se saltará el relleno con una *máscara*, descartará números solo al entrenar y se guardará
# junto con una capa que lleva dentro.
#
# ```
# palabras  4   7   2   0   0        0 no es una palabra, solo relleno
# máscara   1   1   1   0   0        1: este paso cuenta
# ```

# %% id="parameters" tags=["parameters"]
language = "en"
units = 8
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

# %% [markdown] id="about-padding" tags=["en"]
# ## Sentences of different lengths
#
# The rows of an array have one length, sentences have not. So short sentences are filled up with
# zeros: the *padding*. Each number from 1 to 9 stands for a word.

# %% [markdown] id="about-padding" tags=["es"]
# ## Frases de distinta longitud
#
# Las filas de un array tienen todas la misma longitud; las frases, no. Por eso las frases cortas se
# completan con ceros: el *relleno* (*padding*). Cada número del 1 al 9 representa una palabra.

# %% id="sentences"
sentences = np.array([[4, 7, 2, 0, 0], [5, 0, 0, 0, 0], [1, 3, 8, 6, 2]])

# %% [markdown] id="about-recurrent" tags=["en"]
# This is the layer of the last exercise, with one new method. `build` builds the two layers inside,
# so that Keras knows all weights before the first call.

# %% [markdown] id="about-recurrent" tags=["es"]
# Esta es la capa del último ejercicio, con un método nuevo. `build` construye las dos capas de
# dentro; así Keras conoce todos los pesos antes de la primera llamada.

# %% id="recurrent"
class Recurrent(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.projection_1 = layers.Dense(units, activation="tanh")
        self.projection_2 = layers.Dense(units, activation="tanh")

    def build(self, input_shape):
        self.projection_1.build((None, input_shape[-1]))
        self.projection_2.build((None, self.units))

    def call(self, inputs):
        states, state = [], ops.zeros((ops.shape(inputs)[0], self.units))
        for step in range(inputs.shape[1]):
            state = self.projection_1(inputs[:, step]) + self.projection_2(state)
            states.append(state)
        return ops.stack(states, axis=1)

# %% [markdown] id="about-difference" tags=["en"]
# The last state, at `[:, -1]`, is what the RNN remembers of a sentence. `padding_changes` compares
# it for the words 4, 7, 2 alone and with two zeros of padding, and returns the largest difference.

# %% [markdown] id="about-difference" tags=["es"]
# El último estado, en `[:, -1]`, es lo que la RNN recuerda de una frase. `padding_changes` lo compara
# para las palabras 4, 7, 2 solas y con dos ceros de relleno, y devuelve la mayor diferencia.

# %% id="predict-padding"
lab.predict("padding-changes")

# %% id="padding"
def padding_changes(embedding, rnn):
    alone = rnn(embedding(np.array([[4, 7, 2]])))
    padded = rnn(embedding(np.array([[4, 7, 2, 0, 0]])))
    return round(float(np.abs(alone[:, -1] - padded[:, -1]).max()), 2)


without_mask = padding_changes(layers.Embedding(10, 4), Recurrent(units))
without_mask

# %% [markdown] id="about-mask" tags=["en"]
# ## A mask
#
# With `mask_zero=True`, an Embedding also makes a *mask*, which goes along with its result: one value
# for each step, 1 where it counts and 0 where the word is 0. `compute_mask` returns it.
# (`layers.Masking` does the same for
# vectors: there a step is padding if *all* its numbers are 0.)

# %% [markdown] id="about-mask" tags=["es"]
# ## Una máscara
#
# Con `mask_zero=True`, un Embedding crea además una *máscara*, que acompaña a su resultado: un valor
# por paso, 1 donde el paso cuenta y 0 donde la palabra es 0. La devuelve `compute_mask`.
# (`layers.Masking` hace lo mismo con vectores: ahí un paso es relleno si *todos* sus números son 0).

# %% id="predict-mask"
lab.predict("mask-sum")

# %% id="mask"
embedding = layers.Embedding(10, 4, mask_zero=True, name="embedding")
mask = embedding.compute_mask(sentences)
print(np.array(mask).astype(int))

# %% [markdown] id="about-where" tags=["en"]
# Where a step does not count, the RNN should keep its old state. `ops.where(condition, new, old)`
# takes `new` where the condition is true and `old` elsewhere:

# %% [markdown] id="about-where" tags=["es"]
# Donde un paso no cuenta, la RNN debe conservar su estado anterior. `ops.where(condition, new,
# old)` toma `new` donde la condición es cierta y `old` en los demás sitios:

# %% id="where"
new = np.array([[7, 7], [7, 7]])
old = np.array([[1, 2], [3, 4]])
print(np.array(ops.where(np.array([[True], [False]]), new, old)))

# %% [markdown] id="about-masked" tags=["en"]
# If `call` has an argument `mask`, Keras fills it in with the mask of the inputs. `mask[:, step,
# None]` is its column for one step. `supports_masking` passes the mask on with the result.

# %% [markdown] id="about-masked" tags=["es"]
# Si `call` tiene un argumento `mask`, Keras le pasa la máscara de las entradas. `mask[:, step, None]`
# es su columna para un paso. Con `supports_masking`, la máscara sigue adelante con el resultado.

# %% id="masked-class"
class MaskedRNN(Recurrent):
    def __init__(self, units, **kwargs):
        super().__init__(units, **kwargs)
        self.supports_masking = True

    def call(self, inputs, mask=None):
        if mask is None:
            return super().call(inputs)
        states, state = [], ops.zeros((ops.shape(inputs)[0], self.units))
        for step in range(inputs.shape[1]):
            new = self.projection_1(inputs[:, step]) + self.projection_2(state)
            state = ops.where(mask[:, step, None], new, state)
            states.append(state)
        return ops.stack(states, axis=1)


# %% id="predict-masked"
lab.predict("masked-padding-changes")

# %% id="masked"
with_mask = padding_changes(embedding, MaskedRNN(units))
with_mask

# %% [markdown] id="about-exercise" tags=["en"]
# ## Your turn: which steps count?
#
# - `sentences`: `[[3, 5, 0, 0], [9, 0, 4, 0], [0, 0, 0, 0], [1, 2, 3, 4]]` goes into an Embedding
#   with `mask_zero=True`. How many steps count in each of the four sentences? A list of four numbers.
# - `vectors`: `[[0, 0], [0, 3], [2, 0], [0, 0]]`, one sequence of four steps, goes into
#   `layers.Masking()`. How many of its steps count?

# %% [markdown] id="about-exercise" tags=["es"]
# ## Te toca: ¿qué pasos cuentan?
#
# - `sentences`: `[[3, 5, 0, 0], [9, 0, 4, 0], [0, 0, 0, 0], [1, 2, 3, 4]]` entra en un Embedding con
#   `mask_zero=True`. ¿Cuántos pasos cuentan en cada una de las cuatro frases? Una lista de cuatro
#   números.
# - `vectors`: `[[0, 0], [0, 3], [2, 0], [0, 0]]`, una secuencia de cuatro pasos, entra en
#   `layers.Masking()`. ¿Cuántos de sus pasos cuentan?

# %% id="exercise"
answer = {"sentences": [..., ..., ..., ...], "vectors": ...}
lab.check("steps-that-count", answer)

# %% id="hint"
# lab.hint("steps-that-count")
# lab.solution("steps-that-count")

# %% [markdown] id="about-training" tags=["en"]
# ## In training only
#
# A *Dropout* layer replaces a share of its inputs, its `rate`, by 0, chosen at random, so that the
# network does not rely on a few of them. Only in training, though. If `call` has an argument `training`, Keras passes
# `True` during training and `False` otherwise; the layer passes it on to its Dropout.

# %% [markdown] id="about-training" tags=["es"]
# ## Solo al entrenar
#
# Una capa *Dropout* cambia por 0 una parte de sus entradas, su `rate`, elegida al azar, para que la
# red no dependa de unas pocas. Pero solo al entrenar. Si `call` tiene un argumento `training`, Keras le pasa
# `True` durante el entrenamiento y `False` en los demás casos; la capa se lo pasa a su Dropout.

# %% id="dropout-class"
class DropoutRNN(MaskedRNN):
    def __init__(self, units, rate=0.5, **kwargs):
        super().__init__(units, **kwargs)
        self.dropout = layers.Dropout(rate)

    def call(self, inputs, training=None, mask=None):
        inputs = self.dropout(inputs, training=training)
        return super().call(inputs, mask=mask)

# %% [markdown] id="about-twice" tags=["en"]
# The next cell calls such a layer twice on the same sentences, with `training=True` and then with
# `training=False`, and prints the largest difference between the two results.

# %% [markdown] id="about-twice" tags=["es"]
# La celda siguiente llama dos veces a una capa así con las mismas frases, con `training=True` y
# luego con `training=False`, e imprime la mayor diferencia entre los dos resultados.

# %% id="predict-twice"
lab.predict("two-calls")

# %% id="twice"
vectors, rnn, differences = embedding(sentences), DropoutRNN(units), {}
for training in (True, False):
    one, other = rnn(vectors, training=training), rnn(vectors, training=training)
    differences[training] = round(float(np.abs(one - other).max()), 2)
differences

# %% [markdown] id="about-judge" tags=["en"]
# ## Saving a layer with a layer inside
#
# `units` and `rate` are numbers, so Keras can save this layer without further help. The next one
# also takes a layer as an argument, which makes one number of each state.

# %% [markdown] id="about-judge" tags=["es"]
# ## Guardar una capa con otra dentro
#
# `units` y `rate` son números, así que Keras puede guardar esta capa sin más ayuda. La siguiente
# recibe además una capa como argumento, que con cada estado hace un número.

# %% id="judging-class"
class JudgingRNN(DropoutRNN):
    def __init__(self, judge, units, rate=0.5, **kwargs):
        super().__init__(units, rate, **kwargs)
        self.judge = judge

    def call(self, inputs, training=None, mask=None):
        return self.judge(super().call(inputs, training=training, mask=mask))


# %% id="model-function"
def model_with(rnn_class):
    inputs = keras.Input((5,), dtype="int32", name="words")
    x = layers.Embedding(10, 4, mask_zero=True, name="embedding")(inputs)
    return keras.Model(inputs, rnn_class(layers.Dense(1, name="judge"), units, name="rnn")(x))


# %% id="predict-saving"
lab.predict("layer-as-argument")

# %% id="saving"
folder = tempfile.TemporaryDirectory()
path = Path(folder.name, "rnn.keras")
try:
    saved = model_with(JudgingRNN).save(path)
except NotImplementedError as error:
    saved = lab.explain(error)
saved

# %% [markdown] id="about-config" tags=["en"]
# As in lesson 11, `get_config` has to return every argument in a form that can be written to a file.
# For a layer, `serialize_keras_object` makes that form, a dict. So loading needs the way back, too:
# `from_config` makes the layer of the dict first, with `deserialize_keras_object`. `@classmethod` means that it is called on the
# class, `cls`, because there is no object yet.

# %% [markdown] id="about-config" tags=["es"]
# Como en la lección 11, `get_config` debe devolver cada argumento en una forma que se pueda escribir
# en un archivo. Para una capa, esa forma, un diccionario, la crea `serialize_keras_object`. Por eso,
# al cargar hace falta también el camino inverso: `from_config` crea primero la capa a partir del
# diccionario, con `deserialize_keras_object`. `@classmethod` significa que se llama con la clase, `cls`, porque aún no hay objeto.

# %% id="saved-class"
@keras.saving.register_keras_serializable()
class SavedRNN(JudgingRNN):
    def get_config(self):
        config = super().get_config()
        config["judge"] = keras.saving.serialize_keras_object(self.judge)
        config["units"] = self.units
        config["rate"] = self.dropout.rate
        return config

    @classmethod
    def from_config(cls, config):
        judge = keras.saving.deserialize_keras_object(config.pop("judge"))
        return cls(judge, **config)

# %% [markdown] id="about-loaded" tags=["en"]
# (`config.pop` takes an entry out of the dict.) Does the loaded model compute the same?

# %% [markdown] id="about-loaded" tags=["es"]
# (`config.pop` saca una entrada del diccionario). ¿Calcula lo mismo el modelo cargado?

# %% id="predict-loaded"
lab.predict("loaded-difference")

# %% id="loaded"
model = model_with(SavedRNN)
model.save(path)
loaded = keras.models.load_model(path)
difference = float(np.abs(model(sentences) - loaded(sentences)).max())
print(round(difference, 5), model.count_params(), loaded.count_params())

# %% [markdown] id="recap" tags=["en"]
# ## What you have learned
#
# - A mask goes along with the result of a layer; with `ops.where`, your layer keeps its state where a
#   step is only padding.
# - Keras fills in `training` and `mask`, if `call` has these arguments.
# - A layer as an argument is serialized in `get_config`, and made again in `from_config`.
#
# To free its memory, shut this notebook down: menu *Kernel* → *Shut Down Kernel*.
#
# **Next:** the project, lesson 16.

# %% [markdown] id="recap" tags=["es"]
# ## Lo que has aprendido
#
# - Una máscara acompaña al resultado de una capa; con `ops.where`, tu capa conserva su estado donde
#   un paso es solo relleno.
# - Keras rellena `training` y `mask`, si `call` tiene esos argumentos.
# - Una capa como argumento se serializa en `get_config` y se crea de nuevo en `from_config`.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** el proyecto, en la lección 16.
