package dev.fathom.plan;

import dev.fathom.op.DType;

/**
 * How {@link Plan#quantize} stores the matrices of linear layers and the tables of embeddings, so that fewer bytes are
 * read, and with {@link #INT8} also the filters of convolutions. All else, such as biases and normalizations, stays
 * F32.
 */
public enum Quantization {
    /**
     * Each number as the nearest bfloat16, of two the even one: half the bytes. A plan then gives the bits of a plan of
     * a model whose matrices and tables were rounded like this.
     */
    BF16(DType.BF16, false),
    /**
     * Stores weights as {@link #BF16} does, and rounds what a linear layer reads in the same way. Where the processor
     * has an instruction for pairs of products (AVX512_BF16), large layers take about half the time of F32; elsewhere
     * kernels widen the numbers for the same bits, in about the time of F32. Sums are F32: c = fma(x_2i, w_2i,
     * fma(x_2i+1, w_2i+1, c)) over ascending i, and numbers whose magnitude is below the smallest normal one count as
     * 0. Tables of embeddings are those of BF16.
     */
    BF16_PRODUCTS(DType.BF16, true),
    /**
     * Each number as q from -127 to 127, with one scale s for each output of a layer and for each row of a table: s is
     * the largest |w| of the row divided by 127, and q the whole number nearest to w / s, of two the even one. A
     * quarter of the bytes. A layer computes act((s (x q^T) + b) + residual), where the sum of x q^T is that of a layer
     * with the weights q, and the product with s is rounded once; a table gives s q, rounded once.
     */
    INT8_WEIGHTS(DType.I8, false),
    /**
     * Stores weights as {@link #INT8_WEIGHTS} does, and rounds what a layer reads as well: x becomes q from -127 to 127
     * with one scale t, the largest |x| divided by 127, for each row of a linear layer and for each image of a
     * convolution, and q is the whole number nearest to x / t, of two the even one. A layer computes act((((q_x q_w^T)
     * s) t + b) + residual), in which the sums of products are exact, so that results have the same bits on any
     * processor. A row or image that holds NaN or an infinity gives NaN.
     *
     * <p>Convolutions of one group take part where the processor multiplies bytes by an instruction for that (VNNI);
     * elsewhere they would gain almost nothing, so they stay F32. Tables of embeddings are those of INT8_WEIGHTS. Sums
     * of more than 133,144 products stay F32.
     */
    INT8(DType.I8, true);

    final DType type;
    /** Whether what a layer reads is rounded as well, so that its products are of this type. */
    final boolean products;

    Quantization(DType type, boolean products) {
        this.type = type;
        this.products = products;
    }
}
