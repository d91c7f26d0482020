package dev.fathom.spark;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * How a model computes rows.
 *
 * @param batch rows that are computed together, at most
 * @param vectors whether outputs of floats are vectors of Spark ML
 * @param prompt that is set in front of each text, or null for that of the model
 */
record Options(int batch, boolean vectors, @Nullable String prompt) implements Serializable {}
