"""Reads for the overview: everything comes from rollups and snapshots, never from live counts of large tables."""
