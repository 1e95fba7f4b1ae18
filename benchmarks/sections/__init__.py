"""What is measured: a module a section, each with a function that measures it."""
