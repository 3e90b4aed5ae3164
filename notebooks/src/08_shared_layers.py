# %% [markdown] id="title" tags=["en"]
# # Shared layers
#
# One layer can be called several times, and every call uses the same weights. You will share an
# embedding between two texts, and build a network with two equal halves that learns which of two
# digits is larger.
#
# ```
# left digit  → tower ↘
#                       left − right → probability that left is larger
# right digit → tower ↗
# ```

# %% [markdown] id="title" tags=["es"]
# # Capas compartidas
#
# Una misma capa se puede llamar varias veces, y cada llamada usa los mismos pesos. Vas a compartir un
# *embedding* entre dos textos y a construir una red de dos mitades iguales que aprende cuál de dos
# dígitos es mayor.
#
# ```
# dígito izquierdo → torre ↘
#                            izquierdo − derecho → probabilidad de que el izquierdo sea mayor
# dígito derecho   → torre ↗
# ```

# %% id="parameters" tags=["parameters"]
language = "en"
source = "embedded"
count = 1000
epochs = 10
seed = 1

# %% id="setup" tags=["nbval-ignore-output"]
import keras
import kfunc_lab as lab
import numpy as np
from keras import layers

lab.language(language)
keras.utils.set_random_seed(seed)

# %% [markdown] id="about-embedding" tags=["en"]
# ## One embedding for two texts
#
# A text enters a network as a row of numbers, one per word. An *embedding* turns each of them into a
# vector: it is a table with one row for each word, here 1,000 words and 128 numbers per row. Texts
# of any length have shape `(None,)`.

# %% [markdown] id="about-embedding" tags=["es"]
# ## Un *embedding* para dos textos
#
# Un texto entra en una red como una fila de números, uno por palabra. Una incrustación (*embedding*)
# convierte cada uno en un vector: es una tabla con una fila por palabra, aquí 1,000 palabras y 128
# números por fila. Los textos de cualquier longitud tienen forma `(None,)`.

# %% id="texts"
text_a = keras.Input(shape=(None,), dtype="int32", name="text_a")
text_b = keras.Input(shape=(None,), dtype="int32", name="text_b")

# %% [markdown] id="about-shared" tags=["en"]
# Two texts in the same language can use the same table. To share a layer, make it once and call it
# twice.

# %% [markdown] id="about-shared" tags=["es"]
# Dos textos en el mismo idioma pueden usar la misma tabla. Para compartir una capa, créala una vez y
# llámala dos.

# %% id="ask-shared-parameters"
lab.predict("shared-parameters")

# %% id="shared"
embedding = layers.Embedding(1000, 128)
both = [embedding(text_a), embedding(text_b)]
shared = keras.Model([text_a, text_b], both, name="shared")
lab.graph(shared)

# %% [markdown] id="about-separate" tags=["en"]
# Two calls, but one layer: the graph marks them *use 1 of 2*, in the same colour.
#
# ## Same arguments, same layer?
#
# Below, an embedding with the same arguments is made for each text.

# %% [markdown] id="about-separate" tags=["es"]
# Dos llamadas, pero una sola capa: el grafo las marca *uso 1 de 2*, con el mismo color.
#
# ## ¿Mismos argumentos, misma capa?
#
# Abajo se crea, para cada texto, un *embedding* con los mismos argumentos.

# %% id="ask-separate-parameters"
lab.predict("separate-parameters")

# %% id="separate"
both = [layers.Embedding(1000, 128)(text) for text in (text_a, text_b)]
separate = keras.Model([text_a, text_b], both, name="separate")
lab.compare(shared, separate)

# %% [markdown] id="after-separate" tags=["en"]
# Nothing was added and no setting changed, and yet both calls differ: they no longer share. Each
# `layers.Embedding(1000, 128)` that is *run* makes a new table, filled with random numbers of its
# own.

# %% [markdown] id="after-separate" tags=["es"]
# No se añadió nada ni cambió ningún ajuste y, aun así, las dos llamadas son distintas: ya no
# comparten. Cada `layers.Embedding(1000, 128)` que se *ejecuta* crea una tabla nueva, llena de sus
# propios números aleatorios.

