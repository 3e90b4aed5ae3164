# %% [markdown] id="title" tags=["en"]
# # Many inputs and outputs
#
# A support ticket has a title, a message and tags. Is it urgent, and which department should read
# it? You will build one model with three inputs and two outputs, each with its loss, write a ticket
# yourself, and see what happens if inputs or losses are mixed up.

# %% [markdown] id="title" tags=["es"]
# # Varias entradas y salidas
#
# Un ticket de soporte tiene un título, un mensaje y etiquetas. ¿Es urgente? ¿Qué departamento debe
# leerlo? Vas a construir un modelo con tres entradas y dos salidas, cada una con su pérdida, a
# escribir un ticket y a ver qué pasa al confundir entradas o pérdidas.

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
# `lab.datasets.tickets` writes these tickets, from templates. Department and priority follow from
# what a ticket says, though rarely from one word alone.

# %% [markdown] id="about-data" tags=["es"]
# Estos tickets los escribe `lab.datasets.tickets`, a partir de plantillas. El departamento y la
# prioridad se deducen de lo que dicen, aunque rara vez de una sola palabra.

# %% id="data"
tickets = lab.datasets.tickets(count)
print(tickets.titles[2])
print(tickets.bodies[2])
print(tickets.tags[2].astype(int), tickets.priority[2], tickets.department[2])

# %% [markdown] id="about-encode" tags=["en"]
# The tags are twelve zeros and ones; the priority is one number; the department is a row of four
# with a single one. `TextVectorization` makes numbers of the texts: it numbers the words by how
# often they occur (`adapt`), and makes each text a row of the same length
# (`output_sequence_length`), cut or filled up with zeros.

# %% [markdown] id="about-encode" tags=["es"]
# Las etiquetas son doce ceros y unos; la prioridad, un número; el departamento, una fila de cuatro
# con un solo uno. `TextVectorization` convierte los textos en números: numera las palabras según su
# frecuencia (`adapt`) y hace de cada texto una fila de la misma longitud
# (`output_sequence_length`), cortada o completada con ceros.

# %% id="encode"
num_words = 10_000
title_numbers = layers.TextVectorization(num_words, output_sequence_length=10)
body_numbers = layers.TextVectorization(num_words, output_sequence_length=32)
title_numbers.adapt(tickets.titles)
body_numbers.adapt(tickets.bodies)
titles = np.array(title_numbers(tickets.titles))
bodies = np.array(body_numbers(tickets.bodies))
print(titles.shape, bodies.shape)

# %% [markdown] id="about-inputs" tags=["en"]
# ## Three inputs
#
# Each input is a `keras.Input`, and its **name** will matter. The length of the texts is left open:
# `shape=(None,)`. Watch the panel.

# %% [markdown] id="about-inputs" tags=["es"]
# ## Tres entradas
#
# Cada entrada es un `keras.Input`, y su **nombre** va a importar. La longitud de los textos queda
# abierta: `shape=(None,)`. Mira el panel.

# %% id="inputs"
lab.watch()
title = keras.Input(shape=(None,), name="title")
body = keras.Input(shape=(None,), name="body")
tags = keras.Input(shape=(12,), name="tags");

# %% [markdown] id="about-features" tags=["en"]
# An `Embedding` keeps a vector of 64 numbers for every word; `mask_zero` skips the zeros that fill
# up a text. An `LSTM` reads the vectors one after the other and returns a single vector that sums
# up the text.

# %% [markdown] id="about-features" tags=["es"]
# Una incrustación (`Embedding`) guarda un vector de 64 números para cada palabra; `mask_zero` salta
# los ceros de relleno. Una `LSTM` lee los vectores uno tras otro y devuelve un solo vector que
# resume el texto.

# %% id="predict-features"
lab.predict("text-features-shape")

# %% id="features"
title_vectors = layers.Embedding(num_words, 64, mask_zero=True)(title)
title_features = layers.LSTM(128)(title_vectors)
body_vectors = layers.Embedding(num_words, 64, mask_zero=True)(body)
body_features = layers.LSTM(32)(body_vectors)
print(title_vectors.shape, title_features.shape, body_features.shape)

# %% [markdown] id="about-join" tags=["en"]
# `concatenate` puts the numbers of both vectors and the tags in one row.

# %% [markdown] id="about-join" tags=["es"]
# `concatenate` pone en una sola fila los números de los dos vectores y las etiquetas.

# %% id="predict-join"
lab.predict("joined-length")

# %% id="join"
x = layers.concatenate([title_features, body_features, tags])
print(x.shape)

# %% [markdown] id="about-heads" tags=["en"]
# ## Two heads
#
# Three branches have become one, which forks again: two final layers, the *heads*, are called on
# the same `x`. They get names too.

# %% [markdown] id="about-heads" tags=["es"]
# ## Dos cabezas
#
# Tres ramas se hicieron una, que ahora se bifurca: dos capas finales, las *cabezas*, reciben la
# misma `x`. También llevan nombre.

