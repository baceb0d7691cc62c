"""Tests of mathnn.interop against the frameworks themselves: `make interop` makes an environment that has them."""
