"""What AWS documents of custom key stores, as data: states, transitions, answers, sources."""
