/**
 * What a program may ask about off-heap memory ({@link dev.fathom.memory.Memory}): how much is live, pooled and
 * forgotten. What cannot be had is a {@link dev.fathom.kernel.NativeMemoryException}.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.memory;
