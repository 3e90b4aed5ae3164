# %% [markdown] id="title" tags=["en"]
# # Many inputs and outputs
#
# A support ticket has a title, a message and some tags. Two questions are asked of it: is it urgent,
# and which department should read it? You will build one model with three inputs and two outputs,
# give each output a loss of its own, and see what happens when losses or inputs are mixed up.

# %% [markdown] id="title" tags=["es"]
# # Varias entradas y salidas
#
# Un ticket de soporte tiene un título, un mensaje y algunas etiquetas. De él se quieren saber dos
# cosas: si es urgente y qué departamento debe leerlo. Vas a construir un solo modelo con tres entradas
# y dos salidas, a darle a cada salida su propia pérdida y a ver qué pasa cuando se mezclan las pérdidas
# o las entradas.

# %% id="parameters" tags=["parameters"]
language = "en"
count = 4000
epochs = 5
seed = 1

# %% id="setup" tags=["nbval-ignore-output"]
import keras
import kfunc_lab as lab
import numpy as np
from keras import layers

lab.language(language)
keras.utils.set_random_seed(seed)

# %% [markdown] id="about-data" tags=["en"]
# ## The tickets
#
# Nobody sent these tickets: a program writes them, from templates. So that there is something to
# learn, department and priority follow from what a ticket says, though rarely from one word alone.

# %% [markdown] id="about-data" tags=["es"]
# ## Los tickets
#
# Nadie envió estos tickets: los escribe un programa a partir de plantillas. Para que haya algo que
# aprender, el departamento y la prioridad se deducen de lo que dice el ticket, aunque rara vez de una
# sola palabra.

# %% id="data"
tickets = lab.datasets.tickets(count)
print(tickets.titles[2])
print(tickets.bodies[2])
print(tickets.tags[2].astype(int), tickets.priority[2], tickets.department[2])

# %% [markdown] id="about-encode" tags=["en"]
# The tags are twelve zeros and ones, the priority is one number, and the department is a row of four
# with a single one. Only the texts are not numbers yet. `TextVectorization` numbers the words by how
# often they occur, and makes each text a row of the same length: what is longer is cut, what is shorter
# is filled up with zeros. **Predict** the shape of all titles together.

# %% [markdown] id="about-encode" tags=["es"]
# Las etiquetas son doce ceros y unos, la prioridad es un número y el departamento es una fila de cuatro
# con un solo uno. Lo único que todavía no son números son los textos. `TextVectorization` numera las
# palabras según su frecuencia y convierte cada texto en una fila de la misma longitud: lo que sobra se
# corta y lo que falta se completa con ceros. **Predice** la forma de todos los títulos juntos.

# %% id="encode"
num_words = 10_000


def encode(texts, length):
    numbering = layers.TextVectorization(num_words, output_sequence_length=length)
    numbering.adapt(texts)
    return np.array(numbering(texts))


titles, bodies = encode(tickets.titles, 10), encode(tickets.bodies, 32)
titles.shape, bodies.shape

# %% [markdown] id="about-inputs" tags=["en"]
# ## Three inputs
#
# Each input is a `keras.Input` of its own, and its **name** will matter. The length of the texts is left
# open: `shape=(None,)`. Run the next cell and keep the panel in view.

# %% [markdown] id="about-inputs" tags=["es"]
# ## Tres entradas
#
# Cada entrada es un `keras.Input` propio, y su **nombre** va a importar. La longitud de los textos queda
# abierta: `shape=(None,)`. Ejecuta la celda siguiente y no pierdas de vista el panel.

# %% id="inputs"
lab.watch()
title = keras.Input(shape=(None,), name="title")
body = keras.Input(shape=(None,), name="body")
tags = keras.Input(shape=(12,), name="tags")
# %% [markdown] id="about-features" tags=["en"]
# The panel now shows three graphs of one box each. The two texts go through an `Embedding`, which
# keeps a vector of 64 numbers for every word, and an `LSTM`, which reads the vectors one after the
# other and returns a single vector that sums up the text. **Predict** the shapes after the
# embedding and after the LSTM.

