"""The gas matrix: scenarios on deployed contracts, limits, snapshots, and where the gas goes."""
