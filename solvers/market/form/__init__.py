"""The problem as arrays: goods, shared rows, and blocks (jobs, periods of services) with all they may do."""
