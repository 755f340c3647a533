"""Noise that protects one subject: the discrete Gaussian, drawn by a key, and what it costs in zero-concentrated differential privacy.

C. Canonne, G. Kamath, T. Steinke, The discrete Gaussian for differential privacy (NeurIPS 2020; arXiv:2004.00010): exact sampling by
algorithms 1 to 3, cost by theorem 14. Whole numbers throughout: floating-point noise tells the number beneath it (Mironov, CCS 2012).
Knows nothing of questions.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
from collections.abc import Sequence
from fractions import Fraction

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

_BLOCK = 1024


class Stream:
    """Secret random bits that are the same again for the same key and the same `said`, and independent for any other.

    `said` holds the exact statistics: the same question of the same rows gets the same noise, so asking again cannot average it away; of
    other rows, another, so that no difference of two answers is free of noise.
    """

    def __init__(self, key: bytes, said: object) -> None:
        seed = hmac.digest(key, json.dumps(said, sort_keys=True, separators=(",", ":")).encode(), hashlib.sha256)
        self._bytes = Cipher(ChaCha20(seed, bytes(16)), mode=None).encryptor()
        self._buffer = b""

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit` - 1, each as likely."""
        size = (limit.bit_length() + 7) // 8
        ceiling = 256**size // limit * limit
        while True:
            if len(self._buffer) < size:
                self._buffer += self._bytes.update(bytes(_BLOCK))
            drawn, self._buffer = int.from_bytes(self._buffer[:size], "big"), self._buffer[size:]
            if drawn < ceiling:
                return drawn % limit

    def gaussian(self, variance: Fraction) -> int:
        """A whole number k with probability in proportion to exp(-k² / (2 variance)); the variance is that parameter, above 0."""
        scale = math.isqrt(int(variance)) + 1
        while True:
            drawn = self._laplace(scale)
            if self._falls((abs(drawn) - variance / scale) ** 2 / (2 * variance)):
                return drawn

    def _laplace(self, scale: int) -> int:
        """A whole number k with probability in proportion to exp(-|k| / scale)."""
        while True:
            part = self.below(scale)
            if not self._falls_below_one(part, scale):
                continue
            whole = 0
            while self._falls_below_one(1, 1):
                whole += 1
            size, is_negative = part + scale * whole, bool(self.below(2))
            if size or not is_negative:
                return -size if is_negative else size

    def _falls(self, rate: Fraction) -> bool:
        """True with probability exp(-rate)."""
        whole, over = divmod(rate.numerator, rate.denominator)
        return all(self._falls_below_one(1, 1) for _ in range(whole)) and self._falls_below_one(over, rate.denominator)

    def _falls_below_one(self, over: int, under: int) -> bool:
        """True with probability exp(-over / under), of at most 1."""
        place = 1
        while self.below(under * place) < over:
            place += 1
        return place % 2 == 1


def variance(squared_sensitivity: Fraction, rho: Fraction) -> Fraction:
    """Variance of the noise by which statistics that one subject moves by at most that much (Euclidean, squared) cost `rho`."""
    return squared_sensitivity / (2 * rho)


def epsilon(rho: float, delta: float) -> float:
    """What `rho` means as (epsilon, delta) differential privacy: rho + 2 √(rho ln(1/delta)) (Bun, Steinke, TCC 2016, proposition 1.3)."""
    return rho + 2 * math.sqrt(rho * math.log(1 / delta))


def noisy(stream: Stream, values: Sequence[int], variances: Sequence[Fraction]) -> list[int]:
    """Each value with noise of its variance."""
    return [value + stream.gaussian(spread) for value, spread in zip(values, variances, strict=True)]
