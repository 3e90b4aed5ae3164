"""Follows the learner's edited code through the shape rules, without running it."""
