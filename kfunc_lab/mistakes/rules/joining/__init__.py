"""Rules about joining graphs: pretrained models, nested models, and their tensors."""
