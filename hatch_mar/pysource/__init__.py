"""What a Python file does when it is imported, read from its syntax without running it.

Where the syntax does not tell, these modules say so, and the checks then find nothing.
"""
