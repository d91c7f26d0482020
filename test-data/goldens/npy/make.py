"""Writes the npy files of this folder with NumPy: python3 make.py"""
import numpy as np
from numpy.lib import format

values = np.array([[[0, 1, -2], [3, -4, 5]], [[6, 7, 8], [-9, 10, 11]]])  # [2, 2, 3]
arrays = {
    "f4-little": values.astype("<f4") / 4,
    "f4-big": values.astype(">f4") / 4,
    "f8-little": values.astype("<f8") / 4,
    "f8-big-fortran": np.asfortranarray(values.astype(">f8") / 4),
    "i4-little-fortran": np.asfortranarray(values.astype("<i4")),
    "i4-big": values.astype(">i4"),
    "i8-little": values.astype("<i8"),
    "i8-big": values.astype(">i8"),
    "u1-fortran": np.asfortranarray(values.astype("u1")),
    "f2-little": values.astype("<f2") / np.float16(4),
    "i1": values.astype("i1"),
    "i2-big": values.astype(">i2"),
    "u2-little": np.abs(values).astype("<u2"),
    "u4-big": np.abs(values).astype(">u4"),
    "u8-little": np.abs(values).astype("<u8"),
    "halves": np.array([0, -0.0, 1, -2, 65504, 6.103515625e-05, 5.960464477539063e-08, np.inf, -np.inf, 1 / 3], "<f2"),
    "bool": values > 0,
    "scalar": np.array(2.5, "<f4"),
    "vector": np.arange(5, dtype="<f4"),
    "empty": np.zeros((0, 3), "<f4"),
    "fields": np.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f4")]),
    "complex": np.zeros(2, "<c8"),
}
for name, array in arrays.items():
    np.save(name + ".npy", array)
for version in (2, 3):
    with open(f"version-{version}.npy", "wb") as f:
        format.write_array(f, arrays["f4-little"], version=(version, 0))
several = {"w": arrays["f4-little"], "layer/b": arrays["i8-big"], "pixels": arrays["u1-fortran"]}
np.savez("stored.npz", **several)
np.savez_compressed("deflated.npz", **several)
