#!/usr/bin/python3
"""Writes spectra.json: what PyTorch and NumPy make of short signals. See README.md."""

import json
import os

import numpy
import torch

random = numpy.random.RandomState(7)


def numbers(values, digits=9):
    """Nine digits, which tell two float32 numbers apart."""
    return [float(f"{v:.{digits}g}") for v in numpy.asarray(values).ravel()]


def stft(n, size, hop, window, center):
    """A float32 signal, its spectra [frames, bins, 2] in float64, and what comes back of spectra that are no signal's."""
    x = random.normal(size=n).astype(numpy.float32)
    hann = torch.hann_window(window, dtype=torch.float64)
    options = {"n_fft": size, "hop_length": hop, "win_length": window, "window": hann, "center": center}
    spectra = torch.stft(torch.tensor(x).double(), onesided=True, return_complex=True, **options)
    other = (spectra * torch.tensor(random.uniform(0.5, 1.5, size=spectra.shape))).to(torch.complex64)
    case = {
        "size": size, "hop": hop, "window": window, "center": center, "x": numbers(x),
        "frames": spectra.shape[1],
        "spectra": numbers(torch.view_as_real(spectra.T.contiguous())),
    }
    if center:  # an uncentered Hann window leaves the first sample without a weight, which torch.istft refuses
        case["other"] = numbers(torch.view_as_real(other.T.contiguous()))
        case["length"] = n
        case["back"] = numbers(torch.istft(other.to(torch.complex128), length=n, onesided=True, **options))
    return case


def rfft(n):
    x = random.normal(size=n)
    y = numpy.fft.rfft(x)
    return {"x": numbers(x, 17), "spectrum": numbers(numpy.stack([y.real, y.imag], -1), 17)}


def hertz_to_mel(f, htk):
    f = numpy.asarray(f, dtype=float)
    if htk:
        return 2595.0 * numpy.log10(1.0 + f / 700.0)
    return numpy.where(f < 1000, f / (200.0 / 3), 15 + numpy.log(numpy.maximum(f, 1e-9) / 1000) / (numpy.log(6.4) / 27))


def mel_to_hertz(m, htk):
    if htk:
        return 700.0 * (10.0 ** (m / 2595.0) - 1.0)
    return numpy.where(m < 15, m * (200.0 / 3), 1000 * numpy.exp((numpy.log(6.4) / 27) * (m - 15)))


def mel(rate, size, filters, low, high, htk, norm):
    """The definition of librosa.filters.mel(sr, n_fft, n_mels, fmin, fmax, htk, norm), by broadcasts over slopes."""
    bins = numpy.linspace(0, rate / 2, size // 2 + 1)
    edges = mel_to_hertz(numpy.linspace(hertz_to_mel(low, htk), hertz_to_mel(high, htk), filters + 2), htk)
    widths = numpy.diff(edges)
    ramps = edges[:, None] - bins[None, :]
    weights = numpy.maximum(0, numpy.minimum(-ramps[:-2] / widths[:-1, None], ramps[2:] / widths[1:, None]))
    if norm:
        weights *= (2.0 / (edges[2:] - edges[:-2]))[:, None]
    return weights


def bank(rate, size, filters, low, high, htk, norm):
    weights = mel(rate, size, filters, low, high, htk, norm)
    places = [[int(m), int(k), float(f"{weights[m, k]:.9g}")] for m, k in zip(*numpy.nonzero(weights))]
    return {"rate": rate, "size": size, "filters": filters, "low": low, "high": high, "htk": htk, "norm": norm,
            "weights": places}


if __name__ == "__main__":
    out = {
        "made by": f"PyTorch {torch.__version__}, NumPy {numpy.__version__}",
        "rfft": [rfft(n) for n in (2, 4, 6, 10, 16, 30, 128, 134)],
        "stft": [
            stft(200, 64, 16, 64, True),
            stft(157, 64, 24, 40, True),
            stft(150, 50, 20, 31, True),
            stft(200, 64, 32, 64, False),
            stft(33, 64, 16, 64, True),
        ],
        "mel": [
            bank(8000, 256, 26, 0.0, 4000.0, True, False),
            bank(8000, 256, 26, 0.0, 4000.0, False, True),
            bank(16000, 400, 20, 80.0, 7600.0, False, True),
            bank(16000, 512, 10, 20.0, 8000.0, True, True),
        ],
    }
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "spectra.json"), "w") as file:
        file.write(json.dumps(out).replace(', "', ',\n"') + "\n")
