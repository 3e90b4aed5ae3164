"""What a learner passed to a model, what the model wants, and transformations between the two."""
