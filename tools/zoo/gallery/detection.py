"""Detection, key points and multi-task heads over pictures."""

import keras
from keras import layers, ops


def _small_backbone(image):
    x, stages = image, []
    for filters in (8, 16, 32):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
        stages.append(x)
    return stages


def retina_heads_shared_over_levels():
    """A feature pyramid; one head is called on every level; outputs are reshaped and joined."""
    image = keras.Input((64, 64, 3), name="image")
    c1, c2, c3 = _small_backbone(image)
    p3 = layers.Conv2D(16, 1)(c3)
    p2 = layers.Add()([layers.UpSampling2D(2)(p3), layers.Conv2D(16, 1)(c2)])
    p1 = layers.Add()([layers.UpSampling2D(2)(p2), layers.Conv2D(16, 1)(c1)])
    classes, anchors = 5, 3

    def head(filters, name):
        return keras.Sequential(
            [
                keras.Input((None, None, 16)),
                layers.Conv2D(16, 3, padding="same", activation="relu"),
                layers.Conv2D(16, 3, padding="same", activation="relu"),
                layers.Conv2D(filters, 3, padding="same"),
            ],
            name=name,
        )

    of_classes, of_boxes = head(classes * anchors, "class_head"), head(4 * anchors, "box_head")
    labels = [layers.Reshape((-1, classes))(of_classes(p)) for p in (p1, p2, p3)]
    boxes = [layers.Reshape((-1, 4))(of_boxes(p)) for p in (p1, p2, p3)]
    outputs = {
        "boxes": layers.Concatenate(axis=1)(boxes),
        "classes": layers.Concatenate(axis=1)(labels),
    }
    model = keras.Model(image, outputs, name="retina")
    model.compile(
        "adam",
        loss={
            "boxes": keras.losses.Huber(),
            "classes": keras.losses.BinaryFocalCrossentropy(from_logits=True),
        },
    )
    return model


def ssd_softmax_on_joined_anchors():
    """Class scores of two maps are joined, then softmax over the last axis."""
    image = keras.Input((64, 64, 3))
    _c1, c2, c3 = _small_backbone(image)
    scores = [
        layers.Reshape((-1, 4))(layers.Conv2D(2 * 4, 3, padding="same")(c)) for c in (c2, c3)
    ]
    offsets = [
        layers.Reshape((-1, 4))(layers.Conv2D(2 * 4, 3, padding="same")(c)) for c in (c2, c3)
    ]
    labels = layers.Activation("softmax", name="labels")(layers.Concatenate(axis=1)(scores))
    places = layers.Concatenate(axis=1, name="places")(offsets)
    model = keras.Model(image, [labels, places])
    model.compile("sgd", loss={"labels": "categorical_crossentropy", "places": "huber"})
    return model


def yolo_style_sigmoid_slices():
    """Centres, sizes, objectness and classes of one map, each with an activation of its own."""
    image = keras.Input((64, 64, 3))
    *_rest, c3 = _small_backbone(image)
    raw = layers.Conv2D(5 + 3, 1)(c3)
    centres = ops.sigmoid(raw[..., :2])
    sizes = ops.exp(raw[..., 2:4])
    seen = ops.sigmoid(raw[..., 4:5])
    labels = ops.softmax(raw[..., 5:], axis=-1)
    model = keras.Model(image, ops.concatenate([centres, sizes, seen, labels], axis=-1))
    model.compile("adam", "mse")
    return model


def centre_net_heads():
    """A heat map by sigmoid, sizes and offsets without activation, as a dict."""
    image = keras.Input((64, 64, 3))
    _c1, c2, c3 = _small_backbone(image)
    x = layers.Conv2DTranspose(16, 4, strides=2, padding="same")(c3)
    x = layers.Concatenate()([x, c2])
    x = layers.Conv2DTranspose(16, 4, strides=2, padding="same", activation="relu")(x)

    def head(channels, activation=None, name=None):
        y = layers.Conv2D(16, 3, padding="same", activation="relu")(x)
        return layers.Conv2D(channels, 1, activation=activation, name=name)(y)

    outputs = {
        "heat": head(3, "sigmoid", "heat_map"),
        "size": head(2, name="size_map"),
        "offset": head(2, name="offset_map"),
    }
    model = keras.Model(image, outputs)
    model.compile(
        "adam", loss={"heat": "binary_focal_crossentropy", "size": "mae", "offset": "mae"}
    )
    return model


