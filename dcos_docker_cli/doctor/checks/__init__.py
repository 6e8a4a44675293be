"""The checks, each a function of the subject that returns one finding, in modules by what they look at."""
