"""Measures the library beside PyTorch, scikit-learn and naive NumPy: ``python -m benchmarks``."""
