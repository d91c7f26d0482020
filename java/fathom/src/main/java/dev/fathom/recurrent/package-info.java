/**
 * Recurrent nets: {@link dev.fathom.recurrent.Recurrent} is a layer of any cell, of several layers and directions; a
 * {@link dev.fathom.tensor.State} is what goes from one piece of a sequence to the next, for truncated back-propagation
 * through time and for generation.
 *
 * <p>A whole layer over a whole sequence is one native call, forward and backward, so that a step costs arithmetic and
 * nothing else. Cells differ in a row of the enum {@link dev.fathom.op.Cell} and in a function of the kernel; all else,
 * from lengths to peepholes, is common to them, which is why there is one layer class with options instead of one class
 * for each cell. Weights are called as in PyTorch and lie in its order, so files travel.
 *
 * <p>Rejected: a cell class whose steps are called one by one from Java (tens of calls for each step are what makes
 * other JVM libraries slow; a net of one's own can still be stepped with sequences of length 1), and packed sequences
 * as a type of their own (lengths are an input, and the kernel packs).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.recurrent;
