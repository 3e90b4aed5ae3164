# %% [markdown] id="title" tags=["en"]
# # Shared layers
#
# One layer can be called several times, and every call uses the same weights. You will share an
# embedding between two texts, and build a network with two equal halves that learns which of two
# digits is larger. You will see when layers share weights, and when they only seem to.
#
# ```
# left digit  → tower ↘
#                       left − right → probability that left is larger
# right digit → tower ↗
# ```

# %% [markdown] id="title" tags=["es"]
# # Capas compartidas
#
# Una misma capa se puede llamar varias veces, y cada llamada usa los mismos pesos. Vas a compartir
# un *embedding* entre dos textos y a construir una red de dos mitades iguales que aprende cuál de
# dos dígitos es mayor. Verás cuándo unas capas comparten pesos y cuándo solo lo parece.
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
# A text enters a network as a row of numbers, one per word. An *embedding* turns each of them into
# a vector: it is a table with one row for each word, here 1,000 words and 128 numbers per row. Two
# texts in the same language can use the same table. The texts may have any length, so their shape
# is `(None,)`.

# %% [markdown] id="about-embedding" tags=["es"]
# ## Un *embedding* para dos textos
#
# Un texto entra en una red como una fila de números, uno por palabra. Una incrustación
# (*embedding*) convierte cada uno en un vector: es una tabla con una fila por palabra, aquí 1,000
# palabras y 128 números por fila. Dos textos en el mismo idioma pueden usar la misma tabla. Los
# textos pueden tener cualquier longitud; por eso su forma es `(None,)`.

# %% id="texts"
text_a = keras.Input(shape=(None,), dtype="int32", name="text_a")
text_b = keras.Input(shape=(None,), dtype="int32", name="text_b")

# %% [markdown] id="about-shared" tags=["en"]
# To share a layer, make it once and call it twice. **Predict:** how many parameters does the model
# have, 1,000 · 128 = 128,000 or twice as many?

# %% [markdown] id="about-shared" tags=["es"]
# Para compartir una capa, créala una vez y llámala dos. **Predice:** ¿cuántos parámetros tiene el
# modelo, 1,000 · 128 = 128,000 o el doble?

# %% id="shared"
embedding = layers.Embedding(1000, 128)
both = [embedding(text_a), embedding(text_b)]
shared = keras.Model([text_a, text_b], both, name="shared")
f"{shared.count_params():,}", [layer.name for layer in shared.layers]

# %% [markdown] id="about-shared-graph" tags=["en"]
# Two calls, but one layer: it is in `shared.layers` once, and it is counted once. The graph shows
# the calls. Calls of the same layer are marked *use 1 of 2* and have the same colour.

# %% [markdown] id="about-shared-graph" tags=["es"]
# Dos llamadas, pero una sola capa: aparece una vez en `shared.layers` y se cuenta una vez. El grafo
# muestra las llamadas. Las de una misma capa llevan la marca *uso 1 de 2* y el mismo color.

# %% id="shared-graph"
lab.graph(shared)

# %% [markdown] id="about-separate" tags=["en"]
# ## Same arguments, same layer?
#
# Below, an embedding with the same arguments is made for each text. **Predict** the number of
# parameters, and which difference `lab.compare` finds.

# %% [markdown] id="about-separate" tags=["es"]
# ## ¿Mismos argumentos, misma capa?
#
# Abajo se crea, para cada texto, un *embedding* con los mismos argumentos. **Predice** el número de
# parámetros y qué diferencia encuentra `lab.compare`.

# %% id="separate"
both = [layers.Embedding(1000, 128)(text) for text in (text_a, text_b)]
separate = keras.Model([text_a, text_b], both, name="separate")
lab.compare(shared, separate)

# %% [markdown] id="about-word" tags=["en"]
# Twice as many. Nothing was added and no setting changed, and yet both calls differ: they no longer
# share. Each `layers.Embedding(1000, 128)` that is *run* makes a new table, filled with random
# numbers of its own.
#
# **Predict:** does the word number 7 get the same vector in both texts?

