"""The drawings of the lessons: a unit, bars, and the descent of a loss."""
