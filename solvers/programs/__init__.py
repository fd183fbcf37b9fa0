"""Integer programs in arrays, and the solvers that they are passed to."""
