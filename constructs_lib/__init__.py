"""Infrastructure of the inventory pipeline: one construct a module, composed by `stack`.

Nothing is imported here, so that whoever needs the settings or the names alone does not wait for
the provider's bindings.
"""
