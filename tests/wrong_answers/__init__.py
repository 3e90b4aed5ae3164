"""Wrong answers to the exercises, one file a lesson, and right ones beside the solution.

Each file has `WRONG`: the exercise, what makes the answer, and words of the message made for it
in English and in Spanish. It may have `RIGHT`: the exercise, and what makes another right answer;
`GIVEN`: the exercise, and what makes the answer as the lesson gives it, which is no attempt; and
`names()`: what the lesson has defined before its exercises, for their solutions.
"""
