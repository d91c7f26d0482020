package dev.fathom.bench;

/**
 * The convolutional auto-encoder of the row {@code cae-train}, a member of CAE-Ensemble (Campos et al. 2021), so that
 * every contender computes the same with the same numbers: windows x [batch, rows, columns]; a dense layer to vectors,
 * with vectors for positions; gated convolutions over 3 rows with residuals; causal ones on the vectors shifted by a
 * row, each followed by attention to what the first ones gave; a dense layer back. A gated convolution has two filters,
 * {@code value} and {@code gate}. The loss is the squared error less 0.7 times the squared distance from
 * {@link #others}.
 *
 * @param columns of the series
 * @param rows of a window
 * @param width of a vector
 * @param layers of the encoder, and of the decoder
 * @param batch windows
 */
public record AutoencoderCase(int columns, int rows, int width, int layers, int batch) {
    /** The row's net. */
    public static final AutoencoderCase CAE = new AutoencoderCase(2, 32, 64, 5, 64);

    /** Batches made before the clock starts and used in turn. */
    public static final int BATCHES = 4;

    /** Rows under a filter. */
    public static final int KERNEL = 3;

    /** The weight of the distance from the other members. */
    public static final float DIVERSITY = 0.7f;

    /** Windows [batch, rows, columns]. */
    public float[] x(int seed) {
        return Work.normal(seed, batch * rows * columns, 0, 1);
    }

    /** What the other members of the ensemble wrote for them. */
    public float[] others(int seed) {
        float[] x = x(seed);
        for (int i = 0; i < x.length; i++) {
            x[i] *= 0.5f;
        }
        return x;
    }

    /** The {@code n} numbers of a parameter. */
    public float[] numbers(String name, int n) {
        boolean small = name.endsWith("bias") || name.startsWith("positions");
        double fanIn = name.startsWith("embed")
                ? columns
                : name.contains("value") || name.contains("gate") ? KERNEL * width : width;
        return Work.normal(name.hashCode(), n, 0, small ? 0.1 : 0.5 / Math.sqrt(fanIn));
    }

    /**
     * Floating-point operations of a training step: attention has seven products, the others three; nobody asks for the
     * gradient of x.
     */
    double trainingFlops() {
        double tokens = (double) batch * rows;
        double convolutions = 2.0 * layers * 2 * KERNEL * width * width;
        double dense = layers * (double) width * width + 2.0 * columns * width;
        return 2 * tokens * (3 * (convolutions + dense) + layers * 7.0 * rows * width - (double) columns * width);
    }
}
