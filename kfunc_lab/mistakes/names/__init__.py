"""Names that Keras, TensorFlow and NumPy have, had, or call otherwise, and today's instead."""