# %% id="model"
priority = layers.Dense(1, activation="sigmoid", name="priority")(x)
department = layers.Dense(4, activation="softmax", name="department")(x)
model = keras.Model([title, body, tags], [priority, department], name="tickets")
lab.graph(model)

# %% [markdown] id="about-compile" tags=["en"]
# ## A loss for each head
#
# The priority is yes or no, the department one of four: two losses, given **by name**. Training
# reduces a single number, their weighted sum; the `loss_weights` set how much each head counts.

# %% [markdown] id="about-compile" tags=["es"]
# ## Una pérdida para cada cabeza
#
# La prioridad es sí o no; el departamento, uno de cuatro: dos pérdidas, indicadas **por nombre**.
# El entrenamiento reduce un único número, su suma ponderada; los pesos (`loss_weights`) fijan
# cuánto cuenta cada cabeza.

# %% id="compile"
model.compile(
    optimizer=keras.optimizers.RMSprop(3e-3),
    loss={"priority": "binary_crossentropy", "department": "categorical_crossentropy"},
    loss_weights={"priority": 1.0, "department": 0.2},
    metrics={"priority": ["accuracy"], "department": ["accuracy"]},
)

# %% [markdown] id="about-total" tags=["en"]
# **Your turn.** On one batch the loss of the priority is 0.6, that of the department 1.2. With
# these weights, what is the loss of the model?

# %% [markdown] id="about-total" tags=["es"]
# **Te toca.** En un lote, la pérdida de la prioridad es 0.6 y la del departamento, 1.2. Con esos
# pesos, ¿cuál es la pérdida del modelo?

# %% id="exercise-total"
total = ...
lab.check("total-loss", total)

# %% id="hint-total"
# lab.hint("total-loss")
# lab.solution("total-loss")

# %% [markdown] id="about-fit" tags=["en"]
# ## Data by name
#
# Inputs and targets go in as dicts, with the same names. The last fifth is put aside for the end.
# Training takes about 20 seconds.

# %% [markdown] id="about-fit" tags=["es"]
# ## Datos por nombre
#
# Las entradas y los objetivos se pasan como diccionarios, con esos mismos nombres. La última quinta
# parte se aparta para el final. El entrenamiento dura unos 20 segundos.

# %% id="split"
n = count * 4 // 5
x_train = {"title": titles[:n], "body": bodies[:n], "tags": tickets.tags[:n]}
y_train = {"priority": tickets.priority[:n], "department": tickets.department[:n]}
x_test = {"title": titles[n:], "body": bodies[n:], "tags": tickets.tags[n:]}
y_test = {"priority": tickets.priority[n:], "department": tickets.department[n:]}

# %% id="fit"
history = model.fit(x_train, y_train, epochs=epochs, batch_size=32, verbose=0)

# %% [markdown] id="about-evaluate" tags=["en"]
# Compare the model with a guess: always the most common answer. The guess is printed first.
# (`return_dict` names the results.)

# %% [markdown] id="about-evaluate" tags=["es"]
# Compara el modelo con una apuesta: siempre la respuesta más frecuente. Primero se imprime la
# apuesta. (`return_dict` da nombre a los resultados).

# %% id="predict-evaluate"
lab.predict("best-guess")

# %% id="evaluate"
result = model.evaluate(x_test, y_test, verbose=0, return_dict=True)
urgent = y_test["priority"].mean()
guess = {"priority": max(urgent, 1 - urgent), "department": y_test["department"].mean(axis=0).max()}
for head in guess:
    print(head, f"{guess[head]:.2f}", f"{result[head + '_accuracy']:.1f}")

# %% [markdown] id="about-judge" tags=["en"]
# The model is right more often, on tickets not trained on.
#
# ## Write a ticket
#
# Outputs can have names too: `named` is the same graph, from `model.inputs`, and returns a dict.
# Make the ticket urgent, send it to another department. (The model knows only words of the
# templates.)

# %% [markdown] id="about-judge" tags=["es"]
# El modelo acierta mucho más, con tickets nuevos.
#
# ## Escribe un ticket
#
# También las salidas pueden llevar nombre: `named` es el mismo grafo, desde `model.inputs`, y
# devuelve un diccionario. Haz urgente el ticket, envíalo a otro departamento. (El modelo solo
# conoce palabras de las plantillas).

# %% id="named"
named = keras.Model(model.inputs, {"priority": priority, "department": department})


def judge(title, body):
    ticket = {"title": title_numbers([title]), "body": body_numbers([body])}
    ticket["tags"] = np.zeros((1, 12))
    answer = named.predict(ticket, verbose=0)
    display(lab.bars(answer["department"][0], tickets.department_names))
    urgent = answer["priority"][0, 0]
    return lab.bars([urgent, 1 - urgent], ["priority", "1 - priority"])

# %% id="judge" tags=["nbval-ignore-output"]
lab.explore(judge, title=tickets.titles[0], body=tickets.bodies[0])

# %% [markdown] id="about-order" tags=["en"]
# ## Lists go by order, dicts by name
#
# A list of inputs works as well, in the order of `keras.Model([title, body, tags], …)`. The
# accuracy of the department is printed before and after.

