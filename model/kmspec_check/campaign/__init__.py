"""Campaigns: the same check with many seeds, spread over whoever is there to work.

Of a check only walks, values and races follow from its seed. What does not is done once; then each
seed is a piece of work of its own, which begins with what was found before and knows of no other
seed. So it finds the same wherever it is done, and as often as it is done.
"""
