"""Files that run code when they are loaded, and honest ones that are easily taken for such.

The code does one thing: it creates the file `MARKER` in the current directory. Nothing of this is kept as a
file; all of it is made in seconds.
"""
