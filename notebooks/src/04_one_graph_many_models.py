# %% [markdown] id="title" tags=["en"]
# # One graph, many models
#
# An *autoencoder* has to output the image that it receives, though everything passes through a
# bottleneck: here sixteen numbers, the *code*. You will build one graph, cut several models out of
# it, see which weights they share, and move the numbers of a code.
#
# ```
# image 28 × 28 ──► encoder ──► 16 numbers ──► decoder ──► image 28 × 28
# ```

# %% [markdown] id="title" tags=["es"]
# # Un grafo, muchos modelos
#
# Un *autoencoder* tiene que devolver la imagen que recibe, aunque todo pasa por un cuello de
# botella: aquí, dieciséis números, el *código*. Vas a construir un solo grafo, a recortar de él
# varios modelos, a ver qué pesos comparten y a mover los números de un código.
#
# ```
# imagen 28 × 28 ──► codificador ──► 16 números ──► decodificador ──► imagen 28 × 28
# ```

# %% id="parameters" tags=["parameters"]
language = "en"
source = "embedded"
digits = 3
epochs = 16
seed = 1

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
# what is in the window by its weights and adds up the products and a bias; its numbers from all
# places make a *map*. `Conv2D(16, 3)` has 16 filters and a window of 3 × 3, which never extends
# beyond the image.
#
# An image has three axes: height, width and *channels*, one channel for grey.

# %% [markdown] id="about-convolution" tags=["es"]
# ## La bajada: el codificador
#
# Una *convolución* desliza una ventana pequeña por la imagen. En cada posición, cada *filtro*
# multiplica por sus pesos lo que hay en la ventana y suma los productos y un sesgo; sus números de
# todas las posiciones forman un *mapa*. `Conv2D(16, 3)` tiene 16 filtros y una ventana de 3 × 3,
# que nunca se sale de la imagen.
#
# Una imagen tiene tres ejes: alto, ancho y *canales*; en escala de grises hay un solo canal.

# %% id="predict-convolution"
lab.predict("convolution-shape")

# %% id="convolution"
encoder_input = keras.Input(shape=(28, 28, 1), name="img")
x = layers.Conv2D(16, 3, activation="relu")(encoder_input)
x.shape

# %% [markdown] id="about-encoder" tags=["en"]
# `MaxPooling2D(3)` cuts each map into squares of 3 × 3 and keeps the largest number of each.
# `GlobalMaxPooling2D` keeps only the largest number of the *whole* map.

# %% [markdown] id="about-encoder" tags=["es"]
# `MaxPooling2D(3)` divide cada mapa en cuadrados de 3 × 3 y conserva el mayor número de cada uno.
# `GlobalMaxPooling2D` conserva solo el mayor número de *todo* el mapa.

# %% id="predict-height"
lab.predict("map-height")

# %% id="encoder"
x = layers.Conv2D(32, 3, activation="relu")(x)
x = layers.MaxPooling2D(3)(x)
x = layers.Conv2D(32, 3, activation="relu")(x)
x = layers.Conv2D(16, 3, activation="relu")(x)
encoder_output = layers.GlobalMaxPooling2D()(x)
encoder = keras.Model(encoder_input, encoder_output, name="encoder")
print(lab.graph(encoder).to_text())

# %% [markdown] id="about-shapes" tags=["en"]
# Sixteen numbers remain of 784 pixels. In `lab.shapes`, click a convolution: the arithmetic of its
# shape appears below the table. The sliders show what another setting would change.

# %% [markdown] id="about-shapes" tags=["es"]
# De 784 píxeles quedan dieciséis números. En `lab.shapes`, haz clic en una convolución: debajo de
# la tabla aparece el cálculo de su forma. Los controles muestran qué cambiaría con otro ajuste.

# %% id="shapes"
lab.shapes(encoder)

# %% [markdown] id="about-decoder" tags=["en"]
# The image size does not affect the number of parameters: a filter has the same weights everywhere.
#
# ## The way back: the decoder
#
# `Reshape` only arranges the 16 numbers as 4 × 4. `Conv2DTranspose` spreads each number over a
# window of 3 × 3, so that 4 becomes 6. `UpSampling2D(3)` repeats each number in a square of 3 × 3,
# so that 8 becomes 24.

# %% [markdown] id="about-decoder" tags=["es"]
# El tamaño de la imagen no influye en el número de parámetros: un filtro tiene los mismos pesos en
# todas partes.
#
# ## La vuelta: el decodificador
#
# `Reshape` solo coloca los 16 números en 4 × 4. `Conv2DTranspose` reparte cada número en una
# ventana de 3 × 3, y así el 4 pasa a 6. `UpSampling2D(3)` repite cada número en un cuadrado de
# 3 × 3, y el 8 pasa a 24.

