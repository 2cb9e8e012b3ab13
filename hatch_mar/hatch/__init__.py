"""Hatch's side: the only part that imports hatchling."""
