# %% [markdown] id="title" tags=["en"]
# # A network for trees
#
# The words of a sentence belong together in pairs, and pairs of pairs: a *tree*, and every sentence
# has its own. Here the sentences are subtractions such as (3 − 1) − (2 − 0). You will write a
# *Tree-RNN*, a network that follows the tree of each example. No single graph can do that; a
# subclass can.
#
# ```
#    (3 − 1) − (2 − 0)             3 − (1 − (2 − 0))
#
#            −                        −
#          /   \                     / \
#         −     −                   3   −
#        / \   / \                     / \
#       3   1 2   0                   1   −
#                                        / \
#                                       2   0
# ```

# %% [markdown] id="title" tags=["es"]
# # Una red para árboles
#
# Las palabras de una frase se agrupan de dos en dos, y los pares en nuevos pares: un *árbol*, y cada
# frase tiene el suyo. Aquí las frases son restas como (3 − 1) − (2 − 0). Vas a escribir una
# *Tree-RNN* (RNN de árbol), una red que sigue el árbol de cada ejemplo. Ningún grafo puede hacerlo
# por sí solo; una subclase, sí.
#
# ```
#    (3 − 1) − (2 − 0)             3 − (1 − (2 − 0))
#
#            −                        −
#          /   \                     / \
#         −     −                   3   −
#        / \   / \                     / \
#       3   1 2   0                   1   −
#                                        / \
#                                       2   0
# ```

# %% id="parameters" tags=["parameters"]
language = "en"
units = 16
rounds = 10
seed = 1

# %% id="setup" tags=["nbval-ignore-output"]
import keras
import kfunc_lab as lab
import numpy as np
from keras import layers, ops

lab.language(language)
keras.utils.set_random_seed(seed)

# %% [markdown] id="about-value" tags=["en"]
# ## A function that calls itself
#
# In Python a pair `(left, right)` can stand for a pair of brackets; `left` and `right` may be pairs
# again. A number at an end is a *leaf*. `isinstance(tree, tuple)` asks whether `tree` is a pair.
#
# The value of a pair is the value of its left side minus the value of its right side. So the
# function `value` calls itself on both sides; it is *recursive*. On a leaf it stops.

# %% [markdown] id="about-value" tags=["es"]
# ## Una función que se llama a sí misma
#
# En Python, un par `(left, right)` puede representar un paréntesis; `left` y `right` pueden ser, a
# su vez, pares. Un número en un extremo es una *hoja*. `isinstance(tree, tuple)` pregunta si `tree`
# es un par.
#
# El valor de un par es el valor de su lado izquierdo menos el de su lado derecho. Por eso la función
# `value` se llama a sí misma con los dos lados; es *recursiva*. Con una hoja se detiene.

# %% id="value-function"
def value(tree):
    if isinstance(tree, tuple):
        left, right = tree
        return value(left) - value(right)
    return tree


value(((3, 1), (2, 0)))

# %% [markdown] id="about-brackets" tags=["en"]
# (3 − 1) − (2 − 0) is 0. Now the same numbers with other brackets.

# %% [markdown] id="about-brackets" tags=["es"]
# (3 − 1) − (2 − 0) es 0. Ahora, los mismos números con otros paréntesis.

# %% id="predict-brackets"
lab.predict("other-brackets")

# %% id="brackets"
other = value((3, (1, (2, 0))))
other

# %% [markdown] id="about-tree-rnn" tags=["en"]
# ## The same recursion, with layers
#
# The network does not know what `−` means; it has to learn it. Its method `encode` has the form of
# `value`, and makes a vector of 16 numbers from every tree:
#
# - A leaf is looked up in an Embedding: a table with one vector for each of the numbers 0 to 3.
# - For a pair, `ops.concatenate` puts the vectors of both sides side by side, and the Dense layer
#   `join` makes one vector of them. Its activation `tanh` keeps each number between −1 and 1.
#
# At the root, `judge` says how probable it is that the value of the tree is above 0.

# %% [markdown] id="about-tree-rnn" tags=["es"]
# ## La misma recursión, con capas
#
# La red no sabe qué significa `−`; tiene que aprenderlo. Su método `encode` tiene la forma de
# `value`, y con cada árbol hace un vector de 16 números:
#
# - Una hoja se busca en un Embedding: una tabla con un vector para cada número del 0 al 3.
# - Para un par, `ops.concatenate` pone juntos los vectores de los dos lados, y la capa Dense `join`
#   los convierte en uno solo. Su activación, `tanh`, mantiene cada número entre −1 y 1.
#
# En la raíz, `judge` dice cuán probable es que el valor del árbol sea mayor que 0.

