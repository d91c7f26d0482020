/**
 * The lab on siamese networks: embeddings in which what belongs together is near, also for classes that were never
 * learned.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.similarity;