# %% [markdown] id="about-word" tags=["es"]
# El doble. No se añadió nada ni cambió ningún ajuste y, aun así, las dos llamadas son distintas: ya no
# comparten. Cada `layers.Embedding(1000, 128)` que se *ejecuta* crea una tabla nueva, llena de sus
# propios números aleatorios.
#
# **Predice:** ¿recibe la palabra número 7 el mismo vector en los dos textos?

# %% id="word"
word = np.array([[7]])
for model in (shared, separate):
    print(np.array_equal(*model.predict([word, word], verbose=0)))

# %% [markdown] id="about-learning" tags=["en"]
# ## What is learned from one text holds for the other
#
# One step of training, with the words 1 and 2 in the first text and 8 and 9 in the second. (`sgd`
# is the simplest optimizer: it moves each weight against its gradient.) The function returns which
# rows of each table have changed. **Predict** its two results.

# %% [markdown] id="about-learning" tags=["es"]
# ## Lo aprendido con un texto vale para el otro
#
# Un paso de entrenamiento, con las palabras 1 y 2 en el primer texto y 8 y 9 en el segundo. (`sgd`
# es el optimizador más simple: mueve cada peso en contra de su gradiente). La función devuelve qué
# filas de cada tabla cambiaron. **Predice** sus dos resultados.

# %% id="learning"
def rows_changed(model):
    before = model.get_weights()
    model.compile(optimizer="sgd", loss="mse")
    goal = np.zeros((1, 2, 128))
    model.train_on_batch([np.array([[1, 2]]), np.array([[8, 9]])], [goal, goal])
    changed = [(new != old).any(axis=1) for new, old in zip(model.get_weights(), before)]
    return [np.flatnonzero(rows).tolist() for rows in changed]


print(rows_changed(shared), rows_changed(separate))

# %% [markdown] id="after-learning" tags=["en"]
# The shared table learned all four words: the gradients of both calls are added up in the same
# weights. Each of the separate tables learned two, and nothing from the words of the other text.

# %% [markdown] id="after-learning" tags=["es"]
# La tabla compartida aprendió las cuatro palabras: los gradientes de ambas llamadas se suman en los
# mismos pesos. Cada una de las tablas separadas aprendió dos, y nada de las palabras del otro
# texto.

# %% [markdown] id="about-other-size" tags=["en"]
# ## Built once
#
# A layer makes its weights at its first call, in the size that fits. **Predict:** what happens if the
# second call brings another size?

# %% [markdown] id="about-other-size" tags=["es"]
# ## Se construye una sola vez
#
# Una capa crea sus pesos en la primera llamada, con el tamaño que encaja. **Predice:** ¿qué pasa si la
# segunda llamada trae otro tamaño?

# %% id="other-size"
dense = layers.Dense(4)
x = dense(keras.Input(shape=(8,), name="eight"))
try:
    dense(keras.Input(shape=(5,), name="five"))
except ValueError as error:
    mistake = lab.explain(error)
mistake

# %% [markdown] id="about-count" tags=["en"]
# Shared calls need inputs of the same size, as far as the weights depend on it.
#
# ## Your turn: count
#
# ```python
# a, b, c = [keras.Input(shape=(8,)) for _ in range(3)]
# first = layers.Dense(4)
# second = layers.Dense(5)
# parts = [second(first(a)), second(first(b)), first(c)]
# outputs = layers.Dense(1)(layers.Concatenate()(parts))
# model = keras.Model([a, b, c], outputs)
# ```
#
# `first` is called three times, `second` twice. **How many parameters does the model have?** Work it out
# on paper first.

