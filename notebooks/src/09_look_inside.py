# %% [markdown] id="title" tags=["en"]
# # Look inside
#
# Between the image that enters a network and the answer that leaves it, there are thousands of
# numbers. You will build models that return them, first from a small network that reads digits,
# then from VGG19, a large one for photographs.
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
# modelos que los devuelven: primero a partir de una red pequeña que lee dígitos y después con
# VGG19, una grande para fotografías.
#
# ```
# imagen → edges → parts → features → digit
#            ↓       ↓        ↓
#         valores valores  valores
# ```

# %% id="parameters" tags=["parameters"]
language = "en"
source = "embedded"
weights = None
include_top = False

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
# Here are test digits, and below each the answer of the network.

# %% [markdown] id="about-data" tags=["es"]
# Aquí tienes dígitos de prueba y, debajo de cada uno, la respuesta de la red.

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
# The model has just run a thousand digits through every layer, and each layer has an attribute
# `output`. **Predict:** what do you get from `edges.output` now: the numbers of the last digit,
# those of all digits, or something else?

# %% [markdown] id="about-output" tags=["es"]
# Uno de los ocho está mal leído: el cuarto es un 2.
#
# ## Qué es `.output`
#
# El modelo acaba de pasar mil dígitos por todas sus capas, y cada capa tiene un atributo `output`.
# **Predice:** ¿qué te dará ahora `edges.output`: los números del último dígito, los de todos, u otra
# cosa?

# %% id="output"
edges = model.get_layer("edges").output
type(edges).__name__, edges.shape

# %% [markdown] id="about-no-values" tags=["en"]
# It is a symbolic tensor, the one that the call of `edges` returned when the network was built. The
# batch is still `None`: running the model has changed nothing in it. **Predict:** what happens if you
# ask it for a number?

# %% [markdown] id="about-no-values" tags=["es"]
# Es un tensor simbólico: el que devolvió la llamada a `edges` cuando se construyó la red. El lote
# sigue siendo `None`; ejecutar el modelo no le ha cambiado nada. **Predice:** ¿qué pasa si le pides un
# número?

# %% id="no-values"
try:
    float(edges)
except ValueError as error:
    mistake = lab.explain(error)
mistake

# %% [markdown] id="about-extractor" tags=["en"]
# `.output` is not a value. It is a *place in the graph*, and a model can end at any place.
#
# ## A feature extractor in three lines
#
# In the lesson on one graph and many models you cut a model at one place. `keras.Model` takes a
# list of places, too. What a layer makes of its input is called its *activations*, or *features*;
# so a model that outputs them is called a *feature extractor*. **Predict:** how many arrays does it
# return for one digit, and what is the first number of each shape?

# %% [markdown] id="about-extractor" tags=["es"]
# `.output` no es un valor. Es un *lugar del grafo*, y un modelo puede terminar en cualquier lugar.
#
# ## Un extractor de características en tres líneas
#
# En la lección sobre un grafo y muchos modelos cortaste un modelo en un solo lugar. `keras.Model`
# también acepta una lista de lugares. A lo que una capa hace con su entrada se le llama
# *activaciones* o *características* (*features*); de ahí el nombre de *extractor de
# características*. **Predice:** con un dígito, ¿cuántos arrays devuelve y cuál es el primer número
# de cada forma?

# %% id="extractor"
places = [layer.output for layer in model.layers]
extractor = keras.Model(model.input, places)
values = extractor.predict(x_test[:1], verbose=0)

# %% id="shapes"
for layer, value in zip(model.layers, values):
    print(f"{layer.name:9}", value.shape)

# %% [markdown] id="about-same" tags=["en"]
# Eight arrays, one for each layer, and 1 in front: the input was one digit.
#
# **Predict:** does the extractor have parameters of its own?

# %% [markdown] id="about-same" tags=["es"]
# Ocho arrays, uno por capa, y un 1 delante: entró un solo dígito.
#
# **Predice:** ¿tiene el extractor parámetros propios?

# %% id="same"
print(f"{extractor.count_params():,} {model.count_params():,}")
print(extractor.get_layer("edges") is model.get_layer("edges"))

# %% [markdown] id="about-by-hand" tags=["en"]
# They are the same layers as in the network. You can also do by hand what the extractor does: call
# one layer after another, on numbers this time, and compare.

# %% [markdown] id="about-by-hand" tags=["es"]
# Son las mismas capas de la red. También puedes hacer a mano lo que hace el extractor: llamar a una
# capa tras otra, esta vez con números, y comparar.

