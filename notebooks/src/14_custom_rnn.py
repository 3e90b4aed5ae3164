# %% [markdown] id="title" tags=["en"]
# # A custom RNN
#
# A *recurrent* network (RNN) reads a sequence step by step. A *state*, a vector, is passed from step
# to step: it is all that the network remembers. You will write one as a layer of your own, put a
# functional model into it and it into a functional model, and open its batch size.
#
# ```
#              x₀         x₁         x₂
#              ↓          ↓          ↓
# zeros  →  state₀  →  state₁  →  state₂  →  …      state = projection_1(x) + projection_2(state)
# ```

# %% [markdown] id="title" tags=["es"]
# # Una RNN propia
#
# Una red *recurrente* (RNN) lee una secuencia paso a paso. De un paso al siguiente pasa un *estado*,
# un vector: es todo lo que la red recuerda. Vas a escribir una como capa propia, a poner dentro de
# ella un modelo funcional y a ella dentro de otro, y a dejar abierto el tamaño de lote.
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

# %% [markdown] id="about-hand" tags=["en"]
# ## The loop, by hand
#
# `data` has 16 sequences of 10 steps with 5 numbers each; `data[:, step]` is one step of them all. It
# needs two Dense layers: one for the 5 numbers, one for the state. Their activation `tanh` keeps
# each number between −1 and 1. The first state, `ops.zeros`, is all zeros.

# %% [markdown] id="about-hand" tags=["es"]
# ## El bucle, a mano
#
# `data` contiene 16 secuencias de 10 pasos con 5 números cada uno; `data[:, step]` es un paso de
# todas ellas. Necesita dos capas Dense: una para los 5 números y otra para el estado. Su activación,
# `tanh`, mantiene cada número entre −1 y 1. El primer estado, `ops.zeros`, son ceros.

# %% id="by-hand"
projection_1 = layers.Dense(units, activation="tanh")
projection_2 = layers.Dense(units, activation="tanh")

state = ops.zeros((batch_size, units))
for step in range(timesteps):
    state = projection_1(data[:, step]) + projection_2(state)
print(tuple(state.shape))

# %% [markdown] id="about-classifier" tags=["en"]
# ## A functional model inside a layer
#
# At the end, the states become an answer. That part is a plain graph: `GlobalAveragePooling1D` takes
# the mean over all steps, and a Dense layer makes a probability of it.

# %% [markdown] id="about-classifier" tags=["es"]
# ## Un modelo funcional dentro de una capa
#
# Al final, los estados se convierten en una respuesta. Esa parte es un grafo corriente:
# `GlobalAveragePooling1D` calcula la media de todos los pasos y una capa Dense la convierte en una
# probabilidad.

# %% id="classifier"
inputs = keras.Input((None, units))
x = layers.GlobalAveragePooling1D()(inputs)
outputs = layers.Dense(1, activation="sigmoid")(x)
classifier = keras.Model(inputs, outputs, name="classifier")

# %% [markdown] id="about-rnn" tags=["en"]
# `__init__` keeps its parts, also the model that it is given; `call` is the loop from
# above. It collects every state in a list, and `ops.stack` joins them along axis 1, the steps.

# %% [markdown] id="about-rnn" tags=["es"]
# `__init__` conserva sus partes, también el modelo que recibe; `call` es el bucle de
# arriba. Reúne todos los estados en una lista, y `ops.stack` los junta a lo largo del eje 1, el de
# los pasos.

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
        state = self.first_state(inputs)
        states = []
        for step in range(inputs.shape[1]):
            state = self.projection_1(inputs[:, step]) + self.projection_2(state)
            states.append(state)
        return self.classifier(ops.stack(states, axis=1))


# %% id="predict-parameters"
lab.predict("rnn-parameters")

# %% id="rnn"
rnn = CustomRNN(classifier, name="rnn")
print(rnn(data).shape, f"{rnn.count_params():,}")

# %% [markdown] id="about-inside-functional" tags=["en"]
# ## The layer inside a functional model
#
# For the model around it, your layer is one call like any other. Here it comes after a convolution
# over the steps with a window of 3. Its classifier is a Dense layer this time, which is applied to
# every step. `batch_shape` fixes the batch too: 16.

