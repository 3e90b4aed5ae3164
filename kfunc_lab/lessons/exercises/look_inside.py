"""Lesson 09."""

from kfunc_lab.lessons.exercises.exercise import Exercise

EXERCISES: list[Exercise] = []