# %% [markdown] id="about-order" tags=["es"]
# ## Las listas van por orden; los diccionarios, por nombre
#
# También se puede pasar una lista, en el orden de `keras.Model([title, body, tags], …)`. Se imprime
# la exactitud del departamento antes y después.

# %% id="predict-order"
lab.predict("mixed-up-inputs")

# %% id="order" tags=["nbval-ignore-output"]
swapped = [x_test["body"], x_test["title"], x_test["tags"]]
mixed_up = model.evaluate(swapped, y_test, verbose=0, return_dict=True)
print(f"{result['department_accuracy']:.2f} → {mixed_up['department_accuracy']:.2f}")

# %% [markdown] id="about-dataset" tags=["en"]
# No error, only worse answers: nothing warns you. In a dict the order does not matter. The same
# dicts make a `tf.data.Dataset` (`from_tensor_slices`), which feeds larger data batch by batch
# (`batch`). The loss differs by:

# %% [markdown] id="about-dataset" tags=["es"]
# Ningún error, solo peores respuestas: nada te avisa. En un diccionario, el orden da igual. Con los
# mismos diccionarios se crea un `tf.data.Dataset` (`from_tensor_slices`), que alimenta datos más
# grandes lote a lote (`batch`). La pérdida difiere en:

# %% id="dataset"
import tensorflow as tf

dataset = tf.data.Dataset.from_tensor_slices((x_test, y_test)).batch(32)
from_dataset = model.evaluate(dataset, verbose=0, return_dict=True)
print(f"{abs(from_dataset['loss'] - result['loss']):.3f}")

# %% [markdown] id="about-swapped" tags=["en"]
# ## Your turn: swapped losses
#
# A colleague used lists and got the order wrong. It runs, and training even reports a loss of 0
# for the priority. **See what `lab.lint(repaired)` finds, and repair the losses and their weights.**

# %% [markdown] id="about-swapped" tags=["es"]
# ## Te toca: pérdidas intercambiadas
#
# Alguien del equipo usó listas y se confundió con el orden. Funciona, y el entrenamiento incluso
# informa de una pérdida de 0 para la prioridad. **Mira qué encuentra `lab.lint(repaired)` y corrige las
# pérdidas y sus pesos.**

# %% id="exercise-swapped"
repaired = keras.Model([title, body, tags], [priority, department])
repaired.compile(
    optimizer=keras.optimizers.RMSprop(1e-3),
    loss=["categorical_crossentropy", "binary_crossentropy"],
    loss_weights=[0.2, 1.0],
)
lab.check("swapped-losses", repaired)

# %% id="hint-swapped"
# lab.lint(repaired)
# lab.hint("swapped-losses")
# lab.solution("swapped-losses")

# %% [markdown] id="about-heads-exercise" tags=["en", "optional"]
# ## Your turn: two inputs, two heads (optional)
#
# Build this model and call it `answer`:
#
# - One input `image` of 784 numbers, one input `place` of 2 numbers.
# - The image goes through a Dense layer of 64 units with `relu`; its result is joined with the
#   place.
# - Two heads read the joined vector: `digit` with 10 units and softmax, `even` with one unit and
#   sigmoid.
#
# The panel shows it as a faint outline. What you build turns solid.

# %% [markdown] id="about-heads-exercise" tags=["es", "optional"]
# ## Te toca: dos entradas, dos cabezas (opcional)
#
# Construye este modelo y llámalo `answer`:
#
# - Una entrada `image` de 784 números y una entrada `place` de 2 números.
# - La imagen pasa por una capa Dense de 64 unidades con `relu`; su resultado se une con el lugar.
# - Dos cabezas leen el vector unido: `digit`, con 10 unidades y softmax, y `even`, con una unidad y
#   sigmoid.
#
# El panel lo muestra apenas esbozado. Lo que construyas se volverá nítido.

# %% id="exercise-heads" tags=["optional"]
lab.watch(target="two-heads")
image = keras.Input(shape=(784,), name="image")
answer = ...
lab.check("two-heads", answer)

# %% id="hint-heads" tags=["optional"]
# lab.hint("two-heads")
# lab.solution("two-heads")

# %% [markdown] id="recap" tags=["en"]
# ## What you have learned
#
# - `keras.Model` takes lists or dicts of inputs and outputs; `concatenate` joins branches, and they
#   separate again at the heads.
# - Training reduces one number: the weighted sum of the losses.
# - Names are safe, order is not: swapped inputs or losses may raise no error.
#
# To free its memory, shut this notebook down: menu *Kernel* → *Shut Down Kernel*.
#
# **Next:** [Residual connections](07_residual_connections.ipynb)

# %% [markdown] id="recap" tags=["es"]
# ## Lo que has aprendido
#
# - `keras.Model` recibe listas o diccionarios de entradas y de salidas; `concatenate` une ramas,
#   que se separan otra vez en las cabezas.
# - El entrenamiento reduce un número: la suma ponderada de las pérdidas.
# - Los nombres son seguros; el orden, no: confundir entradas o pérdidas puede no dar ningún error.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** [Conexiones residuales](07_residual_connections.ipynb)
