package dev.fathom.bench;

import java.util.Random;
import java.util.stream.IntStream;

/**
 * A recurrent net of the rows for sequences, so that every contender computes the same with the same numbers: x [batch,
 * steps, in], or tokens that an embedding turns into it, then layers of LSTM or GRU, of the last step a dense layer
 * with one output. Numbers are named and ordered as PyTorch's, with {@code embedding.}, {@code rnn.} and {@code dense.}
 * in front.
 *
 * @param gates 4 for an LSTM, 3 for a GRU
 * @param vocabulary of the embedding, or 0 for none
 * @param in features of a step
 * @param hidden units of a layer and direction
 * @param layers how many
 * @param directions 1 or 2
 * @param steps of the longest sequence
 * @param batch sequences
 * @param shortest the least length of a sequence, which is {@code steps} where all are equal
 */
public record Recurrence(
        int gates, int vocabulary, int in, int hidden, int layers, int directions, int steps, int batch, int shortest) {
    /** Batches made before the clock starts and used in turn. */
    public static final int BATCHES = 4;

    /** Tokens of a step of the rows {@code embedding-*}. */
    public static final int TOKENS = 4096;

    /** The net of a name, which may end in {@code -twice-steps} or {@code -twice-batch}. */
    public static Recurrence of(String name) {
        int twice = name.indexOf("-twice-");
        if (twice >= 0) {
            Recurrence r = of(name.substring(0, twice));
            int steps = name.endsWith("-steps") ? 2 : 1;
            int batch = name.endsWith("-batch") ? 2 : 1;
            return new Recurrence(
                    r.gates,
                    r.vocabulary,
                    r.in,
                    r.hidden,
                    r.layers,
                    r.directions,
                    steps * r.steps,
                    batch * r.batch,
                    steps * r.shortest);
        }
        return switch (name) {
            case "lstm-32x500" -> new Recurrence(4, 10_000, 32, 32, 1, 1, 500, 32, 500);
            case "gru-32x500" -> new Recurrence(3, 10_000, 32, 32, 1, 1, 500, 32, 500);
            case "lstm-256x100" -> new Recurrence(4, 0, 128, 256, 1, 1, 100, 64, 100);
            case "gru-256x100" -> new Recurrence(3, 0, 128, 256, 1, 1, 100, 64, 100);
            case "bilstm-packed" -> new Recurrence(4, 0, 128, 128, 2, 2, 200, 32, 20);
            case "lstm" -> new Recurrence(4, 0, 32, 32, 1, 1, 50, 1, 50);
            default -> throw new IllegalArgumentException(name);
        };
    }

    /** Whether it is a GRU. */
    public boolean gru() {
        return gates == 3;
    }

    /** Whether sequences differ in length. */
    public boolean ragged() {
        return shortest < steps;
    }

    /** Inputs [batch, steps, in]. */
    public float[] x(int seed) {
        return Work.normal(seed, batch * steps * in, 0, 1);
    }

    /** Tokens [batch, steps]. */
    public int[] tokens(int seed) {
        return Work.labels(seed, batch * steps, vocabulary);
    }

    /** The lengths of the sequences, the longest first as PyTorch would have them. */
    public int[] lengths(int seed) {
        return new Random(seed)
                .ints(batch, shortest, steps + 1)
                .map(n -> -n)
                .sorted()
                .map(n -> -n)
                .toArray();
    }

    /** What to say of each sequence: 0 or 1. */
    public float[] labels(int seed) {
        int[] classes = Work.labels(100L + seed, batch, 2);
        float[] y = new float[batch];
        for (int i = 0; i < batch; i++) {
            y[i] = classes[i];
        }
        return y;
    }

    /** The gradient of all hidden states [batch, steps, hidden], for a backward pass of the layer alone. */
    public float[] dy() {
        return Work.normal(7, batch * steps * hidden, 0, 1);
    }

    /** The {@code n} numbers of a parameter. */
    public float[] numbers(String name, int n) {
        double deviation = name.startsWith("embedding.") ? 1 : 0.5 / Math.sqrt(hidden);
        return Work.normal(name.hashCode(), n, 0, deviation);
    }

    /** W [gates * hidden, in] of the first layer. */
    public float[] w() {
        return numbers("rnn.weight_ih_l0", gates * hidden * in);
    }

    /** U [gates * hidden, hidden] of the first layer. */
    public float[] u() {
        return numbers("rnn.weight_hh_l0", gates * hidden * hidden);
    }

    /** b [gates * hidden] of the first layer, {@code ih} of the inputs or {@code hh} of the states. */
    public float[] b(String of) {
        return numbers("rnn.bias_" + of + "_l0", gates * hidden);
    }

    /** Multiply-adds with the inputs and with the states in a forward pass of one layer that has so many inputs. */
    private double macs(int inputs) {
        double all = IntStream.range(0, BATCHES)
                .map(i -> IntStream.of(lengths(i)).sum())
                .average()
                .orElseThrow();
        return all * directions * gates * hidden * inputs;
    }

    /** Floating-point operations of the layer alone: forward one product for each weight and step, backward two. */
    double flops(boolean backward) {
        return 2 * (backward ? 2 : 1) * (macs(in) + macs(hidden));
    }

    /** Floating-point operations of a training step; nobody asks for the gradient of x. */
    double trainingFlops() {
        double sum = vocabulary > 0 ? 0 : -macs(in);
        for (int layer = 0; layer < layers; layer++) {
            sum += 3 * (macs(layer == 0 ? in : directions * hidden) + macs(hidden));
        }
        return 2 * sum;
    }

    /** The answer to the first sequence of x, in double precision. */
    public double answer(float[] x) {
        double[] h = states(x, 0)[steps - 1];
        float[] w = numbers("dense.weight", hidden);
        double y = numbers("dense.bias", 1)[0];
        for (int i = 0; i < hidden; i++) {
            y += w[i] * h[i];
        }
        return y;
    }

    /**
     * Compares the hidden states of the first and the last sequence, of [batch, steps, hidden], with double precision.
     */
    public void check(float[] y) {
        float[] x = x(0);
        for (int row : new int[] {0, batch - 1}) {
            double[][] expected = states(x, row);
            for (int t = 0; t < steps; t++) {
                for (int j = 0; j < hidden; j++) {
                    double actual = y[(row * steps + t) * hidden + j];
                    Work.check("h of step " + t + ", unit " + j, actual, expected[t][j], 1e-4);
                }
            }
        }
    }

    /** The hidden states [steps][hidden] of the first layer for one of the sequences. */
    private double[][] states(float[] x, int row) {
        float[] w = w();
        float[] u = u();
        float[] b = b("ih");
        float[] bh = b("hh");
        double[] h = new double[hidden];
        double[] c = new double[hidden];
        double[][] all = new double[steps][];
        for (int t = 0; t < steps; t++) {
            double[] next = new double[hidden];
            for (int j = 0; j < hidden; j++) {
                double[] ofInput = new double[gates];
                double[] ofState = new double[gates];
                for (int g = 0; g < gates; g++) {
                    int at = g * hidden + j;
                    ofInput[g] = b[at] + dot(w, at, x, row * steps + t);
                    ofState[g] = bh[at];
                    for (int k = 0; k < hidden; k++) {
                        ofState[g] += u[at * hidden + k] * h[k];
                    }
                }
                if (gru()) {
                    double z = sigmoid(ofInput[1] + ofState[1]);
                    double n = Math.tanh(ofInput[2] + sigmoid(ofInput[0] + ofState[0]) * ofState[2]);
                    next[j] = (1 - z) * n + z * h[j];
                } else {
                    c[j] = sigmoid(ofInput[1] + ofState[1]) * c[j]
                            + sigmoid(ofInput[0] + ofState[0]) * Math.tanh(ofInput[2] + ofState[2]);
                    next[j] = sigmoid(ofInput[3] + ofState[3]) * Math.tanh(c[j]);
                }
            }
            h = next;
            all[t] = h;
        }
        return all;
    }

    private double dot(float[] w, int row, float[] x, int step) {
        double sum = 0;
        for (int i = 0; i < in; i++) {
            sum += (double) w[row * in + i] * x[step * in + i];
        }
        return sum;
    }

    private static double sigmoid(double x) {
        return Work.unary("sigmoid", x);
    }
}
