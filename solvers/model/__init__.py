"""The whole model: its columns, constraints and cuts, and what a solution means to it."""
