"""Lesson 10."""

from kfunc_lab.lessons.exercises.exercise import Exercise

EXERCISES: list[Exercise] = []
