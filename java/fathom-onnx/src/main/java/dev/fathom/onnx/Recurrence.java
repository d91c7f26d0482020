package dev.fathom.onnx;

import static java.util.Objects.requireNonNull;

import dev.fathom.io.TensorFile;
import dev.fathom.op.Cell;
import dev.fathom.recurrent.Output;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * An LSTM, GRU or RNN of a graph as a layer of the library, whose gates come in another order and whose parameters are
 * one tensor for each direction.
 *
 * @param net the layer
 * @param entries where the numbers of its parameters lie, by PyTorch's names
 */
record Recurrence(Recurrent net, List<TensorFile.Entry> entries) {
    private static final int WEIGHT = 1;
    private static final int RECURRENT_WEIGHT = 2;
    private static final int BIAS = 3;
    private static final int LENGTHS = 4;
    private static final int HIDDEN = 5;
    private static final int CELL = 6;
    private static final int PEEPHOLES = 7;

    /** Whether a node is such a layer. */
    static boolean is(Node node) {
        return node.domain().isEmpty() && List.of("LSTM", "GRU", "RNN").contains(node.op());
    }

    /** Whether a node is a layer of the library: its weights are constants, and its form is one that a kernel has. */
    static boolean isLayer(Node node, Map<String, Initializer> constants) {
        Step s = Step.of(node);
        return constant(node, WEIGHT, constants) != null
                && constant(node, RECURRENT_WEIGHT, constants) != null
                && (!given(node, BIAS) || constant(node, BIAS, constants) != null)
                && (!given(node, PEEPHOLES) || constant(node, PEEPHOLES, constants) != null)
                && cell(node, s) != null
                && !s.has("clip")
                && s.whole("input_forget", 0) == 0
                && s.whole("layout", 0) == 0
                && !(s.text("direction", "forward").equals("reverse") && given(node, LENGTHS));
    }

    /** Whether an input holds parameters of the layer. */
    static boolean isWeight(int input) {
        return input == WEIGHT || input == RECURRENT_WEIGHT || input == BIAS || input == PEEPHOLES;
    }

    /**
     * Makes the layer of a node.
     *
     * @throws IllegalArgumentException if it is one that the library does not have
     */
    static Recurrence of(Node node, Map<String, Initializer> constants) {
        Step s = Step.of(node);
        int hidden = (int) s.whole("hidden_size", 0);
        String direction = s.text("direction", "forward");
        int directions = direction.equals("bidirectional") ? 2 : 1;
        int gates = node.op().equals("LSTM") ? 4 : node.op().equals("GRU") ? 3 : 1;
        Initializer w = constant(node, WEIGHT, constants);
        Initializer r = constant(node, RECURRENT_WEIGHT, constants);
        Initializer b = given(node, BIAS) ? constant(node, BIAS, constants) : null;
        Initializer p = given(node, PEEPHOLES) ? constant(node, PEEPHOLES, constants) : null;
        long[] dims = w == null ? new long[0] : w.entry().dims();
        if (w == null || r == null || dims.length != 3 || hidden < 1 || dims[2] > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(node + ": its weights are computed, or are no tensors [directions, gates"
                    + " hidden, in], which is not computed; give them as initializers");
        }
        Cell cell = requireNonNull(cell(node, s));
        Recurrent net = Recurrent.of(cell, (int) dims[2], hidden).biases(b == null ? 0 : 2);
        net = directions == 2 ? net.bidirectional() : net;
        net = p == null ? net : net.peepholes();
        int[] order = gates == 4 ? new int[] {0, 2, 3, 1} : gates == 3 ? new int[] {1, 0, 2} : new int[] {0};
        List<TensorFile.Entry> entries = new ArrayList<>();
        for (int d = 0; d < directions; d++) {
            String end = "_l0" + (d == 0 ? "" : "_reverse");
            entries.add(part("weight_ih" + end, w, d, 1, 0, order, hidden, dims[2]));
            entries.add(part("weight_hh" + end, r, d, 1, 0, order, hidden, hidden));
            if (b != null) {
                entries.add(part("bias_ih" + end, b, d, 2, 0, order, hidden, 1));
                entries.add(part("bias_hh" + end, b, d, 2, 1, order, hidden, 1));
            }
            if (p != null) { // of i, o and f
                entries.add(part("weight_ch" + end, p, d, 1, 0, new int[] {0, 2, 1}, hidden, 1));
            }
        }
        return new Recurrence(net, entries);
    }

