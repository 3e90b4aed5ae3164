"""Searches for edits that make a failed call fit."""
