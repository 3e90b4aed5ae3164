"""What the checks of all exercises share: the form of an exercise, and how answers are compared."""
