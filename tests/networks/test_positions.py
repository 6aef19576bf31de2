"""Sinusoids against their definition, number by number."""

import math

import numpy as np
import pytest

from bestiary.networks.positions import interleaved_sinusoids, sinusoids


@pytest.mark.parametrize(("positions", "width", "base"), [(5, 4, 100), (9, 6, 10000), (1, 2, 100)])
def test_sinusoids_are_sines_then_cosines(positions, width, base):
    got, half = sinusoids(positions, width, base), width // 2
    assert got.shape == (positions, width)
    for t in range(positions):
        for i in range(half):
            phase = t / base ** (i / half)
            assert float(got[t, i]) == pytest.approx(math.sin(phase), abs=1e-5)
            assert float(got[t, half + i]) == pytest.approx(math.cos(phase), abs=1e-5)


@pytest.mark.parametrize(("positions", "width", "base"), [(5, 4, 100), (9, 6, 10000), (4, 5, 100)])
def test_interleaved_sinusoids_have_every_sine_beside_its_cosine(positions, width, base):
    got = interleaved_sinusoids(positions, width, base)
    assert got.shape == (positions, width)
    for t in range(positions):
        for i in range(width):
            phase = t / base ** (2 * (i // 2) / width)
            wanted = math.cos(phase) if i % 2 else math.sin(phase)
            assert float(got[t, i]) == pytest.approx(wanted, abs=1e-5)


def test_they_are_the_same_waves():
    one, other = np.asarray(sinusoids(7, 8)), np.asarray(interleaved_sinusoids(7, 8))
    np.testing.assert_allclose(one, np.concatenate([other[:, ::2], other[:, 1::2]], 1), atol=1e-6)
