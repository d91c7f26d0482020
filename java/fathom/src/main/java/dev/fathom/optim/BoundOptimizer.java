package dev.fathom.optim;

import dev.fathom.io.Safetensors;
import dev.fathom.kernel.Commands;
import dev.fathom.kernel.Kernel;
import dev.fathom.memory.Block;
import dev.fathom.nn.Trainable;
import dev.fathom.tensor.Access;
import dev.fathom.tensor.Segments;
import dev.fathom.tensor.Shape;
import dev.fathom.tensor.Store;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.StringJoiner;
import java.util.stream.IntStream;

/**
 * A recipe bound to parameters, with its moments in blocks of the parameters' layout. A step passes over a table of segments (parameters that are
 * trainable and have a gradient of this step) in one kernel call; parameters without a gradient since the last step are left alone, as PyTorch
 * leaves those whose grad is None.
 *
 * <p>Gradients are clipped on their way into the step, g' = max(-value, min(value, g min(1, maxNorm / (norm + 1e-6)))), with the norm over all
 * parameters of the step: by {@link #clipNorm} (Pascanu et al. 2013, PyTorch's clip_grad_norm_) and {@link #clipValue} (clip_grad_value_). The
 * gradients themselves stay as backward left them.
 *
 * <pre>{@code
 * try (var adam = new AdamW(1e-3f).on(model, Group.of("*.bias").weightDecay(0)).clipNorm(1)) {
 *     ...
 *     pass.backward(loss, model);
 *     adam.step();
 * }
 * }</pre>
 */
public final class BoundOptimizer implements AutoCloseable {
    private static final int GROUP = 8;
    private static final int SEGMENT = 24;
    /** What the kernel {@link Kernel#SQUARES} needs for a segment. */
    private static final int SUMS = 128;

    private final Optimizer recipe;
    private final Segments parameters;
    private final Store store;
    private final Commands commands = new Commands();
    private final Block[] blocks;
    private final long[] moments;
    private final Block table;
    private final ByteBuffer rows;
    private final int segmentsAt;
    private final int sumsAt;
    private final boolean[] inTable;
    private final long[] stepsOf;
    private final float[] rateOf;
    private final float[] decayOf;
    private List<Group> groups = List.of();
    private int segmentCount;
    private float learningRate;
    private float maxNorm;
    private float limit = Float.POSITIVE_INFINITY;
    private float scale;
    private double gradientNorm = Double.NaN;
    private long steps;

    BoundOptimizer(Optimizer recipe, Trainable trained, Group... groups) {
        this.recipe = recipe;
        parameters = trained.segments();
        store = Access.store(parameters);
        learningRate = recipe.learningRate();
        int n = parameters.to() - parameters.from();
        if (n == 0) {
            throw new IllegalArgumentException("optimizer: the model has no parameters; give it a layer that has");
        }
        inTable = new boolean[n];
        stepsOf = new long[n];
        rateOf = new float[n];
        decayOf = new float[n];
        groups(groups);
        blocks = new Block[recipe.moments()];
        moments = new long[blocks.length];
        long base = store.offset(parameters.from());
        long floats = store.offset(parameters.to()) - base;
        for (int i = 0; i < blocks.length; i++) {
            blocks[i] = new Block("optimizer state", 4 * floats, true);
            // the kernel counts from the block of values, so a part's moments begin that much before their own block
            moments[i] = blocks[i].address() - 4 * base;
        }
        segmentsAt = GROUP * n;
        sumsAt = segmentsAt + SEGMENT * n;
        long bytes = sumsAt + 8 + (long) SUMS * n;
        table = new Block("optimizer table", bytes);
        rows = table.view(0, bytes);
    }

    /** What was bound. */
    public Optimizer recipe() {
        return recipe;
    }

    /** The learning rate of the next step. */
    public float learningRate() {
        return learningRate;
    }

