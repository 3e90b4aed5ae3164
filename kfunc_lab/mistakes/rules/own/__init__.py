"""Rules about the layers, models and functions that the learner writes."""
