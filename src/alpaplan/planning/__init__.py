"""The one composition point: documents and settings in, a plan document or its outcome out.

Commands, the library's face, tests and benchmarks all call these functions.
"""