# %% id="by-hand"
x = x_test[:1]
for layer, value in zip(model.layers[1:], values[1:]):
    x = layer(x)
    print(f"{layer.name:9}", np.allclose(x, value, atol=1e-4))

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
# - *Attribution* marks, with Grad-CAM, which parts of a digit spoke for the answer. Its map has
#   only 5 × 5 places, so it also covers empty paper. On the fourth digit, which was read wrong, it
#   hardly touches the ink: such a map does not explain every answer.
# - *Draw* opens a pad: write a digit of your own, and all maps change as you draw.

# %% [markdown] id="about-activations" tags=["es"]
# ## Verlas todas
#
# `lab.activations` ejecuta un modelo una vez y muestra lo que cada capa hizo con cada dígito:
#
# - Elige un dígito en la fila de muestras y una capa en el grafo; `edges` ya está elegida.
# - Haz clic en uno de sus mapas para ponerlo sobre el dígito. ¿Dónde se enciende?
# - *Atribución* marca, con Grad-CAM, qué partes de un dígito hablaron a favor de la respuesta. Su
#   mapa solo tiene 5 × 5 posiciones, así que cubre también papel vacío. En el cuarto dígito, que se
#   leyó mal, apenas toca la tinta: un mapa así no explica todas las respuestas.
# - *Dibujar* abre un lienzo: escribe tu propio dígito y todos los mapas cambiarán mientras dibujas.

# %% id="activations"
view = lab.activations(model, x_test[:8])
view.selected = "edges"
view

# %% [markdown] id="about-values" tags=["en"]
# The numbers behind the pictures are in `view.values`. Are they those of your extractor?

# %% [markdown] id="about-values" tags=["es"]
# Los números que hay detrás de las imágenes están en `view.values`. ¿Son los de tu extractor?

# %% id="values"
seen = view.values["edges"]
print(seen.shape, np.allclose(seen[:1], values[1], atol=1e-4))

# %% [markdown] id="about-dead" tags=["en"]
# The table counts *dead units*: those that were 0 for all eight digits. `features` has 5 of 32,
# because relu turns every negative number into 0. **Predict:** are all five still dead for a
# thousand digits?

# %% [markdown] id="about-dead" tags=["es"]
# La tabla cuenta las *unidades muertas*: las que dieron 0 con los ocho dígitos. En `features` son 5
# de 32, porque relu convierte en 0 todo número negativo. **Predice:** ¿siguen muertas las cinco con
# mil dígitos?

# %% id="dead"
reader = keras.Model(model.input, model.get_layer("features").output)
features = reader.predict(x_test, verbose=0)
int((features.max(axis=0) == 0).sum())

# %% [markdown] id="about-nearest" tags=["en"]
# They are: the network reads digits with 27 numbers, and five units do nothing.
#
# ## What features are good for
#
# Two images are similar if their features are similar. Take the digit number 6 of the test set, a
# 2, and look for the eight training digits nearest to it: once by pixels, once by features.
# **Predict:** which search finds more twos?

# %% [markdown] id="about-nearest" tags=["es"]
# Sí: la red lee los dígitos con 27 números, y cinco unidades no hacen nada.
#
# ## Para qué sirven las características
#
# Dos imágenes se parecen si se parecen sus características. Toma el dígito número 6 del conjunto de
# prueba, un 2, y busca los ocho dígitos de entrenamiento más cercanos: primero por píxeles y luego
# por características. **Predice:** ¿qué búsqueda encuentra más doses?

# %% id="nearest"
def nearest(known, one):
    distances = ((known - one) ** 2).reshape(len(known), -1).sum(axis=1)
    return distances.argsort()[:8]


by_pixels = nearest(x_train, x_test[6])
by_features = nearest(reader.predict(x_train, verbose=0), features[6])
print(y_train[by_pixels], y_train[by_features])

# %% id="pictures"
lab.pictures(x_train[by_pixels], x_train[by_features])

# %% [markdown] id="after-nearest" tags=["en"]
# Above, the nearest in pixels: ink in the same places. Below, the nearest in features: the same
# digit, in any handwriting. The network has learned that from all the training digits.

# %% [markdown] id="after-nearest" tags=["es"]
# Arriba, lo más cercano en píxeles: tinta en los mismos sitios. Abajo, lo más cercano en
# características: el mismo dígito, con cualquier letra. La red lo aprendió de todos los dígitos de
# entrenamiento.

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
# ## The same with VGG19
#
# VGG19 is a network for photographs, from 2014. It comes with Keras; its trained weights do not.
# With `weights = "imagenet"` in the first code cell of this lesson, Keras downloads them: about 80
# MB. With `None` the weights are **random**: the graph and all shapes are those of VGG19, but the
# activations are those of filters that have learned nothing.
#
# The Dense layers at its end are left out here: they alone would take 1.5 GB of memory for a
# moment. `include_top = True` in the first code cell includes them; with them, the download is
# about 575 MB.

