"""The field of a prediction, and how its guess is answered after the next cell."""
