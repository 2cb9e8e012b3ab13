"""Pickles read opcode by opcode: nothing is unpickled."""
