/**
 * The memory behind tensors: {@link dev.fathom.offheap.Block}, pages that something owns and others lease;
 * {@link dev.fathom.offheap.Arena}, the size-class pool behind a pass; and {@link dev.fathom.offheap.OffHeap}, which
 * maps both, keeps to the limit, and knows what was forgotten. The module does not export this package, since it gives
 * out addresses; programs ask {@code memory.Memory}.
 *
 * <p>Pages are mapped by C and reused, never returned per step: touching fresh pages costs about twenty times the work
 * itself. Rejected: a JavaCPP Pointer per tensor (2 microseconds each), malloc per tensor (glibc gives pages back), the
 * garbage collector as owner.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.offheap;