# %% id="decoder"
x = layers.Reshape((4, 4, 1))(encoder_output)
x = layers.Conv2DTranspose(16, 3, activation="relu")(x)
x = layers.Conv2DTranspose(32, 3, activation="relu")(x)
x = layers.UpSampling2D(3)(x)
x = layers.Conv2DTranspose(16, 3, activation="relu")(x)
decoder_output = layers.Conv2DTranspose(1, 3, activation="relu")(x)

# %% [markdown] id="about-autoencoder" tags=["en"]
# The graph went on from `encoder_output`, and nothing happened to the encoder. A second model
# begins at the same input and ends further down. `highlight` marks the first one within it.

# %% [markdown] id="about-autoencoder" tags=["es"]
# El grafo siguió creciendo desde `encoder_output`, y al codificador no le pasó nada. Un segundo
# modelo empieza en la misma entrada y termina más abajo. `highlight` marca en él el primero.

# %% id="autoencoder"
autoencoder = keras.Model(encoder_input, decoder_output, name="autoencoder")
lab.graph(autoencoder, highlight={"encoder": encoder})

# %% [markdown] id="about-count" tags=["en"]
# The heights go 4, 6, 8, 24, 26, 28: the image has its shape back.
#
# ## Your turn: whose weights?
#
# The encoder has 18,672 parameters, the autoencoder 28,241. **How many of these numbers are shared
# by both models, and how many do both models have together**, each number counted once?

# %% [markdown] id="about-count" tags=["es"]
# Los altos son 4, 6, 8, 24, 26 y 28: la imagen recupera su forma.
#
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

# %% [markdown] id="about-data" tags=["en"]
# ## Train one, and the other changes
#
# A model has no layers of its own: it is a path through the graph, from one tensor to another. You
# see what this means when one model is trained.
#
# The digits 0, 1 and 2 are enough. The last axis, `None`, makes the one channel.

# %% [markdown] id="about-data" tags=["es"]
# ## Entrena uno y cambia el otro
#
# Un modelo no tiene capas propias: es un camino por el grafo, de un tensor a otro. Lo que eso
# significa se ve al entrenar uno de los modelos.
#
# Los dígitos 0, 1 y 2 bastan. El último eje, `None`, crea el único canal.

# %% id="data"
(x_train, y_train), (x_test, y_test) = lab.datasets.mnist(source=source)
x_train = x_train[y_train < digits, :, :, None].astype("float32") / 255
x_test = x_test[y_test < digits, :, :, None].astype("float32") / 255
print(x_train.shape, x_test.shape)

# %% [markdown] id="about-fit" tags=["en"]
# Only the *autoencoder* is compiled and trained, with the images as input **and** as target, for
# about 15 seconds. Adam is an optimizer like RMSprop that also keeps an average of the recent
# gradients; `mse` is the mean squared error of the pixels. The codes of the test digits are
# computed before and after.

# %% [markdown] id="about-fit" tags=["es"]
# Se compila y se entrena solo el *autoencoder*, con las imágenes como entrada **y** como objetivo,
# durante unos 15 segundos. Adam es un optimizador parecido a RMSprop que guarda además una media de
# los gradientes recientes; `mse` es el error cuadrático medio de los píxeles. Los códigos de los
# dígitos de prueba se calculan antes y después.

# %% id="predict-fit"
lab.predict("changed-codes")

# %% id="fit"
before = encoder.predict(x_test, verbose=0)
autoencoder.compile(optimizer=keras.optimizers.Adam(0.003), loss="mse")
history = autoencoder.fit(x_train, x_train, batch_size=32, epochs=epochs, verbose=0)
after = encoder.predict(x_test, verbose=0)
print((before != after).any(axis=1).sum(), "/", len(x_test))

# %% [markdown] id="about-pictures" tags=["en"]
# This is why it is built this way: the autoencoder is for training, the encoder for use. Test
# digits above, and below them what the decoder made of sixteen numbers each:

# %% [markdown] id="about-pictures" tags=["es"]
# Para eso se construye así: el autoencoder sirve para entrenar, y el codificador es el que se usa.
# Arriba, dígitos de prueba; debajo, lo que el decodificador hizo con dieciséis números de cada uno:

# %% id="pictures" tags=["nbval-ignore-output"]
reconstructed = autoencoder.predict(x_test, verbose=0)
lab.pictures(x_test[:8], reconstructed[:8])