# %% [markdown] id="about-inside-functional" tags=["es"]
# ## La capa dentro de un modelo funcional
#
# Para el modelo que la rodea, tu capa es una llamada como cualquier otra. Aquí va tras una
# convolución sobre los pasos con una ventana de 3. Su clasificador es ahora una capa Dense, que se
# aplica a cada paso. `batch_shape` fija también el lote: 16.

# %% id="predict-output"
lab.predict("rnn-output-shape")

# %% id="model"
inputs = keras.Input(batch_shape=(batch_size, timesteps, input_dim), name="sequence")
x = layers.Conv1D(32, 3, name="conv")(inputs)
judge = layers.Dense(1, activation="sigmoid", name="judge")
outputs = CustomRNN(judge, name="rnn")(x)
model = keras.Model(inputs, outputs, name="custom_rnn")
print(outputs.shape, f"{model.count_params():,}")

# %% [markdown] id="about-steps" tags=["en"]
# The convolution has 3 · 5 · 32 + 32 = 512 parameters. The RNN has 2,145, because it now takes 32
# numbers per step.
#
# `lab.activations` also shows the calls inside your layer: choose `rnn`, then *Show* and *Step*.

# %% [markdown] id="about-steps" tags=["es"]
# La convolución tiene 3 · 5 · 32 + 32 = 512 parámetros. La RNN tiene 2,145, porque ahora recibe 32
# números por paso.
#
# `lab.activations` muestra también las llamadas dentro de tu capa: elige `rnn`, luego *Mostrar* y
# *Paso*.

# %% id="predict-calls"
lab.predict("calls-inside")

# %% id="steps"
flow = lab.activations(model, data)
inside = [name for name in flow.values if name.startswith("rnn/")]
print(len(inside), inside[:4], inside[-1])
flow

# %% [markdown] id="about-exercise-calls" tags=["en"]
# ## Your turn: count before you run
#
# Sequences of **24** steps with 5 numbers go through `Conv1D(16, 5)` and then through
# `CustomRNN(layers.Dense(1))` with 32 units. The batch is not fixed.
#
# - `calls`: how often is `projection_1` called in one pass?
# - `parameters`: how many does the RNN have, without the convolution?
# - `shape`: what shape does the output have?

# %% [markdown] id="about-exercise-calls" tags=["es"]
# ## Te toca: cuenta antes de ejecutar
#
# Unas secuencias de **24** pasos con 5 números pasan por `Conv1D(16, 5)` y luego por
# `CustomRNN(layers.Dense(1))` con 32 unidades. El lote no está fijado.
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

# %% [markdown] id="about-open" tags=["en"]
# ## A batch size that was fixed
#
# The model was built for batches of 16, but the last batch of an epoch is often smaller. The next
# input leaves the batch open.

# %% [markdown] id="about-open" tags=["es"]
# ## Un tamaño de lote fijo
#
# El modelo se construyó para lotes de 16, pero el último lote de una época suele ser más pequeño. La
# entrada siguiente deja abierto el lote.

# %% id="predict-open"
lab.predict("open-batch")

# %% id="open"
try:
    opened = rnn(keras.Input((timesteps, input_dim), name="sequence"))
except TypeError as error:
    opened = lab.explain(error)
opened

# %% [markdown] id="about-mend" tags=["en"]
# The layer must change. `inputs.shape` is what is known *now*, while the graph is built.
# `ops.shape(inputs)` is computed when the numbers are there. One line changes:

# %% [markdown] id="about-mend" tags=["es"]
# Lo que hay que corregir es la capa. `inputs.shape` es lo que se sabe *ahora*, al construir el
# grafo. `ops.shape(inputs)` se calcula cuando los números ya están. Cambia una línea:

# %% id="mend"
class AnyBatchRNN(CustomRNN):
    def first_state(self, inputs):
        return ops.zeros((ops.shape(inputs)[0], self.units))


inputs = keras.Input((timesteps, input_dim), name="sequence")
judge = layers.Dense(1, activation="sigmoid", name="judge")
any_batch = keras.Model(inputs, AnyBatchRNN(judge, name="rnn")(inputs), name="any_batch")
[any_batch.predict(data[:size], verbose=0).shape for size in (16, 7)]

