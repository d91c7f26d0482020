package dev.fathom.plan;

import dev.fathom.op.DType;

/**
 * How {@link Plan#quantize} stores the matrices of linear layers and the tables of embeddings, so that fewer bytes are
 * read. All else, such as biases and normalizations, stays F32, and so do the sums.
 */
public enum Quantization {
    /**
     * Each number as the nearest bfloat16, of two the even one: half the bytes. A plan then gives the bits of a plan of
     * a model whose matrices and tables were rounded like this.
     */
    BF16(DType.BF16),
    /**
     * Each number as q from -127 to 127, with one scale s for each output of a layer and for each row of a table: s is
     * the largest |w| of the row divided by 127, and q the whole number nearest to w / s, of two the even one. A
     * quarter of the bytes. A layer computes act((s (x q^T) + b) + residual), where the sum of x q^T is that of a layer
     * with the weights q, and the product with s is rounded once; a table gives s q, rounded once.
     */
    INT8_WEIGHTS(DType.I8);

    final DType type;

    Quantization(DType type) {
        this.type = type;
    }
}
