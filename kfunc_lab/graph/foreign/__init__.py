"""What is no model of Keras 3: names objects and files as what they are, and says the way on."""
