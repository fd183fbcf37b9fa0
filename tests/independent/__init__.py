"""A second, deliberately plain model of the whole problem, and the comparison of every solver with it.

Written from ``docs/formulation.md`` and ``docs/file-format.md``. The model lists all simple ways, all options
and all replicas, and hands one mixed-integer program to HiGHS by SciPy. It uses the fields of the file and
nothing else of the package: what follows from them is worked out here once more.
"""
