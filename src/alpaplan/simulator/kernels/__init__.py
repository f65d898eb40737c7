"""Compiled loops over requests: one file for each kind of service, and the table that chooses.

A kind of service is a file here, with others beside it named after it where it grows long, that has

- the arrays that its kernels take, as NamedTuples: their annotations are all that says which
  fields there are, of which type, and which of them are only read;
- one loop for each dispatch rule, as a plain function of these NamedTuples;

and a line for each loop in `table`. `parameters` derives what a compiler has to know from the
annotations of a loop. Numba compiles it once (`compiler`), and is not even imported where its
machine code was kept (`kept_code`). Kernels know numpy alone.
"""
