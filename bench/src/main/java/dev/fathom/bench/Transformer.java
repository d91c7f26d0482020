package dev.fathom.bench;

/**
 * A Transformer of the rows for sequences, so that every contender computes the same with the same numbers. Numbers are
 * named and ordered as PyTorch's, with {@code encoder.} in front of those of the layers. {@code encoder} and
 * {@code bert} are stacks with the norms behind the sums, on x [batch, length, width]; for training, a dense layer
 * follows the mean over the tokens. {@code gpt} is a causal stack with the norms in front and one at the end, between
 * vectors for its tokens and positions and a dense layer to the tokens.
 *
 * @param layers how many
 * @param width of a token
 * @param heads of attention
 * @param hidden units of a feed-forward layer
 * @param gelu whether those have GELU, and not ReLU
 * @param length tokens of a sequence
 * @param batch sequences
 * @param vocabulary of a GPT, or 0
 */
public record Transformer(
        int layers, int width, int heads, int hidden, boolean gelu, int length, int batch, int vocabulary) {
    /** Classes of the dense layer behind an encoder. */
    public static final int CLASSES = 10;

    /** The net of a name. */
    public static Transformer of(String name) {
        return switch (name) {
            case "encoder" -> new Transformer(4, 256, 8, 1024, false, 256, 8, 0);
            case "bert" -> new Transformer(12, 384, 12, 1536, true, 128, 1, 0);
            case "gpt" -> new Transformer(6, 384, 6, 1536, true, 256, 1, 65);
            default -> throw new IllegalArgumentException(name);
        };
    }

    /** Whether it is a GPT. */
    public boolean gpt() {
        return vocabulary > 0;
    }

    /** Outputs of the dense layer. */
    public int outputs() {
        return gpt() ? vocabulary : CLASSES;
    }

    /** Inputs [batch, length, width]. */
    public float[] x() {
        return Work.normal(1, batch * length * width, 0, 1);
    }

    /** What the sequences of a batch are. */
    public int[] labels() {
        return Work.labels(1, batch, CLASSES);
    }

    /** The {@code n} numbers of a parameter. */
    public float[] numbers(String name, int n) {
        boolean bias = name.endsWith("bias");
        if (name.contains("norm")) {
            return Work.normal(name.hashCode(), n, bias ? 0 : 1, 0.1);
        }
        double fanIn = name.contains("linear2") ? hidden : width;
        double deviation =
                bias || name.startsWith("positions") ? 0.1 : name.startsWith("tokens") ? 1 : 1 / Math.sqrt(fanIn);
        return Work.normal(name.hashCode(), n, 0, deviation);
    }

    /** The token that a GPT's outputs say. */
    public static int likeliest(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    /** Weights of the matrices of all layers and of the dense layer. */
    long weights() {
        return (long) layers * (4L * width * width + 2L * width * hidden) + (long) width * outputs();
    }

    /** Floating-point operations of the layers on a batch, attention with two products. */
    double flops() {
        double tokens = (double) batch * length;
        double matrices = (double) layers * (4.0 * width * width + 2.0 * width * hidden);
        return 2 * tokens * (matrices + layers * 2.0 * length * width);
    }

    /**
     * Floating-point operations of a training step: attention has seven products, the others three; nobody asks for the
     * gradient of x.
     */
    double trainingFlops() {
        double tokens = (double) batch * length;
        double matrices = 3.0 * layers * (4.0 * width * width + 2.0 * width * hidden) - 3.0 * width * width;
        return 2 * tokens * (matrices + layers * 7.0 * length * width);
    }

    /**
     * Bytes that {@link #length} steps of a GPT read at least: every matrix, whose numbers have {@code bytes}, and the
     * keys and values so far.
     */
    double generatedBytes(int bytes) {
        double cached = layers * 2.0 * width * length * (length + 1) / 2;
        return bytes * (length * (double) weights()) + 4 * cached;
    }
}
