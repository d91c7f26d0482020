/**
 * The seam between Java and C: the only class with native methods, how the library is found, which instruction set and
 * BLAS backend it uses, and the commands through which all work reaches the kernels.
 *
 * <p>One command buffer serves eager operations (one command) and frozen plans (many), so there is one path to test.
 * Rejected: a typed native method per kernel, which would need a second, generic path for plans.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.kernel;
