"""computeroute: a planner for AI training and inference across regions, with proof."""
