# %% [markdown] id="title" tags=["en"]
# # A custom RNN
#
# A recurrent network reads a sequence step by step and passes a *state* from step to step. You will
# write one as a layer of your own, put a functional model into it, and put it into a functional
# model. Then you will make it accept any batch size, train with dropout and skip padding.
#
# ```
#              x₀         x₁         x₂
#              ↓          ↓          ↓
# zeros  →  state₀  →  state₁  →  state₂  →  …      state = projection_1(x) + projection_2(state)
# ```

# %% [markdown] id="title" tags=["es"]
# # Una RNN propia
#
# Una red recurrente lee una secuencia paso a paso y pasa un *estado* de un paso al siguiente. Vas a
# escribir una como capa propia; pondrás dentro de ella un modelo funcional, y luego la pondrás a
# ella dentro de otro. Después dejará de depender del tamaño del lote, y aprenderá a usar *dropout*
# al entrenar y a saltarse el relleno.
#
# ```
#              x₀         x₁         x₂
#              ↓          ↓          ↓
# ceros  →  state₀  →  state₁  →  state₂  →  …      state = projection_1(x) + projection_2(state)
# ```

# %% id="parameters" tags=["parameters"]
language = "en"
units = 32
timesteps = 10
input_dim = 5
batch_size = 16
seed = 1

# %% id="setup" tags=["nbval-ignore-output"]
import keras
import kfunc_lab as lab
import numpy as np
from keras import layers, ops

lab.language(language)
keras.utils.set_random_seed(seed)
data = np.random.normal(size=(batch_size, timesteps, input_dim)).astype("float32")

# %% [markdown] id="about-classifier" tags=["en"]
# ## A functional model inside a layer
#
# The part at the end is a plain graph, so the functional API is the right tool for it: the mean
# over all steps, then one probability. **Predict** its parameters.

# %% [markdown] id="about-classifier" tags=["es"]
# ## Un modelo funcional dentro de una capa
#
# La parte final es un grafo corriente, así que la API funcional le va bien: la media de todos los
# pasos y luego una probabilidad. **Predice** sus parámetros.

# %% id="classifier"
inputs = keras.Input((None, units))
x = layers.GlobalAveragePooling1D()(inputs)
outputs = layers.Dense(1, activation="sigmoid")(x)
classifier = keras.Model(inputs, outputs, name="classifier")
classifier.count_params()

# %% [markdown] id="about-rnn" tags=["en"]
# 32 weights and a bias. In the layer that uses it, `call` is a loop over the time steps, in which
# the *same* two Dense layers are called again and again. The first state is zeros, and each new
# state is kept for the classifier.

# %% [markdown] id="about-rnn" tags=["es"]
# 32 pesos y un sesgo. En la capa que lo usa, `call` es un bucle sobre los pasos de tiempo, en el
# que se llama una y otra vez a las *mismas* dos capas Dense. El estado empieza con ceros, y cada
# estado nuevo se guarda para el clasificador.


