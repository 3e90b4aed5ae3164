# %% [markdown] id="title" tags=["en"]
# # One graph, many models
#
# An *autoencoder* takes an image and has to output the same image, though everything passes through
# a bottleneck: here sixteen numbers, the *code*. You will build one graph and cut several models
# out of it, anywhere you like, and see which weights they share.
#
# ```
# image 28 × 28 ──► encoder ──► 16 numbers ──► decoder ──► image 28 × 28
# ```

# %% [markdown] id="title" tags=["es"]
# # Un grafo, muchos modelos
#
# Un *autoencoder* recibe una imagen y tiene que devolver esa misma imagen después de hacerla pasar
# por un cuello de botella: aquí, dieciséis números, el *código*. Vas a construir un solo grafo y a
# recortar de él varios modelos, por donde quieras, y verás qué pesos comparten.
#
# ```
# imagen 28 × 28 ──► codificador ──► 16 números ──► decodificador ──► imagen 28 × 28
# ```

# %% id="parameters" tags=["parameters"]
language = "en"
source = "embedded"
digits = 3
epochs = 12
seed = 0

# %% id="setup" tags=["nbval-ignore-output"]
import keras
import kfunc_lab as lab
import numpy as np
from keras import layers

lab.language(language)
keras.utils.set_random_seed(seed)

# %% [markdown] id="about-convolution" tags=["en"]
# ## The way down: the encoder
#
# A *convolution* slides a small window over the image. At each place, every *filter* multiplies
# what is in the window by its weights and adds up the products to one number; its numbers from all
# places make a *map*. `Conv2D(16, 3)` has 16 filters and a window of 3 × 3.
#
# An image has three axes: height, width and *channels*, one channel for grey. **Predict:** in how
# many places does a window of 3 fit along 28 pixels? What is the shape of `x`?

# %% [markdown] id="about-convolution" tags=["es"]
# ## La bajada: el codificador
#
# Una *convolución* desliza una ventana pequeña por la imagen. En cada posición, cada *filtro*
# multiplica por sus pesos lo que hay en la ventana y suma los productos en un solo número; sus
# números de todas las posiciones forman un *mapa*. `Conv2D(16, 3)` tiene 16 filtros y una ventana
# de 3 × 3.
#
# Una imagen tiene tres ejes: alto, ancho y *canales*; en escala de grises hay un solo canal.
# **Predice:** ¿en cuántas posiciones cabe una ventana de 3 a lo largo de 28 píxeles? ¿Qué forma
# tiene `x`?

# %% id="convolution"
encoder_input = keras.Input(shape=(28, 28, 1), name="img")
x = layers.Conv2D(16, 3, activation="relu")(encoder_input)
x.shape

# %% [markdown] id="about-encoder" tags=["en"]
# In 26 places: the window never extends beyond the image. The 16 maps are the new channels.
#
# Two more kinds of layer come now. `MaxPooling2D(3)` cuts each map into squares of 3 × 3 and keeps
# the largest number of each. `GlobalMaxPooling2D` keeps only the largest number of the *whole* map.
# **Predict** the height after each of the next four layers, beginning with 26.

# %% [markdown] id="about-encoder" tags=["es"]
# En 26: la ventana nunca se sale de la imagen. Los 16 mapas son los nuevos canales.
#
# Ahora vienen otras dos clases de capa. `MaxPooling2D(3)` divide cada mapa en cuadrados de 3 × 3 y
# conserva el mayor número de cada uno. `GlobalMaxPooling2D` conserva solo el mayor número de *todo*
# el mapa. **Predice** el alto después de cada una de las cuatro capas siguientes, a partir de 26.

# %% id="encoder"
x = layers.Conv2D(32, 3, activation="relu")(x)
x = layers.MaxPooling2D(3)(x)
x = layers.Conv2D(32, 3, activation="relu")(x)
x = layers.Conv2D(16, 3, activation="relu")(x)
encoder_output = layers.GlobalMaxPooling2D()(x)
encoder = keras.Model(encoder_input, encoder_output, name="encoder")
print(lab.graph(encoder).to_text())

# %% [markdown] id="about-shapes" tags=["en"]
# 24, 8, 6, 4, and then 16 numbers in place of 784 pixels. `lab.shapes` shows where each number
# comes from. Click a convolution: its arithmetic appears below the table, for the shape and for the
# parameters. The sliders change a setting and show what it would change; your model stays as it is.

