package dev.fathom.labs.outliers;

import static dev.fathom.op.Activation.SIGMOID;

import dev.fathom.attention.LearnedPositions;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Net;
import dev.fathom.op.PadMode;
import dev.fathom.op.Window;
import dev.fathom.tensor.Attention;
import dev.fathom.tensor.Tensor;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A convolutional auto-encoder of windows x [n, t, columns] (Campos et al. 2021). Rows become vectors with positions;
 * gated convolutions with residuals read them, both sides of each row; causal ones, each of which attends to what was
 * read, write row t from the rows before t.
 *
 * @param embed from columns to width
 * @param positions of the rows in a window
 * @param encoder gated convolutions over 3 rows
 * @param decoder gated convolutions over a row and the 2 before it
 * @param queries for each layer of the decoder, what it asks the encoder for
 * @param out from width to columns
 * @param dropout of vectors and of each layer's input
 */
record ConvolutionalAutoencoder(
        Linear embed,
        LearnedPositions positions,
        List<Gated> encoder,
        List<Gated> decoder,
        List<Linear> queries,
        Linear out,
        Dropout dropout)
        implements Net {
    static final int LAYERS = 5;
    private static final int KERNEL = 3;

    /** x + value(x) sigmoid(gate(x)), a gated linear unit (Dauphin et al. 2017) with a residual. */
    record Gated(Conv value, Conv gate) implements Net {
        static Gated centered(int width) {
            Window window = Window.line(KERNEL).same();
            return new Gated(new Conv(width, width, window), new Conv(width, width, window).act(SIGMOID));
        }

        static Gated causal(int width) {
            return new Gated(
                    Conv.causal(width, width, KERNEL, 1),
                    Conv.causal(width, width, KERNEL, 1).act(SIGMOID));
        }

        Tensor apply(Tensor x, Dropout dropout) {
            Tensor dropped = dropout.apply(x);
            return value.apply(dropped).mul(gate.apply(dropped));
        }
    }

    /** Makes a net for windows of so many rows. */
    static ConvolutionalAutoencoder of(int columns, int rows, int width, float dropout) {
        return new ConvolutionalAutoencoder(
                new Linear(columns, width),
                new LearnedPositions(rows, width),
                IntStream.range(0, LAYERS).mapToObj(l -> Gated.centered(width)).toList(),
                IntStream.range(0, LAYERS).mapToObj(l -> Gated.causal(width)).toList(),
                IntStream.range(0, LAYERS)
                        .mapToObj(l -> new Linear(width, width))
                        .toList(),
                new Linear(width, columns),
                new Dropout(dropout));
    }

    /** J - lambda K, with the squared error J = |again - x|^2 and the squared distance K = |again - mean|^2. */
    static Tensor loss(Tensor again, Tensor x, Tensor mean, float lambda) {
        Tensor error = again.sub(x).square().mean();
        return lambda == 0 ? error : error.sub(again.sub(mean).square().mean().mul(lambda));
    }

    /** Writes x [n, t, columns] again. */
    Tensor again(Tensor x) {
        Tensor embedded = dropout.apply(positions.apply(embed.apply(x)));
        Tensor read = embedded;
        for (Gated layer : encoder) {
            read = read.add(layer.apply(read, dropout));
        }
        // row t is written from the rows before it
        Tensor written = embedded.pad(PadMode.ZEROS, 1, 0).slice(1, 0, x.dim(1));
        for (int l = 0; l < LAYERS; l++) {
            Tensor gated = decoder.get(l).apply(written, dropout);
            Tensor asked = queries.get(l).apply(gated).add(written);
            written = written.add(gated).add(asked.attention(read, read, new Attention(1).scale(1)));
        }
        return out.apply(written);
    }
}
