"""The course: its catalogue, its exercises and their feedback, working copies and runs."""
