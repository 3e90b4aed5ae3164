# %% [markdown] id="title" tags=["en"]
# # Welcome
#
# In this course you build neural networks with the Keras functional API, and you *see* what you
# build: every model is a graph, and the graph is drawn for you. First, try one that is ready.
#
# A lesson is made of cells. Click the cell below and press **Shift+Enter**: it runs, and the next
# one is selected. That is all you need to know about notebooks.

# %% [markdown] id="title" tags=["es"]
# # Te damos la bienvenida
#
# En este curso construyes redes neuronales con la API funcional de Keras y *ves* lo que construyes:
# todo modelo es un grafo, y aquí el grafo se dibuja solo. Antes de nada, prueba uno ya hecho.
#
# Una lección está hecha de celdas. Haz clic en la celda de abajo y pulsa **Mayús+Intro**
# (*Shift+Enter*): se ejecuta y queda seleccionada la siguiente. No necesitas saber nada más sobre
# los cuadernos.

# %% id="parameters" tags=["parameters"]
language = "en"
source = "embedded"

# %% [markdown] id="about-setup" tags=["en"]
# The next cell loads the tools: `keras`, and `lab`, which draws the graphs and tells you whether an
# answer is right. `lab.language` sets the language of its texts. Keras takes some seconds to load;
# the star in `[*]` says that a cell is still running.
#
# Every lesson starts with such cells. Where chance plays a part, `set_random_seed` makes it play
# the same part on every computer. Where files are read, Python's own tools for them are loaded as
# well: `Path`, `tempfile`, `zipfile`, `json`, and `h5py` for files of numbers.

# %% [markdown] id="about-setup" tags=["es"]
# La celda siguiente carga las herramientas: `keras`, y `lab`, que dibuja los grafos y te dice si
# vas bien. `lab.language` fija el idioma de sus textos. Keras tarda unos segundos en cargarse; el
# asterisco de `[*]` indica que la celda aún se está ejecutando.
#
# Todas las lecciones empiezan con celdas así. Donde interviene el azar, `set_random_seed` hace que
# sea el mismo en todos los equipos. Donde se leen archivos, se cargan además las herramientas de
# Python para ellos: `Path`, `tempfile`, `zipfile`, `json`, y `h5py` para archivos de números.

# %% id="setup" tags=["nbval-ignore-output"]
import keras
import kfunc_lab as lab
from keras import layers

lab.language(language)

# %% [markdown] id="about-pad" tags=["en"]
# ## Write a digit
#
# `lab.datasets.digits_model` is a network that was trained to read handwritten digits, and
# `lab.digit_pad` lets you write one. **Write a digit in the square**, with the mouse or a finger.
# The bars show, while you write, how probable the network finds each digit. Then try to deceive it:
# at which point does a 1 become a 7?

# %% [markdown] id="about-pad" tags=["es"]
# ## Escribe un dígito
#
# `lab.datasets.digits_model` es una red entrenada para leer dígitos escritos a mano, y con
# `lab.digit_pad` escribes uno. **Escribe un dígito en el cuadrado**, con el ratón o con un dedo.
# Mientras escribes, las barras muestran la probabilidad que la red da a cada dígito. Después
# intenta engañarla: ¿en qué momento un 1 pasa a ser un 7?

# %% id="pad"
reader = lab.datasets.digits_model()
lab.digit_pad(reader)

# %% [markdown] id="about-digit" tags=["en"]
# ## What a network sees
#
# To a network, an image is an array of numbers: 0 is paper, 255 is ink. 5,000 digits, from the
# collection MNIST, are part of this package, so nothing has to be downloaded: `lab.datasets.mnist`
# returns them. The `shape` of an array says how many rows and columns it has, its `size` how many
# numbers, and its `dtype` of what type they are. (With `source = "auto"` in the first code cell,
# the full set of 70,000 is used if it can be downloaded.)
#
# A field such as the next one (`lab.predict`) asks you to **predict** before you run a cell. Type
# your guess and press Enter, then run the cell below it: there you read whether the guess was
# right, and why. A wrong guess costs nothing, and shows what you have not understood yet. You may
# write arithmetic, such as `3 * 4`. Numbers are written as Keras prints them: 5,000 is five
# thousand, and 0.5 is a half.

