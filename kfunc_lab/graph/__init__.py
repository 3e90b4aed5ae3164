"""What the model is: its graph, read from Keras, drawn and written."""
