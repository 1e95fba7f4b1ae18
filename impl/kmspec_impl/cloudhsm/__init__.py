"""AWS CloudHSM v2: the operations offered. A module a resource."""
