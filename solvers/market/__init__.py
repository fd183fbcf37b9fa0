"""Large problems as a market: workloads buy goods at prices, and prices rise where goods are scarce.

Every workload is a block of its own, and blocks meet only in shared rows (pools, links, power, budget, caps).
At given prices of these rows each block answers on its own, which gives a proven bound (Lagrange) and
candidate decisions (columns); plans take one column per block within the rows.
"""
