"""Ways to better a plan: each lets some blocks leave and places them anew."""
