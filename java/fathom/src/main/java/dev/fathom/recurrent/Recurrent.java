package dev.fathom.recurrent;

import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.SequenceLayer;
import dev.fathom.nn.Steps;
import dev.fathom.nn.Trainable;
import dev.fathom.op.Cell;
import dev.fathom.op.Checks;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.op.Where;
import dev.fathom.ops.RecurrentOp;
import dev.fathom.parameter.Initializer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Inline;
import dev.fathom.tree.Records;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A recurrent net over x [n, t, in]: h[t] = cell(x[t], h[t - 1]), of one or more layers and one or two directions.
 * {@link Cell} has the formulas.
 *
 * <p>Each layer and direction is one native call for all of its steps, forward and backward. As a {@link Layer} it
 * gives the hidden states of all steps [n, t, directions * hidden], or after {@link #lastStep} the last one [n,
 * directions * hidden]; {@link #run} also takes initial states and lengths and gives the final states.
 *
 * <p>Training keeps 4 n t ((g + 1) hidden + in) bytes of each layer and direction from forward to backward, where g is
 * the number of gates and in, above the first layer, directions * hidden; an LSTM or GRU keeps 4 n t hidden more, and
 * beside these there is the result. Backward needs the gradients of that layer's result and input, and those of the
 * gates of some steps at a time: up to 4 MiB, or 4 g hidden for each of 128 rows (twice that for a GRU). So an LSTM of
 * 32 units over 32 features keeps 16,384,000 bytes for 32 sequences of 500 steps, with its result. Blocks of memory
 * have sizes of their own, which makes it up to 4 % more. Steps beyond a sequence's length cost no arithmetic.
 *
 * <p>Parameters are named and ordered as PyTorch's: {@code weight_ih_l0} [gates * hidden, in], {@code weight_hh_l0}
 * [gates * hidden, hidden], {@code bias_ih_l0}, {@code bias_hh_l0} [gates * hidden], and the same with {@code _reverse}
 * for the backward direction; {@code weight_ch_l0} [3 * hidden] are an LSTM's peepholes. All begin uniform in
 * +-1/sqrt(hidden).
 *
 * @param settings the cell, the sizes and the options
 * @param weights the parameters by name
 */
public record Recurrent(Settings settings, @Inline Map<String, Parameter> weights) implements SequenceLayer {
    /** The options that a recurrent net either has or does not have. */
    public enum Option {
        /** Each layer also reads its sequence from the end. */
        BIDIRECTIONAL,
        /** An LSTM's gates see the cell state. */
        PEEPHOLES,
        /** A GRU's update gate weighs the candidate, and not the state. */
        UPDATE_GATES_CANDIDATE,
        /** A sequence shorter than its row is aligned to the row's end. */
        PADDED_IN_FRONT,
        /** {@link Recurrent#forward} gives the last step alone. */
        LAST_STEP
    }

    /**
     * How a recurrent net is built; {@link Recurrent} has a method for each setting.
     *
     * @param cell the cell
     * @param in features of an input step
     * @param hidden units of a layer and direction
     * @param layers how many layers, each of which reads the one below
     * @param biases how many biases a gate has: PyTorch's 2, the textbook's 1, or 0
     * @param forgetBias where an LSTM's bias of the forget gate begins, or null for a random one
     * @param dropout what is dropped in training
     * @param skip connections that skip steps, or null for none
     * @param options what else it is
     */
    public record Settings(
            Cell cell,
            int in,
            int hidden,
            int layers,
            int biases,
            @Nullable Float forgetBias,
            Dropout dropout,
            @Nullable Skip skip,
            Set<Option> options) {
        private static final int MOST_LAYERS = 1 << 16;

        /**
         * Checks the settings.
         *
         * @throws IllegalArgumentException if a size is below 1, there are more than 65,536 layers, biases are not 0, 1
         *     or 2, or an option is one that the cell does not have
         */
        public Settings {
            options = Set.copyOf(options);
            Checks.atLeast("Recurrent", "in", in, 1);
            Checks.atLeast("Recurrent", "hidden", hidden, 1);
            Checks.in("Recurrent", "layers", layers, "[1, " + MOST_LAYERS + "]");
            int times = Math.max(cell.gates(), options.contains(Option.BIDIRECTIONAL) ? 2 : 1);
            if ((long) times * hidden > Integer.MAX_VALUE) {
                throw bad("hidden=" + hidden + " makes weights of more rows or columns than an int counts");
            }
            Checks.in("Recurrent", "biases", biases, "[0, 2]");
            if ((options.contains(Option.PEEPHOLES) || forgetBias != null) && !cell.hasCellState()) {
                throw bad("only an LSTM has peepholes and a forget gate; the cell is " + cell);
            }
            if (forgetBias != null && biases == 0) {
                throw bad("a forget bias needs at least one bias; biases=0");
            }
            if (options.contains(Option.UPDATE_GATES_CANDIDATE) && !cell.hasUpdateGate()) {
                throw bad("only a GRU has an update gate whose sense can be chosen; the cell is " + cell);
            }
        }

        private static IllegalArgumentException bad(String message) {
            return new IllegalArgumentException("Recurrent: " + message);
        }

        /** Returns whether the net has this option. */
        public boolean has(Option option) {
            return options.contains(option);
        }

        /** Returns 2 for a bidirectional net, else 1. */
        public int directions() {
            return has(Option.BIDIRECTIONAL) ? 2 : 1;
        }

        private Settings with(Option option) {
            Set<Option> more = EnumSet.of(option);
            more.addAll(options);
            return Records.with(this, "options", more);
        }

        /** Whether the parameters of one serve the other. */
        private boolean builtAs(Settings s) {
            return layers == s.layers
                    && biases == s.biases
                    && Objects.equals(forgetBias, s.forgetBias)
                    && has(Option.BIDIRECTIONAL) == s.has(Option.BIDIRECTIONAL)
                    && has(Option.PEEPHOLES) == s.has(Option.PEEPHOLES);
        }
    }

    /**
     * What is dropped in training. The rest is scaled by 1 / (1 - p), so that expectations stay.
     *
     * @param inputs the probability to drop a feature of a layer's input
     * @param states the probability to drop a unit of what the recurrent weights see of the state
     * @param variational whether inputs are dropped in every layer, with one mask for all steps of a sequence;
     *     otherwise only above the first layer, with a new mask at each step. States always have one mask for all steps
     */
    public record Dropout(float inputs, float states, boolean variational) {
        private static final Dropout NONE = new Dropout(0, 0, false);

        /**
         * Checks the probabilities.
         *
         * @throws IllegalArgumentException if one is outside [0, 1)
         */
        public Dropout {
            Checks.dropProbability("Recurrent", "dropout", inputs);
            Checks.dropProbability("Recurrent", "dropout", states);
        }

        private Tensor of(Tensor x, int layer) {
            if (inputs == 0 || !Pass.current().training() || layer == 0 && !variational) {
                return x;
            }
            return variational ? x.mul(mask(inputs, x.dim(0), 1, x.dim(2))) : x.dropout(inputs, scale(inputs));
        }

        /** Multiplies the state [n, hidden] at every step, or null. */
        private @Nullable Tensor ofStates(int n, int hidden) {
            return states == 0 || !Pass.current().training() ? null : mask(states, n, hidden);
        }

        private static Tensor mask(float p, int... dims) {
            return Tensor.ones(dims).dropout(p, scale(p));
        }

        private static float scale(float p) {
            return 1 / (1 - p);
        }
    }

    /**
     * Connections that skip steps.
     *
     * @param lag how many steps back they reach
     * @param seed of the draws that tell which steps have them, or null if every step has both connections
     */
    public record Skip(int lag, @Nullable Long seed) {
        /**
         * Checks the lag.
         *
         * @throws IllegalArgumentException if it is below 1
         */
        public Skip {
            Checks.atLeast("Recurrent", "lag", lag, 1);
        }

        /**
         * The shares of h[t - 1] and h[t - lag] at each of {@code steps} times; those of a shorter sequence are the
         * first ones of a longer.
         */
        private Tensor shares(String of, int steps) {
            if (seed == null) {
                return Tensor.full(Shape.of(steps, 2), 0.5f);
            }
            float[] drawn = new Rng(seed).split(of).uniform(steps, 0, 3);
            float[] shares = new float[2 * steps];
            for (int t = 0; t < steps; t++) {
                shares[2 * t] = drawn[t] < 1 ? 1 : drawn[t] < 2 ? 0 : 0.5f;
                shares[2 * t + 1] = 1 - shares[2 * t];
            }
            return Tensor.of(shares, steps, 2);
        }
    }

    /**
     * Keeps the parameters in their order.
     *
     * @throws IllegalArgumentException unless these are the parameters, by name and shape, that a net of these settings
     *     has
     */
    public Recurrent {
        Map<String, Shape> wanted = shapes(parameters(settings));
        if (!shapes(weights).equals(wanted)) {
            throw Settings.bad("the parameters " + shapes(weights) + " are not those of its settings; give " + wanted);
        }
        weights = Collections.unmodifiableMap(new LinkedHashMap<>(weights));
    }

    /** A net of these settings, with these parameters if they fit it, else with new ones. */
    private Recurrent changed(Settings s) {
        return new Recurrent(s, s.builtAs(settings) ? weights : parameters(s));
    }

    /**
     * Makes an Elman net: h' = tanh(W x + U h + b).
     *
     * @throws IllegalArgumentException if a size is below 1
     */
    public static Recurrent rnn(int in, int hidden) {
        return of(Cell.TANH, in, hidden);
    }

    /**
     * Makes a long short-term memory.
     *
     * @throws IllegalArgumentException if a size is below 1
     */
    public static Recurrent lstm(int in, int hidden) {
        return of(Cell.LSTM, in, hidden);
    }

    /**
     * Makes a gated recurrent unit as PyTorch has it; {@link Cell#GRU_RESET_FIRST} and {@link #updateGatesCandidate}
     * are those of the textbook.
     *
     * @throws IllegalArgumentException if a size is below 1
     */
    public static Recurrent gru(int in, int hidden) {
        return of(Cell.GRU, in, hidden);
    }

    /**
     * Makes an update gate recurrent net.
     *
     * @throws IllegalArgumentException if a size is below 1
     */
    public static Recurrent ugrnn(int in, int hidden) {
        return of(Cell.UGRNN, in, hidden);
    }

    /**
     * Makes a net of one layer and direction with PyTorch's two biases.
     *
     * @throws IllegalArgumentException if a size is below 1
     */
    public static Recurrent of(Cell cell, int in, int hidden) {
        Settings s = new Settings(cell, in, hidden, 1, 2, null, Dropout.NONE, null, Set.of());
        return new Recurrent(s, parameters(s));
    }

    private static Map<String, Parameter> parameters(Settings s) {
        float bound = (float) (1 / Math.sqrt(s.hidden));
        Initializer any = Init.uniform(-bound, bound);
        int width = s.cell.gates() * s.hidden;
        Map<String, Parameter> all = new LinkedHashMap<>();
        for (int layer = 0; layer < s.layers; layer++) {
            for (int direction = 0; direction < s.directions(); direction++) {
                int in = layer == 0 ? s.in : s.directions() * s.hidden;
                all.put(name("weight_ih", layer, direction), new Parameter(Shape.of(width, in), any));
                all.put(name("weight_hh", layer, direction), new Parameter(Shape.of(width, s.hidden), any));
                for (int bias = 0; bias < s.biases; bias++) {
                    String name = name(bias == 0 ? "bias_ih" : "bias_hh", layer, direction);
                    all.put(name, new Parameter(Shape.of(width), biasOf(s, any, bias == 0)));
                }
                if (s.has(Option.PEEPHOLES)) {
                    all.put(name("weight_ch", layer, direction), new Parameter(Shape.of(3 * s.hidden), any));
                }
            }
        }
        return all;
    }

    private static Map<String, Shape> shapes(Map<String, Parameter> parameters) {
        Map<String, Shape> shapes = new TreeMap<>();
        parameters.forEach((name, p) -> shapes.put(name, p.shape()));
        return shapes;
    }

    /** The forget gate is the second; its two biases add up to what is wanted. */
    private static Initializer biasOf(Settings s, Initializer any, boolean first) {
        Float forget = s.forgetBias;
        if (forget == null) {
            return any;
        }
        return (shape, rng) -> {
            float[] values = any.values(shape, rng);
            Arrays.fill(values, s.hidden, 2 * s.hidden, first ? forget : 0);
            return values;
        };
    }

    private static String name(String kind, int layer, int direction) {
        return kind + "_l" + layer + (direction == 0 ? "" : "_reverse");
    }

    // ---- settings

    /**
     * Returns a net of {@code count} layers with new parameters.
     *
     * @throws IllegalArgumentException if it is below 1
     */
    public Recurrent layers(int count) {
        return changed(Records.with(settings, "layers", count));
    }

    /**
     * Returns a net that has so many biases for each gate, with new parameters: 2 as PyTorch's (of the input and of the
     * state), 1 as the textbook's, or none. One bias computes the same functions as two, except in {@link Cell#GRU},
     * where the reset gate multiplies the second.
     *
     * @throws IllegalArgumentException if it is not 0, 1 or 2
     */
    public Recurrent biases(int count) {
        return changed(Records.with(settings, "biases", count));
    }

    /**
     * Returns an LSTM whose bias of the forget gate begins at {@code value}, with new parameters. It is usually 1, so
     * that the net begins by remembering (Jozefowicz et al. 2015).
     *
     * @throws IllegalArgumentException if the cell is no LSTM, or it has no biases
     */
    public Recurrent forgetBias(float value) {
        return changed(Records.with(settings, "forgetBias", value));
    }

    /**
     * Returns a net whose layers also read their sequences from the end, with new parameters. Its steps are twice as
     * wide.
     */
    public Recurrent bidirectional() {
        return changed(settings.with(Option.BIDIRECTIONAL));
    }

    /**
     * Returns an LSTM with peepholes (Gers et al. 2002) and new parameters: the input and the forget gate also see the
     * cell state before the step, the output gate sees the cell state after the step, and each unit sees only its own
     * cell.
     *
     * @throws IllegalArgumentException if the cell is no LSTM
     */
    public Recurrent peepholes() {
        return changed(settings.with(Option.PEEPHOLES));
    }

    /**
     * Returns a GRU whose update gate weighs the candidate, h' = (1 - z) h + z n, as in textbooks. PyTorch's weighs the
     * state.
     *
     * @throws IllegalArgumentException if the cell is no GRU
     */
    public Recurrent updateGatesCandidate() {
        return changed(settings.with(Option.UPDATE_GATES_CANDIDATE));
    }

    /**
     * Returns a net that in training drops each input of the layers above the first with probability {@code p}.
     *
     * @throws IllegalArgumentException if it is outside [0, 1)
     */
    public Recurrent dropout(float p) {
        return dropping(new Dropout(p, 0, false));
    }

    private Recurrent dropping(Dropout d) {
        return changed(Records.with(settings, "dropout", d));
    }

    /**
     * Returns a net that in training drops the same features and units at every step of a sequence (Gal and Ghahramani
     * 2016): each feature of every layer's input with probability {@code inputs}, and each unit of the state, as the
     * recurrent weights see it, with probability {@code states}.
     *
     * @throws IllegalArgumentException if one is outside [0, 1)
     */
    public Recurrent variationalDropout(float inputs, float states) {
        return dropping(new Dropout(inputs, states, true));
    }

    /**
     * Returns a net with recurrent skip connections (Kieu et al. 2019): what goes into step t is not h[t - 1] but (w1
     * h[t - 1] + w2 h[t - lag]) / (w1 + w2), where (w1, w2) is one of (1, 0), (0, 1) and (1, 1), drawn once for each
     * time step, layer and direction. States before the first step are the initial one. Draws begin anew in every call,
     * and a {@link State} holds no h[t - lag], so that pieces with a carried state do not equal one long run.
     *
     * @param lag how many steps back the connection reaches
     * @param seed of the draws
     * @throws IllegalArgumentException if the lag is below 1
     */
    public Recurrent skip(int lag, long seed) {
        return skipping(new Skip(lag, seed));
    }

    /**
     * Returns a net with both connections at every step: what goes into step t is (h[t - 1] + h[t - lag]) / 2.
     * Otherwise it is like {@link #skip(int, long)}.
     *
     * @param lag how many steps back the second connection reaches
     * @throws IllegalArgumentException if the lag is below 1
     */
    public Recurrent skip(int lag) {
        return skipping(new Skip(lag, null));
    }

    private Recurrent skipping(Skip skip) {
        return changed(Records.with(settings, "skip", skip));
    }

    /**
     * Returns a net that takes sequences shorter than their row as aligned to the row's end: padding lies in front, and
     * lengths mask it.
     */
    public Recurrent paddedInFront() {
        return changed(settings.with(Option.PADDED_IN_FRONT));
    }

    /** Returns a net that as a {@link Layer} gives the last step alone, for one result from many steps. */
    public Recurrent lastStep() {
        return changed(settings.with(Option.LAST_STEP));
    }

    /**
     * Returns a net whose parameters of these names begin with other values: {@code lstm.init("weight_hh_*",
     * Init.orthogonal(1))}. Settings that come with new parameters, such as {@link #layers}, are chosen before.
     *
     * @param pattern the names, in which * stands for anything
     * @param init draws the values of each of these parameters
     * @throws IllegalArgumentException if the pattern matches no parameter
     */
    public Recurrent init(String pattern, Initializer init) {
        Map<String, Parameter> all = new LinkedHashMap<>(weights);
        all.replaceAll((name, p) -> Trainable.matches(pattern, name) ? new Parameter(p.shape(), init) : p);
        if (all.equals(weights)) {
            throw Settings.bad("init: the pattern " + pattern + " matches none of the parameters " + weights.keySet());
        }
        return new Recurrent(settings, all);
    }

    // ---- the net

    /** @throws IllegalArgumentException if x is not [n, t, in], t is 0, or a length is not in 1 .. t */
    @Override
    public Tensor forward(Tensor x, @Nullable Tensor lengths) {
        Output out = compute(x, State.EMPTY, lengths);
        return settings.has(Option.LAST_STEP) ? out.last() : out.steps();
    }

    @Override
    public Steps stepReading() {
        return settings.has(Option.PADDED_IN_FRONT) ? Steps.PADDED_IN_FRONT : Steps.PADDED_BEHIND;
    }

    @Override
    public boolean keepsSteps() {
        return !settings.has(Option.LAST_STEP);
    }

    /**
     * Runs the net from zero states.
     *
     * @throws IllegalArgumentException if x is not [n, t, in], or t is 0
     */
    public Output run(Tensor x) {
        return run(x, State.EMPTY, null);
    }

    /**
     * Runs the net on from a state.
     *
     * @param initial as {@link #run(Tensor, State, Tensor)} takes it
     * @throws IllegalArgumentException if a shape disagrees
     */
    public Output run(Tensor x, State initial) {
        return run(x, initial, null);
    }

    /**
     * Runs the net.
     *
     * @param x the inputs [n, t, in]
     * @param initial where the layers begin: {@code hidden} [n, layers * directions, hidden], of each layer the forward
     *     direction first, and of an LSTM also {@code cell} of the same shape; or {@link State#EMPTY} for zeros
     * @param lengths I32 [n], how many steps of each row belong to its sequence, or null for all
     * @throws IllegalArgumentException if a shape disagrees, or a length is not in 1 .. t
     */
    public Output run(Tensor x, State initial, @Nullable Tensor lengths) {
        return Pass.frame(this, () -> compute(x, initial, lengths));
    }

    /**
     * Returns the state of zeros for a batch, in the current pass, which names what the net carries: {@code hidden}
     * [batch, layers * directions, hidden], and of an LSTM also {@code cell} of the same shape.
     */
    public State state(int batch) {
        Shape shape = Shape.of(batch, settings.layers * settings.directions(), settings.hidden);
        State state = State.of("hidden", Tensor.zeros(shape));
        return settings.cell.hasCellState() ? state.with("cell", Tensor.zeros(shape)) : state;
    }

    private Output compute(Tensor x, State initial, @Nullable Tensor lengths) {
        Settings s = settings;
        check(x, initial);
        if (lengths != null && lengths.dtype() != DType.I32) {
            throw new IllegalArgumentException(
                    "Recurrent" + Where.running() + ": lengths " + lengths.shape() + " are " + lengths.dtype()
                            + " but must be I32; make them with Tensor.ofInts, or convert them with to(DType.I32)");
        }
        List<Tensor> hidden = new ArrayList<>();
        List<Tensor> cells = new ArrayList<>();
        Tensor steps = x;
        for (int layer = 0; layer < s.layers; layer++) {
            Tensor below = s.dropout.of(steps, layer);
            Tensor[] results = new Tensor[s.directions()];
            for (int direction = 0; direction < results.length; direction++) {
                Tensor[] one = direction(below, layer, direction, initial, lengths);
                results[direction] = one[0];
                hidden.add(one[1]);
                if (s.cell.hasCellState()) {
                    cells.add(one[2]);
                }
            }
            steps = results.length == 1 ? results[0] : Tensor.concat(2, results);
        }
        int top = hidden.size() - s.directions();
        Tensor last = s.directions() == 2 ? Tensor.concat(1, hidden.get(top), hidden.get(top + 1)) : hidden.get(top);
        State state = State.of("hidden", stacked(hidden));
        return new Output(steps, last, cells.isEmpty() ? state : state.with("cell", stacked(cells)));
    }

    private static Tensor stacked(List<Tensor> states) {
        Tensor first = states.get(0);
        return states.size() == 1
                ? first.reshape(first.dim(0), 1, first.dim(1))
                : Tensor.stack(1, states.toArray(new Tensor[0]));
    }

    private Tensor[] direction(Tensor x, int layer, int direction, State initial, @Nullable Tensor lengths) {
        Settings s = settings;
        Skip skip = s.skip;
        RecurrentOp op = new RecurrentOp(
                s.cell,
                direction == 1,
                s.has(Option.UPDATE_GATES_CANDIDATE),
                s.has(Option.PADDED_IN_FRONT),
                skip == null ? 1 : skip.lag);
        int at = layer * s.directions() + direction;
        return Pass.applyAll(
                op,
                x,
                weight("weight_ih", layer, direction),
                weight("weight_hh", layer, direction),
                weight("bias_ih", layer, direction),
                weight("bias_hh", layer, direction),
                weight("weight_ch", layer, direction),
                state(initial, "hidden", at),
                state(initial, "cell", at),
                lengths,
                skip == null ? null : skip.shares(name("skip", layer, direction), x.dim(1)),
                s.dropout.ofStates(x.dim(0), s.hidden));
    }

    private @Nullable Tensor weight(String kind, int layer, int direction) {
        Parameter p = weights.get(name(kind, layer, direction));
        return p == null ? null : p.value();
    }

    private @Nullable Tensor state(State initial, String name, int at) {
        Tensor all = initial.tensors().get(name);
        if (all == null) {
            return null;
        }
        Tensor one = all.dim(1) == 1 ? all : all.slice(1, at, at + 1);
        return one.reshape(all.dim(0), settings.hidden);
    }

    private void check(Tensor x, State initial) {
        Objects.requireNonNull(initial, "Recurrent: the initial state is null; give State.EMPTY for zeros");
        if (x.shape().rank() != 3) {
            throw new IllegalArgumentException("Recurrent" + Where.running() + ": x " + x.shape()
                    + " must be [batch, steps, features]; reshape it, or embed tokens first");
        }
        if (initial.names().isEmpty()) {
            return;
        }
        Map<String, Shape> given = new TreeMap<>();
        initial.tensors().forEach((name, state) -> given.put(name, state.shape()));
        Map<String, Shape> wanted = new TreeMap<>();
        for (String name : settings.cell.hasCellState() ? List.of("hidden", "cell") : List.of("hidden")) {
            wanted.put(name, Shape.of(x.dim(0), settings.layers * settings.directions(), settings.hidden));
        }
        if (!given.equals(wanted)) {
            throw new IllegalArgumentException(
                    "Recurrent" + Where.running() + ": the initial state " + given + " and x "
                            + x.shape() + " disagree; a net of " + settings.cell
                            + " cells begins with [batch, layers * directions, hidden] as " + wanted
                            + ", or with State.EMPTY for zeros");
        }
    }
}
