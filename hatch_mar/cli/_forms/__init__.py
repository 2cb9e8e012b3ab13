"""The forms of output that are read by a service, such as GitHub or GitLab, and not on a terminal."""
