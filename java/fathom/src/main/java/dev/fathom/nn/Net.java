package dev.fathom.nn;

import dev.fathom.tensor.Structure;

/** A node of a model's tree: a record, or a lambda that captures nothing. It may have any methods; see {@link Layer} for the usual one. */
public interface Net extends Structure.Member {}