# %% [markdown] id="about-count" tags=["es"]
# Las llamadas a una capa compartida necesitan entradas del mismo tamaño, en la medida en que los pesos
# dependan de él.
#
# ## Te toca: cuenta
#
# ```python
# a, b, c = [keras.Input(shape=(8,)) for _ in range(3)]
# first = layers.Dense(4)
# second = layers.Dense(5)
# parts = [second(first(a)), second(first(b)), first(c)]
# outputs = layers.Dense(1)(layers.Concatenate()(parts))
# model = keras.Model([a, b, c], outputs)
# ```
#
# `first` se llama tres veces; `second`, dos. **¿Cuántos parámetros tiene el modelo?** Calcúlalo
# antes en papel.

# %% id="exercise-count"
parameters = ...
lab.check("shared-count", parameters)

# %% id="hint-count"
# lab.hint("shared-count")
# lab.solution("shared-count")

# %% [markdown] id="about-pairs" tags=["en"]
# ## Which digit is larger?
#
# Now a network with two inputs that learns from comparisons alone. It gets two digits and whether
# the left one is larger, never which digits they are. And one case is missing: in its training
# pairs, a **9 is never on the right**. (The function `pairs` draws random pairs, and keeps those of
# two different digits without a 9 on the right.)

# %% [markdown] id="about-pairs" tags=["es"]
# ## ¿Qué dígito es mayor?
#
# Ahora, una red con dos entradas que aprende únicamente a partir de comparaciones. Recibe dos
# dígitos y si el izquierdo es mayor, nunca qué dígitos son. Y hay un caso que falta: en sus pares
# de entrenamiento, **el 9 nunca está a la derecha**. (La función `pairs` saca pares al azar y
# conserva los de dos dígitos distintos que no tienen un 9 a la derecha).

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
# Each column is a pair, the left digit above. The *tower* is a small model that computes one number
# from an image, its score. It has no bias at the end, because a constant would cancel out in the
# difference. A model can be called like a layer, so it can be shared like a layer.
# `layers.Activation("sigmoid")` is an activation as a layer of its own.

# %% [markdown] id="about-tower" tags=["es"]
# Cada columna es un par, con el dígito izquierdo arriba. La *torre* es un modelo pequeño que
# calcula a partir de una imagen un solo número, su puntuación. Al final no tiene sesgo, porque una
# constante se anularía en la diferencia. Un modelo se puede llamar igual que una capa, y por eso se
# puede compartir igual que una capa. `layers.Activation("sigmoid")` es una activación como capa
# aparte.

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
# A network with two equal towers over the same weights is called *siamese*. Here is one, and beside it
# one whose towers have weights of their own. **Predict** the parameters of both: a tower has 25,152.

# %% [markdown] id="about-siamese" tags=["es"]
# Una red con dos torres iguales sobre los mismos pesos se llama *siamesa*. Aquí hay una y, a su lado,
# otra cuyas torres tienen cada una sus propios pesos. **Predice** los parámetros de ambas: una torre
# tiene 25,152.

# %% id="siamese"
tower = make_tower("tower")
siamese = compare_digits(tower, tower)
apart = compare_digits(make_tower("left_tower"), make_tower("right_tower"))
print(f"{tower.count_params():,} {siamese.count_params():,} {apart.count_params():,}")

# %% id="siamese-graph"
lab.graph(siamese)

# %% [markdown] id="about-fit" tags=["en"]
# Both learn from the same pairs, for the same number of epochs. **Predict:** which of them has the
# higher accuracy on the test pairs? And on those with a 9 on the right? (The siamese network is
# printed first.)

# %% [markdown] id="about-fit" tags=["es"]
# Las dos aprenden con los mismos pares y durante las mismas épocas. **Predice:** ¿cuál acierta más
# en los pares de prueba? ¿Y en los que tienen un 9 a la derecha? (La red siamesa se imprime
# primero).

