# %% [markdown] id="title" tags=["en"]
# # Final project: a machine that adds handwriting
#
# Two handwritten digits go in, their sum comes out. You have everything you need to build this
# machine, and nobody tells you how: **any model that does it is right**. There are three levels,
# and each is a machine that works.
#
# ```
# left digit  →
#                  your model  →  their sum
# right digit →
# ```
#
# - **Bronze:** it adds.
# - **Silver:** it shows its working: it also says which digits it has read.
# - **Gold:** it is small, it is in a file, and it adds pairs of a kind that it has never met.
#
# Reading this page takes about ten minutes. Building takes as long as you like: an hour for a level
# is fine, and so is stopping after bronze.

# %% [markdown] id="title" tags=["es"]
# # Proyecto final: una máquina que suma números escritos a mano
#
# Entran dos dígitos escritos a mano y sale su suma. Tienes todo lo que hace falta para construir
# esta máquina, y nadie te dice cómo: **cualquier modelo que lo consiga es correcto**. Hay tres
# niveles, y en cada uno construyes una máquina que funciona.
#
# ```
# dígito izquierdo →
#                       tu modelo  →  su suma
# dígito derecho   →
# ```
#
# - **Bronce:** suma.
# - **Plata:** muestra su trabajo: dice también qué dígitos ha leído.
# - **Oro:** es pequeña, está en un archivo y suma pares de un tipo que nunca ha visto.
#
# Leer esta página lleva unos diez minutos. Construir lleva el tiempo que quieras: una hora por
# nivel está bien, y quedarse en el bronce también.

# %% id="parameters" tags=["parameters"]
language = "en"
source = "embedded"
count = 4000
epochs = 5
seed = 1

# %% id="setup" tags=["nbval-ignore-output"]
import tempfile
from pathlib import Path

import keras
import kfunc_lab as lab
import numpy as np
from keras import layers

lab.language(language)
keras.utils.set_random_seed(seed)

# %% [markdown] id="about-data" tags=["en"]
# ## The data
#
# The function `pairs` draws pairs of digits and computes the three things that can be learned about
# them. One thing is special: **no pair has a 9 on the right.** Nine stands only on the left.
# (`np.flatnonzero` returns the positions where a condition holds, and `random.choice` draws from
# them.)

# %% [markdown] id="about-data" tags=["es"]
# ## Los datos
#
# La función `pairs` saca pares de dígitos y calcula las tres cosas que se pueden aprender de ellos.
# Hay una particularidad: **ningún par tiene un 9 a la derecha.** El nueve solo está a la izquierda.
# (`np.flatnonzero` devuelve las posiciones en las que se cumple una condición y `random.choice`
# elige al azar entre ellas).

# %% id="pairs"
def pairs(images, digits, count):
    random = np.random.RandomState(seed)
    left = random.choice(len(images), count)
    right = random.choice(np.flatnonzero(digits != 9), count)
    inputs = {"left": images[left], "right": images[right]}
    targets = {"left_digit": digits[left], "right_digit": digits[right]}
    targets["sum"] = digits[left] + digits[right]
    return inputs, targets


# %% id="data"
(x_train, y_train), (x_test, y_test) = lab.datasets.mnist(source=source)
x_train = x_train.reshape(-1, 28, 28, 1).astype("float32") / 255
x_test = x_test.reshape(-1, 28, 28, 1).astype("float32") / 255
train_inputs, train_targets = pairs(x_train, y_train.astype(int), count)
test_inputs, test_targets = pairs(x_test, y_test.astype(int), 1000)
left, right = train_inputs["left"][:8], train_inputs["right"][:8]
lab.pictures(left, right, captions=train_targets["sum"][:8])

# %% [markdown] id="about-baseline" tags=["en"]
# ## Something to beat
#
# The simplest model joins all pixels of both images and goes straight to the sum. `Flatten` makes
# one row of an image.

# %% [markdown] id="about-baseline" tags=["es"]
# ## Algo que superar
#
# El modelo más simple une todos los píxeles de las dos imágenes y pasa directamente a la suma.
# `Flatten` convierte una imagen en una sola fila.

# %% id="predict-classes"
lab.predict("sum-classes")

# %% id="baseline"
left = keras.Input(shape=(28, 28, 1), name="left")
right = keras.Input(shape=(28, 28, 1), name="right")
pixels = layers.concatenate([layers.Flatten()(left), layers.Flatten()(right)])
baseline = keras.Model([left, right], layers.Dense(19, activation="softmax", name="sum")(pixels))
lab.graph(baseline)

# %% [markdown] id="about-fit" tags=["en"]
# It is trained for a few epochs, and measured on digits that it was not trained on.

# %% [markdown] id="about-fit" tags=["es"]
# Se entrena unas pocas épocas y se mide con dígitos con los que no se entrenó.

# %% id="predict-baseline"
lab.predict("baseline-accuracy")

# %% id="fit"
baseline.compile(
    optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"]
)
baseline.fit(train_inputs, train_targets["sum"], epochs=epochs, verbose=0)
loss, accuracy = baseline.evaluate(test_inputs, test_targets["sum"], verbose=0)
round(accuracy, 1)

# %% [markdown] id="about-bronze" tags=["en"]
# ## Bronze: it adds
#
# **Build and train a model with at least 60 % of the sums right.** Its inputs are `left` and
# `right`, images of 28 × 28 with values from 0 to 1, in whatever shape you like. Its output is the
# sum: 19 classes, or a single number, which is rounded.
#
# The check draws pairs of the test digits and shows what your model answers. So train on
# `train_inputs` only, or there is nothing left to measure with. A minute of training is plenty.
#
# Ideas: a hidden layer; convolutions; a reader that is shared by both images; more pairs.

