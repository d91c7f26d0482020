package dev.fathom.tensor;

import dev.fathom.kernel.Kernel;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * y = act((gamma (x - mean) rstd + beta) + residual), rstd = 1 / sqrt(variance + epsilon), in one kernel. Inputs: x, the mean and the variance where they
 * are given, then gamma, beta and the residual where there are any. Results: y; where they are measured the mean and rstd; of a batch its (biased)
 * variance too; last the value before an activation whose derivative needs it.
 *
 * @param over what shares a mean and a variance
 * @param count of groups, or of the last dimensions; 0 for a batch
 * @param end what comes behind gamma: beta is its bias
 */
record NormOp(Over over, int count, boolean gamma, float epsilon, Epilogue end) implements Op {
    /** What shares a mean and a variance, with the kernel's mode. */
    enum Over {
        /** A channel (the last dimension), over all else. */
        BATCH(0, "batch_norm"),
        /** The same, given. */
        GIVEN(1, "batch_norm"),
        /** The last dimensions. */
        LAYER(0, "layer_norm"),
        /** The last dimensions, about 0. */
        RMS(2, "rms_norm"),
        /** Neighboring channels of an example, over all dimensions between. */
        GROUP(0, "group_norm");

        private final int mode;
        private final String label;

        Over(int mode, String label) {
            this.mode = mode;
            this.label = label;
        }
    }

    NormOp {
        if (!(epsilon >= 0)) {
            throw new IllegalArgumentException(
                    over.label + Pass.where() + ": epsilon=" + epsilon + " must be 0 or more");
        }
    }

    /** Without an epilogue. */
    static NormOp of(Over over, int count, boolean gamma, boolean beta, float epsilon) {
        return new NormOp(over, count, gamma, epsilon, new Epilogue(beta, false, null));
    }

    /** The inputs of this op from x on, of which some may be null. */
    static Tensor[] inputs(@Nullable Tensor... in) {
        int n = 0;
        for (Tensor t : in) {
            if (t != null) {
                in[n++] = t;
            }
        }
        return Arrays.copyOf(in, n);
    }

    @Override
    public @Nullable Op fuse(Op user) {
        Epilogue more = end.and(user);
        return more == null ? null : new NormOp(over, count, gamma, epsilon, more);
    }

    /**
     * With the mean and the variance given this is act(scale x + shift + residual): the op before, with weights [n, ..] and a bias (or null) that have
     * that line in them. Null where {@code in}, the constants among this op's inputs, lacks one.
     */
    @Nullable
    Folded fold(Epilogue.Fusible first, Tensor weight, @Nullable Tensor bias, @Nullable Tensor[] in) {
        int constants = 3 + (gamma ? 1 : 0) + (end.bias() ? 1 : 0);
        if (measured() || Arrays.asList(in).subList(1, constants).contains(null)) {
            return null;
        }
        Tensor scale = in[2].add(epsilon).rsqrt();
        scale = gamma ? scale.mul(in[gammaAt()]) : scale;
        Tensor shift = (bias == null ? in[1].neg() : bias.sub(in[1])).mul(scale);
        shift = end.bias() ? shift.add(in[betaAt()]) : shift;
        int[] rows = new int[weight.shape().rank()];
        Arrays.fill(rows, 1);
        rows[0] = weight.dim(0);
        Tensor[] weights = {weight.mul(scale.reshape(rows)), shift};
        int[] rest = end.residual() ? new int[] {residualAt()} : new int[0];
        return new Folded(first.with(new Epilogue(true, end.residual(), end.activation())), weights, rest);
    }

    @Override
    public String label() {
        return over.label;
    }

    private boolean measured() {
        return over != Over.GIVEN;
    }

    private boolean relu() {
        return end.activation() != null && end.activation().row() == Unary.RELU;
    }

    /** Whether backward computes the value before ReLU again instead of reading y: without a residual that takes less memory traffic. */
    private boolean again() {
        return relu() && !end.residual();
    }

    @Override
    public int outputs() {
        return 1 + (measured() ? 2 : 0) + (over == Over.BATCH ? 1 : 0) + (end.keepsPre() ? 1 : 0);
    }

    private boolean isPre(int output) {
        return end.keepsPre() && output == outputs() - 1;
    }

    @Override
    public boolean onlyForBackward(int output) {
        return isPre(output) || output > 0 && (over != Over.BATCH || output == 2);
    }

    @Override
    public boolean readsOutput(int o) {
        return o == 0
                ? end.activation() != null && end.activation().row().readsOutput() && !again()
                : isPre(o) || o == 1 && over != Over.RMS || o == 2;
    }

    @Override
    public boolean readsInput(int i) {
        return i != residualAt() && (i != betaAt() || again());
    }

    private int gammaAt() {
        return gamma ? measured() ? 1 : 3 : -1;
    }

    private int betaAt() {
        return end.bias() ? (measured() ? 1 : 3) + (gamma ? 1 : 0) : -1;
    }

    private int residualAt() {
        return end.residual() ? (measured() ? 1 : 3) + (gamma ? 1 : 0) + (end.bias() ? 1 : 0) : -1;
    }

    /** {outer, rows, c, groups} as the kernel sees x. */
    private long[] view(Shape x) {
        int rank = x.rank();
        return switch (over) {
            case BATCH, GIVEN -> new long[] {1, x.size(0, rank - 1), x.dim(-1), x.dim(-1)};
            case LAYER, RMS -> new long[] {x.size(0, rank - count), 1, x.size(rank - count, rank), 1};
            case GROUP -> new long[] {x.dim(0), x.size(1, rank - 1), x.dim(-1), count};
        };
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        if (output == 0) {
            check(c, x);
        }
        if (output == 0 || isPre(output)) {
            return x;
        }
        return switch (over) {
            case BATCH, GIVEN -> Shape.of(x.dim(-1));
            case LAYER, RMS -> Shape.of(Arrays.copyOf(x.toArray(), x.rank() - count));
            case GROUP -> Shape.of(x.dim(0), count);
        };
    }

