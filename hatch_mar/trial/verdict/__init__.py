"""Whether the answers are right, and what to say if they are not."""
