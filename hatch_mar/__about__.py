"""The version, which stands in every manifest and nowhere else."""

__version__ = "0.1.0"
