package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Activation;
import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.op.Unary;
import dev.fathom.op.Where;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * y = act((gamma (x - mean) rstd + beta) + residual), rstd = 1 / sqrt(variance + epsilon), in one kernel. Inputs: x;
 * the mean and the variance, where they are given and not measured; and optionally gamma, beta and the residual.
 * Results: y; where they are measured the mean and rstd; of a batch its (biased) variance too; last the value before an
 * activation whose derivative needs it.
 *
 * @param over what shares a mean and a variance
 * @param count of groups, or of the last dimensions; 0 for a batch
 * @param withResidual whether a residual is given when the op is recorded: what backward reads depends on it
 * @param activation act, or null for none
 */
public record NormOp(
        Over over,
        int count,
        float epsilon,
        boolean withResidual,
        @Nullable Activation activation) implements Epilogue {
    public static final int MEAN = 1;
    public static final int VARIANCE = 2;
    public static final int GAMMA = 3;

    /** What shares a mean and a variance, with the kernel's mode. */
    public enum Over {
        /** A channel (the last dimension), over all else. */
        BATCH(Kernel.NORM_MEASURED, "batch_norm"),
        /** A channel, with a mean and a variance that are given. */
        GIVEN(Kernel.NORM_GIVEN, "batch_norm"),
        /** The last dimensions. */
        LAYER(Kernel.NORM_MEASURED, "layer_norm"),
        /** The last dimensions, about 0. */
        RMS(Kernel.NORM_RMS, "rms_norm"),
        /** Neighboring channels of an example, over all dimensions between. */
        GROUP(Kernel.NORM_MEASURED, "group_norm");

        private final int mode;
        private final String label;

        Over(int mode, String label) {
            this.mode = mode;
            this.label = label;
        }
    }

    public NormOp {
        if (!(epsilon >= 0)) {
            throw new IllegalArgumentException(
                    over.label + Where.running() + ": epsilon=" + epsilon + " must be 0 or more");
        }
    }

    @Override
    public Op with(@Nullable Activation end) {
        return new NormOp(over, count, epsilon, withResidual, end);
    }

    @Override
    public int bias() {
        return GAMMA + 1;
    }

    @Override
    public boolean optional(int i) {
        return i == MEAN || i == VARIANCE ? measured() : i == GAMMA || Epilogue.super.optional(i);
    }

    @Override
    public String label() {
        return over.label;
    }

    private boolean measured() {
        return over != Over.GIVEN;
    }

    private boolean relu() {
        return activation != null && activation.row() == Unary.RELU;
    }

    /**
     * Whether backward computes the value before ReLU again instead of reading y: without a residual that takes less
     * memory traffic.
     */
    private boolean again() {
        return relu() && !withResidual;
    }

    @Override
    public int outputs() {
        return 1 + (measured() ? 2 : 0) + (over == Over.BATCH ? 1 : 0) + (keepsPre() ? 1 : 0);
    }

    private boolean isPre(int output) {
        return keepsPre() && output == outputs() - 1;
    }

    @Override
    public boolean onlyForBackward(int output) {
        return isPre(output) || output > 0 && (over != Over.BATCH || output == 2);
    }

    @Override
    public boolean readsOutput(int o) {
        return o == 0
                ? activation != null && activation.row().readsOutput() && !again()
                : isPre(o) || o == 1 && over != Over.RMS || o == 2;
    }

    @Override
    public boolean readsInput(int i) {
        return i != residual() && (i != bias() || again());
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
        if (!measured() && !(c.has(MEAN) && c.has(VARIANCE))) {
            throw c.fail("x " + x + " is to be normalized with a mean and a variance that are given; give both");
        }
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
            if (i != residual() && c.has(i) && !c.shape(i).equals(parameters)) {
                throw c.fail("x " + x + " and " + c.inName(i) + " " + c.shape(i) + " disagree: " + c.inName(i)
                        + " must be " + parameters + ", as the last of x"
                        + (over == Over.LAYER || over == Over.RMS
                                ? ""
                                : ChannelsFirst.fix(x, c.shape(i).size())));
            }
        }
        if (c.has(residual()) && !c.shape(residual()).equals(x)) {
            throw c.fail("residual " + c.shape(residual()) + " and x " + x + " disagree; they must be equal");
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
            throw c.fail("x " + x + " has " + values
                    + " values a channel but statistics of a batch need 2; give a larger batch, or "
                    + "evaluate (Pass.infer, model.eval)");
        }
        if (over == Over.GROUP && values < 2 && v[0] > 0) {
            throw c.fail("x " + x + " has " + values + " values in each of its " + count
                    + " groups but statistics need 2; choose fewer groups, or a larger image");
        }
    }

    @Override
    public void forward(Call c) {
        long[] v = view(c.shape(0));
        c.begin(Kernel.NORM).put(over.mode).at(c.in(0), c.in(GAMMA), c.in(bias()), c.in(residual()));
        if (measured()) {
            c.at(c.out(1), over == Over.BATCH ? c.out(3) : 0, c.out(2));
        } else {
            c.at(c.in(MEAN), c.in(VARIANCE), 0);
        }
        c.at(keepsPre() ? c.out(outputs() - 1) : 0, c.out(0));
        putActivation(c.put(v).put(epsilon)).run();
    }

    @Override
    public void backward(Grad g) {
        Shape x = g.shape(0);
        long[] v = view(x);
        boolean masks = relu() && !g.rectifies();
        Activation act = masks ? null : activation;
        // what is masked on the way is written where dy lies, if the residual's gradient is to be it
        long dy = act != null || masks && !again() ? g.doutOwned(0) : g.dout(0);
        if (act != null) {
            boolean readsOutput = !relu() && act.row().readsOutput();
            act.grad(g, keepsPre() ? g.out(outputs() - 1) : 0, readsOutput ? g.out(0) : 0, dy, dy, x.size(), false);
        }
        boolean toResidual = g.wants(residual());
        long add = 0;
        long dx = 0;
        long dgamma = 0;
        long dbeta = 0;
        if (g.wants(0)) {
            dx = toResidual ? g.din(0) : g.dinReusing(0);
            add |= g.adds() ? 1 : 0;
        }
        if (g.wants(GAMMA)) {
            dgamma = g.din(GAMMA);
            add |= g.adds() ? 2 : 0;
        }
        if (g.wants(bias())) {
            dbeta = g.din(bias());
            add |= g.adds() ? 4 : 0;
        }
        int relu = !masks ? 0 : again() ? 1 : 2;
        g.begin(Kernel.NORM_GRAD).put(over.mode).at(g.in(0), g.in(GAMMA), relu == 1 ? g.in(bias()) : 0);
        if (measured()) {
            g.at(over == Over.RMS ? 0 : g.out(1), 0, g.out(2));
        } else {
            g.at(g.in(MEAN), g.in(VARIANCE), 0);
        }
        g.at(relu == 2 ? g.out(0) : 0, dy, dx, dgamma, dbeta);
        g.put(add).put(v).put(epsilon).put(relu).run();
        backwardResidual(g, dy);
    }
}