# %% [markdown] id="about-learning" tags=["en", "optional"]
# ## What is learned from one text (optional)
#
# One step of training, with the words 1 and 2 in the first text and 8 and 9 in the second. (`sgd`
# is the simplest optimizer: it moves each weight against its gradient.) The function returns which
# rows of each table have changed (`np.flatnonzero`: the places of `True`).

# %% [markdown] id="about-learning" tags=["es", "optional"]
# ## Lo que se aprende de un texto (opcional)
#
# Un paso de entrenamiento, con las palabras 1 y 2 en el primer texto y 8 y 9 en el segundo. (`sgd`
# es el optimizador más simple: mueve cada peso en contra de su gradiente). La función devuelve qué
# filas de cada tabla cambiaron (`np.flatnonzero`: los lugares de `True`).


# %% id="learning" tags=["optional"]
def rows_changed(model):
    before = model.get_weights()
    model.compile(optimizer="sgd", loss="mse")
    goal = np.zeros((1, 2, 128))
    model.train_on_batch([np.array([[1, 2]]), np.array([[8, 9]])], [goal, goal])
    changed = [(new != old).any(axis=1) for new, old in zip(model.get_weights(), before)]
    return [np.flatnonzero(rows).tolist() for rows in changed]


print(rows_changed(shared), rows_changed(separate))

# %% [markdown] id="after-learning" tags=["en", "optional"]
# The shared table learned all four words: the gradients of both calls are added up in the same
# weights. Each of the separate tables learned two, and nothing from the words of the other text.

# %% [markdown] id="after-learning" tags=["es", "optional"]
# La tabla compartida aprendió las cuatro palabras: los gradientes de ambas llamadas se suman en los
# mismos pesos. Cada una de las tablas separadas aprendió dos, y nada de las palabras del otro texto.

# %% [markdown] id="about-count" tags=["en"]
# ## Your turn: count
#
# ```python
# a, b, c = [keras.Input(shape=(8,)) for _ in range(3)]
# first = layers.Dense(4)
# second = layers.Dense(5)
# parts = [second(first(a)), second(first(b)), first(c)]
# outputs = layers.Dense(1)(layers.concatenate(parts))
# model = keras.Model([a, b, c], outputs)
# ```
#
# `first` is called three times, `second` twice. **How many parameters does the model have?** Work it
# out on paper first.

# %% [markdown] id="about-count" tags=["es"]
# ## Te toca: cuenta
#
# ```python
# a, b, c = [keras.Input(shape=(8,)) for _ in range(3)]
# first = layers.Dense(4)
# second = layers.Dense(5)
# parts = [second(first(a)), second(first(b)), first(c)]
# outputs = layers.Dense(1)(layers.concatenate(parts))
# model = keras.Model([a, b, c], outputs)
# ```
#
# `first` se llama tres veces; `second`, dos. **¿Cuántos parámetros tiene el modelo?** Calcúlalo antes
# en papel.

# %% id="exercise-count"
parameters = ...
lab.check("shared-count", parameters)

# %% id="hint-count"
# lab.hint("shared-count")
# lab.solution("shared-count")

# %% [markdown] id="about-pairs" tags=["en"]
# ## Which digit is larger?
#
# Now a network with two inputs that learns from comparisons. It gets two digits and whether the
# left one is larger, never which digits they are. `pairs` draws pairs at random (`randint` of
# `RandomState`) and keeps the first `count` whose digits differ; in training, it also drops those
# with a **9 on the right**. (`*` passes a list as arguments.)

# %% [markdown] id="about-pairs" tags=["es"]
# ## ¿Qué dígito es mayor?
#
# Ahora, una red con dos entradas que aprende a partir de comparaciones. Recibe dos dígitos y si el
# izquierdo es mayor, nunca qué dígitos son. `pairs` saca pares al azar (`randint` de `RandomState`)
# y conserva los primeros `count` de dígitos distintos; para entrenar, descarta además los que
# tienen un **9 a la derecha**. (`*` pasa una lista como argumentos).


# %% id="pairs"
def pairs(x, y, count, never_right=-1):
    random = np.random.RandomState(seed)
    left, right = random.randint(len(x), size=(2, 2 * count))
    kept = (y[left] != y[right]) & (y[right] != never_right)
    left, right = left[kept][:count], right[kept][:count]
    return [x[left], x[right]], y[left] > y[right], y[right]