    /** The cell of a node, or null where its activations are others. */
    private static @Nullable Cell cell(Node node, Step s) {
        List<String> usual = switch (node.op()) {
            case "LSTM" -> List.of("sigmoid", "tanh", "tanh");
            case "GRU" -> List.of("sigmoid", "tanh");
            default -> List.of("tanh");
        };
        List<String> given = s.texts("activations").stream()
                .map(a -> a.toLowerCase(Locale.ROOT))
                .toList();
        List<String> one = given.isEmpty() ? usual : given.subList(0, Math.min(given.size(), usual.size()));
        boolean all =
                IntStream.range(0, given.size()).allMatch(i -> given.get(i).equals(one.get(i % one.size())));
        boolean relu = node.op().equals("RNN") && one.equals(List.of("relu"));
        if (!all || !one.equals(usual) && !relu) {
            return null;
        }
        return switch (node.op()) {
            case "LSTM" -> Cell.LSTM;
            case "GRU" -> s.whole("linear_before_reset", 0) != 0 ? Cell.GRU : Cell.GRU_RESET_FIRST;
            default -> relu ? Cell.RELU : Cell.TANH;
        };
    }

    private static boolean given(Node node, int i) {
        return i < node.inputs().size() && !node.inputs().get(i).isEmpty();
    }

    private static @Nullable Initializer constant(Node node, int i, Map<String, Initializer> constants) {
        return given(node, i) ? constants.get(node.inputs().get(i)) : null;
    }

    /**
     * The part of a tensor that belongs to one direction, its gates in another order.
     *
     * @param of how many such parts a direction has, of which this is number {@code part}
     */
    private static TensorFile.Entry part(
            String name, Initializer from, int direction, int of, int part, int[] order, int hidden, long columns) {
        TensorFile.Entry whole = from.entry();
        long block = hidden * columns * Float.BYTES;
        long begin = ((long) direction * of + part) * order.length * block;
        long bytes = order.length * block;
        if (from.type() != ElementType.FLOAT || begin + bytes > whole.bytes()) {
            throw new IllegalArgumentException("tensor " + whole.name() + " " + from.type()
                    + Arrays.toString(whole.dims()) + " does not hold the gates of " + hidden + " units as floats");
        }
        long rows = (long) order.length * hidden;
        long[] dims = columns == 1 && !name.startsWith("weight_ih") && !name.startsWith("weight_hh")
                ? new long[] {rows}
                : new long[] {rows, columns};
        return new TensorFile.Entry(name, whole.type(), whole.stored(), dims, bytes, (at, to, n) -> {
            byte[] some = new byte[(int) Math.min(n, block)];
            for (int done = 0; done < n; ) {
                long within = (at + done) % block;
                int more = (int) Math.min(block - within, n - done);
                int gate = order[(int) ((at + done) / block)];
                whole.source().read(begin + gate * block + within, some, more);
                System.arraycopy(some, 0, to, done, more);
                done += more;
            }
        });
    }

    /** Runs the layer: the hidden states of all steps, the last ones, and of an LSTM the last cell states. */
    static Object[] run(Step s) {
        Recurrent trained = s.scope().layers.get(s.key());
        boolean backward = s.text("direction", "forward").equals("reverse");
        if (trained == null) {
            return RecurrentSteps.run(s);
        }
        Tensor x = s.tensor(0).permute(1, 0, 2);
        State state = State.EMPTY;
        for (int i = HIDDEN; i <= (trained.settings().cell().hasCellState() ? CELL : HIDDEN); i++) {
            boolean zero = !s.given(i)
                    || s.known(i) && Arrays.stream(s.array(i).reals()).allMatch(v -> v == 0);
            if (!zero) {
                state = state.with(i == HIDDEN ? "hidden" : "cell", s.tensor(i).permute(1, 0, 2));
            }
        }
        if (state.names().size() == 1 && trained.settings().cell().hasCellState()) {
            String other = state.names().contains("hidden") ? "cell" : "hidden";
            state = state.with(other, trained.state(x.dim(0)).get(other));
        }
        Tensor lengths = s.given(LENGTHS) ? s.tensor(LENGTHS) : null;
        Output out = trained.run(backward ? x.flip(1) : x, state, lengths);
        Tensor steps = backward ? out.steps().flip(1) : out.steps();
        int directions = trained.settings().directions();
        Tensor y = steps.reshape(
                        x.dim(0), x.dim(1), directions, trained.settings().hidden())
                .permute(1, 2, 0, 3);
        List<Object> all = new ArrayList<>();
        all.add(Held.of(y, ElementType.FLOAT));
        for (String name : List.of("hidden", "cell")) {
            if (out.state().names().contains(name)) {
                all.add(Held.of(out.state().get(name).permute(1, 0, 2), ElementType.FLOAT));
            }
        }
        return all.toArray();
    }
}
