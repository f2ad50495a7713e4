"""Rules of stock and of order; standard library only, no AWS."""