# %% id="data"
(x_train, y_train), (x_test, y_test) = lab.datasets.mnist(source=source)
x_train, x_test = [x.reshape(-1, 784).astype("float32") / 255 for x in (x_train, x_test)]
train, larger, right = pairs(x_train, y_train, count, never_right=9)
test, test_larger, test_right = pairs(x_test, y_test, 2000)
lab.pictures(*[images[:8].reshape(-1, 28, 28) for images in train], captions=list(larger[:8]))

# %% [markdown] id="about-tower" tags=["en"]
# Each column is a pair, the left digit above, with the answer to learn. The *tower* is a small
# model that computes one number from an image, its score. It has no bias at the end (`use_bias`),
# because a constant would cancel out in the difference, which `Subtract` computes.
# `layers.Activation("sigmoid")` is an activation as a layer of its own.

# %% [markdown] id="about-tower" tags=["es"]
# Cada columna es un par, con el dígito izquierdo arriba y la respuesta por aprender debajo. La
# *torre* es un modelo pequeño que calcula a partir de una imagen un solo número, su puntuación. Al
# final no tiene sesgo (`use_bias`), porque se anularía en la diferencia (`Subtract`).
# `layers.Activation("sigmoid")` es una activación como capa aparte.


# %% id="tower"
def make_tower(name):
    image = keras.Input(shape=(784,))
    x = layers.Dense(32, activation="relu")(image)
    return keras.Model(image, layers.Dense(1, use_bias=False)(x), name=name)


def compare_digits(left_tower, right_tower):
    left, right = [keras.Input(shape=(784,), name=name) for name in ("left", "right")]
    gap = layers.Subtract()([left_tower(left), right_tower(right)])
    return keras.Model([left, right], layers.Activation("sigmoid")(gap))


# %% [markdown] id="about-siamese" tags=["en"]
# A model can be shared like a layer. A network with two towers over the same weights is called
# *siamese*. Here is one, and beside it one whose towers have weights of their own; a tower has
# 784 · 32 + 32 + 32 = 25,152 parameters.

# %% [markdown] id="about-siamese" tags=["es"]
# Un modelo se puede compartir igual que una capa. Una red con dos torres sobre los mismos pesos se
# llama *siamesa*. Aquí hay una y, a su lado, otra cuyas torres tienen cada una sus propios pesos; una
# torre tiene 784 · 32 + 32 + 32 = 25,152 parámetros.

# %% id="siamese"
tower = make_tower("tower")
siamese = compare_digits(tower, tower)
apart = compare_digits(make_tower("left_tower"), make_tower("right_tower"))
print(f"{siamese.count_params():,} {apart.count_params():,}")
lab.graph(siamese)

# %% [markdown] id="about-fit" tags=["en"]
# Both learn from the same pairs. Their accuracy is printed, first that of the siamese network.

# %% [markdown] id="about-fit" tags=["es"]
# Las dos aprenden con los mismos pares. Se imprime su exactitud; primero, la de la red siamesa.

# %% id="ask-nine-on-the-right"
lab.predict("nine-on-the-right")


