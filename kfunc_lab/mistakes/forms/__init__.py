"""The forms in which a mistake is shown: its words, as HTML and as a picture."""
