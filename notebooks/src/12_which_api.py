# %% [markdown] id="title" tags=["en"]
# # Which API
#
# Keras has three ways to write a model. You will write one network in all of them, and try what
# each can and cannot do.
#
# ```
# Sequential   a chain of layers
# functional   a graph of calls, fixed before any number comes
# subclass     a Python class: whatever its code does
# ```

# %% [markdown] id="title" tags=["es"]
# # Qué API elegir
#
# Keras ofrece tres maneras de escribir un modelo. Vas a escribir una misma red con las tres y a
# probar qué puede cada una y qué no.
#
# ```
# Sequential   una cadena de capas
# funcional    un grafo de llamadas, fijado antes de que llegue ningún número
# subclase     una clase de Python: lo que haga su código
# ```

# %% id="parameters" tags=["parameters"]
language = "en"
seed = 1
units = 64

# %% id="setup" tags=["nbval-ignore-output"]
import keras
import kfunc_lab as lab
import numpy as np
from keras import layers, ops

lab.language(language)
keras.utils.set_random_seed(seed)

# %% [markdown] id="about-three" tags=["en"]
# ## One network, three times
#
# 32 numbers enter a Dense layer of 64 units, and a second one outputs ten. As you know it:

# %% [markdown] id="about-three" tags=["es"]
# ## Una red, tres veces
#
# Entran 32 números en una capa Dense de 64 unidades, y de una segunda salen diez. Como ya sabes:

# %% id="functional"
inputs = keras.Input((32,))
x = layers.Dense(units, activation="relu")(inputs)
functional = keras.Model(inputs, layers.Dense(10)(x), name="functional")

# %% [markdown] id="about-sequential" tags=["en"]
# A chain needs no names for its tensors. `Sequential` is a list of layers:

# %% [markdown] id="about-sequential" tags=["es"]
# Una cadena no necesita nombres para sus tensores. `Sequential` es una lista de capas:

# %% id="sequential"
hidden = layers.Dense(units, activation="relu")
sequential = keras.Sequential([keras.Input((32,)), hidden, layers.Dense(10)], name="sequential")

# %% [markdown] id="about-subclass" tags=["en"]
# A *subclass* of `keras.Model` makes its layers in `__init__`, and its `call` computes the outputs
# from the inputs. It works like the layer of the last lesson, and has `fit` and `evaluate` too.

# %% [markdown] id="about-subclass" tags=["es"]
# Una *subclase* de `keras.Model` (un modelo por herencia) crea sus capas en `__init__`, y su `call`
# calcula las salidas a partir de las entradas. Funciona como la capa de la lección anterior, y
# además tiene `fit` y `evaluate`.

