"""The acceptance tests AT1 to AT16 and AT22 with the released weights; `Benchmarks/validate.py` runs them."""
