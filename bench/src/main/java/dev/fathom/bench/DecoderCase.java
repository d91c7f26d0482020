package dev.fathom.bench;

import java.util.Arrays;

/**
 * The work of the rows {@code decoder-} and {@code prefill-}: decoders built as Llama, of the sizes of llama2.c's
 * models of stories, whose matrix of the logits is that of the words. Numbers are named as Fathom's.
 *
 * @param layers how many
 * @param width of a token
 * @param hidden units between the linear layers
 * @param heads of attention
 * @param context places
 */
public record DecoderCase(int layers, int width, int hidden, int heads, int context) {
    /** Tokens that there are. */
    public static final int VOCABULARY = 32_000;
    /** Tokens that a call writes. */
    public static final int WRITTEN = 64;
    /** How many tokens of a text must agree, although contenders round differently. */
    private static final int TOLD = 4;
    /** Added to the mean of squares in a norm. */
    public static final float EPSILON = 1e-5f;

    /** The decoder of 15 or of 110 million parameters. */
    public static DecoderCase of(int millions) {
        return switch (millions) {
            case 15 -> new DecoderCase(6, 288, 768, 6, 256);
            case 110 -> new DecoderCase(12, 768, 2048, 12, 1024);
            default -> throw new IllegalArgumentException(millions + " million parameters: there are 15 and 110");
        };
    }

    /** The {@code n} numbers of a parameter. */
    public float[] numbers(String name, int n) {
        double fanIn = name.contains("linear2") ? hidden : width;
        return name.contains("norm")
                ? Work.normal(name.hashCode(), n, 1, 0.1)
                : Work.normal(name.hashCode(), n, 0, 1 / Math.sqrt(fanIn));
    }

    /** A prompt of so many tokens. */
    public int[] prompt(int length) {
        return Work.labels(1, length, VOCABULARY);
    }

    /** The token that a text of characters begins with. */
    public int prompt() {
        return DecoderFile.firstToken() + Work.labels(1, 1, VOCABULARY - DecoderFile.firstToken())[0];
    }

    /** Tells the first tokens of a text. */
    public static void tellText(String text) {
        int[] tokens = DecoderFile.tokens(text);
        Work.tell(Arrays.stream(tokens).limit(TOLD).asDoubleStream().toArray());
    }

    /** Numbers of the matrices that a step reads. */
    long weights() {
        return layers * (4L * width * width + 3L * width * hidden) + (long) VOCABULARY * width;
    }

    /** Bytes that are read at least to write {@link #WRITTEN} tokens: every matrix, and the keys and values so far. */
    double writtenBytes() {
        return 4.0 * (WRITTEN * weights() + layers * 2.0 * width * WRITTEN * (WRITTEN + 1) / 2);
    }

    /** Floating-point operations to read a prompt, with the logits of its last token. */
    double promptFlops(int length) {
        double matrices = layers * (4.0 * width * width + 3.0 * width * hidden);
        double attention = layers * 1.0 * width * length * (length + 1);
        return 2 * (length * matrices + attention + (double) VOCABULARY * width);
    }
}