# %% [markdown] id="about-shapes" tags=["es"]
# 24, 8, 6, 4 y después 16 números en lugar de 784 píxeles. `lab.shapes` muestra de dónde sale cada
# número. Haz clic en una convolución: debajo de la tabla aparece el cálculo de su forma y de sus
# parámetros. Los controles cambian un ajuste y muestran qué pasaría; tu modelo se queda como está.

# %% id="shapes"
lab.shapes(encoder)

# %% [markdown] id="about-decoder" tags=["en"]
# Each filter of a convolution has one weight for each number in its window, and a bias. The image
# size does not affect the number of parameters: the same filters are used at every place.
#
# ## The way back: the decoder
#
# `Conv2DTranspose` goes the other way: it spreads each number over a window of 3 × 3, so that 4
# becomes 6. `UpSampling2D(3)` repeats each number in a square of 3 × 3, so that 8 becomes 24.
# `Reshape` only arranges the 16 numbers as 4 × 4. **Predict** the height after each line.

# %% [markdown] id="about-decoder" tags=["es"]
# Cada filtro de una convolución tiene un peso por cada número de su ventana, y un sesgo. El tamaño
# de la imagen no influye en el número de parámetros: en todas las posiciones se usan los mismos
# filtros.
#
# ## La vuelta: el decodificador
#
# `Conv2DTranspose` va en sentido contrario: reparte cada número en una ventana de 3 × 3, y así el 4
# pasa a 6. `UpSampling2D(3)` repite cada número en un cuadrado de 3 × 3, y el 8 pasa a 24.
# `Reshape` solo coloca los 16 números en 4 × 4. **Predice** el alto después de cada línea.

# %% id="decoder"
x = layers.Reshape((4, 4, 1))(encoder_output)
x = layers.Conv2DTranspose(16, 3, activation="relu")(x)
x = layers.Conv2DTranspose(32, 3, activation="relu")(x)
x = layers.UpSampling2D(3)(x)
x = layers.Conv2DTranspose(16, 3, activation="relu")(x)
decoder_output = layers.Conv2DTranspose(1, 3, activation="relu")(x)

# %% [markdown] id="about-autoencoder" tags=["en"]
# The graph went on from `encoder_output`, and nothing happened to the encoder. A second model
# begins at the same input and ends further down. `highlight` shows where the first one lies within
# it.

# %% [markdown] id="about-autoencoder" tags=["es"]
# El grafo siguió creciendo desde `encoder_output`, y al codificador no le pasó nada. Un segundo
# modelo empieza en la misma entrada y termina más abajo. `highlight` muestra qué parte ocupa el
# primero.

# %% id="autoencoder"
autoencoder = keras.Model(encoder_input, decoder_output, name="autoencoder")
lab.graph(autoencoder, highlight={"encoder": encoder})

# %% [markdown] id="about-compare" tags=["en"]
# Read the heights from the picture: 4, 6, 8, 24, 26, 28. The image has its shape back.
#
# `lab.compare` shows what changed from one model to another. **Predict:** what was added, what was
# removed?

# %% [markdown] id="about-compare" tags=["es"]
# Lee los altos en el dibujo: 4, 6, 8, 24, 26, 28. La imagen recupera su forma.
#
# `lab.compare` muestra qué cambió de un modelo a otro. **Predice:** ¿qué se añadió y qué se quitó?

# %% id="compare"
lab.compare(encoder, autoencoder)

# %% [markdown] id="about-count" tags=["en"]
# ## Your turn: whose weights?
#
# The encoder has 18,672 parameters, the autoencoder 28,241. **How many of these numbers are shared
# by both models, and how many do both models have together**, each number counted once?

# %% [markdown] id="about-count" tags=["es"]
# ## Te toca: ¿de quién son los pesos?
#
# El codificador tiene 18,672 parámetros y el autoencoder, 28,241. **¿Cuántos de esos números
# comparten los dos modelos (`shared`) y cuántos tienen entre los dos (`together`)**, si cada número
# se cuenta una sola vez?

# %% id="exercise-count"
counts = {"shared": ..., "together": ...}
lab.check("both-models", counts)

# %% id="hint-count"
# lab.hint("both-models")
# lab.solution("both-models")

