"""Wrong and right answers to the exercises, in one file for each lesson.

Each file has `WRONG`: the exercise, a function that builds the answer, and words of its message in
English and in Spanish. A file may have `RIGHT`: the exercise and a function that builds another
right answer; `GIVEN`: the exercise and a function that builds the initial answer of the lesson,
which is not an attempt; and `names()`: the variables that the solutions need.
"""
