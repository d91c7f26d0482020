package dev.fathom.kernel;

/**
 * The kernels, row for row as {@code native/src/kernels.def}, with the argument words each command carries. A test compares this table
 * with the one the library exports.
 */
public enum Kernel {
    FILL(3),
    COPY(3),
    ACCUMULATE(3),
    UNARY(6),
    UNARY_GRAD(9),
    BINARY(24),
    BINARY_GRAD(28),
    WHERE(29),
    INTEGER(22),
    CAST(4),
    ONE_HOT(4),
    REDUCE(9),
    REDUCE_GRAD(10),
    SOFTMAX(6),
    SOFTMAX_GRAD(8),
    NORM(19),
    NORM_GRAD(20),
    LOCAL_RESPONSE(9),
    LOCAL_RESPONSE_GRAD(11),
    CROSS_ENTROPY(9),
    CROSS_ENTROPY_GRAD(9),
    CORRECT(5),
    NONFINITE(3),
    DROPOUT(8),
    UNIFORM(6),
    NORMAL(6),
    PERMUTATION(4),
    GATHER(10),
    SCATTER_ADD(7),
    PERMUTE(14),
    COPY_ROWS(10),
    GEMM(10),
    GEMM_BATCH(28),
    LINEAR_PACK(4),
    LINEAR(14),
    CONV(27),
    WINOGRAD_PACK(4),
    CONV_DATA(21),
    CONV_WEIGHTS(21),
    SGD(12),
    ADAM(15),
    RMSPROP(13),
    SQUARES(4),
    PAD(15),
    PAD_GRAD(15),
    MAX_POOL(19),
    MAX_POOL_GRAD(20),
    POOL_POSITIONS(18),
    AVG_POOL(21),
    AVG_POOL_GRAD(22),
    UNPOOL(7),
    UNPOOL_GRAD(8),
    RESIZE(7),
    RESIZE_GRAD(8),
    WARP(8),
    TONE(5),
    NOISE(6),
    ERASE(6),
    MIX(4);

    private final int words;

    Kernel(int words) {
        this.words = words;
    }

    /** Argument words of one command, without the word in front that names the kernel. */
    public int words() {
        return words;
    }
}