# %% [markdown] id="about-bronze" tags=["es"]
# ## Bronce: suma
#
# **Construye y entrena un modelo que acierte al menos el 60 % de las sumas.** Sus entradas son
# `left` y `right`, imágenes de 28 × 28 con valores de 0 a 1, en la forma que prefieras. Su salida
# es la suma: 19 clases, o un solo número, que se redondea.
#
# La comprobación saca pares de los dígitos de prueba y muestra qué responde tu modelo. Por eso,
# entrena solo con `train_inputs`: si no, no queda nada con que medir. Un minuto de entrenamiento es
# más que suficiente.
#
# Ideas: una capa oculta; convoluciones; un lector compartido por las dos imágenes; más pares.

# %% id="exercise-bronze"
answer = ...
lab.check("project-bronze", answer)

# %% id="hint-bronze"
# lab.hint("project-bronze")
# lab.solution("project-bronze")

# %% [markdown] id="about-silver" tags=["en"]
# ## Silver: it shows its working
#
# A wrong sum alone does not tell what went wrong. **Build a model with three outputs,
# `left_digit`, `right_digit` and `sum`:** at least 85 % of the digits and 75 % of the sums right. If
# the two images change places, the two digits change places too: the same image is read alike on
# both sides.
#
# A dict names the outputs, as in the lesson *Look inside*, and a dict with the same names gives each
# its loss:
#
# ```python
# keras.Model([left, right], {"left_digit": ..., "right_digit": ..., "sum": ...})
# ```

# %% [markdown] id="about-silver" tags=["es"]
# ## Plata: muestra su trabajo
#
# Una suma equivocada no dice por sí sola qué falló. **Construye un modelo con tres salidas,
# `left_digit`, `right_digit` y `sum`,** que acierte al menos el 85 % de los dígitos y el 75 % de
# las sumas. Si las dos imágenes cambian de lugar, los dos dígitos también cambian: una misma imagen
# se lee igual en los dos lados.
#
# Un diccionario da nombre a las salidas, como en la lección *Mirar por dentro*, y otro con los mismos
# nombres le da a cada una su pérdida:
#
# ```python
# keras.Model([left, right], {"left_digit": ..., "right_digit": ..., "sum": ...})
# ```

# %% id="exercise-silver"
answer = ...
lab.check("project-silver", answer)

# %% id="hint-silver"
# lab.hint("project-silver")
# lab.solution("project-silver")

# %% [markdown] id="about-gold" tags=["en"]
# ## Gold: more than it was taught
#
# **Save a silver model with at most 20,000 parameters, and hand in the path of the file.** It also
# has to get at least half of the sums right with a **9 on the right**. No training pair has one, and
# you may not add any: everything depends on the form of the graph. Where would your silver machine
# have learned what a 9 on the right is worth?

# %% [markdown] id="about-gold" tags=["es"]
# ## Oro: más de lo que se le enseñó
#
# **Guarda un modelo de nivel plata con 20,000 parámetros como máximo y entrega la ruta del
# archivo.** Además, tiene que acertar al menos la mitad de las sumas con un **9 a la derecha**.
# Ningún par de entrenamiento lo tiene, y no vale añadirlo: todo depende de la forma del grafo.
# ¿Dónde habría aprendido tu máquina de plata cuánto vale un 9 a la derecha?

# %% id="exercise-gold"
folder = tempfile.TemporaryDirectory()
path = Path(folder.name, "machine.keras")
answer = ...
lab.check("project-gold", answer)

# %% id="hint-gold"
# lab.hint("project-gold")
# lab.solution("project-gold")

# %% [markdown] id="recap" tags=["en"]
# ## What you can do now
#
# - You plan a model as a graph: what goes in, what comes out, what is shared, where paths meet.
# - You predict its shapes and parameters, train it by name, look inside it, save it, and extend it
#   with a layer of your own.
# - You know that the form of a graph can teach what the data does not contain.
#
# ## Where to go on
#
# - **Your own data.** Every view works on every Keras model: begin with `lab.graph(model)` and
#   `lab.lint(model)`.
# - **This machine.** Subtract instead of adding; let a third input choose; read numbers of two
#   digits.
# - **Keras.** Its guides go deeper, and its examples are complete programs for images, text and
#   sound: <https://keras.io/guides/> and <https://keras.io/examples/>.
#
# This is what you have done in this course:

# %% [markdown] id="recap" tags=["es"]
# ## Lo que sabes hacer ahora
#
# - Planeas un modelo como un grafo: qué entra, qué sale, qué se comparte y dónde se encuentran los
#   caminos.
# - Predices sus formas y sus parámetros, lo entrenas por nombre, miras dentro de él, lo guardas y
#   lo amplías con una capa propia.
# - Sabes que la forma de un grafo puede enseñar lo que no está en los datos.
#
# ## Cómo seguir
#
# - **Tus propios datos.** Todas las vistas sirven para cualquier modelo de Keras: empieza con
#   `lab.graph(model)` y `lab.lint(model)`.
# - **Esta máquina.** Resta en vez de sumar; deja que una tercera entrada elija; lee números de dos
#   cifras.
# - **Keras.** Sus guías profundizan más y sus ejemplos son programas completos para imágenes, texto
#   y sonido: <https://keras.io/guides/> y <https://keras.io/examples/>.
#
# Esto es lo que has hecho en este curso:

# %% id="progress"
lab.progress()

# %% [markdown] id="end" tags=["en"]
# To free its memory, shut this notebook down: menu *Kernel* → *Shut Down Kernel*. Thank you for
# coming along.

# %% [markdown] id="end" tags=["es"]
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*. Gracias por
# llegar hasta aquí.
