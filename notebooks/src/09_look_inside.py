# %% [markdown] id="title" tags=["en"]
# # Look inside
#
# Between the image that enters a network and the answer that leaves it, there are thousands of
# numbers. You will build models that return them, from a small network that reads digits, and find
# the same places in VGG19, a large one for photographs.
#
# ```
# image → edges → parts → features → digit
#           ↓       ↓        ↓
#         values  values   values
# ```

# %% [markdown] id="title" tags=["es"]
# # Mirar por dentro
#
# Entre la imagen que entra en una red y la respuesta que sale hay miles de números. Vas a construir
# modelos que los devuelven, a partir de una red pequeña que lee dígitos, y a encontrar los mismos
# lugares en VGG19, una grande para fotografías.
#
# ```
# imagen → edges → parts → features → digit
#            ↓       ↓        ↓
#         valores valores  valores
# ```

# %% id="parameters" tags=["parameters"]
language = "en"
source = "embedded"
digit = 6

# %% id="setup" tags=["nbval-ignore-output"]
import keras
import kfunc_lab as lab
import numpy as np

lab.language(language)

# %% [markdown] id="about-model" tags=["en"]
# ## A network that has already learned
#
# This network is already trained. Its layers have names: `edges` looks at 3 × 3 pixels at a time,
# `parts` looks at what `edges` made, and `features` sums a digit up in 32 numbers.

# %% [markdown] id="about-model" tags=["es"]
# ## Una red que ya aprendió
#
# Esta red viene entrenada. Sus capas tienen nombre: `edges` mira 3 × 3 píxeles cada vez, `parts`
# mira lo que hizo `edges`, y `features` resume un dígito en 32 números.

# %% id="model"
model = lab.datasets.digits_model()
lab.graph(model)

# %% [markdown] id="about-data" tags=["en"]
# Here are test digits, and below each the answer of the network: the place of its largest output
# (`argmax`).

# %% [markdown] id="about-data" tags=["es"]
# Dígitos de prueba y, debajo de cada uno, la respuesta de la red: el lugar de su mayor salida
# (`argmax`).

# %% id="data"
(x_train, y_train), (x_test, y_test) = lab.datasets.mnist(source=source)
x_train = x_train[..., None].astype("float32") / 255
x_test = x_test[..., None].astype("float32") / 255

# %% id="read"
answers = model.predict(x_test, verbose=0).argmax(axis=1)
lab.pictures(x_test[:8], captions=list(answers[:8]))

# %% [markdown] id="about-output" tags=["en"]
# One of the eight is read wrong: the fourth is a 2.
#
# ## What `.output` is
#
# The model has just run a thousand digits through every layer, and each layer, which `get_layer`
# finds by its name, has an attribute `output`. (`__name__` is the name of a type.)

# %% [markdown] id="about-output" tags=["es"]
# Uno de los ocho está mal leído: el cuarto es un 2.
#
# ## Qué es `.output`
#
# El modelo acaba de pasar mil dígitos por todas sus capas, y cada capa, que `get_layer` busca por
# su nombre, tiene un atributo `output`. (`__name__` es el nombre de un tipo).

# %% id="ask-layer-output"
lab.predict("layer-output")

# %% id="output"
edges = model.get_layer("edges").output
print(type(edges).__name__, edges.shape)

# %% [markdown] id="about-extractor" tags=["en"]
# `.output` is not a value. It is a *place in the graph*: the symbolic tensor that the call of `edges`
# returned when the network was built. And a model can end at any place.
#
# ## A feature extractor in three lines
#
# In the lesson on one graph and many models you cut a model at one place. From `model.input`, a
# model can also lead to a list of places. What a layer makes of its input is called its
# *activations*, or *features*; so a model that outputs them is called a *feature extractor*. It
# uses the layers of the network itself, and has no weights of its own.

# %% [markdown] id="about-extractor" tags=["es"]
# `.output` no es un valor. Es un *lugar del grafo*: el tensor simbólico que devolvió la llamada a
# `edges` cuando se construyó la red. Y un modelo puede terminar en cualquier lugar.
#
# ## Un extractor de características en tres líneas
#
# En la lección sobre un grafo y muchos modelos cortaste un modelo en un solo lugar. Desde
# `model.input`, un modelo también puede llevar a una lista de lugares. A lo que una capa hace con
# su entrada se le llama *activaciones* o *características* (*features*); de ahí el nombre de
# *extractor de características*. Usa las propias capas de la red y no tiene pesos propios.

# %% id="ask-extractor-arrays"
lab.predict("extractor-arrays")

# %% id="extractor"
places = [layer.output for layer in model.layers]
extractor = keras.Model(model.input, places)
values = extractor.predict(x_test[:1], verbose=0)
for layer, value in zip(model.layers, values):
    print(f"{layer.name:9}", value.shape)

