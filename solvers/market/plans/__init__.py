"""Plans from prices: columns to choose from, blocks placed one by one, and the way to a plan and back."""