# %% [markdown] id="about-digit" tags=["es"]
# ## Lo que ve una red
#
# Para una red, una imagen es un array de números: 0 es papel y 255 es tinta. Este paquete ya trae
# 5,000 dígitos de la colección MNIST, así que no hay que descargar nada: los devuelve
# `lab.datasets.mnist`. La forma (`shape`) de un array dice cuántas filas y columnas tiene; su
# tamaño (`size`), cuántos números; y su `dtype`, de qué tipo son. (Con `source = "auto"` en la
# primera celda de código se usa el conjunto completo de 70,000, si se puede descargar).
#
# Un campo como el siguiente (`lab.predict`) te pide que **predigas** antes de ejecutar una celda.
# Escribe lo que crees, pulsa Intro y ejecuta la celda de debajo: ahí verás si acertaste y por qué.
# Equivocarse no cuesta nada, y muestra lo que aún no has entendido. Puedes escribir un cálculo,
# como `3 * 4`. Los números se escriben como los imprime Keras: 5,000 son cinco mil y 0.5 es un
# medio.

# %% id="predict-image-numbers"
lab.predict("image-numbers")

# %% id="data"
(x_train, y_train), (x_test, y_test) = lab.datasets.mnist(source=source)
image = x_train[6]
print(image.shape, image.size)

# %% [markdown] id="about-print" tags=["en"]
# Here every number is printed as one character, the darker the more ink. (A `for` within brackets
# is a *comprehension*: it makes the characters of a row in one line.) **Which digit is it?** The
# last line printed is the answer. Change the `6` in the cell above to see others.

# %% [markdown] id="about-print" tags=["es"]
# Aquí cada número se imprime como un carácter, más oscuro cuanta más tinta hay. (Un `for` entre
# paréntesis o corchetes es una *comprensión*: forma los caracteres de una fila en una sola línea).
# **¿Qué dígito es?** La última línea impresa es la respuesta. Cambia el `6` de la celda anterior
# para ver otros.

