"""What may run where, and by which ways: options of jobs, slots and arcs of services, and why others not."""
