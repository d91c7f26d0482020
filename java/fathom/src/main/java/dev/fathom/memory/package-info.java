/**
 * Off-heap memory: {@link dev.fathom.memory.Block}, pages that something owns and others lease;
 * {@link dev.fathom.memory.Arena}, the size-class pool behind a pass; {@link dev.fathom.memory.Memory}, what is live,
 * what is pooled, and what was forgotten.
 *
 * <p>Pages are mapped by C and reused, never returned per step: touching fresh pages costs about twenty times the work
 * itself. Rejected: a JavaCPP Pointer per tensor (2 microseconds each), malloc per tensor (glibc gives pages back), the
 * garbage collector as owner.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.memory;