# %% [markdown] id="about-features" tags=["es"]
# El panel muestra ahora tres grafos de una sola caja. Los dos textos pasan por un `Embedding`, que
# guarda un vector de 64 números para cada palabra, y por una `LSTM`, que lee los vectores uno tras
# otro y devuelve un solo vector que resume el texto. **Predice** las formas que salen del
# *embedding* y de la LSTM.

# %% id="features"
title_vectors = layers.Embedding(num_words, 64)(title)
title_features = layers.LSTM(128)(title_vectors)
body_features = layers.LSTM(32)(layers.Embedding(num_words, 64)(body))
title_vectors.shape, title_features.shape, body_features.shape

# %% [markdown] id="about-join" tags=["en"]
# An embedding adds an axis; the LSTM takes the axis of the words away again. What is left are vectors,
# and those can be joined. **Predict** the length of the joined vector.

# %% [markdown] id="about-join" tags=["es"]
# El *embedding* añade un eje; la LSTM vuelve a quitar el eje de las palabras. Quedan vectores, y los
# vectores se pueden unir. **Predice** la longitud del vector unido.

# %% id="join"
x = layers.concatenate([title_features, body_features, tags])
x.shape

# %% [markdown] id="about-heads" tags=["en"]
# ## Two heads
#
# 128 + 32 + 12 = 172. In the panel three branches have become one. It forks again: two final layers
# are called on the same `x`. Such layers are called *heads*, and they get names too.

# %% [markdown] id="about-heads" tags=["es"]
# ## Dos cabezas
#
# 128 + 32 + 12 = 172. En el panel, tres ramas se hicieron una. Ahora se vuelve a bifurcar: dos
# capas finales reciben la misma `x`. Esas capas se llaman *cabezas* y también llevan nombre.

# %% id="model"
priority = layers.Dense(1, activation="sigmoid", name="priority")(x)
department = layers.Dense(4, activation="softmax", name="department")(x)
model = keras.Model([title, body, tags], [priority, department], name="tickets")
lab.graph(model)

# %% [markdown] id="about-count" tags=["en"]
# **Predict:** which layers have most of the parameters? Look for the largest numbers in the graph.

# %% [markdown] id="about-count" tags=["es"]
# **Predice:** ¿en qué capas está la mayoría de los parámetros? Busca los números más grandes del grafo.

# %% id="count"
print(f"{2 * num_words * 64:,}")
print(f"{model.count_params():,}")

# %% [markdown] id="about-compile" tags=["en"]
# The two embeddings hold 64 numbers for each of 10,000 words, twice.
#
# ## A loss for each head
#
# The priority is yes or no, the department one of four: two targets, two losses. They are given
# **by name**. Training reduces a single number, the weighted sum of both; the weights set how much
# each head counts.

# %% [markdown] id="about-compile" tags=["es"]
# Los dos *embeddings* guardan 64 números por cada una de las 10,000 palabras, dos veces.
#
# ## Una pérdida para cada cabeza
#
# La prioridad es sí o no; el departamento, uno de cuatro: dos objetivos, dos pérdidas. Se indican
# **por nombre**. El entrenamiento reduce un único número, la suma ponderada de las dos; los pesos
# de la suma fijan cuánto cuenta cada cabeza.

# %% id="compile"
model.compile(
    optimizer=keras.optimizers.RMSprop(1e-3),
    loss={"priority": "binary_crossentropy", "department": "categorical_crossentropy"},
    loss_weights={"priority": 1.0, "department": 0.2},
    metrics={"priority": ["accuracy"], "department": ["accuracy"]},
)

# %% [markdown] id="about-total" tags=["en"]
# **Your turn.** On one batch the loss of the priority is 0.6, and that of the department is 1.2. With the
# weights above, what is the loss of the whole model?

# %% [markdown] id="about-total" tags=["es"]
# **Te toca.** En un lote, la pérdida de la prioridad es 0.6 y la del departamento, 1.2. Con los pesos de
# arriba, ¿cuál es la pérdida del modelo completo?

# %% id="exercise-total"
total = ...
lab.check("total-loss", total)

# %% id="hint-total"
# lab.hint("total-loss")
# lab.solution("total-loss")

# %% [markdown] id="about-fit" tags=["en"]
# ## Data by name
#
# Inputs and targets go in as dicts, with the same names. The last fifth of the tickets is put aside
# for the end: `slice(split)` takes the rows before it, `slice(split, None)` the others. The
# dashboard shows a curve for each head.