# %% [markdown] id="about-predict" tags=["en"]
# ## Your turn: predict
#
# ```python
# probe = keras.Model(model.input, [layer.output for layer in model.layers[1:4]])
# made = probe.predict(x_test[:5], verbose=0)
# ```
#
# Before you run this: **how many arrays are in `made`? What shape has the last one? And how many
# numbers does `model.get_layer("parts").output` hold afterwards?** The table of layers is above.

# %% [markdown] id="about-predict" tags=["es"]
# ## Te toca: predice
#
# ```python
# probe = keras.Model(model.input, [layer.output for layer in model.layers[1:4]])
# made = probe.predict(x_test[:5], verbose=0)
# ```
#
# Antes de ejecutar esto: **¿cuántos arrays hay en `made`? ¿Qué forma tiene el último? ¿Y cuántos
# números guarda después `model.get_layer("parts").output`?** Más arriba tienes la lista de capas.

# %% id="exercise-predict"
predicted = {"arrays": ..., "shape": ..., "held": ...}
lab.check("what-comes-out", predicted)

# %% id="hint-predict"
# lab.hint("what-comes-out")
# lab.solution("what-comes-out")

# %% [markdown] id="about-activations" tags=["en"]
# ## See them all
#
# `lab.activations` runs a model once and shows what every layer made of each digit:
#
# - Choose a digit in the row of samples, and a layer in the graph: `edges` is chosen already.
# - Click one of its maps to lay it over the digit. Where is it bright?
# - *Attribution* marks which parts of a digit spoke for the answer. Choose *Integrated gradients*
#   there, and the fourth digit: which strokes spoke for a 4?
# - *Draw* opens a pad: write a digit of your own, and all maps change as you draw.

# %% [markdown] id="about-activations" tags=["es"]
# ## Verlas todas
#
# `lab.activations` ejecuta un modelo una vez y muestra lo que cada capa hizo con cada dígito:
#
# - Elige un dígito en la fila de muestras y una capa en el grafo; `edges` ya está elegida.
# - Haz clic en uno de sus mapas para ponerlo sobre el dígito. ¿Dónde se enciende?
# - *Atribución* marca qué partes de un dígito hablaron a favor de la respuesta. Elige ahí *Gradientes
#   integrados* y el cuarto dígito: ¿qué trazos hablaron a favor de un 4?
# - *Dibujar* abre un lienzo: escribe tu propio dígito y todos los mapas cambiarán mientras dibujas.

# %% id="activations"
view = lab.activations(model, x_test[:8])
view.selected = "edges"
view

# %% [markdown] id="about-dead" tags=["en"]
# The numbers behind the pictures are in `view.values`.
#
# The table counts *dead units*: those that were 0 for all eight digits. `features` has 5 of 32,
# because relu turns every negative number into 0. Now count them for a thousand digits.

# %% [markdown] id="about-dead" tags=["es"]
# Los números que hay detrás de las imágenes están en `view.values`.
#
# La tabla cuenta las *unidades muertas*: las que dieron 0 con los ocho dígitos. En `features` son 5
# de 32, porque relu convierte en 0 todo número negativo. Ahora cuéntalas con mil dígitos.

# %% id="ask-dead-units"
lab.predict("dead-units")

# %% id="dead"
reader = keras.Model(model.input, model.get_layer("features").output)
features = reader.predict(x_test, verbose=0)
dead = (features.max(axis=0) == 0).sum()
print(dead)

# %% [markdown] id="about-nearest" tags=["en"]
# The network reads digits with 27 numbers; five units do nothing.
#
# ## What features are good for
#
# Two images are similar if their features are similar. Take the digit number 6 of the test set, a
# 2, and look for the eight training digits nearest to it: once by pixels, once by features.
# (`argsort` gives the places, the nearest first.)

# %% [markdown] id="about-nearest" tags=["es"]
# La red lee los dígitos con 27 números; cinco unidades no hacen nada.
#
# ## Para qué sirven las características
#
# Dos imágenes se parecen si se parecen sus características. Toma el dígito número 6 del conjunto de
# prueba, un 2, y busca los ocho dígitos de entrenamiento más cercanos: primero por píxeles y luego
# por características. (`argsort` da los lugares, empezando por el más cercano).

# %% id="ask-nearest-digits"
lab.predict("nearest-digits")


# %% id="nearest"
def nearest(known, one):
    distances = ((known - one) ** 2).reshape(len(known), -1).sum(axis=1)
    return distances.argsort()[:8]


by_pixels = nearest(x_train, x_test[digit])
by_features = nearest(reader.predict(x_train, verbose=0), features[digit])
print(y_train[by_pixels], y_train[by_features])
lab.pictures(x_train[by_pixels], x_train[by_features])

