"""Pickles read opcode by opcode, without unpickling anything."""
