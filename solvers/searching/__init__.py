"""The search of a whole model: lexicographic, in two stages where it is large, in a process of its own."""
