/**
 * Embeddings: pictures of vectors, with the page on which a reader explores them, and an encoder of texts that learns
 * vectors of sentences.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.embeddings;