    /**
     * Changes it. At 0, where a warm-up begins, a step changes the moments alone.
     *
     * @throws IllegalArgumentException if it is negative or not finite
     */
    public void learningRate(float rate) {
        Checks.notNegative("optimizer", "learningRate", rate);
        learningRate = rate;
    }

    /**
     * Gives every parameter to the first group whose pattern matches its name, and the recipe's settings to the rest, whatever was before. Moments
     * and step counts stay.
     *
     * @throws IllegalArgumentException if a pattern matches none of the parameters
     */
    public synchronized BoundOptimizer groups(Group... groups) {
        int from = parameters.from();
        float[] rates = new float[rateOf.length];
        float[] decays = new float[rates.length];
        Arrays.fill(rates, Float.NaN);
        for (Group group : groups) {
            boolean any = false;
            for (int i = 0; i < rates.length; i++) {
                if (Trainable.matches(group.pattern(), store.name(from + i))) {
                    any = true;
                    if (Float.isNaN(rates[i])) {
                        rates[i] = group.rate();
                        decays[i] = group.weightDecay() == null ? recipe.weightDecay() : group.weightDecay();
                    }
                }
            }
            if (!any) {
                throw new IllegalArgumentException("optimizer: group " + group.pattern() + " matches none of "
                        + IntStream.range(from, from + rates.length)
                                .mapToObj(store::name)
                                .toList());
            }
        }
        this.groups = List.of(groups);
        for (int i = 0; i < rates.length; i++) {
            boolean grouped = !Float.isNaN(rates[i]);
            rateOf[i] = grouped ? rates[i] : 1;
            decayOf[i] = grouped ? decays[i] : recipe.weightDecay();
        }
        return this;
    }

    /**
     * From here on scales the gradients of a step down where their common Euclidean norm is above {@code max}; an infinite {@code max} only measures
     * it. A norm that is NaN or infinite ends {@link #step} in an exception before anything is changed.
     *
     * @throws IllegalArgumentException if it is not above 0
     */
    public BoundOptimizer clipNorm(float max) {
        Checks.above0("optimizer", "clipNorm", max);
        maxNorm = max;
        return this;
    }

    /**
     * From here on limits every element of the gradients to [-limit, limit], after {@link #clipNorm}; NaN stays.
     *
     * @throws IllegalArgumentException if it is not above 0
     */
    public BoundOptimizer clipValue(float limit) {
        Checks.above0("optimizer", "clipValue", limit);
        this.limit = limit;
        return this;
    }

    /** The norm of the last step's gradients before clipping; NaN without {@link #clipNorm}. */
    public double gradientNorm() {
        return gradientNorm;
    }

    /** Steps taken. */
    public long steps() {
        return steps;
    }

    /**
     * Changes the parameters by the gradients of the backward passes since the last step, which are used up by it.
     *
     * @throws IllegalStateException if no backward has reached these parameters since, or the model is closed
     * @throws ArithmeticException if the gradients' norm is asked for and not finite; parameters, moments and gradients are what they were
     */
    public synchronized void step() {
        check("step");
        boolean same = segmentCount > 0;
        int from = parameters.from();
        // parameters that joined late or paused have counts of their own, which the bias corrections need
        long least = Long.MAX_VALUE;
        long most = -1;
        for (int i = 0; i < inTable.length; i++) {
            boolean in = store.fresh(from + i) && store.isTrainable(from + i);
            same &= in == inTable[i];
            inTable[i] = in;
            if (in) {
                least = Math.min(least, stepsOf[i]);
                most = Math.max(most, stepsOf[i]);
            }
            rows.putFloat(GROUP * i, learningRate * rateOf[i]).putFloat(GROUP * i + 4, decayOf[i]);
        }
        if (most < 0) {
            throw new IllegalStateException(
                    "step: no backward has given these parameters a gradient since the last step; call pass.backward(loss) first, and unfreeze something");
        }
        Block values = store.values();
        Block gradients = store.gradients();
        values.lease();
        gradients.lease();
        try {
            if (!same) {
                segments(least, most);
            }
            clip();
            if (least == most) {
                recipe.step(this, least + 1);
            } else {
                for (long count : Arrays.stream(stepsOf).distinct().sorted().toArray()) {
                    segments(count, count);
                    if (segmentCount > 0) {
                        recipe.step(this, count + 1);
                    }
                }
                segmentCount = 0;
            }
        } finally {
            gradients.release();
            values.release();
        }
        for (int i = 0; i < inTable.length; i++) {
            if (inTable[i]) {
                stepsOf[i]++;
                store.changed(from + i);
            }
            // of the frozen too: what they were given before they were frozen must not come back when they thaw
            store.fresh(from + i, false);
        }
        steps++;
    }

