package dev.fathom.onnx;

import dev.fathom.op.Activation;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * An LSTM, GRU or RNN step by step, for forms that no kernel has: weights that are computed, other activations, sums
 * that are clipped, gates that are coupled. A plan of it has a fixed length.
 */
final class RecurrentSteps {
    private final Step s;
    private final int hidden;
    private final int gates;
    private final boolean batchFirst;
    private final float clip;
    /** What becomes of inputs and states before they are multiplied. */
    private final UnaryOperator<Tensor> rounding;

    /** Weights of all directions. */
    private final Tensor inputWeights;

    private final Tensor stateWeights;

    private RecurrentSteps(
            Step s, int gates, Tensor inputWeights, Tensor stateWeights, UnaryOperator<Tensor> rounding) {
        this.s = s;
        this.rounding = rounding;
        this.gates = gates;
        this.inputWeights = inputWeights;
        this.stateWeights = stateWeights;
        hidden = (int) s.whole("hidden_size", stateWeights.dim(2));
        batchFirst = s.whole("layout", 0) != 0;
        clip = s.real("clip", 0);
    }

    static Object[] run(Step s) {
        int gates = s.node().op().equals("LSTM") ? 4 : s.node().op().equals("GRU") ? 3 : 1;
        return new RecurrentSteps(s, gates, s.tensor(1), s.tensor(2), x -> x).run();
    }

    /** An LSTM with these weights [directions, 4 hidden, in] and [directions, 4 hidden, hidden]. */
    static Object[] lstm(Step s, Tensor inputWeights, Tensor stateWeights, UnaryOperator<Tensor> rounding) {
        return new RecurrentSteps(s, 4, inputWeights, stateWeights, rounding).run();
    }

    private Object[] run() {
        Tensor x = rounding.apply(s.tensor(0));
        x = batchFirst ? x.permute(1, 0, 2) : x; // [length, batch, in]
        int length = x.dim(0);
        int batch = x.dim(1);
        String direction = s.text("direction", "forward");
        int directions = direction.equals("bidirectional") ? 2 : 1;
        List<Tensor> steps = new ArrayList<>();
        List<Tensor> last = new ArrayList<>();
        List<Tensor> cells = new ArrayList<>();
        for (int d = 0; d < directions; d++) {
            boolean back = d == 1 || direction.equals("reverse");
            Tensor h = initial(5, d, batch);
            Tensor c = initial(6, d, batch);
            Direction of = new Direction(d, directions);
            Tensor[] out = new Tensor[length];
            for (int i = 0; i < length; i++) {
                int t = back ? length - 1 - i : i;
                Tensor[] next = of.step(x.slice(0, t, t + 1).squeeze(0), h, c);
                if (s.given(4)) { // a row that has ended keeps its state, and gives zeros
                    Tensor on = s.tensor(4).gt(t).reshape(batch, 1);
                    out[t] = next[0].mul(on);
                    h = on.where(next[0], h);
                    c = on.where(next[1], c);
                } else {
                    out[t] = next[0];
                    h = next[0];
                    c = next[1];
                }
            }
            steps.add(Tensor.stack(0, out));
            last.add(h);
            cells.add(c);
        }
        Tensor y = Tensor.stack(1, steps.toArray(Tensor[]::new)); // [length, directions, batch, hidden]
        Tensor h = Tensor.stack(0, last.toArray(Tensor[]::new));
        Tensor c = Tensor.stack(0, cells.toArray(Tensor[]::new));
        if (batchFirst) {
            y = y.permute(2, 0, 1, 3);
            h = h.permute(1, 0, 2);
            c = c.permute(1, 0, 2);
        }
        return new Object[] {Held.of(y, ElementType.FLOAT), Held.of(h, ElementType.FLOAT), Held.of(c, ElementType.FLOAT)
        };
    }

    private Tensor initial(int input, int direction, int batch) {
        if (!s.given(input)) {
            return Tensor.zeros(batch, hidden);
        }
        Tensor all = s.tensor(input);
        all = batchFirst ? all.permute(1, 0, 2) : all;
        return all.slice(0, direction, direction + 1).squeeze(0);
    }

    /** The weights of a direction and its step. */
    private final class Direction {
        private final Tensor w;
        private final Tensor r;
        private final @Nullable Tensor inputBias;
        private final @Nullable Tensor stateBias;
        private final @Nullable Tensor peepholes;
        private final List<UnaryOperator<Tensor>> functions;

        Direction(int d, int directions) {
            w = of(inputWeights, d);
            r = of(stateWeights, d);
            Tensor b = s.given(3) ? of(s.tensor(3), d) : null;
            inputBias = b == null ? null : b.slice(0, 0, gates * hidden);
            stateBias = b == null ? null : b.slice(0, gates * hidden, 2 * gates * hidden);
            peepholes = s.given(7) ? of(s.tensor(7), d) : null;
            functions = functions(d, directions);
        }