def keypoints_from_mobilenet():
    """A frozen backbone, separable convolutions, sigmoid coordinates in a 1 × 1 map."""
    backbone = keras.applications.MobileNetV2(
        weights=None, include_top=False, input_shape=(96, 96, 3)
    )
    backbone.trainable = False
    inputs = keras.Input((96, 96, 3))
    x = keras.applications.mobilenet_v2.preprocess_input(inputs)
    x = backbone(x)
    x = layers.Dropout(0.3)(x)
    x = layers.SeparableConv2D(48, 3, activation="relu")(x)
    outputs = layers.SeparableConv2D(48, 1, activation="sigmoid")(x)
    model = keras.Model(inputs, outputs, name="keypoint_detector")
    model.compile(loss="mse", optimizer=keras.optimizers.Adam(1e-4))
    return model


def object_localisation_two_heads():
    """A class and a box from one vector."""
    image = keras.Input((64, 64, 3))
    x = layers.GlobalAveragePooling2D()(_small_backbone(image)[-1])
    label = layers.Dense(4, activation="softmax", name="label")(x)
    box = layers.Dense(4, activation="sigmoid", name="box")(x)
    model = keras.Model(image, [label, box])
    model.compile(
        "adam",
        loss={"label": "sparse_categorical_crossentropy", "box": "mse"},
        loss_weights={"label": 1.0, "box": 5.0},
        metrics={"label": "accuracy"},
    )
    return model


def depth_estimation_with_blocks():
    """Downscale and upscale blocks as custom layers, as in monocular depth estimation."""

    class Down(layers.Layer):
        def __init__(self, filters, **kwargs):
            super().__init__(**kwargs)
            self.filters = filters
            self.first = layers.Conv2D(filters, 3, padding="same")
            self.second = layers.Conv2D(filters, 3, padding="same")
            self.relu = layers.LeakyReLU(negative_slope=0.2)
            self.norm = layers.BatchNormalization()
            self.pool = layers.MaxPooling2D()

        def call(self, x):
            d = self.first(x)
            x = self.relu(self.norm(d))
            x = self.relu(self.second(x)) + d
            return x, self.pool(x)

        def get_config(self):
            return {**super().get_config(), "filters": self.filters}

    image = keras.Input((32, 32, 3))
    kept_one, x = Down(8)(image)
    kept_two, x = Down(16)(x)
    x = layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    x = layers.UpSampling2D()(x)
    x = layers.Concatenate()([x, kept_two])
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(x)
    x = layers.Concatenate()([layers.UpSampling2D()(x), kept_one])
    x = layers.Conv2D(1, 1, activation="tanh")(x)
    model = keras.Model(image, x)
    model.compile("adam", "mae")
    return model


def captcha_ocr():
    """Convolutions, a sequence of columns, a bidirectional LSTM, one more class for CTC."""
    image = keras.Input((100, 32, 1), name="image")
    x = layers.Conv2D(16, 3, activation="relu", padding="same")(image)
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(32, 3, activation="relu", padding="same")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Reshape((25, 8 * 32))(x)
    x = layers.Dense(32, activation="relu")(x)
    x = layers.Dropout(0.2)(x)
    x = layers.Bidirectional(layers.LSTM(32, return_sequences=True, dropout=0.25))(x)
    x = layers.Dense(11 + 1, activation="softmax", name="letters")(x)
    model = keras.Model(image, x, name="ocr")
    model.compile("adam")
    return model
