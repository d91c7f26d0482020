/**
 * The native side of a process as users see it: how the library is found, its instruction set, its threads and its
 * backend for products of matrices, and the names of its kernels.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.kernel;
