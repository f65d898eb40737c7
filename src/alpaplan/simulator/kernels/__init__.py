"""Compiled loops over requests: one file for each kind of service, and the table that chooses.

To add a kind of service, write a file (or several, named after the first) with

- the arrays that its kernels take, as NamedTuples, whose annotations alone state the types of the
  fields and which of them are read-only;
- one loop for each dispatch rule, as a plain function of these NamedTuples;

and add a line for each loop to `table`. `parameters` derives from a loop's annotations what the
compiler has to know. Numba compiles each loop once (`compiler`); later runs load its machine code
(`code_cache`) without importing numba. Kernels import numpy alone.
"""
