"""A long life: very many requests, and nothing grows that should not."""
