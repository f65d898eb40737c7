"""Compiled loops over requests: one file for each kind of service, and the table that chooses.

A kind of service is a file here, with others beside it named after it where it grows long, that has

- the arrays that its kernels take, as NamedTuples: their annotations are all that says which
  fields there are, of which type, and which of them are only read;
- one loop for each dispatch rule, as a plain function of these NamedTuples;

and a line for each loop in `table`. `compiling` derives what numba has to know from the loop's
annotations. Kernels know numpy and numba alone.
"""