# %% [markdown] id="about-middle" tags=["en"]
# Blurred, and still most of them can be read, even their slant.
#
# ## Move the code
#
# A model can also *begin* in the middle. From the code to the end of the graph lies the decoder:
# 28,241 − 18,672 parameters. How far its images differ from those of the autoencoder is printed
# too.

# %% [markdown] id="about-middle" tags=["es"]
# Borrosos, pero casi todos se leen; hasta se nota su inclinación.
#
# ## Mueve el código
#
# Un modelo también puede *empezar* a medio camino. Del código al final del grafo está el
# decodificador: 28,241 − 18,672 parámetros. También se imprime cuánto difieren sus imágenes de las
# del autoencoder.

# %% id="middle"
decoder = keras.Model(encoder_output, decoder_output, name="decoder")
again = decoder.predict(after, verbose=0)
print(f"{decoder.count_params():,} {np.abs(again - reconstructed).max():.3f}")

# %% [markdown] id="about-explore" tags=["en"]
# Now give the decoder codes of your own. Above, sixteen numbers as 4 × 4 squares; below, the image
# made of them: the second test digit on the left, the fifth on the right, yours in the middle. Move
# `mix` from one digit to the other. Then add `more` to a single `number` of the code: what does it
# stand for?

# %% [markdown] id="about-explore" tags=["es"]
# Ahora dale al decodificador códigos tuyos. Arriba, dieciséis números en 4 × 4 cuadrados; debajo,
# la imagen hecha con ellos: a la izquierda, el segundo dígito de prueba; a la derecha, el quinto;
# en el centro, el tuyo. Mueve `mix` de un dígito al otro. Después, suma `more` a uno solo de los
# números (`number`): ¿qué representa?

# %% id="explore" tags=["nbval-ignore-output"]
def draw(mix, number, more):
    code = (1 - mix) * after[1] + mix * after[4]
    code[number] += more
    codes = np.array([after[1], code, after[4]])
    images = decoder.predict(codes, verbose=0)
    return lab.pictures(codes.reshape(-1, 4, 4) / 5, images)


lab.explore(draw, mix=(0.0, 1.0, 0.3), number=(0, 15, 0), more=(-4.0, 4.0, 0.0))

# %% [markdown] id="about-cut" tags=["en"]
# ## Cut anywhere
#
# The name `x` now refers to another tensor, but nothing is lost: `layer.output` is the tensor that
# a layer made when it was called. `layers[0]` is the input. No training is needed: the convolutions
# are those of the autoencoder.

# %% [markdown] id="about-cut" tags=["es"]
# ## Cortar por cualquier sitio
#
# El nombre `x` designa ahora otro tensor, pero nada se ha perdido: `layer.output` es el tensor que
# una capa produjo en su llamada. `layers[0]` es la entrada. No hace falta entrenar: las
# convoluciones son las del autoencoder.

# %% id="predict-cut"
lab.predict("cut-shape")

# %% id="cut"
pooled = keras.Model(encoder_input, autoencoder.layers[3].output, name="pooled")
pooled_maps = pooled.predict(x_test[:1], verbose=0)
print(pooled_maps.shape)

# %% [markdown] id="about-exercise" tags=["en"]
# ## Your turn: two cuts
#
# Four models by now, over one set of weights. Cut two more out of the graph. Both begin at the
# image and use the layers of `autoencoder`:
#
# - `maps` ends at the sixteen maps of 4 × 4, before the global pooling;
# - `step` ends at the first transposed convolution (6 × 6 × 16).

# %% [markdown] id="about-exercise" tags=["es"]
# ## Te toca: dos cortes
#
# Ya son cuatro modelos con un solo juego de pesos. Recorta otros dos del grafo. Los dos empiezan en
# la imagen y usan las capas de `autoencoder`:
#
# - `maps` termina en los dieciséis mapas de 4 × 4, antes del *pooling* global;
# - `step` termina en la primera convolución transpuesta (6 × 6 × 16).

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
#   pass through them: training one model changes the others.
# - `layer.output` is the tensor that a layer made: a graph can be cut there.
#
# To free its memory, shut this notebook down: menu *Kernel* → *Shut Down Kernel*.
#
# **Next:** [Models are layers](05_models_are_layers.ipynb)

# %% [markdown] id="recap" tags=["es"]
# ## Lo que has aprendido
#
# - Un modelo es un camino por un grafo; las capas, con sus pesos, son de todos los modelos que
#   pasan por ellas: entrenar un modelo cambia los demás.
# - `layer.output` es el tensor que produjo una capa: por ahí se puede cortar un grafo.
#
# Para liberar su memoria, cierra este cuaderno: menú *Kernel* → *Shut Down Kernel*.
#
# **Siguiente:** [Los modelos son capas](05_models_are_layers.ipynb)