# %% [markdown] id="about-fit" tags=["es"]
# ## Datos por nombre
#
# Las entradas y los objetivos se pasan como diccionarios, con esos mismos nombres. La última quinta
# parte de los tickets se aparta para el final: `slice(split)` toma las filas anteriores y
# `slice(split, None)`, las demás. El panel muestra una curva por cabeza.

# %% id="split"
x_all = {"title": titles, "body": bodies, "tags": tickets.tags}
y_all = {"priority": tickets.priority, "department": tickets.department}
split = count * 4 // 5
x_train, x_test = (
    {name: it[part] for name, it in x_all.items()}
    for part in (slice(split), slice(split, None))
)
y_train, y_test = (
    {name: it[part] for name, it in y_all.items()}
    for part in (slice(split), slice(split, None))
)
x_train["title"].shape, y_test["department"].shape

# %% id="fit" tags=["nbval-ignore-output"]
dashboard = lab.TrainingDashboard(keep=False)
history = model.fit(
    x_train, y_train, epochs=epochs, batch_size=32, verbose=0, callbacks=[dashboard]
)

# %% [markdown] id="about-evaluate" tags=["en"]
# Is that good? It depends on how good a guess would be. The best guess is always the most common
# answer. **Predict:** with four departments about equally busy, how often is that guess right? (The
# guess is printed first, then the model.)

# %% [markdown] id="about-evaluate" tags=["es"]
# ¿Es un buen resultado? Depende de lo que se conseguiría adivinando. Lo mejor que se puede adivinar
# es siempre la respuesta más frecuente. **Predice:** con cuatro departamentos más o menos igual de
# ocupados, ¿con qué frecuencia acierta esa apuesta? (Primero se imprime la apuesta y después el
# modelo).

# %% id="evaluate"
result = model.evaluate(x_test, y_test, verbose=0, return_dict=True)
urgent = y_test["priority"].mean()
guess = {
    "priority": max(urgent, 1 - urgent),
    "department": y_test["department"].mean(axis=0).max(),
}
for head in guess:
    print(f"{head:10} {guess[head]:.2f} {result[f'{head}_accuracy']:.1f}")

# %% [markdown] id="about-order" tags=["en"]
# Both heads are right far more often than the guess, by more than 25 percentage points, on tickets
# that the model was not trained on.
#
# ## Lists go by order, dicts by name
#
# A list works as well: its order is that of `keras.Model([title, body, tags], …)`. **Predict:**
# what happens if somebody passes the message first and the title second? Both are rows of whole
# numbers. (The accuracy of the department is printed, before and after.)

# %% [markdown] id="about-order" tags=["es"]
# Las dos cabezas aciertan mucho más que esa apuesta, más de 25 puntos porcentuales por encima, con
# tickets con los que el modelo no se entrenó.
#
# ## Las listas van por orden; los diccionarios, por nombre
#
# También se puede pasar una lista: su orden es el de `keras.Model([title, body, tags], …)`.
# **Predice:** ¿qué pasa si alguien pasa primero el mensaje y después el título? Los dos son filas
# de números enteros. (Se imprime la exactitud del departamento, antes y después).

# %% id="order" tags=["nbval-ignore-output"]
swapped = [x_test["body"], x_test["title"], x_test["tags"]]
mixed_up = model.evaluate(swapped, y_test, verbose=0, return_dict=True)
[round(it["department_accuracy"], 2) for it in (result, mixed_up)]

# %% [markdown] id="about-dict" tags=["en"]
# There is no error, only worse answers: the shapes fit, so nothing warns you. In a dict the order
# does not matter.

# %% [markdown] id="about-dict" tags=["es"]
# No hay ningún error, solo peores respuestas: las formas encajan y nada te avisa. En un
# diccionario, el orden da igual.

# %% id="dict"
reordered = {name: x_test[name] for name in ("tags", "body", "title")}
again = model.evaluate(reordered, y_test, verbose=0, return_dict=True)
again["loss"] == result["loss"]

# %% [markdown] id="about-dataset" tags=["en"]
# The same dicts make a `tf.data.Dataset`, which is how larger data is fed: pairs of inputs and targets,
# batch by batch.