# %% [markdown] id="about-same" tags=["en"]
# The encoder is a model of its own. Does it have weights of its own? **Predict:** is its first
# convolution equal to that of the autoencoder, or is it the same object?

# %% [markdown] id="about-same" tags=["es"]
# El codificador es un modelo aparte. ¿Tiene también pesos aparte? **Predice:** ¿su primera
# convolución es igual a la del autoencoder o es el mismo objeto?

# %% id="same"
encoder.layers[1] is autoencoder.layers[1]

# %% [markdown] id="about-data" tags=["en"]
# The same object. A model has no layers of its own: it is a path through the graph, from one tensor
# to another. You see what this means when one of the two is trained.
#
# ## Train one, and the other changes
#
# Three kinds of digits, 0, 1 and 2, are enough here and keep the training short. The last axis,
# `None`, makes the one channel.

# %% [markdown] id="about-data" tags=["es"]
# Es el mismo objeto. Un modelo no tiene capas propias: es un camino por el grafo, de un tensor a
# otro. Lo que eso significa se ve al entrenar uno de los dos.
#
# ## Entrena uno y cambia el otro
#
# Tres clases de dígitos, 0, 1 y 2, son suficientes aquí y acortan el entrenamiento. El último eje,
# `None`, crea el único canal.

# %% id="data"
(x_train, y_train), (x_test, y_test) = lab.datasets.mnist(source=source)
x_train = x_train[y_train < digits, :, :, None].astype("float32") / 255
x_test = x_test[y_test < digits, :, :, None].astype("float32") / 255
x_train.shape

# %% [markdown] id="about-fit" tags=["en"]
# The code of the first test digit is kept as `before`. Then only the *autoencoder* is compiled and
# trained, with the images as input **and** as target, for ten to fifteen seconds. Adam is an
# optimizer like RMSprop that also keeps an average of the recent gradients, and so some of its
# direction from step to step.
#
# **Predict:** the encoder was never compiled. Does it output another code afterwards?

# %% [markdown] id="about-fit" tags=["es"]
# El código del primer dígito de prueba se guarda en `before`. Después se compila y se entrena solo
# el *autoencoder*, con las imágenes como entrada **y** como objetivo, durante diez o quince
# segundos. Adam es un optimizador parecido a RMSprop que guarda además una media de los gradientes
# recientes y así conserva, de un paso al siguiente, parte de su dirección.
#
# **Predice:** el codificador no se ha compilado nunca. ¿Dará después otro código?

# %% id="fit"
before = encoder.predict(x_test[:1], verbose=0)
autoencoder.compile(optimizer=keras.optimizers.Adam(0.003), loss="mse")
history = autoencoder.fit(x_train, x_train, batch_size=16, epochs=epochs, verbose=0)

# %% id="after"
after = encoder.predict(x_test[:1], verbose=0)
after.shape, np.array_equal(before, after)

# %% [markdown] id="about-error" tags=["en"]
# Another code, because it is computed with the weights that were trained. This is why it is built
# this way: the autoencoder is for training, the encoder for use.
#
# ## Did it learn anything?
#
# An error alone says little. Compare it with the error of an answer that needs no model: the mean
# of all training images, whatever the digit. **Predict:** how large is the error of the
# autoencoder, as a share of that?

# %% [markdown] id="about-error" tags=["es"]
# Es otro código, porque se calcula con los pesos que se entrenaron. Para eso se construye así: el
# autoencoder sirve para entrenar, y el codificador es el que se usa.
#
# ## ¿Aprendió algo?
#
# Un error por sí solo dice poco. Compáralo con el de una respuesta que no necesita modelo: la media
# de todas las imágenes de entrenamiento, sea cual sea el dígito. **Predice:** ¿qué parte de ese
# error es el del autoencoder?

# %% id="error"
reconstructed = autoencoder.predict(x_test, verbose=0)
error = np.mean((reconstructed - x_test) ** 2)
baseline = np.mean((x_train.mean(axis=0) - x_test) ** 2)
round(float(error / baseline), 1)

# %% [markdown] id="about-pictures" tags=["en"]
# Test digits above, and below them what the decoder made of sixteen numbers each:

# %% [markdown] id="about-pictures" tags=["es"]
# Arriba, dígitos de prueba; debajo, lo que el decodificador hizo con dieciséis números de cada uno:

