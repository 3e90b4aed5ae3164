"""The learner's source: the syntax tree of a file or cell, and changes of it."""
