"""What the learner's code says around a failure: its classes, calls and `compile` statements."""
