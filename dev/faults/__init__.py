"""The fault campaign: the real writer in a world that fails in every way we know of."""