# %% [markdown] id="about-vgg" tags=["es"]
# ## Lo mismo con VGG19
#
# VGG19 es una red para fotografías, de 2014. Viene con Keras, pero sin sus pesos entrenados. Con
# `weights = "imagenet"` en la primera celda de código de esta lección, Keras los descarga: unos 80
# MB. Con `None`, los pesos son **aleatorios**: el grafo y todas las formas son los de VGG19, pero
# las activaciones son las de unos filtros que no han aprendido nada.
#
# Aquí se dejan fuera las capas Dense del final: ellas solas ocuparían por un momento 1.5 GB de
# memoria. Con `include_top = True` en la primera celda de código se incluyen; con ellas, la
# descarga es de unos 575 MB.

# %% id="vgg"
vgg19 = keras.applications.VGG19(
    weights=weights, include_top=include_top, input_shape=(224, 224, 3)
)
print(len(vgg19.layers), f"{vgg19.count_params():,}")

# %% id="vgg-graph"
lab.graph(vgg19, fold=True)

# %% [markdown] id="about-vgg-extractor" tags=["en"]
# Five blocks of convolutions, each ending in a pooling layer that halves height and width, are
# folded into one box, which a click unfolds. **Where are most of the 20,024,384 parameters**, in
# the first blocks or in the last ones?
#
# The extractor is the same three lines. **Predict:** how many outputs does it have?

# %% [markdown] id="about-vgg-extractor" tags=["es"]
# Cinco bloques de convoluciones, cada uno con una capa de *pooling* al final que reduce a la mitad
# el alto y el ancho, están plegados en una sola caja, que se despliega con un clic. **¿Dónde está
# la mayor parte de los 20,024,384 parámetros**, en los primeros bloques o en los últimos?
#
# El extractor son las mismas tres líneas. **Predice:** ¿cuántas salidas tiene?

# %% id="vgg-extractor"
features_list = [layer.output for layer in vgg19.layers]
vgg_extractor = keras.Model(vgg19.input, features_list)
len(vgg_extractor.outputs)

# %% [markdown] id="about-photo" tags=["en"]
# Now a picture: a patch of a photograph of 32 × 32 pixels. VGG19 expects 224 × 224, and colours
# prepared as in its training; `preprocess_input` does that.

# %% [markdown] id="about-photo" tags=["es"]
# Ahora, una imagen: un recorte de fotografía de 32 × 32 píxeles. VGG19 espera 224 × 224 y los
# colores preparados como en su entrenamiento; de eso se encarga `preprocess_input`.

# %% id="photo"
(_, _), (photos, kinds), names = lab.datasets.colour_images(source=source)
photo = photos[kinds == 8][:1]
lab.pictures(photo)

# %% id="prepare"
large = keras.ops.image.resize(photo.astype("float32"), (224, 224))
image = keras.applications.vgg19.preprocess_input(np.array(large))
image.shape

# %% [markdown] id="about-blocks" tags=["en"]
# **Predict** the shape of `block3_pool`: three times the size was halved, and the block has 256
# filters.

# %% [markdown] id="about-blocks" tags=["es"]
# **Predice** la forma de `block3_pool`: el tamaño se redujo a la mitad tres veces y el bloque tiene 256
# filtros.

# %% id="blocks"
extracted = vgg_extractor(image)
for layer, made in zip(vgg19.layers, extracted):
    if layer.name.endswith("pool") or layer.name == "fc2":
        print(f"{layer.name:12}", tuple(made.shape))

# %% [markdown] id="after-blocks" tags=["en"]
# From block to block the maps get smaller and more numerous. Trained weights make all of this
# useful for other tasks:
#
# - **Transfer learning** puts a small head of your own on `block5_pool` and trains only that: a few
#   hundred pictures can be enough.
# - **Style transfer** changes a picture until its early maps resemble a painting and its late maps
#   a photograph.
# - **Search** compares pictures by their features, as you did with digits.

# %% [markdown] id="after-blocks" tags=["es"]
# De bloque en bloque, los mapas son más pequeños y más numerosos. Con pesos entrenados, aquí hay un
# repertorio de características listas para usar:
#
# - El **aprendizaje por transferencia** pone una pequeña cabeza propia sobre `block5_pool` y solo
#   entrena esa parte: pueden bastar unos cientos de imágenes.
# - La **transferencia de estilo** modifica una imagen hasta que sus primeros mapas se parecen a los de
#   un cuadro y los últimos, a los de una fotografía.
# - La **búsqueda** compara imágenes por sus características, como hiciste con los dígitos.

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
# **Next:** [Your own layer](11_your_own_layer.ipynb)

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
# **Siguiente:** [Tu propia capa](11_your_own_layer.ipynb)