# %% id="tree-rnn"
class TreeRNN(keras.Model):
    def __init__(self, words, units, **kwargs):
        super().__init__(**kwargs)
        self.embedding = layers.Embedding(words, units, name="embedding")
        self.join = layers.Dense(units, activation="tanh", name="join")
        self.judge = layers.Dense(1, activation="sigmoid", name="judge")

    def encode(self, tree):
        if isinstance(tree, tuple):
            left, right = tree
            pair = [self.encode(left), self.encode(right)]
            return self.join(ops.concatenate(pair, axis=-1))
        return self.embedding(tree)

    def call(self, tree):
        return self.judge(self.encode(tree))

# %% [markdown] id="about-drawn" tags=["en"]
# ## Two trees, two graphs
#
# With symbolic leaves, `encode` leaves a graph behind that can be drawn. Here is the first tree.

# %% [markdown] id="about-drawn" tags=["es"]
# ## Dos árboles, dos grafos
#
# Con hojas simbólicas, `encode` deja un grafo que se puede dibujar. Este es el primer árbol.

# %% id="predict-joins"
lab.predict("joins-in-graph")

# %% id="first-tree"
tree_rnn = TreeRNN(4, units, name="tree_rnn")
a, b, c, d = [keras.Input((), dtype="int32", name=name) for name in "abcd"]
root = tree_rnn.encode(((a, b), (c, d)))
first_tree = keras.Model([a, b, c, d], tree_rnn.judge(root), name="first_tree")
drawn = lab.graph(first_tree)
drawn

# %% [markdown] id="about-other-tree" tags=["en"]
# `join` is used once for each `−`, always with the same weights. Here is the second tree.

# %% [markdown] id="about-other-tree" tags=["es"]
# `join` se usa una vez por cada `−`, siempre con los mismos pesos. Este es el segundo árbol.

# %% id="other-tree"
lab.graph(tree_rnn.encode((a, (b, (c, d)))))

# %% [markdown] id="about-trees" tags=["en"]
# The recursion ran while each graph was built, and left a different one. `first_tree` is a
# functional model: it will treat all data as its own tree.
#
# The next function makes `count` trees of one shape at once: each leaf becomes an array of random
# numbers from 0 to 3, which `np.random.randint` draws. It is recursive too.

# %% [markdown] id="about-trees" tags=["es"]
# La recursión se ejecutó mientras se construía cada grafo, y cada vez dejó uno distinto.
# `first_tree` es un modelo funcional: tratará todos los datos como su propio árbol.
#
# La función siguiente crea de una vez `count` árboles de la misma forma: cada hoja pasa a ser un
# array de números al azar del 0 al 3, que saca `np.random.randint`. También es recursiva.

# %% id="trees"
def trees(shape, count):
    if isinstance(shape, tuple):
        left, right = shape
        return trees(left, count), trees(right, count)
    return np.random.randint(0, 4, count)


shapes = [((0, 0), (0, 0)), (0, (0, (0, 0))), (((0, 0), 0), 0)]
trees(shapes[0], 5)

# %% [markdown] id="about-counts" tags=["en"]
# These are five trees of the first shape. The Tree-RNN now judges five trees of each shape.

# %% [markdown] id="about-counts" tags=["es"]
# Son cinco árboles de la primera forma. La Tree-RNN juzga ahora cinco árboles de cada forma.

# %% id="predict-parameters"
lab.predict("tree-parameters")

# %% id="counts"
counts = []
for shape in shapes:
    tree_rnn(trees(shape, 5))
    counts.append(tree_rnn.count_params())
counts

# %% [markdown] id="about-agree" tags=["en"]
# Next, `first_tree` and the Tree-RNN judge the same 500 trees of each shape, with the same weights.
# `leaves` lists the four leaves of a tree.

# %% [markdown] id="about-agree" tags=["es"]
# Ahora `first_tree` y la Tree-RNN juzgan los mismos 500 árboles de cada forma, con los mismos pesos.
# `leaves` enumera las cuatro hojas de un árbol.

# %% id="predict-agree"
lab.predict("shapes-that-agree")

