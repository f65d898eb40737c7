"""A fuzzer: inputs that are almost right, and what no command may do with them."""