# %% id="digit"
for row in image[4:24]:
    print("".join(" .:-=+*#%@"[ink // 26] for ink in row).rstrip())
print(y_train[6])

# %% [markdown] id="about-graph" tags=["en"]
# ## Why functional?
#
# Keras has a simpler way to write a model: `keras.Sequential`, a list of layers. Each layer gets what
# the one before it returns, and nothing else. Now think of a model that names the species of a
# flower from four measurements of a leaf and four of a petal: **two inputs**, each read by a layer
# of its own, which meet later. No list can say that. The functional API can: you *call* layers, and
# every call draws an arrow. How that is written is the subject of the next lesson; for now, run the
# cell and look.

# %% [markdown] id="about-graph" tags=["es"]
# ## ¿Por qué funcional?
#
# Keras tiene una manera más simple de escribir un modelo: `keras.Sequential`, una lista de capas. Cada
# capa recibe lo que devuelve la anterior, y nada más. Piensa ahora en un modelo que dice la especie
# de una flor a partir de cuatro medidas de una hoja y cuatro de un pétalo: **dos entradas**, cada una
# con su propia capa, que se juntan después. Ninguna lista puede expresar eso. La API funcional sí:
# *llamas* a capas, y cada llamada dibuja una flecha. Cómo se escribe es el tema de la próxima
# lección; por ahora, ejecuta la celda y observa.

# %% id="graph"
leaf = keras.Input(shape=(4,), name="leaf")
petal = keras.Input(shape=(4,), name="petal")
one = layers.Dense(8, activation="relu", name="read_leaf")(leaf)
other = layers.Dense(8, activation="relu", name="read_petal")(petal)
both = layers.concatenate([one, other], name="both")
outputs = layers.Dense(3, activation="softmax", name="species")(both)
model = keras.Model([leaf, petal], outputs, name="flowers")

view = lab.graph(model)
view

# %% [markdown] id="look-graph" tags=["en"]
# Numbers enter at the top and leave at the bottom. Each box is a *layer* that is called; each arrow
# is a *tensor*, an array of numbers on its way. Where a layer changes the shape, the new shape is
# written beside the arrow. `both` puts the two times 8 numbers one after the other. In the code,
# `name` is what a box is called, and `shape` the shape of an input.
#
# - **Click a box.** Its details appear on the right.
# - **Press ↓ and ↑** to walk along the arrows. `Esc` clears the selection.
# - **Zoom** with the buttons, or with Ctrl and the mouse wheel; drag to move.
#
# `to_text` gives the same graph as text, for a terminal or a screen reader:

# %% [markdown] id="look-graph" tags=["es"]
# Los números entran por arriba y salen por abajo. Cada caja es una *capa* a la que se llama; cada
# flecha es un *tensor*, un array de números en camino. Donde una capa cambia la forma, la nueva
# forma está escrita junto a la flecha. `both` pone los dos grupos de 8 números uno detrás del otro.
# En el código, `name` es el nombre de una caja, y `shape`, la forma de una entrada.
#
# - **Haz clic en una caja.** Sus detalles aparecen a la derecha.
# - **Pulsa ↓ y ↑** para recorrer las flechas. `Esc` quita la selección.
# - **Acércate o aléjate** con los botones, o con Ctrl y la rueda del ratón; arrastra para moverte.
#
# `to_text` da el mismo grafo como texto, para una terminal o un lector de pantalla:

# %% id="text"
print(view.to_text())

# %% [markdown] id="about-check" tags=["en"]
# ## Check an answer
#
# Every lesson has exercises. This one is small: **how many parameters does the layer `species`
# have?** (Parameters are the numbers that training changes.) Find the number in the graph, put it
# in place of the three dots, and run the cell: `lab.check` looks at your answer.

# %% [markdown] id="about-check" tags=["es"]
# ## Comprueba una respuesta
#
# Cada lección tiene ejercicios. Este es pequeño: **¿cuántos parámetros tiene la capa `species`?**
# (Los parámetros son los números que cambia el entrenamiento). Busca el número en el grafo,
# escríbelo en lugar de los tres puntos y ejecuta la celda: `lab.check` revisa tu respuesta.

# %% id="check"
parameters = ...
lab.check("species-parameters", parameters)

# %% [markdown] id="about-hint" tags=["en"]
# A wrong answer costs nothing: you are told why it is wrong, and try again. When you are stuck,
# remove the `#` of a line below and run it: `lab.hint` gives a hint, `lab.solution` the answer.
# Where you build a model, a line with `lab.watch(target="…")` shows the outline of the model that
# is asked for.

# %% [markdown] id="about-hint" tags=["es"]
# Equivocarse no cuesta nada: se te dice por qué la respuesta no es correcta y vuelves a intentarlo.
# Si te atascas, quita el `#` de una de estas líneas y ejecútala: `lab.hint` da una pista y
# `lab.solution`, la respuesta. Donde construyes un modelo, una línea con `lab.watch(target="…")`
# muestra el esbozo del modelo que se pide.

# %% id="hint"
# lab.hint("species-parameters")
# lab.solution("species-parameters")

# %% [markdown] id="recap" tags=["en"]
# ## What you have seen
#
# - An image is an array of numbers; a trained network turns it into probabilities.
# - A model is a graph: layers are its boxes, tensors are its arrows. `keras.Sequential` is a list, so
#   it cannot have two inputs.
# - `lab.graph(model)` draws it; `lab.check`, `lab.hint` and `lab.solution` go with every exercise.
#   Other functions show what their names say: `lab.bars`, `lab.curves`, `lab.pictures`.
#
# ## The course
#
# There are seventeen lessons, from 00 to 16; each takes between 10 and 20 minutes. Lesson 15 is
# optional, and so are the parts of other lessons whose heading says so: nothing after them needs
# them. `lab.progress` shows your progress, which is saved on this computer; run the cell again to
# update it.

# %% [markdown] id="recap" tags=["es"]
# ## Lo que has visto
#
# - Una imagen es un array de números; una red entrenada la convierte en probabilidades.
# - Un modelo es un grafo: las capas son las cajas y los tensores, las flechas. `keras.Sequential` es
#   una lista, así que no puede tener dos entradas.
# - `lab.graph(model)` lo dibuja; `lab.check`, `lab.hint` y `lab.solution` acompañan cada ejercicio.
#   Otras funciones muestran lo que dice su nombre: `lab.bars` barras, `lab.curves` curvas y
#   `lab.pictures` imágenes.
#
# ## El curso
#
# Son diecisiete lecciones, de la 00 a la 16; cada una lleva entre 10 y 20 minutos. La lección 15 es
# opcional, y también las partes de otras lecciones cuyo título lo dice: nada de lo que sigue las
# necesita. `lab.progress` muestra lo que llevas hecho, que se guarda en este equipo; ejecuta otra
# vez la celda para actualizarlo.

# %% id="progress"
lab.progress()

# %% [markdown] id="next" tags=["en"]
# Before you go on, shut this notebook down to free its memory: menu *Kernel* → *Shut Down Kernel*.
#
# **Next:** [Your first functional model](01_first_model.ipynb)

# %% [markdown] id="next" tags=["es"]
# Antes de seguir, cierra este cuaderno para liberar su memoria: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** [Tu primer modelo funcional](01_first_model.ipynb)