    /** Writes a segment for each parameter in the table that has taken {@code least} to {@code most} steps. */
    private void segments(long least, long most) {
        segmentCount = 0;
        int from = parameters.from();
        for (int i = 0; i < inTable.length; i++) {
            if (inTable[i] && stepsOf[i] >= least && stepsOf[i] <= most) {
                long offset = store.offset(from + i);
                int at = segmentsAt + SEGMENT * segmentCount++;
                rows.putLong(at, offset)
                        .putLong(at + 8, store.offset(from + i + 1) - offset)
                        .putLong(at + 16, i);
            }
        }
    }

    /** What the gradients of this step are to be multiplied by. */
    private void clip() {
        scale = 1;
        if (maxNorm == 0) {
            return;
        }
        commands.begin(Kernel.SQUARES)
                .at(store.gradients().address())
                .at(table.address() + segmentsAt)
                .put(segmentCount)
                .at(table.address() + sumsAt)
                .run();
        gradientNorm = Math.sqrt(rows.getDouble(sumsAt));
        if (!Double.isFinite(gradientNorm)) {
            throw new ArithmeticException(
                    "step: the gradient of " + firstNonFinite()
                            + " is not finite, so nothing was changed; lower the learning rate, or leave the step out with zeroGrad()");
        }
        scale = (float) Math.min(1, maxNorm / (gradientNorm + 1e-6));
    }

    private String firstNonFinite() {
        int segment = 0;
        while (true) {
            for (int piece = 0; piece < SUMS; piece += 8) {
                if (!Double.isFinite(rows.getDouble(sumsAt + 8 + SUMS * segment + piece))) {
                    int i = (int) rows.getLong(segmentsAt + SEGMENT * segment + 16);
                    return store.name(parameters.from() + i);
                }
            }
            segment++;
        }
    }

    // ---- what a recipe's step works on

    /** Starts the command of a rule with the arguments that all of them take. */
    Commands begin(Kernel rule) {
        return commands.begin(rule)
                .at(store.values().address())
                .at(store.gradients().address())
                .at(table.address() + segmentsAt)
                .put(segmentCount)
                .at(table.address())
                .put(scale)
                .put(limit);
    }

    /** The address of moment {@code i} of the block's first parameter. */
    long moment(int i) {
        return moments[i];
    }

    // ---- saving

    /**
     * Adds the state to a file: moment i of parameter w as {@code prefix.i/w}, the steps that each parameter has taken, and the settings, with which
     * it must be loaded. The learning rate of the moment is the caller's to remember; a schedule computes it.
     *
     * <pre>{@code
     * var file = new Safetensors.Writer();
     * adam.save(file, "adam");
     * file.write(Path.of("adam.safetensors"));
     * }</pre>
     *
     * @throws IllegalStateException if the optimizer or the model is closed before {@code to} is written
     */
    public synchronized void save(Safetensors.Writer to, String prefix) {
        check("save");
        for (int m = 0; m < blocks.length; m++) {
            for (int i = 0; i < stepsOf.length; i++) {
                to.add(name(prefix, m, i), shape(i), floats(i, blocks[m]));
            }
        }
        StringJoiner counts = new StringJoiner(" ");
        for (long count : stepsOf) {
            counts.add(Long.toString(count));
        }
        to.metadata(prefix + ".steps", steps + " " + counts);
        to.metadata(prefix + ".settings", toString());
    }

