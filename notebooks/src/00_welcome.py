# %% [markdown] id="title" tags=["en"]
# # Welcome
#
# In this course you build neural networks with the Keras functional API, and you *see* what you
# build: every model is a graph, and the graph is drawn for you. There are thirteen lessons of 15 to 20
# minutes each.
#
# A lesson is made of cells. Click the cell below and press **Shift+Enter**: it runs, and the next
# one is selected. That is all you need to know about notebooks.

# %% [markdown] id="title" tags=["es"]
# # Te damos la bienvenida
#
# En este curso construyes redes neuronales con la API funcional de Keras y *ves* lo que construyes:
# todo modelo es un grafo, y aquí el grafo se dibuja solo. Son trece lecciones de entre 15 y 20 minutos.
#
# Una lección está hecha de celdas. Haz clic en la celda de abajo y pulsa **Mayús+Intro**
# (*Shift+Enter*): se ejecuta y queda seleccionada la siguiente. No necesitas saber nada más sobre
# los cuadernos.

# %% id="parameters" tags=["parameters"]
language = "en"
source = "embedded"

# %% [markdown] id="about-setup" tags=["en"]
# The next cell loads the tools: `keras`, and `lab`, which draws the graphs and tells you whether an
# answer is right. Keras takes some seconds to load; the star in `[*]` says that a cell is still
# running.

# %% [markdown] id="about-setup" tags=["es"]
# La celda siguiente carga las herramientas: `keras`, y `lab`, que dibuja los grafos y te dice si
# vas bien. Keras tarda unos segundos en cargarse; el asterisco de `[*]` indica que la celda aún se
# está ejecutando.

# %% id="setup" tags=["nbval-ignore-output"]
import keras
import kfunc_lab as lab
from keras import layers

lab.language(language)

# %% [markdown] id="about-graph" tags=["en"]
# ## A model is a graph
#
# Here is a small model that tells three species of flowers apart by eight measurements. How it is
# written is the subject of the next lesson; for now, run the cell and look.

# %% [markdown] id="about-graph" tags=["es"]
# ## Un modelo es un grafo
#
# Este pequeño modelo distingue tres especies de flores a partir de ocho medidas. Cómo se escribe
# es el tema de la próxima lección; por ahora, ejecuta la celda y observa.

# %% id="graph"
inputs = keras.Input(shape=(8,), name="measurements")
x = layers.Dense(16, activation="relu", name="hidden")(inputs)
outputs = layers.Dense(3, activation="softmax", name="species")(x)
model = keras.Model(inputs, outputs, name="flowers")

view = lab.graph(model)
view

# %% [markdown] id="look-graph" tags=["en"]
# Numbers enter at the top and leave at the bottom. Each box is a *layer* that is called; each arrow
# is a *tensor*, an array of numbers on its way. Where a layer changes the shape, the new shape is
# written beside the arrow.
#
# - **Click a box.** Its details appear on the right.
# - **Press ↓ and ↑** to walk along the arrows. `Esc` clears the selection.
# - **Zoom** with the buttons, or with Ctrl and the mouse wheel; drag to move.
#
# The same graph as text, for a terminal or a screen reader:

# %% [markdown] id="look-graph" tags=["es"]
# Los números entran por arriba y salen por abajo. Cada caja es una *capa* a la que se llama; cada
# flecha es un *tensor*, un array de números en camino. Donde una capa cambia la forma, la nueva
# forma está escrita junto a la flecha.
#
# - **Haz clic en una caja.** Sus detalles aparecen a la derecha.
# - **Pulsa ↓ y ↑** para recorrer las flechas. `Esc` quita la selección.
# - **Acércate o aléjate** con los botones, o con Ctrl y la rueda del ratón; arrastra para moverte.
#
# El mismo grafo como texto, para una terminal o un lector de pantalla:

# %% id="text"
print(view.to_text())

# %% [markdown] id="about-check" tags=["en"]
# ## Check an answer
#
# Every lesson has exercises. This one is small: **how many parameters does the layer `species`
# have?** Find the number in the graph, put it in place of the three dots, and run the cell.

# %% [markdown] id="about-check" tags=["es"]
# ## Comprueba una respuesta
#
# Cada lección tiene ejercicios. Este es pequeño: **¿cuántos parámetros tiene la capa `species`?**
# Busca el número en el grafo, escríbelo en lugar de los tres puntos y ejecuta la celda.

# %% id="check"
parameters = ...
lab.check("species-parameters", parameters)

# %% [markdown] id="about-hint" tags=["en"]
# A wrong answer costs nothing: you are told why it is wrong, and try again. When you are stuck,
# remove the `#` of a line below and run it.

# %% [markdown] id="about-hint" tags=["es"]
# Equivocarse no cuesta nada: se te dice por qué la respuesta no es correcta y vuelves a intentarlo.
# Si te atascas, quita el `#` de una de estas líneas y ejecútala.

# %% id="hint"
# lab.hint("species-parameters")
# lab.solution("species-parameters")

# %% [markdown] id="about-data" tags=["en"]
# ## Real data
#
# The lessons train on handwritten digits. 5,000 of them are part of this package, so nothing has to
# be downloaded; with `source = "auto"` in the first code cell, the full set of 70,000 is used if it
# can be downloaded.

# %% [markdown] id="about-data" tags=["es"]
# ## Datos reales
#
# Las lecciones entrenan con dígitos escritos a mano. Este paquete ya trae 5,000 de ellos, así que
# no hay que descargar nada; con `source = "auto"` en la primera celda de código se usa el conjunto
# completo de 70,000, si se puede descargar. (Los números se escriben como los imprime Keras: 5,000
# son cinco mil y 0.5 es un medio).

# %% id="data"
(x_train, y_train), (x_test, y_test) = lab.datasets.mnist(source=source)

# %% [markdown] id="about-digit" tags=["en"]
# To a network, a digit is 28 × 28 numbers from 0 (paper) to 255 (ink). Here every number is printed
# as one character, the darker the more ink. **Which digit is it?** The last line printed is the
# answer. Change the `6` in the first line to see others.

# %% [markdown] id="about-digit" tags=["es"]
# Para una red, un dígito son 28 × 28 números entre 0 (papel) y 255 (tinta). Aquí cada número se
# imprime como un carácter, más oscuro cuanta más tinta hay. **¿Qué dígito es?** La última línea
# impresa es la respuesta. Cambia el `6` de la primera línea para ver otros.

# %% id="digit"
number = 6
for row in x_train[number, 4:24]:
    print("".join(" .:-=+*#%@"[ink // 26] for ink in row).rstrip())
print(y_train[number])

# %% [markdown] id="recap" tags=["en"]
# ## What you have seen
#
# - A model is a graph: layers are its boxes, tensors are its arrows.
# - `lab.graph(model)` draws it; `lab.check`, `lab.hint` and `lab.solution` go with every exercise.
# - A digit is an array of numbers.
#
# ## The course
#
# Your progress is saved on this computer; run this cell again to update it.

# %% [markdown] id="recap" tags=["es"]
# ## Lo que has visto
#
# - Un modelo es un grafo: las capas son las cajas y los tensores, las flechas.
# - `lab.graph(model)` lo dibuja; `lab.check`, `lab.hint` y `lab.solution` acompañan cada ejercicio.
# - Un dígito es un array de números.
#
# ## El curso
#
# Esto es lo que llevas hecho. Se guarda en este equipo; ejecuta otra vez la celda para
# actualizarlo.

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
