"""Mistakes made by mutation: one random change of a right model, as notebook cells.

`right_models` has the models, `settings`, `calls`, `names`, `training` and `data` the kinds of
change, `choose` chooses some of them, and `run` runs them and applies the edit that is offered.
"""
