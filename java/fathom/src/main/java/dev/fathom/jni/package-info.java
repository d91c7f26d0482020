/**
 * The seam between Java and C: the only class with native methods, which is not exported, and what another library must
 * offer to multiply matrices for Fathom.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.jni;
