"""Pictures for print: black on white, the layered figure, and PDF."""