# %% [markdown] id="after-nearest" tags=["en"]
# Above, the nearest in pixels: ink in the same places. Below, the nearest in features: the same
# digit, in any handwriting.

# %% [markdown] id="after-nearest" tags=["es"]
# Arriba, lo más cercano en píxeles: tinta en los mismos sitios. Abajo, lo más cercano en
# características: el mismo dígito, con cualquier letra.

# %% [markdown] id="about-exercise" tags=["en"]
# ## Your turn: three named activations
#
# With a list you have to count to find a layer. The outputs may be a dict as well:
# `keras.Model(inputs, {name: tensor, ...})`. **Build one model that returns a dict with the
# activations of `edges`, `parts` and `features`, under these three names.** If your cell fails, the
# reason is drawn below it.

# %% [markdown] id="about-exercise" tags=["es"]
# ## Te toca: tres activaciones con nombre
#
# Con una lista hay que contar para dar con una capa. Las salidas también pueden ser un diccionario:
# `keras.Model(inputs, {name: tensor, ...})`. **Construye un solo modelo que devuelva un diccionario
# con las activaciones de `edges`, `parts` y `features`, con esos tres nombres.** Si tu celda falla,
# debajo se dibuja por qué.

# %% id="exercise"
answer = ...
lab.check("three-features", answer)

# %% id="hint"
# lab.hint("three-features")
# lab.solution("three-features")
# {name: made.shape for name, made in answer.predict(x_test[:5], verbose=0).items()}

# %% [markdown] id="about-vgg" tags=["en"]
# ## The same in VGG19
#
# VGG19 is a network for photographs, from 2014. It comes with Keras; its trained weights do not.
# Here they are random (`weights=None`): such a network sees nothing, but its places, names and
# numbers are those of VGG19. `include_top=False` leaves out the Dense layers at its end;
# `input_shape` is the image's.

# %% [markdown] id="about-vgg" tags=["es"]
# ## Lo mismo en VGG19
#
# VGG19 es una red para fotografías, de 2014. Viene con Keras, pero sin sus pesos entrenados. Aquí
# son aleatorios (`weights=None`): una red así no ve nada, pero sus lugares, nombres y números son
# los de VGG19. `include_top=False` deja fuera las capas Dense del final; `input_shape` es la forma
# de la imagen.

# %% id="vgg"
vgg19 = keras.applications.VGG19(weights=None, include_top=False, input_shape=(224, 224, 3))
print(len(vgg19.layers), f"{vgg19.count_params():,}")
lab.graph(vgg19, fold=True)

# %% [markdown] id="about-blocks" tags=["en"]
# Five blocks of convolutions are folded into one box, which a click unfolds. Each ends in a pooling
# layer that halves height and width; block 3 has 256 filters.

# %% [markdown] id="about-blocks" tags=["es"]
# Cinco bloques de convoluciones están plegados en una sola caja, que se despliega con un clic. Cada
# uno termina en una capa de *pooling* que reduce a la mitad el alto y el ancho; el bloque 3 tiene 256
# filtros.

# %% id="ask-vgg-shape"
lab.predict("vgg-shape")

# %% id="blocks"
names = ["block1_pool", "block2_pool", "block3_pool", "block4_pool", "block5_pool"]
blocks = {name: vgg19.get_layer(name).output for name in names}
for name in names:
    print(name, blocks[name].shape)

# %% [markdown] id="after-blocks" tags=["en"]
# No image was needed: a place has a shape before anything has run. `keras.Model(vgg19.input, blocks)`
# would be the extractor. What trained features are worth for other tasks is the subject of the next
# lesson.

# %% [markdown] id="after-blocks" tags=["es"]
# No hizo falta ninguna imagen: un lugar tiene forma antes de que se ejecute nada.
# `keras.Model(vgg19.input, blocks)` sería el extractor. La próxima lección trata de cuánto valen unas
# características ya entrenadas para otras tareas.

# %% [markdown] id="recap" tags=["en"]
# ## What you have learned
#
# - `layer.output` is a place in the graph, not a value; it exists before anything has run.
# - `keras.Model(model.input, places)` returns the values at these places: one tensor, a list or a
#   dict.
# - An extractor uses the layers of the network itself: no new weights, nothing to train.
#
# To free its memory, shut this notebook down: menu *Kernel* → *Shut Down Kernel*.
#
# **Next:** [Transfer learning](10_transfer_learning.ipynb)

# %% [markdown] id="recap" tags=["es"]
# ## Lo que has aprendido
#
# - `layer.output` es un lugar del grafo, no un valor; está ahí antes de que se ejecute nada.
# - `keras.Model(model.input, places)` devuelve los valores en esos lugares: un tensor, una lista o
#   un diccionario.
# - Un extractor usa las propias capas de la red: no hay pesos nuevos ni nada que entrenar.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** [Aprendizaje por transferencia](10_transfer_learning.ipynb)
