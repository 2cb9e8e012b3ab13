"""The parts of the documents that follow from the code, a module for each subject."""
