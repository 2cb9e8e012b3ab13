"""What a Python file will do when it is imported, read from its syntax: nothing of it is run.

Where the syntax does not tell, these modules say so, and the checks then find nothing.
"""
