"""Archives put where servers find them: in a directory or a store, under the names that a layout gives."""
