"""The networks, one a file, each named after its class."""