# %% id="subclass"
class MLP(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.hidden = layers.Dense(units, activation="relu")
        self.out = layers.Dense(10)

    def call(self, inputs):
        return self.out(self.hidden(inputs))


subclassed = MLP(name="subclassed")

# %% [markdown] id="about-summary" tags=["en"]
# `functional` and `sequential` have 32 · 64 + 64 + 64 · 10 + 10 = 2,762 parameters. No data has come
# yet.

# %% [markdown] id="about-summary" tags=["es"]
# `functional` y `sequential` tienen 32 · 64 + 64 + 64 · 10 + 10 = 2,762 parámetros. Todavía no ha
# llegado ningún dato.

# %% id="predict-summary"
lab.predict("subclass-before-data")

# %% id="summary"
before = len(subclassed.weights)
subclassed.summary()

# %% [markdown] id="about-count" tags=["en"]
# The subclass makes its weights when it is called on the first numbers:

# %% [markdown] id="about-count" tags=["es"]
# La subclase crea sus pesos cuando se llama con los primeros números:

# %% id="count"
zeros = np.zeros((1, 32))
subclassed(zeros)
models = [functional, sequential, subclassed]
print([f"{model.count_params():,}" for model in models])

# %% [markdown] id="about-drawn" tags=["en"]
# ## What can be drawn?
#
# `lab.compare(functional, sequential)` finds no difference: a Sequential model *is* a functional one,
# written in a shorter way. The subclass has its weights by now.

# %% [markdown] id="about-drawn" tags=["es"]
# ## ¿Qué se puede dibujar?
#
# `lab.compare(functional, sequential)` no encuentra diferencias: un modelo Sequential *es* un modelo
# funcional, escrito de forma más breve. La subclase ya tiene sus pesos.

# %% id="predict-arrows"
lab.predict("subclass-arrows")

# %% id="no-arrows"
drawn = lab.graph(subclassed)
drawn

# %% [markdown] id="about-mistake" tags=["en"]
# ## When is a mistake noticed?
#
# `Conv1D` expects a sequence, and a row of 64 numbers is not one. In a functional graph, this call
# fails as you write it. Here it takes the place of the last layer of a subclass.

# %% [markdown] id="about-mistake" tags=["es"]
# ## ¿Cuándo se nota un error?
#
# `Conv1D` espera una secuencia; una fila de 64 números no lo es. En un grafo funcional, esta llamada
# falla en cuanto la escribes. Aquí ocupa el lugar de la última capa de una subclase.

# %% id="predict-noticed"
lab.predict("mistake-noticed")

# %% id="mistake"
noticed = "create"
try:
    misfit = MLP(name="misfit")
    misfit.out = layers.Conv1D(10, 3, name="conv")
    noticed = "compile"
    misfit.compile(loss="mse")
    noticed = "call"
    misfit(zeros)
except ValueError as error:
    display(lab.explain(error))

# %% [markdown] id="about-data" tags=["en"]
# ## Data or code?
#
# `to_json` returns the configuration of a model as text, and `model_from_json` builds the model
# again from the text alone.

# %% [markdown] id="about-data" tags=["es"]
# ## ¿Datos o código?
#
# `to_json` devuelve la configuración de un modelo como texto, y `model_from_json` vuelve a
# construir el modelo solo con ese texto.

# %% id="predict-rebuilt"
lab.predict("rebuilt-from-text")

# %% id="rebuilt"
rebuilt = {}
for model in models:
    try:
        copy = keras.models.model_from_json(model.to_json())
        rebuilt[model.name] = copy.count_params()
    except TypeError:
        rebuilt[model.name] = 0
print(rebuilt)

# %% [markdown] id="about-rule" tags=["en"]
# The first two are data. The third is rebuilt only where its class is known.
#
# | | Sequential | functional | subclass |
# |---|---|---|---|
# | expresses | one chain | any fixed graph | anything Python can do |
# | this network took | 2 lines | 3 lines | 8 lines |
# | drawn with arrows | yes | yes | no |
# | a wrong shape is noticed | at once | at once | when data comes |
# | rebuilt without its code | yes | yes | no |
#
# So **take the simplest that suffices.** A chain is a Sequential; a graph that
# is the same for all data is functional; the rest is a subclass.

# %% [markdown] id="about-rule" tags=["es"]
# Los dos primeros son datos. El tercero solo se reconstruye donde se conoce su clase.
#
# | | Sequential | funcional | subclase |
# |---|---|---|---|
# | expresa | una cadena | cualquier grafo fijo | todo lo que se puede hacer en Python |
# | esta red ocupó | 2 líneas | 3 líneas | 8 líneas |
# | se dibuja con flechas | sí | sí | no |
# | un desajuste se nota | enseguida | enseguida | cuando llegan los datos |
# | se reconstruye sin su código | sí | sí | no |
#
# Así que **elige lo más simple que baste.** Una cadena es un Sequential; un
# grafo que es el mismo para todos los datos es funcional; lo demás es una subclase.

# %% [markdown] id="about-six" tags=["en"]
# ## Your turn: six architectures
#
# Choose for each the simplest API that suffices: `"sequential"`, `"functional"` or `"subclass"`.
#
# - `melody`: notes, one after another, go through Embedding, LSTM and Dense; the output is the next
#   note.
# - `tickets`: a title, a text and tags go in; a priority and a department come out.
# - `resnet`: 50 convolutions; around every few of them, their input is added to their result.
# - `twins`: two photos go through the same convolutions; then their distance is computed.
# - `grammar`: the words of a sentence are joined in pairs, as the sentence's own parse tree says.
# - `ponder`: a block is applied again and again, until its result hardly changes any more.

# %% [markdown] id="about-six" tags=["es"]
# ## Te toca: seis arquitecturas
#
# Elige para cada una la API más simple que baste: `"sequential"`, `"functional"` o `"subclass"`.
#
# - `melody`: unas notas, una tras otra, pasan por Embedding, LSTM y Dense; sale la nota siguiente.
# - `tickets`: entran un título, un texto y unas etiquetas; salen una prioridad y un departamento.
# - `resnet`: 50 convoluciones; cada pocas, lo que entró en ellas se suma a su resultado.
# - `twins`: dos fotos pasan por las mismas convoluciones; luego se calcula su distancia.
# - `grammar`: las palabras se unen de dos en dos, según el árbol sintáctico de cada frase.
# - `ponder`: un bloque se aplica una y otra vez, hasta que su resultado casi deja de cambiar.

# %% id="exercise-six"
answer = {
    "melody": ...,
    "tickets": ...,
    "resnet": ...,
    "twins": ...,
    "grammar": ...,
    "ponder": ...,
}
lab.check("six-architectures", answer)

# %% id="hint-six"
# lab.hint("six-architectures")
# lab.solution("six-architectures")

# %% [markdown] id="about-while" tags=["en"]
# ## Loops
#
# A Python `for` may *build* a graph: three rounds make three calls, fixed for all data. A Python
# `while` cannot, if its end depends on the numbers, here on the largest, `ops.max(x)`:

# %% [markdown] id="about-while" tags=["es"]
# ## Bucles
#
# Un `for` de Python puede *construir* un grafo: tres vueltas hacen tres llamadas, fijas para todos
# los datos. Un `while` de Python no puede, si su final depende de los números, aquí del mayor,
# `ops.max(x)`:

# %% id="while"
x = keras.Input((3,), name="x")
try:
    while ops.max(x) > 1:
        x = x / 2
except TypeError as error:
    display(lab.explain(error))

# %% [markdown] id="about-exercise" tags=["en"]
# There are no numbers yet that could end it. (`ops.while_loop` puts a loop into a graph, but Keras
# does not train the layers inside it.)
#
# ## Your turn: from code to graph
#
# This subclass does nothing that a fixed graph could not. **Write it as a functional model** with
# two inputs of 8 numbers, first `left`, then `right`, so that it can be drawn. Its parameters:
# 1,233.

# %% [markdown] id="about-exercise" tags=["es"]
# Aún no hay números que puedan terminarlo. (`ops.while_loop` pone un bucle en un grafo, pero Keras no
# entrena las capas que contiene).
#
# ## Te toca: del código al grafo
#
# Esta subclase no hace nada que un grafo fijo no pueda. **Escríbela como modelo funcional** con dos
# entradas de 8 números, primero `left` y luego `right`, para poder dibujarla. Sus parámetros: 1,233.

# %% id="pair"
class Pair(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.read = layers.Dense(16, activation="relu")
        self.mix = layers.Dense(32, activation="relu")
        self.judge = layers.Dense(1, activation="sigmoid")

    def call(self, inputs):
        left, right = inputs
        both = layers.concatenate([self.read(left), self.read(right)])
        return self.judge(layers.add([self.mix(both), both]))

# %% id="exercise"
left = keras.Input((8,), name="left")
right = keras.Input((8,), name="right")
answer = ...
lab.check("code-to-graph", answer)

# %% id="hint"
# lab.hint("code-to-graph")
# lab.solution("code-to-graph")
# lab.watch(target="code-to-graph")
# lab.graph(answer)

# %% [markdown] id="about-while-loop" tags=["en", "optional"]
# ## A loop in a graph (optional)
#
# `ops.while_loop` is one call, which loops when the numbers are there. It takes a function that says
# whether to go on, a function that makes one step, and the tensor to begin with. Here a Dense layer,
# with 3 · 3 weights and 3 biases, is called at every step; `kernel_initializer="identity"` lets it
# return its input, and `build` makes its weights now.

# %% [markdown] id="about-while-loop" tags=["es", "optional"]
# ## Un bucle en un grafo (opcional)
#
# `ops.while_loop` es una sola llamada, que repite cuando los números ya están. Recibe una función que
# dice si hay que seguir, una función que da un paso y el tensor inicial. Aquí, en cada paso se llama
# a una capa Dense, con 3 · 3 pesos y 3 sesgos; con `kernel_initializer="identity"` devuelve su
# entrada, y `build` crea ya sus pesos.

# %% id="loop-layer" tags=["optional"]
inside = layers.Dense(3, kernel_initializer="identity", name="inside")
inside.build((None, 3))


def too_large(x):
    return ops.max(x) > 1


def step(x):
    return inside(x) / 2


# %% id="predict-loop" tags=["optional"]
lab.predict("weights-in-loop")

# %% id="while-loop" tags=["optional"]
loop = keras.Model(x, ops.while_loop(too_large, step, x), name="loop")
print(np.array(loop(np.array([[8.0, 2.0, 1.0]]))), loop.count_params())

# %% [markdown] id="after-loop" tags=["en", "optional"]
# It halves until the largest number is 1. But the model has no weights to train: a repeated block
# with weights of its own is a case for a subclass.

# %% [markdown] id="after-loop" tags=["es", "optional"]
# Divide entre dos hasta que el número mayor es 1. Pero el modelo no tiene pesos que entrenar: un
# bloque repetido con pesos propios es un caso para una subclase.

# %% [markdown] id="recap" tags=["en"]
# ## What you have learned
#
# - Sequential and functional models are data: checked at once, drawn, rebuilt without their code.
# - A subclass is code: it can do whatever Python can do, and Keras knows its calls only when it
#   runs.
# - A Python loop leaves one fixed graph; `ops.while_loop` can depend on the data, but trains no
#   layers inside.
#
# To free its memory, shut this notebook down: menu *Kernel* → *Shut Down Kernel*.
#
# **Next:** [A network for trees](13_tree_rnn.ipynb)

# %% [markdown] id="recap" tags=["es"]
# ## Lo que has aprendido
#
# - Los modelos Sequential y funcionales son datos: se comprueban enseguida, se dibujan y se
#   reconstruyen sin su código.
# - Una subclase es código: puede hacer todo lo que hace Python, y Keras solo conoce sus llamadas
#   cuando se ejecuta.
# - Un bucle de Python deja un grafo fijo; `ops.while_loop` puede depender de los datos, pero no
#   entrena las capas que contiene.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** [Una red para árboles](13_tree_rnn.ipynb)
