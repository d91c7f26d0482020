/**
 * Files of named tensors in the formats of other programs. {@link dev.fathom.files.Npz} reads and writes NumPy's
 * archives of arrays.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.files;