    private void check(Call c, Shape x) {
        if (count < 1 && over != Over.BATCH && over != Over.GIVEN) {
            throw c.fail("x " + x + " cannot be normalized over " + count
                    + (over == Over.GROUP ? " groups; give at least one" : " dimensions; give at least the last one"));
        }
        int own = over == Over.LAYER || over == Over.RMS ? count : 1;
        int rank = over == Over.GROUP ? 2 : own;
        if (x.rank() < rank) {
            throw c.fail("x " + x + " has " + x.rank() + " dimensions but " + rank + " are needed"
                    + (over == Over.GROUP ? "; give [batch, .., channels]" : "; give [.., channels]"));
        }
        Shape parameters = Shape.of(Arrays.copyOfRange(x.toArray(), x.rank() - own, x.rank()));
        for (int i = 1; i < c.inputs(); i++) {
            if (i != residualAt() && !c.shape(i).equals(parameters)) {
                throw c.fail("x " + x + " and " + c.inName(i) + " " + c.shape(i) + " disagree: " + c.inName(i)
                        + " must be " + parameters + ", as the last of x");
            }
        }
        if (end.residual() && !c.shape(residualAt()).equals(x)) {
            throw c.fail("residual " + c.shape(residualAt()) + " and x " + x + " disagree; they must be equal");
        }
        if (parameters.size() == 0) {
            throw c.fail("x " + x + " has no values to normalize; give at least one channel");
        }
        if (over == Over.GROUP && x.dim(-1) % count != 0) {
            throw c.fail("x " + x + " has " + x.dim(-1) + " channels, which " + count
                    + " groups do not divide; choose a divisor");
        }
        long[] v = view(x);
        long values = v[1] * v[2] / v[3];
        if (over == Over.BATCH && values < 2) {
            throw c.fail(
                    "x " + x + " has " + values
                            + " values a channel but statistics of a batch need 2; give a larger batch, or evaluate (Pass.infer, model.eval)");
        }
        if (over == Over.GROUP && values < 2 && v[0] > 0) {
            throw c.fail("x " + x + " has " + values + " values in each of its " + count
                    + " groups but statistics need 2; choose fewer groups, or a larger image");
        }
    }

    @Override
    public boolean differentiable() {
        return end.differentiable();
    }

    private static Call put(Call c, long[] v) {
        return c.put(v[0]).put(v[1]).put(v[2]).put(v[3]);
    }

    @Override
    public void forward(Call c) {
        long[] v = view(c.shape(0));
        c.begin(Kernel.NORM)
                .put(over.mode)
                .at(c.in(0))
                .at(gamma ? c.in(gammaAt()) : 0)
                .at(end.bias() ? c.in(betaAt()) : 0)
                .at(end.residual() ? c.in(residualAt()) : 0)
                .at(measured() ? c.out(1) : c.in(1))
                .at(measured() ? over == Over.BATCH ? c.out(3) : 0 : c.in(2))
                .at(measured() ? c.out(2) : 0)
                .at(end.keepsPre() ? c.out(outputs() - 1) : 0)
                .at(c.out(0));
        end.putActivation(put(c, v).put(epsilon)).run();
    }

    @Override
    public void backward(Grad g) {
        Shape x = g.shape(0);
        long[] v = view(x);
        boolean masks = relu() && !g.rectifies();
        Activation activation = masks ? null : end.activation();
        boolean first = activation != null;
        // what is masked on the way is written where dy lies, if the residual's gradient is to be it
        long dy = first || masks && !again() ? g.doutOwned(0) : g.dout(0);
        if (activation != null) {
            boolean readsOutput = !relu() && activation.row().readsOutput();
            activation.grad(
                    g, end.keepsPre() ? g.out(outputs() - 1) : 0, readsOutput ? g.out(0) : 0, dy, dy, x.size(), false);
        }
        boolean toResidual = end.residual() && g.wants(residualAt());
        long add = 0;
        long dx = 0;
        long dgamma = 0;
        long dbeta = 0;
        if (g.wants(0)) {
            dx = toResidual ? g.din(0) : g.dinReusing(0);
            add |= g.adds() ? 1 : 0;
        }
        if (gamma && g.wants(gammaAt())) {
            dgamma = g.din(gammaAt());
            add |= g.adds() ? 2 : 0;
        }
        if (end.bias() && g.wants(betaAt())) {
            dbeta = g.din(betaAt());
            add |= g.adds() ? 4 : 0;
        }
        int relu = !masks ? 0 : again() ? 1 : 2;
        g.begin(Kernel.NORM_GRAD)
                .put(over.mode)
                .at(g.in(0))
                .at(gamma ? g.in(gammaAt()) : 0)
                .at(relu == 1 && end.bias() ? g.in(betaAt()) : 0)
                .at(measured() ? over == Over.RMS ? 0 : g.out(1) : g.in(1))
                .at(measured() ? 0 : g.in(2))
                .at(measured() ? g.out(2) : 0)
                .at(relu == 2 ? g.out(0) : 0)
                .at(dy)
                .at(dx)
                .at(dgamma)
                .at(dbeta)
                .put(add);
        put(g, v).put(epsilon).put(relu).run();
        if (toResidual) {
            long dr = g.dinReusing(residualAt());
            if (dr != dy) {
                g.carry(dy, dr, x.size());
            }
        }
    }
}
