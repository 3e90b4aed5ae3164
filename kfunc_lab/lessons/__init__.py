"""The course: catalogue, exercises, feedback, progress, working copies and runs."""
