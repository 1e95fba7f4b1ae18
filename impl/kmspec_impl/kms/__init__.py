"""AWS KMS: the operations offered. A module a resource."""
