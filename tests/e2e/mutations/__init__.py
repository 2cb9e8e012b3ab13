"""Archives that are like good ones but for a few faults, which are new in each run.

What is changed is what a container consists of, such as a size, a flag, an extra field or a whole header;
most of what goes with it, such as a checksum, is then made to fit again.
"""
