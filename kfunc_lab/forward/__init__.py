"""One forward pass through a model, with every call's values."""