# %% id="rnn-class"
class CustomRNN(layers.Layer):
    def __init__(self, classifier, units=units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.projection_1 = layers.Dense(units, activation="tanh", name="projection_1")
        self.projection_2 = layers.Dense(units, activation="tanh", name="projection_2")
        self.classifier = classifier

    def first_state(self, inputs):
        return ops.zeros((inputs.shape[0], self.units))

    def call(self, inputs):
        states, state = [], self.first_state(inputs)
        for step in range(inputs.shape[1]):
            state = self.projection_1(inputs[:, step]) + self.projection_2(state)
            states.append(state)
        return self.classifier(ops.stack(states, axis=1))


# %% [markdown] id="about-count" tags=["en"]
# **Predict** the shape of the result for 16 sequences of 10 steps with 5 numbers each, and the
# parameters of the whole layer. Does the number of steps matter?

# %% [markdown] id="about-count" tags=["es"]
# **Predice** la forma del resultado para 16 secuencias de 10 pasos con 5 números cada uno, y los
# parámetros de la capa entera. ¿Influye el número de pasos?

# %% id="rnn"
rnn = CustomRNN(classifier, name="rnn")
print(rnn(data).shape, f"{rnn.count_params():,}")
print(input_dim * units + units, units * units + units, classifier.count_params())

# %% [markdown] id="about-parts" tags=["en"]
# One probability per sequence. 192 + 1,056 + 33 = 1,281: the number of steps does not matter,
# because all of them share the same weights.
#
# **Predict:** which arrows can the graph of this layer show?

# %% [markdown] id="about-parts" tags=["es"]
# Una probabilidad por secuencia. 192 + 1,056 + 33 = 1,281: el número de pasos no influye, porque
# todos comparten los mismos pesos.
#
# **Predice:** ¿qué flechas puede mostrar el grafo de esta capa?

# %% id="parts"
lab.graph(rnn)

# %% [markdown] id="about-inside-functional" tags=["en"]
# Only those inside the functional model. How the two projections are connected is written in Python
# code, and code cannot be drawn.
#
# ## The same layer inside a functional model
#
# For the model around it, a layer of your own is one call like any other. Here it comes after a
# convolution, and its classifier is a Dense layer, which is applied to every step. `batch_shape`
# fixes the batch too: 16. **Predict** the output shape and the parameters.

# %% [markdown] id="about-inside-functional" tags=["es"]
# Solo las del interior del modelo funcional. Cómo se conectan las dos proyecciones está escrito en
# código Python, y el código no se puede dibujar.
#
# ## La misma capa dentro de un modelo funcional
#
# Para el modelo que la rodea, una capa propia es una llamada como cualquier otra. Aquí va después
# de una convolución, y su clasificador es una capa Dense que se aplica a cada paso. `batch_shape`
# fija también el lote: 16. **Predice** la forma de la salida y los parámetros.

# %% id="model"
inputs = keras.Input(batch_shape=(batch_size, timesteps, input_dim), name="sequence")
x = layers.Conv1D(32, 3, name="conv")(inputs)
outputs = CustomRNN(layers.Dense(1, activation="sigmoid", name="judge"), name="rnn")(x)
model = keras.Model(inputs, outputs, name="custom_rnn")
print(model.output_shape, f"{model.count_params():,}")

# %% [markdown] id="about-steps" tags=["en"]
# A window of 3 fits into 10 steps at 8 places, so the RNN makes 8 steps. The convolution has 3 · 5
# · 32 + 32 = 512 parameters, the RNN 1,056 + 1,056 + 33 = 2,145: it now takes 32 numbers per step.
#
# `lab.activations` also shows the calls inside your layer: `projection_1` is the first one,
# `projection_1#2` the second. **Predict:** how many calls are there inside the RNN?

# %% [markdown] id="about-steps" tags=["es"]
# Una ventana de 3 cabe en 10 pasos en 8 lugares, así que la RNN da 8 pasos. La convolución tiene
# 3 · 5 · 32 + 32 = 512 parámetros y la RNN 1,056 + 1,056 + 33 = 2,145: ahora recibe 32 números por
# paso.
#
# `lab.activations` muestra también las llamadas dentro de tu capa: `projection_1` es la primera,
# `projection_1#2` la segunda. **Predice:** ¿cuántas llamadas hay dentro de la RNN?

# %% id="steps"
flow = lab.activations(model, data)
inside = [name for name in flow.values if name.startswith("rnn/")]
print(len(inside), *inside[:4], "…", inside[-1])

# %% [markdown] id="about-first-step" tags=["en"]
# Two in each of 8 steps, and one of the classifier. `values.steps` puts the calls of one layer side
# by side: samples × steps × units. **Predict:** what does `projection_2` make of the first state,
# the zeros, before any training?

# %% [markdown] id="about-first-step" tags=["es"]
# Dos en cada uno de los 8 pasos, y una del clasificador. `values.steps` pone juntas las llamadas de
# una capa: muestras × pasos × unidades. **Predice:** ¿qué hace `projection_2` con el primer estado,
# los ceros, antes de entrenar?

# %% id="first-step"
new, remembered = (flow.values.steps(f"rnn/projection_{number}") for number in (1, 2))
print(new.shape, remembered.shape)
print([round(float(abs(remembered[:, step]).mean()), 3) for step in range(3)])

# %% [markdown] id="about-view" tags=["en"]
# Zeros again: biases start at zero, and nothing has been learned yet. From the second step on the
# state has other numbers. In the view, choose `rnn`: *Show* then offers the layers inside it, and
# *Step* goes through time.

# %% [markdown] id="about-view" tags=["es"]
# Otra vez ceros: los sesgos empiezan en cero y aún no se ha aprendido nada. Desde el segundo paso,
# el estado tiene otros números. En la vista, elige `rnn`: *Mostrar* ofrece entonces las capas de
# dentro, y *Paso* recorre el tiempo.

# %% id="view"
flow

# %% [markdown] id="about-exercise-calls" tags=["en"]
# ## Your turn: count before you run
#
# Sequences of **24** steps with 5 numbers go through `Conv1D(16, 5)` and then through
# `CustomRNN(layers.Dense(1))` with 32 units. The batch is not fixed. Work it out on paper:
#
# - `calls`: how often is `projection_1` called in one pass?
# - `parameters`: how many does the RNN have, without the convolution?
# - `shape`: what shape does the output have?

# %% [markdown] id="about-exercise-calls" tags=["es"]
# ## Te toca: cuenta antes de ejecutar
#
# Unas secuencias de **24** pasos con 5 números pasan por `Conv1D(16, 5)` y luego por
# `CustomRNN(layers.Dense(1))` con 32 unidades. El lote no está fijado. Calcúlalo en papel:
#
# - `calls`: ¿cuántas veces se llama a `projection_1` en una pasada?
# - `parameters`: ¿cuántos tiene la RNN, sin la convolución?
# - `shape`: ¿qué forma tiene la salida?

# %% id="exercise-calls"
answer = {"calls": ..., "parameters": ..., "shape": ...}
lab.check("rnn-calls", answer)

# %% id="hint-calls"
# lab.hint("rnn-calls")
# lab.solution("rnn-calls")

# %% [markdown] id="about-static" tags=["en"]
# ## A batch size that was fixed
#
# The model was built for batches of 16. **Predict:** what does it do with the first 7 sequences?

# %% [markdown] id="about-static" tags=["es"]
# ## Un tamaño de lote fijo
#
# El modelo se construyó para lotes de 16. **Predice:** ¿qué hace con las primeras 7 secuencias?


# %% id="static"
def sizes(model):
    for size in (16, 7):
        try:
            print(size, model.predict(data[:size], verbose=0).shape)
        except TypeError as error:
            print(size, type(error).__name__)


sizes(model)

# %% [markdown] id="about-open" tags=["en"]
# As soon as sizes vary, `predict` and `fit` work with a batch of *unknown* size, and the layer
# cannot. The last batch of an epoch is often a smaller one, so this would happen in training as
# well. **Predict:** does it help to leave the batch open in the input?

# %% [markdown] id="about-open" tags=["es"]
# En cuanto los tamaños varían, `predict` y `fit` trabajan con un lote de tamaño *desconocido*, y la
# capa no sabe hacerlo. El último lote de una época suele ser más pequeño, así que también pasaría
# al entrenar. **Predice:** ¿ayuda dejar abierto el lote en la entrada?

# %% id="open"
try:
    rnn(keras.Input((timesteps, input_dim), name="sequence"))
except TypeError as error:
    display(lab.explain(error))

# %% [markdown] id="about-mend" tags=["en"]
# No: it fails sooner. While the graph is built, `inputs.shape[0]` is `None`, and there is no array
# with `None` rows. It is the layer that must change.
#
# `inputs.shape` is what is known *now*, while the graph is built. `ops.shape(inputs)` is computed
# when the numbers are there. One line changes:

# %% [markdown] id="about-mend" tags=["es"]
# No: falla antes. Mientras se construye el grafo, `inputs.shape[0]` es `None`, y no hay ningún
# array con `None` filas. Lo que hay que corregir es la capa.
#
# `inputs.shape` es lo que se sabe *ahora*, al construir el grafo. `ops.shape(inputs)` se calcula
# cuando los números ya están. Cambia una línea:


# %% id="mend"
class AnyBatchRNN(CustomRNN):
    def first_state(self, inputs):
        return ops.zeros((ops.shape(inputs)[0], self.units))


inputs = keras.Input((timesteps, input_dim), name="sequence")
outputs = AnyBatchRNN(layers.Dense(1, activation="sigmoid", name="judge"), name="rnn")(inputs)
any_batch = keras.Model(inputs, outputs, name="any_batch")
sizes(any_batch)

# %% [markdown] id="about-loop" tags=["en"]
# ## The loop needs a number of steps
#
# The batch is open now. **Predict:** can the number of steps be left open in the same way?

# %% [markdown] id="about-loop" tags=["es"]
# ## El bucle necesita un número de pasos
#
# El lote ya está abierto. **Predice:** ¿se puede dejar abierto del mismo modo el número de pasos?

# %% id="loop"
try:
    any_batch.get_layer("rnn")(keras.Input((None, input_dim), name="sequence"))
except TypeError as error:
    display(lab.explain(error))

# %% [markdown] id="about-cell" tags=["en"]
# `range(None)` is no loop. A Python `for` runs while the graph is *built*: every step becomes calls
# of its own, so their number has to be known then. `ops.shape` does not help here.
#
# For an open number of steps, write one step as a *cell*, and leave the loop to `keras.layers.RNN`:
# it runs when the numbers are there, and it makes the first state for any batch. This cell borrows
# both projections, so its weights are those of `any_batch`.

# %% [markdown] id="about-cell" tags=["es"]
# `range(None)` no es un bucle. Un `for` de Python se ejecuta mientras se *construye* el grafo: cada
# paso se convierte en llamadas propias, y su número ha de conocerse entonces. `ops.shape` no sirve
# aquí.
#
# Si el número de pasos queda abierto, escribe un solo paso como *celda* (*cell*) y deja el bucle a
# `keras.layers.RNN`: se ejecuta cuando los números ya están y crea el primer estado para cualquier
# lote. Esta celda toma prestadas las dos proyecciones, así que sus pesos son los de `any_batch`.


# %% id="cell"
class Cell(layers.Layer):
    def __init__(self, projection_1, projection_2, **kwargs):
        super().__init__(**kwargs)
        self.projection_1, self.projection_2 = projection_1, projection_2
        self.state_size = projection_2.units

    def call(self, inputs, states):
        state = self.projection_1(inputs) + self.projection_2(states[0])
        return state, [state]


loop = any_batch.get_layer("rnn")
any_length = layers.RNN(Cell(loop.projection_1, loop.projection_2), return_sequences=True)
print(any_length(keras.Input((None, input_dim))).shape)

# %% [markdown] id="about-equal" tags=["en"]
# **Predict:** are its results those of the Python loop?

# %% [markdown] id="about-equal" tags=["es"]
# **Predice:** ¿son sus resultados los del bucle de Python?

# %% id="equal"
difference = ops.max(ops.abs(loop.classifier(any_length(data)) - loop(data)))
float(difference) < 1e-6

# %% [markdown] id="about-exercise-batch" tags=["en"]
# ## Your turn: any batch
#
# This RNN prepares its first state in `build`, once and for all. It returns all its states, and has
# no classifier. **Correct the class** so that its layers take any batch size. Then answer with the
# class itself, `answer = Recurrent`: the check makes layers of it and compares their numbers with
# the formula at the top of the lesson.

# %% [markdown] id="about-exercise-batch" tags=["es"]
# ## Te toca: cualquier lote
#
# Esta RNN prepara su primer estado en `build`, de una vez por todas. Devuelve todos sus estados y
# no tiene clasificador. **Corrige la clase** para que sus capas acepten cualquier tamaño de lote.
# Después entrega la clase misma, `answer = Recurrent`: la comprobación crea capas con ella y
# compara sus números con la fórmula del principio de la lección.


# %% id="exercise-batch"
class Recurrent(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.projection_1 = layers.Dense(units, activation="tanh")
        self.projection_2 = layers.Dense(units, activation="tanh")

    def build(self, input_shape):
        self.start = ops.zeros((input_shape[0], self.projection_2.units))

    def call(self, inputs):
        states, state = [], self.start
        for step in range(inputs.shape[1]):
            state = self.projection_1(inputs[:, step]) + self.projection_2(state)
            states.append(state)
        return ops.stack(states, axis=1)


answer = ...
lab.check("any-batch", answer)

# %% id="hint-batch"
# lab.hint("any-batch")
# lab.solution("any-batch")

# %% [markdown] id="about-training" tags=["en"]
# ## Two arguments that Keras fills in
#
# If `call` has an argument `training`, Keras passes `True` during training and `False` otherwise.
# If it has `mask`, Keras passes the mask that a layer before it made: `False` where a step is only
# padding.
#
# This version changes three things. `dropout` sets part of the state to 0, in training only.
# `ops.where(mask, new, state)` keeps the old state where a step is padding. And `build`,
# `get_config` and `from_config` make it savable, as in lesson 11.

# %% [markdown] id="about-training" tags=["es"]
# ## Dos argumentos que rellena Keras
#
# Si `call` tiene un argumento `training`, Keras le pasa `True` durante el entrenamiento y `False`
# en los demás casos. Si tiene `mask`, Keras le pasa la máscara que hizo una capa anterior: `False`
# donde un paso es solo relleno.
#
# Esta versión cambia tres cosas. `dropout` pone a 0 una parte del estado, solo al entrenar.
# `ops.where(mask, new, state)` conserva el estado anterior donde un paso es relleno. Y con `build`,
# `get_config` y `from_config` se puede guardar, como en la lección 11.


# %% id="masked-class"
class MaskedRNN(AnyBatchRNN):
    def __init__(self, classifier, units=units, rate=0.5, **kwargs):
        super().__init__(classifier, units, **kwargs)
        self.dropout = layers.Dropout(rate)
        self.supports_masking = True

    def build(self, input_shape):
        self.projection_1.build((None, input_shape[-1]))
        self.projection_2.build((None, self.units))

    def call(self, inputs, training=None, mask=None):
        states, state = [], self.first_state(inputs)
        for step in range(inputs.shape[1]):
            kept = self.dropout(state, training=training)
            new = self.projection_1(inputs[:, step]) + self.projection_2(kept)
            state = new if mask is None else ops.where(mask[:, step, None], new, state)
            states.append(state)
        return self.classifier(ops.stack(states, axis=1))

    def get_config(self):
        classifier = keras.saving.serialize_keras_object(self.classifier)
        own = {"classifier": classifier, "units": self.units, "rate": self.dropout.rate}
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config):
        classifier = keras.saving.deserialize_keras_object(config.pop("classifier"))
        return cls(classifier, **config)


# %% [markdown] id="about-twice" tags=["en"]
# **Predict:** two calls on the same data; are their results equal in training? And in prediction?

# %% [markdown] id="about-twice" tags=["es"]
# **Predice:** dos llamadas con los mismos datos; ¿son iguales sus resultados al entrenar? ¿Y al
# predecir?

# %% id="twice"
masked = MaskedRNN(layers.Dense(1, activation="sigmoid"), name="rnn")
for training in (True, False):
    one, other = masked(data, training=training), masked(data, training=training)
    print(training, np.array_equal(one, other))

# %% [markdown] id="about-mask" tags=["en"]
# Now the last three steps become padding: zeros. `layers.Masking` marks the steps that contain only
# zeros, and the mask is passed on with its result. **Predict:** which of the two lines equals the
# last step of the sequences that end after 7 steps?

# %% [markdown] id="about-mask" tags=["es"]
# Ahora los tres últimos pasos pasan a ser relleno: ceros. `layers.Masking` marca los pasos que solo
# contienen ceros, y la máscara se pasa junto con su resultado. **Predice:** ¿cuál de las dos líneas
# es igual al último paso de las secuencias que terminan tras 7 pasos?

# %% id="mask"
short = data[:, :-3]
padded = np.concatenate([short, np.zeros_like(data[:, -3:])], axis=1)
end = masked(short)[:, -1]
print("Masking", np.allclose(masked(layers.Masking()(padded))[:, -1], end, atol=1e-6))
print("-", np.allclose(masked(padded)[:, -1], end, atol=1e-6))

# %% [markdown] id="about-saving" tags=["en"]
# With the mask, padding changes nothing. `Embedding(mask_zero=True)` makes such a mask too, for
# texts.
#
# Last: a functional model around the layer, and a copy of it made from its configuration and its
# weights alone. **Predict:** what else does Keras need to know?

# %% [markdown] id="about-saving" tags=["es"]
# Con la máscara, el relleno no cambia nada. `Embedding(mask_zero=True)` también hace una máscara
# así, para textos.
#
# Por último: un modelo funcional alrededor de la capa, y su copia hecha solo con su configuración y
# sus pesos. **Predice:** ¿qué más necesita saber Keras?

# %% id="saving"
inputs = keras.Input((timesteps, input_dim), name="sequence")
mixed = keras.Model(inputs, masked(layers.Masking(name="masking")(inputs)), name="mixed")
copy = keras.Model.from_config(mixed.get_config(), custom_objects={"MaskedRNN": MaskedRNN})
copy.set_weights(mixed.get_weights())
np.allclose(copy(padded), mixed(padded), atol=1e-6)

# %% [markdown] id="recap" tags=["en"]
# The class: a configuration contains no code.
#
# ## What you have learned
#
# - Styles mix: a functional model is a part of a layer, and a layer of yours is a call in a graph.
# - Read the batch size with `ops.shape`, when the numbers are there; a Python loop needs its number
#   of steps before that.
# - Keras fills in `training` and `mask`; what you do with them, and `get_config`, is up to you.
#
# To free its memory, shut this notebook down: menu *Kernel* → *Shut Down Kernel*.
#
# This was the last lesson. `lab.progress()` shows which exercises you have solved, and every view
# of the course works on your own models too.

# %% [markdown] id="recap" tags=["es"]
# La clase: una configuración no contiene código.
#
# ## Lo que has aprendido
#
# - Los estilos se combinan: un modelo funcional es parte de una capa, y una capa propia es una
#   llamada dentro de un grafo.
# - Lee el tamaño del lote con `ops.shape`, cuando los números ya están; un bucle de Python necesita
#   saber antes su número de pasos.
# - Keras rellena `training` y `mask`; lo que hagas con ellos, y `get_config`, depende de ti.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# Esta fue la última lección. `lab.progress()` muestra qué ejercicios has resuelto, y todas las
# vistas del curso sirven también para tus propios modelos.