# %% id="fit"
def learn(model):
    adam = keras.optimizers.Adam(0.002)
    model.compile(optimizer=adam, loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(train, larger, epochs=epochs, batch_size=64, verbose=0)
    return (model.predict(test, verbose=0)[:, 0] > 0.5) == test_larger


siamese_right, apart_right = learn(siamese), learn(apart)

# %% id="scores" tags=["nbval-ignore-output"]
nine = test_right == 9
print(f"{siamese_right.mean():.2f} {apart_right.mean():.2f}")
print(f"{siamese_right[nine].mean():.2f} {apart_right[nine].mean():.2f}")

# %% [markdown] id="after-scores" tags=["en"]
# The siamese network is better with half the parameters, because every image trains the same tower.
# With a 9 on the right it is ahead by more than 10 percentage points: its tower was trained on
# nines on the left, and what it learned there counts on both sides. The right tower of the other
# network was never trained on a 9.
#
# **Change** `count` in the first code cell of this lesson to 4000 and run the cells from there.
# More pairs help both networks. Do they help the right tower with the 9?
#
# ## Swapped
#
# **Predict:** if the two images change places, what do the two answers of a network add up to? (The
# smallest and the largest sum are printed.)

# %% [markdown] id="after-scores" tags=["es"]
# La red siamesa es mejor con la mitad de parámetros, porque todas las imágenes entrenan la misma
# torre. Con un 9 a la derecha aventaja a la otra en más de 10 puntos porcentuales: su torre se
# entrenó con nueves a la izquierda, y lo que aprendió allí vale para los dos lados. La torre
# derecha de la otra red nunca se entrenó con un 9.
#
# **Cambia** `count` a 4000 en la primera celda de código de esta lección y ejecuta las celdas desde
# ahí. Más pares ayudan a las dos redes. ¿Ayudan también a la torre derecha con el 9?
#
# ## Al revés
#
# **Predice:** si las dos imágenes cambian de lugar, ¿cuánto suman las dos respuestas de una red?
# (Se imprimen la suma menor y la mayor).

# %% id="swapped"
for model in (siamese, apart):
    answers = model.predict(test, verbose=0) + model.predict(test[::-1], verbose=0)
    print(f"{answers.min():.1f} {answers.max():.1f}")

# %% [markdown] id="about-alone" tags=["en"]
# Always 1 in the siamese network: left minus right changes its sign. It does not have to learn
# this; it follows from sharing the weights. The other network contradicts itself.
#
# ## The tower alone
#
# The tower was trained inside the siamese network, and it is a model of its own. Nobody told it
# what digits are. **Predict:** in which order are the mean scores of the digits 0 to 9?

# %% [markdown] id="about-alone" tags=["es"]
# En la red siamesa siempre suman 1: izquierdo menos derecho cambia de signo. No tiene que
# aprenderlo; es consecuencia de compartir los pesos. La otra red se contradice.
#
# ## La torre sola
#
# La torre se entrenó dentro de la red siamesa y es un modelo por sí misma. Nadie le dijo qué son
# los dígitos. **Predice:** ¿cómo se ordenan las puntuaciones medias de los dígitos del 0 al 9?

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
# word vectors, and `tanh` is an activation from −1 to 1. A function makes the code short, but
# something has gone wrong: the network is twice as large as it should be.

# %% [markdown] id="after-alone" tags=["es"]
# Solo con comparaciones ha puesto los dígitos más o menos en orden.
#
# ## Te toca: que las torres compartan pesos
#
# Esta red dice si una respuesta encaja con una pregunta. `GlobalAveragePooling1D` calcula la media
# de los vectores de las palabras, y `tanh` es una activación que va de −1 a 1. Una función abrevia
# el código, pero algo salió mal: la red es el doble de grande de lo que debería.

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
# - Una capa que se crea una vez y se llama varias tiene un solo juego de pesos, que se cuenta una vez.
# - Con los mismos argumentos salen capas iguales, no la misma; una función que crea capas crea otras
#   nuevas.
# - Las torres compartidas aprenden de todas sus entradas, y las tratan a todas de la misma manera.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** [Mirar por dentro](09_look_inside.ipynb)
