"""What flows through each call of a model."""
