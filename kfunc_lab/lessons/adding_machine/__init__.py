"""The measures of the final project: a model that reads two digits and adds them."""
