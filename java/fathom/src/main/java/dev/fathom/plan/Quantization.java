package dev.fathom.plan;

import dev.fathom.op.DType;
import dev.fathom.ops.BlockFormat;
import org.jspecify.annotations.Nullable;

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
    INT8(DType.I8, true),
    /**
     * Stores weights as Q8_0 of llama.cpp: w = d q, where 32 neighbors of a row share d, a number that a half has, and
     * q goes from -127 to 127; 9 bits for each weight. Weights of a file in Q8_0, Q4_0 or Q5_0 stay exactly as they
     * are; of others d is the half nearest to the largest |w| of the 32 divided by 127, and q the whole number nearest
     * to w / d. A plan gives the bits of a plan of a model whose matrices and tables were rounded like this.
     */
    Q8_0(BlockFormat.Q8_0, false),
    /**
     * Stores weights as {@link #Q8_0} does and rounds what a linear layer reads as well: 32 neighbors of a row become q
     * t, with q from -127 to 127 and t the largest |x| of the 32 divided by 127. Sums of the products of 32 neighbors
     * are exact, and c = fma(sum, t d, c) adds them up in order. A row that holds NaN or an infinity gives NaN. Tables
     * of embeddings are those of Q8_0.
     */
    Q8_0_PRODUCTS(BlockFormat.Q8_0, true),
    /**
     * Stores weights as Q4_K of llama.cpp: w = d s q - e m with q from 0 to 15, where 32 neighbors of a row share s and
     * m from 0 to 63, and 256 share d and e, numbers that a half has; 4.75 bits for each weight. Weights of a file in
     * Q4_K stay exactly as they are; others are rounded to a small mean square of the errors, which are often a few
     * percent of the largest weight. A matrix that its file has in another type of eight bits or fewer, such as those
     * in Q6_K of a file in Q4_K_M, becomes {@link #Q8_0}, because four bits would round it a second time. A plan gives
     * the bits of a plan of a model whose matrices and tables were rounded like this.
     */
    Q4_K(BlockFormat.Q4_K, false),
    /**
     * Stores weights as {@link #Q4_K} does and rounds what a linear layer reads as {@link #Q8_0_PRODUCTS} does: c =
     * fma(sum, t d s, c) and then c = fma(-e m, t r, c), where r is the sum of the rounded 32 inputs. Tables of
     * embeddings are those of Q4_K, and matrices that become Q8_0 are multiplied as Q8_0_PRODUCTS does.
     */
    Q4_K_PRODUCTS(BlockFormat.Q4_K, true);

    final DType type;
    /** Whether what a layer reads is rounded as well, so that its products are of this type. */
    final boolean products;
    /** How weights lie, if they lie in blocks. */
    final @Nullable BlockFormat blocks;

    Quantization(DType type, boolean products) {
        this(type, products, null);
    }

    Quantization(BlockFormat blocks, boolean products) {
        this(DType.I8, products, blocks);
    }

    Quantization(DType type, boolean products, @Nullable BlockFormat blocks) {
        this.type = type;
        this.products = products;
        this.blocks = blocks;
    }
}