# %% id="scores" tags=["nbval-ignore-output"]
def learn(model):
    adam = keras.optimizers.Adam(0.002)
    model.compile(optimizer=adam, loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(train, larger, epochs=epochs, batch_size=64, verbose=0)
    return (model.predict(test, verbose=0)[:, 0] > 0.5) == test_larger


nine = test_right == 9
siamese_right, apart_right = learn(siamese), learn(apart)
print(f"all pairs: {siamese_right.mean():.2f} {apart_right.mean():.2f}")
print(f"9 right:   {siamese_right[nine].mean():.2f} {apart_right[nine].mean():.2f}")

# %% [markdown] id="after-scores" tags=["en"]
# The siamese network is better with half the parameters, because every image trains the same tower.
# It knows the 9 from the left, and what it learned there counts on both sides. The right tower of the
# other network was never trained on a 9.
#
# **Change** `count` in the first code cell of this lesson to 4000 and run the cells from there. Do
# more pairs help the right tower with the 9? Compare the last number.
#
# ## The tower alone
#
# The tower was trained inside the siamese network, and it is a model of its own. Nobody told it what
# digits are.

# %% [markdown] id="after-scores" tags=["es"]
# La red siamesa es mejor con la mitad de parámetros, porque todas las imágenes entrenan la misma
# torre. Conoce el 9 de la izquierda, y lo que aprendió allí vale para los dos lados. La torre derecha
# de la otra red nunca se entrenó con un 9.
#
# **Cambia** `count` a 4000 en la primera celda de código de esta lección y ejecuta las celdas desde
# ahí. ¿Ayudan más pares a la torre derecha con el 9? Compara el último número.
#
# ## La torre sola
#
# La torre se entrenó dentro de la red siamesa y es un modelo por sí misma. Nadie le dijo qué son los
# dígitos.

# %% id="ask-tower-order"
lab.predict("tower-order")

# %% id="alone" tags=["nbval-ignore-output"]
points = tower.predict(x_test, verbose=0)[:, 0]
means = [points[y_test == digit].mean() for digit in range(10)]
for digit, mean in enumerate(means):
    print(digit, f"{mean:5.1f}", "#" * round(4 * float(mean - min(means))))

# %% [markdown] id="after-alone" tags=["en"]
# From comparisons alone it has put the digits roughly in order.
#
# ## Your turn: tie the towers
#
# This network says whether a reply fits a question. `GlobalAveragePooling1D` takes the mean of the
# word vectors, and `tanh` is an activation from −1 to 1; `Multiply` multiplies number by number.
# The function makes the code short, but something has gone wrong: the network is twice as large as
# it should be.

# %% [markdown] id="after-alone" tags=["es"]
# Solo con comparaciones ha puesto los dígitos más o menos en orden.
#
# ## Te toca: que las torres compartan pesos
#
# Esta red dice si una respuesta encaja con una pregunta. `GlobalAveragePooling1D` calcula la media
# de los vectores de las palabras, y `tanh` es una activación que va de −1 a 1; `Multiply`
# multiplica número a número. La función abrevia el código, pero algo salió mal: la red es el doble
# de grande.


# %% id="untied"
def encode(text):
    x = layers.GlobalAveragePooling1D()(layers.Embedding(1000, 128)(text))
    return layers.Dense(128, activation="tanh")(x)


question = keras.Input(shape=(None,), dtype="int32", name="question")
reply = keras.Input(shape=(None,), dtype="int32", name="reply")
both = layers.Multiply()([encode(question), encode(reply)])
untied = keras.Model([question, reply], layers.Dense(1, activation="sigmoid")(both))
lab.graph(untied)

# %% [markdown] id="about-exercise" tags=["en"]
# **Build the same network, with question and reply read by the same layers.** Copy the code into the
# cell below, change it, and give your model the name `tied`.

# %% [markdown] id="about-exercise" tags=["es"]
# **Construye la misma red, pero de modo que las mismas capas lean la pregunta y la respuesta.** Copia
# el código en la celda de abajo, modifícalo y dale a tu modelo el nombre `tied`.

# %% id="exercise"
tied = ...
lab.check("tie-the-towers", tied)

# %% id="hint"
# lab.hint("tie-the-towers")
# lab.solution("tie-the-towers")
# lab.watch(target="tie-the-towers")
# lab.compare(untied, tied)

# %% [markdown] id="recap" tags=["en"]
# ## What you have learned
#
# - A layer that is made once and called several times has one set of weights, counted once.
# - Equal arguments make equal layers, not the same one; a function that makes layers makes new ones.
# - Shared towers learn from all their inputs, and treat all of them the same way.
#
# To free its memory, shut this notebook down: menu *Kernel* → *Shut Down Kernel*.
#
# **Next:** [Look inside](09_look_inside.ipynb)

# %% [markdown] id="recap" tags=["es"]
# ## Lo que has aprendido
#
# - Una capa que se crea una vez y se llama varias tiene un solo juego de pesos, que se cuenta una
#   vez.
# - Con los mismos argumentos salen capas iguales, no la misma; una función que crea capas crea otras
#   nuevas.
# - Las torres compartidas aprenden de todas sus entradas, y las tratan a todas de la misma manera.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** [Mirar por dentro](09_look_inside.ipynb)
