"""Seeded chance: the same question, asked of the same seed, always gets the same answer."""

from hashlib import blake2b

import numpy as np


def number(seed: int, *what: object) -> int:
    """A whole number of 64 bits that depends on the seed and on what is asked, and on nothing else."""
    question = "/".join(map(str, (seed, *what))).encode()
    return int.from_bytes(blake2b(question, digest_size=8).digest(), "big")


def share(seed: int, *what: object) -> float:
    """A number from 0 up to, but not including, 1."""
    return (number(seed, *what) >> 11) / (1 << 53)


def between(low: int, high: int, seed: int, *what: object) -> int:
    """A whole number from low to high, both included."""
    return low + number(seed, *what) % (high - low + 1)


def stream(seed: int, *what: object) -> np.random.Generator:
    """A row of random numbers that starts the same way each time it is asked for."""
    return np.random.Generator(np.random.Philox(key=number(seed, *what)))