        private Tensor of(Tensor all, int d) {
            return all.slice(0, d, d + 1).squeeze(0);
        }

        /** The next hidden state and, of an LSTM, the next cell state. */
        Tensor[] step(Tensor x, Tensor h, Tensor c) {
            Tensor a = x.linear(w, inputBias);
            return switch (gates) {
                case 4 -> lstm(a.add(rounding.apply(h).linear(r, stateBias)), c);
                case 3 -> new Tensor[] {gru(a, h), c};
                default -> new Tensor[] {functions.get(0).apply(clipped(a.add(h.linear(r, stateBias)))), c};
            };
        }

        private Tensor gate(Tensor all, int i) {
            return all.slice(all.shape().rank() - 1, i * hidden, (i + 1) * hidden);
        }

        /** Gates i, o, f and c. */
        private Tensor[] lstm(Tensor a, Tensor c) {
            Tensor in = gate(a, 0);
            Tensor forget = gate(a, 2);
            Tensor output = gate(a, 1);
            in = peepholes == null ? in : in.add(gate(peepholes, 0).mul(c));
            forget = peepholes == null ? forget : forget.add(gate(peepholes, 2).mul(c));
            in = functions.get(0).apply(clipped(in));
            forget = s.whole("input_forget", 0) != 0
                    ? in.rsub(1)
                    : functions.get(0).apply(clipped(forget));
            Tensor next = forget.mul(c).add(in.mul(functions.get(1).apply(clipped(gate(a, 3)))));
            output = peepholes == null ? output : output.add(gate(peepholes, 1).mul(next));
            output = functions.get(0).apply(clipped(output));
            return new Tensor[] {output.mul(functions.get(2).apply(next)), next};
        }

        /** Gates z, r and h. */
        private Tensor gru(Tensor a, Tensor h) {
            Tensor b = h.linear(r, stateBias);
            Tensor update = functions.get(0).apply(clipped(gate(a, 0).add(gate(b, 0))));
            Tensor reset = functions.get(0).apply(clipped(gate(a, 1).add(gate(b, 1))));
            Tensor candidate;
            if (s.whole("linear_before_reset", 0) != 0) {
                candidate = gate(a, 2).add(reset.mul(gate(b, 2)));
            } else {
                Tensor own = r.slice(0, 2 * hidden, 3 * hidden);
                Tensor bias = stateBias == null ? null : gate(stateBias, 2);
                candidate = gate(a, 2).add(reset.mul(h).linear(own, bias));
            }
            candidate = functions.get(1).apply(clipped(candidate));
            return update.rsub(1).mul(candidate).add(update.mul(h));
        }
    }

    private Tensor clipped(Tensor x) {
        return clip > 0 ? x.clamp(-clip, clip) : x;
    }

    private List<UnaryOperator<Tensor>> functions(int d, int directions) {
        List<String> usual = gates == 4
                ? List.of("sigmoid", "tanh", "tanh")
                : gates == 3 ? List.of("sigmoid", "tanh") : List.of("tanh");
        List<String> given = s.texts("activations").stream()
                .map(a -> a.toLowerCase(Locale.ROOT))
                .toList();
        int each = usual.size();
        List<String> own = given.size() >= each * directions ? given.subList(d * each, (d + 1) * each) : usual;
        float[] alphas = s.reals("activation_alpha");
        float[] betas = s.reals("activation_beta");
        return IntStream.range(0, each)
                .mapToObj(i -> function(own.get(i), at(alphas, d * each + i), at(betas, d * each + i)))
                .toList();
    }

    private static float at(float[] all, int i) {
        return i < all.length ? all[i] : Float.NaN;
    }

    private static UnaryOperator<Tensor> function(String name, float alpha, float beta) {
        boolean has = !Float.isNaN(alpha);
        float b = Float.isNaN(beta) ? 0 : beta;
        Activation row = switch (name) {
            case "sigmoid" -> Activation.SIGMOID;
            case "tanh" -> Activation.TANH;
            case "relu" -> Activation.RELU;
            case "softsign" -> Activation.SOFTSIGN;
            case "softplus" -> Activation.SOFTPLUS;
            case "elu" -> Activation.elu(has ? alpha : 1);
            case "leakyrelu" -> Activation.leakyRelu(has ? alpha : 0.01f);
            default -> null;
        };
        if (row != null) {
            return x -> Pass.apply(row, x);
        }
        return switch (name) {
            case "affine" -> x -> x.mul(has ? alpha : 1).add(b);
            case "scaledtanh" -> x -> x.mul(Float.isNaN(beta) ? 1 : beta).tanh().mul(has ? alpha : 1);
            case "hardsigmoid" ->
                x -> x.mul(has ? alpha : 0.2)
                        .add(Float.isNaN(beta) ? 0.5 : beta)
                        .clamp(0, 1);
            case "thresholdedrelu" -> x -> x.gt(has ? alpha : 1).where(x, x.mul(0));
            default -> throw new IllegalArgumentException("the activation " + name + " is not known");
        };
    }
}