    /**
     * Takes over what {@link #save} wrote. Nothing changes unless all of it fits.
     *
     * @throws IllegalArgumentException if it was saved with other settings or for other parameters, or the file is damaged
     * @throws IllegalStateException if the optimizer or the model is closed
     */
    public synchronized void load(Safetensors from, String prefix) {
        check("load");
        String settings = from.metadata().get(prefix + ".settings");
        if (settings == null) {
            throw new IllegalArgumentException(
                    "load: the file has no optimizer called " + prefix + "; give the name it was saved under");
        }
        if (!settings.equals(toString())) {
            throw new IllegalArgumentException("load: " + prefix + " was saved by " + settings + " but this one is "
                    + this + "; load it into one with the same settings");
        }
        long[] counts = counts(from, prefix);
        Block[] loaded = new Block[blocks.length];
        try {
            for (int m = 0; m < loaded.length; m++) {
                loaded[m] = new Block("loaded optimizer state", blocks[m].bytes());
                for (int i = 0; i < stepsOf.length; i++) {
                    String name = name(prefix, m, i);
                    if (!from.names().contains(name) || !from.shape(name).equals(shape(i))) {
                        throw new IllegalArgumentException("load: the file has no " + name + " " + shape(i)
                                + "; load it into an optimizer of the same parameters");
                    }
                    from.copy(name, floats(i, loaded[m]));
                }
            }
            for (int m = 0; m < loaded.length; m++) {
                Block.copy(loaded[m], blocks[m]);
            }
        } finally {
            for (Block b : loaded) {
                if (b != null) {
                    b.close();
                }
            }
        }
        steps = counts[0];
        System.arraycopy(counts, 1, stepsOf, 0, stepsOf.length);
        segmentCount = 0;
    }

    private long[] counts(Safetensors from, String prefix) {
        String text = from.metadata().getOrDefault(prefix + ".steps", "");
        if (!text.matches("\\d{1,18}( \\d{1,18}){" + stepsOf.length + "}")) {
            throw new IllegalArgumentException("load: the step counts of " + prefix + " are not those of "
                    + stepsOf.length + " parameters; load it into an optimizer of the same parameters");
        }
        return Arrays.stream(text.split(" ")).mapToLong(Long::parseLong).toArray();
    }

    private String name(String prefix, int moment, int i) {
        return prefix + "." + moment + "/" + store.name(parameters.from() + i);
    }

    private Shape shape(int i) {
        return store.held().get(parameters.from() + i).shape();
    }

    private FloatBuffer floats(int i, Block of) {
        long at = store.offset(parameters.from() + i) - store.offset(parameters.from());
        return of.view(4 * at, 4 * shape(i).size()).asFloatBuffer();
    }

    /** The recipe and what was set beside it, such as {@code Adam[...], clipNorm=1.0}. */
    @Override
    public String toString() {
        return recipe
                + (groups.isEmpty() ? "" : ", groups=" + groups)
                + (maxNorm == 0 ? "" : ", clipNorm=" + maxNorm)
                + (limit == Float.POSITIVE_INFINITY ? "" : ", clipValue=" + limit);
    }

    private void check(String who) {
        store.check();
        if (table.closed()) {
            throw new IllegalStateException(
                    who + ": this optimizer was closed at " + table.closedAt() + "; make another with on(model)");
        }
    }

    /** Gives the state's memory back. */
    @Override
    public synchronized void close() {
        if (table.closed()) {
            throw new IllegalStateException(
                    "close: this optimizer was already closed at " + table.closedAt() + "; close it once");
        }
        for (Block b : blocks) {
            b.close();
        }
        table.close();
    }
}
