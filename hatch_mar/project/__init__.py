"""What a project declares: configuration, layout, requirements, and the date of a build."""
