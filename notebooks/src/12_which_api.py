# %% [markdown] id="title" tags=["en"]
# # Which API
#
# Keras has three ways to write a model. You will write one network in all of them, and try what
# each can and cannot do. Then comes a network that no fixed graph can express: it reads trees, each
# of its own shape.
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
# probar qué puede cada una y qué no. Después viene una red que ningún grafo fijo puede expresar:
# lee árboles, cada uno con su propia forma.
#
# ```
# Sequential   una cadena de capas
# funcional    un grafo de llamadas, fijado antes de que llegue ningún número
# subclase     una clase de Python: lo que haga su código
# ```

# %% id="parameters" tags=["parameters"]
language = "en"
seed = 1
rounds = 20

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
# 32 numbers enter a Dense layer of 64 units, and a second one outputs ten. First as you know it:

# %% [markdown] id="about-three" tags=["es"]
# ## Una red, tres veces
#
# Entran 32 números en una capa Dense de 64 unidades, y de una segunda salen diez. Primero, como ya
# sabes:

# %% id="functional"
inputs = keras.Input((32,))
x = layers.Dense(64, activation="relu")(inputs)
functional = keras.Model(inputs, layers.Dense(10)(x), name="functional")

# %% [markdown] id="about-sequential" tags=["en"]
# A chain needs no names for its tensors. `Sequential` is a list of layers:

# %% [markdown] id="about-sequential" tags=["es"]
# Una cadena no necesita nombres para sus tensores. `Sequential` es una lista de capas:

# %% id="sequential"
hidden = layers.Dense(64, activation="relu")
sequential = keras.Sequential([keras.Input((32,)), hidden, layers.Dense(10)], name="sequential")

# %% [markdown] id="about-subclass" tags=["en"]
# A *subclass* makes its layers in `__init__`, and its `call` computes the outputs from the inputs.
# It works like the layer of the last lesson, and has `fit` and `evaluate` too.

# %% [markdown] id="about-subclass" tags=["es"]
# Una *subclase* (un modelo por herencia) crea sus capas en `__init__`, y su `call` calcula las
# salidas a partir de las entradas. Funciona como la capa de la lección anterior, y además tiene
# `fit` y `evaluate`.


