"""Watches and steers a training run."""
