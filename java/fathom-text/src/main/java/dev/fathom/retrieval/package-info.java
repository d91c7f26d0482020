/**
 * Search by meaning: {@link dev.fathom.retrieval.VectorFile} finds the nearest of many vectors in a mapped file,
 * exactly, and {@link dev.fathom.retrieval.TextIndex} finds passages of the text files of a folder by the vectors of an
 * {@link dev.fathom.pretrained.Embedder}.
 *
 * <p>Rejected: a graph of neighbors (Malkov and Yashunin 2018), which misses some, takes long to build and cannot be
 * mapped as it is. A million vectors of 384 numbers are 0.4 GB as int8, which are read at the speed of the memory, and
 * what is found is right.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.retrieval;