# %% id="agree"
def leaves(tree):
    if isinstance(tree, tuple):
        return leaves(tree[0]) + leaves(tree[1])
    return [tree]


differences = []
for shape in shapes:
    some = trees(shape, 500)
    difference = np.abs(first_tree(leaves(some)) - tree_rnn(some)).max()
    differences.append(round(float(difference), 2))
differences

# %% [markdown] id="about-weights" tags=["en"]
# These are the largest differences. There is no error: `first_tree` takes four leaves and knows
# nothing of brackets.
#
# ## Training
#
# `run_eagerly=True` makes Keras run `call` as Python code at every step, so that each batch can have
# another tree. `train_on_batch` makes one step of training with one batch. `value` also works on
# arrays, so it computes 64 right answers at once.

# %% [markdown] id="about-weights" tags=["es"]
# Son las mayores diferencias. No hay ningún error: `first_tree` recibe cuatro hojas y no sabe nada
# de paréntesis.
#
# ## Entrenamiento
#
# Con `run_eagerly=True`, Keras ejecuta `call` como código Python en cada paso; así cada lote puede
# tener otro árbol. `train_on_batch` da un paso de entrenamiento con un lote. `value` también funciona
# con arrays, así que calcula 64 respuestas correctas a la vez.

# %% id="train"
tree_rnn.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", run_eagerly=True)
for round_number in range(rounds):
    for shape in shapes:
        batch = trees(shape, 64)
        tree_rnn.train_on_batch(batch, value(batch) > 0)

# %% [markdown] id="about-new" tags=["en"]
# Now comes a tree of *five* leaves, a shape that was never trained on. `accuracy` returns the share
# of 500 trees that the network gets right.

# %% [markdown] id="about-new" tags=["es"]
# Ahora llega un árbol de *cinco* hojas, una forma con la que nunca se entrenó. `accuracy` devuelve
# qué parte de 500 árboles acierta la red.

# %% id="predict-new"
lab.predict("new-shape")

# %% id="new-shape" tags=["nbval-ignore-output"]
def accuracy(shape):
    test = trees(shape, 500)
    says_yes = np.array(tree_rnn(test))[:, 0] > 0.5
    return round(float(np.mean(says_yes == (value(test) > 0))), 2)


accuracies = [accuracy(shape) for shape in [*shapes, ((0, (0, 0)), (0, 0))]]
accuracies

# %% [markdown] id="about-exercise" tags=["en"]
# The last number is for the new shape: the network has learned to follow the brackets.
#
# ## Your turn: count the joins
#
# **Write a recursive function `joins(tree)`** that returns how often `join` is called for a tree,
# whatever its shape: 0 for a leaf, 1 for a pair of leaves, 3 for `((3, 1), (2, 0))`. `value` shows
# the form. Answer with the function itself.

# %% [markdown] id="about-exercise" tags=["es"]
# El último número es el de la forma nueva: la red ha aprendido a seguir los paréntesis.
#
# ## Te toca: cuenta las uniones
#
# **Escribe una función recursiva `joins(tree)`** que devuelva cuántas veces se llama a `join` con un
# árbol, sea cual sea su forma: 0 con una hoja, 1 con un par de hojas, 3 con `((3, 1), (2, 0))`.
# `value` muestra la forma. Entrega la función misma.

# %% id="exercise"
def joins(tree):
    ...


answer = joins
lab.check("count-joins", answer)

# %% id="hint"
# lab.hint("count-joins")
# lab.solution("count-joins")
# joins(((3, 1), (2, 0)))

# %% [markdown] id="recap" tags=["en"]
# ## What you have learned
#
# - A recursive `call` follows the tree of each example, with one set of weights for all trees.
# - A functional model that was built for one tree treats all data as that tree, without any error.
# - What the network learned from some trees serves others too.
#
# To free its memory, shut this notebook down: menu *Kernel* → *Shut Down Kernel*.
#
# **Next:** [A custom RNN](14_custom_rnn.ipynb)

# %% [markdown] id="recap" tags=["es"]
# ## Lo que has aprendido
#
# - Un `call` recursivo sigue el árbol de cada ejemplo, con los mismos pesos para todos los árboles.
# - Un modelo funcional construido para un árbol trata todos los datos como ese árbol, sin ningún
#   error.
# - Lo que la red aprendió con unos árboles sirve también para otros.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** [Una RNN propia](14_custom_rnn.ipynb)