# %% [markdown] id="about-dataset" tags=["es"]
# Con los mismos diccionarios se crea un `tf.data.Dataset`, que es como se alimentan datos más grandes:
# pares de entradas y objetivos, lote a lote.

# %% id="dataset"
import tensorflow as tf

dataset = tf.data.Dataset.from_tensor_slices((x_test, y_test)).batch(32)
from_dataset = model.evaluate(dataset, verbose=0, return_dict=True)
abs(from_dataset["loss"] - result["loss"]) < 1e-4

# %% [markdown] id="about-swapped" tags=["en"]
# ## Your turn: swapped losses
#
# A colleague used lists and got the order wrong. The code below runs, and training even reports a
# loss of 0 for the priority, which looks wonderful. **Run it as it is, see what
# `lab.lint(repaired)` finds, and repair the losses and their weights.**

# %% [markdown] id="about-swapped" tags=["es"]
# ## Te toca: pérdidas intercambiadas
#
# Alguien del equipo usó listas y se confundió con el orden. El código de abajo se ejecuta, y el
# entrenamiento incluso informa de una pérdida de 0 para la prioridad, que parece estupenda.
# **Ejecútalo tal cual, mira qué encuentra `lab.lint(repaired)` y corrige las pérdidas y sus
# pesos.**

# %% id="exercise-swapped"
repaired = keras.Model([title, body, tags], [priority, department])
repaired.compile(
    optimizer=keras.optimizers.RMSprop(1e-3),
    loss=["categorical_crossentropy", "binary_crossentropy"],
    loss_weights=[0.2, 1.0],
)
lab.check("swapped-losses", repaired)

# %% id="lint"
lab.lint(repaired)

# %% id="hint-swapped"
# lab.hint("swapped-losses")
# lab.solution("swapped-losses")

# %% [markdown] id="about-heads-exercise" tags=["en"]
# ## Your turn: two inputs, two heads
#
# Build this model and call it `answer`:
#
# - One input `image` of 784 numbers, one input `place` of 2 numbers.
# - The image goes through a Dense layer of 64 units with `relu`; its result is joined with the place.
# - Two heads read the joined vector: `digit` with 10 units and softmax, `even` with one unit and sigmoid.
#
# `lab.watch(target="two-heads")` shows it in the panel as a faint outline. What you build turns solid.

# %% [markdown] id="about-heads-exercise" tags=["es"]
# ## Te toca: dos entradas, dos cabezas
#
# Construye este modelo y llámalo `answer`:
#
# - Una entrada `image` de 784 números y una entrada `place` de 2 números.
# - La imagen pasa por una capa Dense de 64 unidades con `relu`; su resultado se une con el lugar.
# - Dos cabezas leen el vector unido: `digit`, con 10 unidades y softmax, y `even`, con una unidad y
#   sigmoid.
#
# `lab.watch(target="two-heads")` lo muestra en el panel apenas esbozado. Lo que construyas se volverá
# nítido.

# %% id="exercise-heads"
lab.watch(target="two-heads")
image = keras.Input(shape=(784,), name="image")
answer = ...
lab.check("two-heads", answer)

# %% id="hint-heads"
# lab.hint("two-heads")
# lab.solution("two-heads")

# %% [markdown] id="recap" tags=["en"]
# ## What you have learned
#
# - `keras.Model` takes a list of inputs and a list of outputs; branches are joined by `concatenate`
#   and separate again at the heads.
# - Each head has its loss, and a weight says how much it counts in the one number that is trained.
# - Names are safe, order is not: swapped inputs or losses may raise no error.
#
# To free its memory, shut this notebook down: menu *Kernel* → *Shut Down Kernel*.
#
# **Next:** [Residual connections](07_residual_connections.ipynb)

# %% [markdown] id="recap" tags=["es"]
# ## Lo que has aprendido
#
# - `keras.Model` recibe una lista de entradas y una de salidas; las ramas se encuentran en `concatenate`
#   y se separan otra vez en las cabezas.
# - Cada cabeza tiene su pérdida, y un peso dice cuánto cuenta en el único número que se entrena.
# - Los nombres son seguros; el orden, no: unas entradas o pérdidas intercambiadas pueden no dar
#   ningún error.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** [Conexiones residuales](07_residual_connections.ipynb)
