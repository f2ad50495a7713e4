"""Joins the rules with the services, once per process; one module per kind of function.

Handlers import only the module of their own function, so that a cold start loads nothing else.
"""
