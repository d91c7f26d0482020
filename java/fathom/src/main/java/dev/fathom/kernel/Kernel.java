package dev.fathom.kernel;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * The kernels, in the order of {@code native/src/kernels.def}. What a command carries, word by word, is read from the library when it is
 * loaded.
 */
public enum Kernel {
    FILL,
    COPY,
    ACCUMULATE,
    UNARY,
    UNARY_GRAD,
    BINARY,
    BINARY_GRAD,
    WHERE,
    INTEGER,
    CAST,
    ONE_HOT,
    REDUCE,
    REDUCE_GRAD,
    CUMSUM,
    SORT,
    SOFTMAX,
    SOFTMAX_GRAD,
    NORM,
    NORM_GRAD,
    LOCAL_RESPONSE,
    LOCAL_RESPONSE_GRAD,
    CROSS_ENTROPY,
    CROSS_ENTROPY_GRAD,
    CORRECT,
    NONFINITE,
    DROPOUT,
    UNIFORM,
    NORMAL,
    PERMUTATION,
    GATHER,
    SCATTER_ADD,
    PERMUTE,
    COPY_ROWS,
    GEMM,
    GEMM_BATCH,
    LINEAR_PACK,
    LINEAR,
    CONV,
    WINOGRAD_PACK,
    CONV_DATA,
    CONV_WEIGHTS,
    SGD,
    ADAM,
    RMSPROP,
    SQUARES,
    PAD,
    PAD_GRAD,
    MAX_POOL,
    MAX_POOL_GRAD,
    POOL_POSITIONS,
    AVG_POOL,
    AVG_POOL_GRAD,
    UNPOOL,
    UNPOOL_GRAD,
    RESIZE,
    RESIZE_GRAD,
    WARP,
    TONE,
    NOISE,
    ERASE,
    MIX;

    /** What an argument word holds. */
    public enum Kind {
        /** An integer, written by {@code put(long)}. */
        INTEGER("an integer"),
        /** A float, written by {@code put(float)}. */
        FLOAT("a float"),
        /** An address, written by {@code at}. */
        ADDRESS("an address"),
        /** The address of scratch, always the last word: whoever runs the command provides it. */
        SCRATCH("the address of scratch, which whoever runs the command writes");

        private final String words;

        Kind(String words) {
            this.words = words;
        }
    }

    private String letters = "";
    private Kind[] kinds = {};
    private int written;

    /**
     * Reads the library's table of kernels, once and before any of them is used.
     *
     * @throws NativeException if it has other kernels than this enum
     */
    static void read(String table) {
        List<String> rows = table.lines().toList();
        List<String> names = rows.stream()
                .map(row -> row.substring(0, row.indexOf(':')).toUpperCase(Locale.ROOT))
                .toList();
        if (!names.equals(Arrays.stream(values()).map(Kernel::name).toList())) {
            throw new NativeException(
                    "the native library has other kernels than this jar; use a jar and a native library of one version",
                    null);
        }
        for (Kernel kernel : values()) {
            String row = rows.get(kernel.ordinal());
            kernel.letters = row.substring(row.indexOf(':') + 1);
            kernel.kinds = kernel.letters
                    .chars()
                    .mapToObj(c -> switch (c) {
                        case 'I' -> Kind.INTEGER;
                        case 'F' -> Kind.FLOAT;
                        case 'S' -> Kind.SCRATCH;
                        default -> Kind.ADDRESS;
                    })
                    .toArray(Kind[]::new);
            kernel.written = kernel.kinds.length - (kernel.letters.endsWith("S") ? 1 : 0);
        }
    }

    /** Argument words of one command, without the word in front that names the kernel. */
    public int words() {
        return kinds.length;
    }

    /** Those of them that an op writes: all but the word for scratch. */
    public int written() {
        return written;
    }

    /** Whether the last word is for scratch. */
    public boolean takesScratch() {
        return written < kinds.length;
    }

    /** The letter of {@code kernels.def} for argument word {@code i}: {@code P} for floats, {@code Q} for 32-bit integers, and so on; a space behind the last. */
    public char letter(int i) {
        return i < letters.length() ? letters.charAt(i) : ' ';
    }

    /** Whether argument word {@code i} exists and is of this kind. */
    public boolean takes(int i, Kind kind) {
        return i < kinds.length && kinds[i] == kind;
    }

    /** The sentence for a word that the kernel does not {@linkplain #takes take}. */
    public String refusal(int i, Kind written) {
        return i < this.written
                ? this + " takes " + kinds[i].words + " as argument word " + i + " but " + written.words
                        + " was written; integers and floats go through put, addresses through at"
                : this + " takes " + this.written + " argument words but more were written";
    }
}
