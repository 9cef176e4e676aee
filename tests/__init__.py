"""Tests: unit/ mirrors the tree, contract/ has one suite a port, integration/ and browser/ use
real servers.
"""
