/** Pictures of vectors in two and three dimensions, and the page on which a reader explores them. */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.embeddings;