# %% id="pictures" tags=["nbval-ignore-output"]
lab.pictures(x_test[:8], reconstructed[:8])

# %% [markdown] id="about-cut" tags=["en"]
# Blurred, and still most of them can be read, even their slant.
#
# ## Cut anywhere
#
# The name `x` now refers to another tensor, but nothing is lost: `layer.output` is the tensor that
# a layer made when it was called. **Predict:** what shape does this model output for one image, and
# does it have to be trained first?

# %% [markdown] id="about-cut" tags=["es"]
# Borrosos, y aun así la mayoría se lee; se reconoce hasta la inclinación.
#
# ## Cortar por cualquier sitio
#
# El nombre `x` designa ahora otro tensor, pero nada se ha perdido: `layer.output` es el tensor que
# una capa produjo en su llamada. **Predice:** ¿qué forma devuelve este modelo con una imagen? ¿Hay
# que entrenarlo antes?

# %% id="cut"
pooled = keras.Model(encoder_input, autoencoder.layers[3].output, name="pooled")
pooled.predict(x_test[:1], verbose=0).shape

# %% [markdown] id="about-middle" tags=["en"]
# It is trained already: its convolutions are those of the autoencoder.
#
# A model can also *begin* in the middle. What lies between the code and the end of the graph is the
# decoder. **Predict** its parameters, and whether encoder and decoder, one after the other, output
# what the autoencoder did.

# %% [markdown] id="about-middle" tags=["es"]
# Ya está entrenado: sus convoluciones son las del autoencoder.
#
# Un modelo también puede *empezar* a medio camino. Lo que va del código al final del grafo es el
# decodificador. **Predice** sus parámetros, y si el codificador y el decodificador, uno tras otro,
# devuelven lo mismo que el autoencoder.

# %% id="middle"
decoder = keras.Model(encoder_output, decoder_output, name="decoder")
again = decoder.predict(encoder.predict(x_test, verbose=0), verbose=0)
f"{decoder.count_params():,}", np.allclose(again, reconstructed, atol=1e-5)

# %% [markdown] id="about-exercise" tags=["en"]
# 28,241 − 18,672 = 9,569 parameters, and the same images. Four models by now, over one set of
# weights.
#
# ## Your turn: two cuts
#
# Cut two more models out of the graph. Both begin at the image and use the layers of `autoencoder`:
#
# - `maps` ends at the sixteen maps of 4 × 4, before the global pooling;
# - `step` ends one step on the way back, at the first transposed convolution (6 × 6 × 16).

# %% [markdown] id="about-exercise" tags=["es"]
# 28,241 − 18,672 = 9,569 parámetros, y las mismas imágenes. Ya son cuatro modelos con un solo juego
# de pesos.
#
# ## Te toca: dos cortes
#
# Recorta otros dos modelos del grafo. Los dos empiezan en la imagen y usan las capas de
# `autoencoder`:
#
# - `maps` termina en los dieciséis mapas de 4 × 4, antes del *pooling* global;
# - `step` termina al dar el primer paso de vuelta, en la primera convolución transpuesta (6 × 6 ×
#   16).

# %% id="exercise"
cuts = {"autoencoder": autoencoder, "maps": ..., "step": ...}
lab.check("two-cuts", cuts)

# %% id="hint"
# lab.hint("two-cuts")
# lab.solution("two-cuts")
# [layer.name for layer in autoencoder.layers]

# %% [markdown] id="recap" tags=["en"]
# ## What you have learned
#
# - A model is a path through a graph; the layers, with their weights, belong to all models that
#   pass through them.
# - Training one model changes every other model that uses the same layers.
# - `layer.output` is the tensor that a layer made: a graph can be cut there.
#
# To free its memory, shut this notebook down: menu *Kernel* → *Shut Down Kernel*.
#
# **Next:** [Models are layers](05_models_are_layers.ipynb)

# %% [markdown] id="recap" tags=["es"]
# ## Lo que has aprendido
#
# - Un modelo es un camino por un grafo; las capas, con sus pesos, son de todos los modelos que
#   pasan por ellas.
# - Entrenar un modelo cambia todos los demás que usan las mismas capas.
# - `layer.output` es el tensor que produjo una capa: por ahí se puede cortar un grafo.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** [Los modelos son capas](05_models_are_layers.ipynb)