# %% [markdown] id="about-loop" tags=["en"]
# The batch is open now. Can the number of steps be left open, too?

# %% [markdown] id="about-loop" tags=["es"]
# El lote ya está abierto. ¿Se puede dejar abierto también el número de pasos?

# %% id="predict-steps"
lab.predict("open-steps")

# %% id="loop"
try:
    unrolled = any_batch.get_layer("rnn")(keras.Input((None, input_dim), name="sequence"))
except TypeError as error:
    unrolled = lab.explain(error)
unrolled

# %% [markdown] id="about-exercise-batch" tags=["en"]
# ## Your turn: any batch
#
# This RNN prepares its first state in `build`. It returns all its states, and has
# no classifier. **Correct the class** so that its layers take any batch size. Then answer with the
# class itself, `answer = Recurrent`: the check makes layers of it and compares their numbers with
# the formula at the top of the lesson.

# %% [markdown] id="about-exercise-batch" tags=["es"]
# ## Te toca: cualquier lote
#
# Esta RNN prepara su primer estado en `build`. Devuelve todos sus estados y
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

# %% [markdown] id="about-cell" tags=["en", "optional"]
# ## Any number of steps (optional)
#
# For an open number of steps, write one step as a layer, a *cell*, and leave the loop to
# `keras.layers.RNN`: it runs when the numbers are there, and it makes the first state for any batch.
# A cell returns its output and a list of its states; `state_size` is the size of the state. This one
# borrows both projections of `any_batch`. With `return_sequences=True`, all states are returned.

# %% [markdown] id="about-cell" tags=["es", "optional"]
# ## Cualquier número de pasos (opcional)
#
# Si el número de pasos queda abierto, escribe un solo paso como capa, una *celda* (*cell*), y deja el
# bucle a `keras.layers.RNN`: se ejecuta cuando los números ya están y crea el primer estado para
# cualquier lote. Una celda devuelve su salida y una lista con sus estados; `state_size` es el tamaño
# del estado. Esta toma prestadas las dos proyecciones de `any_batch`. Con `return_sequences=True` se
# devuelven todos los estados.

# %% id="cell" tags=["optional"]
class Cell(layers.Layer):
    def __init__(self, rnn, **kwargs):
        super().__init__(**kwargs)
        self.rnn = rnn
        self.state_size = rnn.units

    def call(self, inputs, states):
        state = self.rnn.projection_1(inputs) + self.rnn.projection_2(states[0])
        return state, [state]


# %% id="any-length" tags=["optional"]
loop = any_batch.get_layer("rnn")
any_length = layers.RNN(Cell(loop), return_sequences=True)
print(any_length(keras.Input((None, input_dim))).shape)

# %% [markdown] id="about-equal" tags=["en", "optional"]
# With the same weights, the results are those of the Python loop. The largest difference:

# %% [markdown] id="about-equal" tags=["es", "optional"]
# Con los mismos pesos, los resultados son los del bucle de Python. La mayor diferencia:

# %% id="equal" tags=["optional"]
difference = np.abs(loop.classifier(any_length(data)) - loop(data)).max()
round(float(difference), 5)

# %% [markdown] id="recap" tags=["en"]
# ## What you have learned
#
# - Styles mix: a functional model is a part of a layer, and a layer of yours is a call in a graph.
# - Every step calls the same layers: the number of steps adds no parameters.
# - Read the batch size with `ops.shape`, when the numbers are there; a Python loop needs its number
#   of steps before that.
#
# To free its memory, shut this notebook down: menu *Kernel* → *Shut Down Kernel*.
#
# **Next:** [Masks and saving](15_masks_and_saving.ipynb) (optional), or the project, lesson 16.

# %% [markdown] id="recap" tags=["es"]
# ## Lo que has aprendido
#
# - Los estilos se combinan: un modelo funcional es parte de una capa, y una capa propia es una
#   llamada dentro de un grafo.
# - Cada paso llama a las mismas capas: el número de pasos no añade parámetros.
# - Lee el tamaño del lote con `ops.shape`, cuando los números ya están; un bucle de Python necesita
#   saber antes su número de pasos.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** [Máscaras y guardado](15_masks_and_saving.ipynb) (opcional), o el proyecto, en la
# lección 16.
