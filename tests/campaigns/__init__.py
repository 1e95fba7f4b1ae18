"""Campaigns: the same is found wherever a seed is done, and a lost worker loses nothing."""