# %% id="subclass"
class MLP(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.hidden = layers.Dense(64, activation="relu")
        self.out = layers.Dense(10)

    def call(self, inputs):
        return self.out(self.hidden(inputs))


subclassed = MLP(name="subclassed")

# %% [markdown] id="about-count" tags=["en"]
# **Predict** the parameters of each. Which of the three has none yet?

# %% [markdown] id="about-count" tags=["es"]
# **Predice** los parámetros de cada uno. ¿Cuál de los tres aún no tiene ninguno?

# %% id="count"
models = [functional, sequential, subclassed]
print([len(model.weights) for model in models])
subclassed(np.zeros((1, 32)))
print([f"{model.count_params():,}" for model in models])

# %% [markdown] id="about-drawn" tags=["en"]
# 32 · 64 + 64 + 64 · 10 + 10 = 2,762, three times. But the subclass did not know how many numbers
# enter; it made its weights when it was called on the first ones.
#
# ## What can be drawn?
#
# **Predict:** how does the graph of `sequential` differ from that of `functional`?

# %% [markdown] id="about-drawn" tags=["es"]
# 32 · 64 + 64 + 64 · 10 + 10 = 2,762, tres veces. Pero la subclase no sabía cuántos números entran;
# creó sus pesos cuando se llamó con los primeros.
#
# ## ¿Qué se puede dibujar?
#
# **Predice:** ¿en qué se diferencia el grafo de `sequential` del de `functional`?

# %% id="compare"
lab.compare(functional, sequential)

# %% [markdown] id="about-no-arrows" tags=["en"]
# They do not differ: a Sequential model *is* a functional one, written in a shorter way.
# **Predict:** what does the graph of the subclass look like?

# %% [markdown] id="about-no-arrows" tags=["es"]
# No se diferencian: un modelo Sequential *es* un modelo funcional, escrito de forma más breve.
# **Predice:** ¿cómo es el grafo de la subclase?

# %% id="no-arrows"
lab.graph(subclassed)

# %% [markdown] id="about-mistake" tags=["en"]
# It has layers and no arrows: `call` is code, and Keras does not read code.
#
# ## When is a mistake noticed?
#
# `Conv1D` expects a sequence, and a row of 64 numbers is not one. **Predict:** which of the next
# two cells fails?

# %% [markdown] id="about-mistake" tags=["es"]
# Tiene capas y ninguna flecha: `call` es código, y Keras no lee código.
#
# ## ¿Cuándo se nota un error?
#
# `Conv1D` espera una secuencia; una fila de 64 números no lo es. **Predice:** ¿cuál de las dos
# celdas siguientes falla?

# %% id="mistake-functional"
try:
    layers.Conv1D(10, 3, name="conv")(x)
except ValueError as error:
    display(lab.explain(error))


# %% id="mistake-subclass"
class Misfit(MLP):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.out = layers.Conv1D(10, 3, name="conv")


misfit = Misfit(name="misfit")
misfit.compile(loss="mse")
print(misfit.name)

# %% [markdown] id="about-later" tags=["en"]
# A functional graph is checked call by call while you write it, the way a compiler checks types.
# The subclass is made and even compiled; the same mistake is only noticed when the first data
# comes.

# %% [markdown] id="about-later" tags=["es"]
# Un grafo funcional se comprueba llamada por llamada mientras lo escribes, como hace un compilador
# con los tipos. La subclase se crea y hasta se compila; el mismo error solo se nota cuando llegan
# los primeros datos.

# %% id="mistake-later"
try:
    misfit(np.zeros((1, 32)))
except ValueError as error:
    display(lab.explain(error))

# %% [markdown] id="about-data" tags=["en"]
# ## Data or code?
#
# Two more things to try: cutting the model open at its hidden layer, as in lessons 04 and 09, and
# building it again from its configuration alone, which is text. **Predict** which of the three can
# do what.

# %% [markdown] id="about-data" tags=["es"]
# ## ¿Datos o código?
#
# Dos pruebas más: cortar el modelo por su capa oculta, como en las lecciones 04 y 09, y volver a
# construirlo solo a partir de su configuración, que es un texto. **Predice** cuál de los tres puede
# hacer qué.


# %% id="attempts"
def attempt(action, model):
    try:
        return action(model)
    except (AttributeError, TypeError) as error:
        return type(error).__name__


def hidden_shape(model):
    return model.layers[-2].output.shape


def rebuilt(model):
    return f"{keras.models.model_from_json(model.to_json()).count_params():,}"


for model in models:
    print(f"{model.name:12} {attempt(hidden_shape, model)!s:16} {attempt(rebuilt, model)}")

# %% [markdown] id="summary" tags=["en"]
# The first two are data: a graph that can be cut, saved as text and built again anywhere. The third
# can be rebuilt only where its class is known, and has no symbolic tensors to cut at.
#
# | | Sequential | functional | subclass |
# |---|---|---|---|
# | expresses | one chain | any fixed graph | anything Python can do |
# | this network took | 2 lines | 3 lines | 8 lines |
# | a wrong shape is noticed | at once | at once | when data comes |
# | drawn with arrows | yes | yes | no |
# | cut open at a tensor | yes | yes | no |
# | rebuilt without its code | yes | yes | no |
#
# So the rule is short: **take the simplest that suffices.** A chain is a Sequential; a graph that
# is the same for all data is functional; the rest is a subclass.

# %% [markdown] id="summary" tags=["es"]
# Los dos primeros son datos: un grafo que se puede cortar, guardar como texto y volver a crear en
# cualquier parte. El tercero solo se puede reconstruir donde se conoce su clase, y no tiene
# tensores simbólicos por donde cortar.
#
# | | Sequential | funcional | subclase |
# |---|---|---|---|
# | expresa | una cadena | cualquier grafo fijo | todo lo que se puede hacer en Python |
# | esta red ocupó | 2 líneas | 3 líneas | 8 líneas |
# | un desajuste se nota | enseguida | enseguida | cuando llegan los datos |
# | se dibuja con flechas | sí | sí | no |
# | se corta por un tensor | sí | sí | no |
# | se reconstruye sin su código | sí | sí | no |
#
# Así que la regla es corta: **elige lo más simple que baste.** Una cadena es un Sequential; un
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

# %% [markdown] id="about-trees" tags=["en"]
# ## What no fixed graph can express
#
# The same numbers with other brackets give another calculation. Below, a pair means left minus
# right. **Predict** both values: (3 − 1) − (2 − 0) and 3 − (1 − (2 − 0)).

# %% [markdown] id="about-trees" tags=["es"]
# ## Lo que ningún grafo fijo puede expresar
#
# Los mismos números con otros paréntesis dan otro cálculo. Abajo, un par significa izquierda menos
# derecha. **Predice** los dos valores: (3 − 1) − (2 − 0) y 3 − (1 − (2 − 0)).


# %% id="value"
def value(tree):
    return value(tree[0]) - value(tree[1]) if isinstance(tree, tuple) else tree


value(((3, 1), (2, 0))), value((3, (1, (2, 0))))

# %% [markdown] id="about-tree-rnn" tags=["en"]
# A *Tree-RNN* learns such things. A leaf is looked up in an Embedding; two children are joined into
# one vector by a Dense layer, always the same one; and a child may be a tree again. At the root a
# sigmoid says whether the value is above 0.

# %% [markdown] id="about-tree-rnn" tags=["es"]
# Una *Tree-RNN* (RNN de árbol) aprende cosas así. Una hoja se busca en un Embedding; una capa
# Dense, siempre la misma, une dos hijos en un solo vector; y un hijo puede ser, a su vez, un árbol.
# En la raíz, una sigmoide dice si el valor es mayor que 0.


# %% id="tree-rnn"
class TreeRNN(keras.Model):
    def __init__(self, words, units=16, **kwargs):
        super().__init__(**kwargs)
        self.embedding = layers.Embedding(words, units, name="embedding")
        self.join = layers.Dense(units, activation="tanh", name="join")
        self.judge = layers.Dense(1, activation="sigmoid", name="judge")

    def encode(self, tree):
        if not isinstance(tree, tuple):
            return self.embedding(tree)
        pair = [self.encode(child) for child in tree]
        return self.join(ops.concatenate(pair, axis=-1))

    def call(self, tree):
        return self.judge(self.encode(tree))


# %% [markdown] id="about-shapes" tags=["en"]
# Here are three shapes of trees, with four leaves each, and a function that fills the leaves of
# many trees of one shape with random numbers from 0 to 3 (`keras.tree.map_structure` applies a
# function to every leaf). **Predict:** how many weights are added when the second and the third
# shape come?

# %% [markdown] id="about-shapes" tags=["es"]
# Aquí hay tres formas de árbol, con cuatro hojas cada una, y una función que rellena las hojas de
# muchos árboles de una forma con números al azar de 0 a 3 (`keras.tree.map_structure` aplica una
# función a cada hoja). **Predice:** ¿cuántos pesos se añaden cuando llegan la segunda y la tercera
# forma?

# %% id="shapes"
shapes = [((0, 0), (0, 0)), (0, (0, (0, 0))), (((0, 0), 0), 0)]


def trees(shape, count):
    return keras.tree.map_structure(lambda leaf: np.random.randint(0, 4, count), shape)


tree_rnn = TreeRNN(4, name="tree_rnn")
for shape in shapes:
    print(tree_rnn(trees(shape, 5)).shape, tree_rnn.count_params())

# %% [markdown] id="about-before" tags=["en"]
# None: 4 · 16 + (32 · 16 + 16) + (16 + 1) = 609 serve every tree, even one of *five* leaves. That
# one is kept for the test: its shape is never trained on. First line: the share of trees of each
# shape that the Tree-RNN gets right. Second line: the share if it always said *no*. **Predict** the
# first line of an untrained one.

# %% [markdown] id="about-before" tags=["es"]
# Ninguno: 4 · 16 + (32 · 16 + 16) + (16 + 1) = 609 sirven para cualquier árbol, también para uno de
# *cinco* hojas. Ese se reserva para la prueba: con su forma nunca se entrena. Primera línea: qué
# parte de los árboles de cada forma acierta la Tree-RNN. Segunda línea: qué parte acertaría si
# dijera siempre que *no*. **Predice** la primera línea sin entrenar.

# %% id="before" tags=["nbval-ignore-output"]
tested = [*shapes, ((0, (0, 0)), (0, 0))]


def accuracy(shape):
    test = trees(shape, 500)
    said = np.array(tree_rnn(test))[:, 0] > 0.5
    return np.mean(said == (value(test) > 0))


print([round(float(accuracy(shape)), 2) for shape in tested])
print([round(float(np.mean(value(trees(shape, 500)) <= 0)), 2) for shape in tested])

# %% [markdown] id="about-train" tags=["en"]
# It guesses. Always saying no would be enough for the third shape, in which nearly everything is
# subtracted, and for no other. Each round of training takes 64 trees of each of the first three
# shapes. (`jit_compile=False`, because compiled code would be compiled again for every shape.)
# **Predict** the first line afterwards; its last number is for the new shape.

# %% [markdown] id="about-train" tags=["es"]
# Adivina. Decir siempre que no bastaría con la tercera forma, en la que casi todo se resta, y con
# ninguna otra. Cada ronda de entrenamiento toma 64 árboles de cada una de las tres primeras formas.
# (`jit_compile=False`, porque el código compilado se compilaría otra vez para cada forma).
# **Predice** la primera línea después de entrenar; su último número es el de la forma nueva.

# %% id="train"
tree_rnn.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", jit_compile=False)
for _ in range(rounds):
    for shape in shapes:
        batch = trees(shape, 64)
        loss = tree_rnn.train_on_batch(batch, value(batch) > 0)

# %% id="after" tags=["nbval-ignore-output"]
[round(float(accuracy(shape)), 2) for shape in tested]

# %% [markdown] id="about-one-tree" tags=["en"]
# It has learned to follow the brackets, in the new shape too.
#
# ## A graph is one tree
#
# The code that builds a graph may contain a `for` or a recursion. Is the loop then in the graph?
# **Predict:** what does the graph of the same recursion look like, run on four symbolic leaves?

# %% [markdown] id="about-one-tree" tags=["es"]
# Ha aprendido a seguir los paréntesis, también con la forma nueva.
#
# ## Un grafo es un solo árbol
#
# El código que construye un grafo puede contener un `for` o una recursión. ¿Está entonces el bucle
# en el grafo? **Predice:** ¿cómo es el grafo de esta misma recursión, ejecutada con cuatro hojas
# simbólicas?

# %% id="one-tree"
a, b, c, d = (keras.Input((), dtype="int32", name=name) for name in "abcd")
root = tree_rnn.encode(((a, b), (c, d)))
one_tree = keras.Model([a, b, c, d], tree_rnn.judge(root), name="one_tree")
lab.graph(one_tree)

# %% [markdown] id="about-only-one" tags=["en"]
# The recursion ran once, while the graph was built. Only its calls are left: `join` three
# times, for these brackets and no others. **Predict:** on which of the three shapes does this graph
# agree with the Tree-RNN?

# %% [markdown] id="about-only-one" tags=["es"]
# La recursión se ejecutó una vez, mientras se construía el grafo. De ella quedan sus llamadas:
# `join` tres veces, para estos paréntesis y no otros. **Predice:** ¿en cuál de las tres formas
# coincide este grafo con la Tree-RNN?

# %% id="only-one"
for shape in shapes:
    test = trees(shape, 500)
    same = np.allclose(one_tree(keras.tree.flatten(test)), tree_rnn(test), atol=1e-5)
    print(shape, same)

# %% [markdown] id="about-while" tags=["en"]
# Only on the shape it was built for. The others raise no error: the graph takes four leaves and
# knows nothing of brackets.
#
# A Python `while` whose end depends on the *numbers* cannot even be built. **Predict** why.

# %% [markdown] id="about-while" tags=["es"]
# Solo en la forma para la que se construyó. Las demás no producen ningún error: el grafo recibe
# cuatro hojas y no sabe nada de paréntesis.
#
# Un `while` de Python cuyo final depende de los *números* ni siquiera se puede construir.
# **Predice** por qué.

# %% id="while"
x = keras.Input((3,), name="x")
try:
    while ops.max(x) > 1:
        x = x / 2
except TypeError as error:
    display(lab.explain(error))

# %% [markdown] id="about-mixed" tags=["en"]
# There are no numbers yet that could end it. (`ops.while_loop` puts such a loop into the graph as a
# single call, which runs when the numbers are there. But Keras cannot save such a model, and does
# not train the layers inside the loop.)
#
# ## You can mix all three
#
# Each of the three is a layer for the other two. **Predict** the parameters of this mixture.

# %% [markdown] id="about-mixed" tags=["es"]
# Aún no hay números que puedan terminarlo. (`ops.while_loop` pone un bucle así en el grafo como una
# sola llamada, que se ejecuta cuando los números ya están. Pero Keras no puede guardar un modelo
# así, ni entrena las capas de dentro del bucle).
#
# ## Se pueden combinar las tres
#
# Cada uno de los tres es una capa para los otros dos. **Predice** los parámetros de esta mezcla.

# %% id="mixed"
inputs = keras.Input((32,))
mixed = keras.Model(inputs, layers.average([model(inputs) for model in models]))
print(mixed.output_shape, f"{mixed.count_params():,}")

# %% [markdown] id="about-exercise" tags=["en"]
# Three times 2,762. The last lesson continues from here.
#
# ## Your turn: from code to graph
#
# This subclass does nothing that a fixed graph could not. **Write it as a functional model** with
# two inputs of 8 numbers, first `left`, then `right`, so that it can be drawn. Its parameters:
# 1,233.

# %% [markdown] id="about-exercise" tags=["es"]
# Tres veces 2,762. La última lección continúa desde aquí.
#
# ## Te toca: del código al grafo
#
# Esta subclase no hace nada que un grafo fijo no pueda. **Escríbela como modelo funcional** con dos
# entradas de 8 números, primero `left` y luego `right`, para que se pueda dibujar. Sus parámetros:
# 1,233.


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

# %% [markdown] id="recap" tags=["en"]
# ## What you have learned
#
# - Sequential and functional models are data: checked at once, drawn, cut, saved without their
#   code.
# - A subclass is code: it can do whatever Python can do, and Keras knows its calls only when it
#   runs.
# - A Python loop in the code that builds a graph leaves one fixed graph; what depends on the data
#   needs code, or `ops.while_loop`.
#
# To free its memory, shut this notebook down: menu *Kernel* → *Shut Down Kernel*.
#
# **Next:** [A custom RNN](14_custom_rnn.ipynb)

# %% [markdown] id="recap" tags=["es"]
# ## Lo que has aprendido
#
# - Los modelos Sequential y funcionales son datos: se comprueban enseguida, se dibujan, se cortan y
#   se guardan sin su código.
# - Una subclase es código: puede hacer todo lo que hace Python, y Keras solo conoce sus llamadas
#   cuando se ejecuta.
# - Un bucle de Python en el código que construye un grafo deja un grafo fijo; lo que depende de los
#   datos necesita código, o `ops.while_loop`.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** [Una RNN propia](14_custom_rnn.ipynb)
