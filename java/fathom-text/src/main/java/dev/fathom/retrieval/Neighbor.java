package dev.fathom.retrieval;

/**
 * A vector that a search found.
 *
 * @param index its place in the file, from 0
 * @param score its dot product with the query, or the cosine of their angle
 */
public record Neighbor(int index, float score) {}
