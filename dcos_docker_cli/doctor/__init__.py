"""Diagnosis: what stands in the way of a cluster on this engine, and what cures it.

A check is a function in `checks` that takes the engine's facts and returns one finding. A check that crashes is a
finding itself; the others still run.
"""
