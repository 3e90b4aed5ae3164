"""Proposes edits where a value is missing or impossible, and keeps those that later calls fit."""
