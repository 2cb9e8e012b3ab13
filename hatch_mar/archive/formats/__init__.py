"""The containers that an archive can be, one module each for writing it and for reading it."""
