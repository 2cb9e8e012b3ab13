"""The program that runs in the worker's process."""
