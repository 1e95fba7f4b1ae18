"""kmspec_check: the checker. It drives a target and the model in lockstep."""
