"""The rules about learners' mistakes, one file for each kind of mistake."""
