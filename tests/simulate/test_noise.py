"""Noise is a function of its key."""

from __future__ import annotations

from itertools import pairwise

from mitmeter.simulate.noise import Smooth, fraction, octets


def test_noise_is_pinned_so_that_recorded_runs_stay_true() -> None:
    # blake2b("1/x", 6 bytes) and shake_128("1/x") computed with coreutils' b2sum and openssl.
    assert round(fraction(1, "x") * (1 << 48)) == 0xB1FCB4D7447E
    assert octets(4, 1, "x").hex() == "4112c39d"


def test_a_smooth_value_is_the_same_in_any_order_of_asking() -> None:
    forward, backward = Smooth(3, "x", 100), Smooth(3, "x", 100)
    times = [37.0 * i for i in range(1_000)]
    asked = [forward.at(t) for t in times]
    assert [backward.at(t) for t in reversed(times)] == asked[::-1]
    assert all(-1.0 <= value <= 1.0 for value in asked)


def test_a_smooth_value_never_jumps() -> None:
    smooth = Smooth(3, "x", 100)
    values = [smooth.at(float(t)) for t in range(5_000)]
    # The steepest ease between −1 and 1 rises 3 per period: 0.03 a second.
    assert max(abs(b - a) for a, b in pairwise(values)) <= 0.0301
