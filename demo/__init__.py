"""The invented company and its three local platforms: a separate process that imports the domain
only.
"""
