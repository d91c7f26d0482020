/** The labs on reviews of films: bags of words, networks that read, and word vectors. */
@org.jspecify.annotations.NullMarked
package dev.fathom.labs.reviews;
