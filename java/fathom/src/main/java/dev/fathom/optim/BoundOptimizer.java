package dev.fathom.optim;

import dev.fathom.autograd.Values;
import dev.fathom.command.Commands;
import dev.fathom.io.Safetensors;
import dev.fathom.kernel.Kernel;
import dev.fathom.nn.ParameterRange;
import dev.fathom.nn.Trainable;
import dev.fathom.offheap.Block;
import dev.fathom.op.Checks;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.parameter.Variable;
import dev.fathom.store.Segments;
import dev.fathom.store.Store;
import dev.fathom.store.StoreRange;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.StringJoiner;
import java.util.function.IntPredicate;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A recipe bound to parameters, with its moments in blocks of the parameters' layout. A step updates all parameters
 * that are trainable and have a gradient in one kernel call. Parameters that no backward has reached since the last
 * step stay as they are, just as PyTorch leaves parameters alone whose grad is None.
 *
 * <p>Gradients can be clipped on their way into the step, g' = max(-value, min(value, g min(1, maxNorm / (norm +
 * 1e-6)))), with the norm over all parameters of the step: by {@link #clipNorm} (Pascanu et al. 2013, PyTorch's
 * clip_grad_norm_) and {@link #clipValue} (clip_grad_value_). The gradients themselves stay as backward left them.
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
    /** What the kernel {@link Kernel#SQUARES} needs for a segment. */
    private static final int SUMS = 128;
    /** The settings of parameters that no group matches. */
    private static final Group REST = Group.of("*");

    private final Optimizer recipe;
    private final ParameterRange parameters;
    private final Store store;
    private final Commands commands = new Commands();
    private final Block[] blocks;
    private final long[] moments;
    /** Rows of (learning rate, weight decay), one for each parameter. */
    private final Table rates;
    /** What one command passes over; the group is the parameter. */
    private final Segments segments;
    /** Whether they are those of all parameters of the last step. */
    private boolean listed;

    /** What the norm is summed in. */
    private final Table sums;
    /** Values and moments as they were before a step that evaluates again; none where the recipe never does. */
    private final Block[] before;

    private final Update update = new Update(this);
    private final boolean[] inTable;
    private final long[] stepsOf;
    private final Group[] groupOf;
    private List<Group> groups = List.of();
    /** The fewest and the most steps that a parameter of this step has taken. */
    private long least;

    private long most;
    private @Nullable LossAndGradient function;
    private float learningRate;
    private float maxNorm;
    private float limit = Float.POSITIVE_INFINITY;
    private boolean maximizes;
    private float scale;
    /** Whether the recipe has replaced the gradients by others, which are not clipped. */
    private boolean replaced;
    /** The recipe that steps: the one that was bound, or another one for some of its parameters. */
    private Optimizer stepping;

    /** Whether the values are within the limits of their groups. */
    private boolean constrained;

    private boolean averaged;
    private double gradientNorm = Double.NaN;
    private long steps;

    BoundOptimizer(Optimizer recipe, Trainable trained, Group... groups) {
        this.recipe = recipe;
        stepping = recipe;
        parameters = trained.range();
        store = StoreRange.store(parameters);
        learningRate = recipe.learningRate();
        int n = parameters.to() - parameters.from();
        if (n == 0) {
            throw new IllegalArgumentException("optimizer: the model has no parameters; give it a layer that has");
        }
        inTable = new boolean[n];
        groupOf = new Group[n];
        stepsOf = new long[n];
        Checks.learningRate("optimizer", learningRate);
        Checks.notNegative("optimizer", "moments", recipe.moments());
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
        before = new Block[recipe.evaluatesAgain() ? 1 + blocks.length : 0];
        for (int i = 0; i < before.length; i++) {
            before[i] = new Block("optimizer state", 4 * floats, true);
        }
        rates = new Table(GROUP * n);
        segments = new Segments(n);
        sums = new Table(8 + SUMS * n);
    }

    /** Returns the recipe that was bound. */
    public Optimizer recipe() {
        return recipe;
    }

    /** Returns the learning rate of the next step. */
    public float learningRate() {
        return learningRate;
    }

    /**
     * Changes the learning rate. At 0, where a warm-up begins, a step changes only the moments.
     *
     * @throws IllegalArgumentException if it is negative or not finite
     */
    public void learningRate(float rate) {
        Checks.notNegative("optimizer", "learningRate", rate);
        learningRate = rate;
    }

    /**
     * Replaces the groups. Every parameter belongs to the first group whose pattern matches its name, and the recipe's
     * settings hold for the rest. Moments and step counts stay.
     *
     * @throws IllegalArgumentException if a pattern matches none of the parameters, or, unless it is {@code *}, only
     *     those of earlier groups
     */
    public synchronized BoundOptimizer groups(Group... groups) {
        int from = parameters.from();
        Group[] firsts = new Group[groupOf.length];
        for (Group group : groups) {
            boolean any = false;
            boolean first = group.pattern().equals("*"); // the rest may be nothing
            for (int i = 0; i < firsts.length; i++) {
                if (Trainable.matches(group.pattern(), store.name(from + i))) {
                    any = true;
                    first |= firsts[i] == null;
                    firsts[i] = firsts[i] == null ? group : firsts[i];
                }
            }
            if (any && !first) {
                throw new IllegalArgumentException("optimizer: group " + group.pattern()
                        + " has no effect, because every parameter that it matches belongs to an earlier group; give"
                        + " the groups with the narrower patterns first");
            }
            if (!any) {
                throw new IllegalArgumentException("optimizer: group " + group.pattern() + " matches none of "
                        + IntStream.range(from, from + firsts.length)
                                .mapToObj(store::name)
                                .toList());
            }
        }
        this.groups = List.of(groups);
        for (int i = 0; i < firsts.length; i++) {
            groupOf[i] = firsts[i] == null ? REST : firsts[i];
        }
        listed = false;
        return this;
    }

    /**
     * Makes later steps scale their gradients down if the Euclidean norm of all of them is above {@code max}; an
     * infinite {@code max} only measures the norm. If the norm is NaN or infinite, {@link #step} throws before anything
     * is changed.
     *
     * @throws IllegalArgumentException if it is not above 0
     */
    public BoundOptimizer clipNorm(float max) {
        Checks.above0("optimizer", "clipNorm", max);
        maxNorm = max;
        return this;
    }

    /**
     * Makes later steps limit every element of their gradients to [-limit, limit], after {@link #clipNorm}; NaN stays
     * NaN.
     *
     * @throws IllegalArgumentException if it is not above 0
     */
    public BoundOptimizer clipValue(float limit) {
        Checks.above0("optimizer", "clipValue", limit);
        this.limit = limit;
        return this;
    }

    /**
     * Makes later steps go up instead of down: every gradient is taken with the opposite sign, before weight decay is
     * added (PyTorch's {@code maximize}).
     */
    public BoundOptimizer maximize() {
        maximizes = true;
        return this;
    }

    /** Returns the norm of the last step's gradients before clipping, or NaN without {@link #clipNorm}. */
    public double gradientNorm() {
        return gradientNorm;
    }

    /** Returns the number of steps taken. */
    public long steps() {
        return steps;
    }

    /**
     * Returns the memory of the moments, and of averages of the weights if the recipe keeps some, as buffers of floats
     * in native byte order. What is written there is what the next step goes on from. They must not be used after the
     * optimizer was closed.
     */
    public List<ByteBuffer> moments() {
        check("moments");
        return Arrays.stream(blocks).flatMap(b -> b.views().stream()).toList();
    }

    /**
     * Updates the parameters with the gradients of all backward passes since the last step, and clears these gradients.
     *
     * @throws IllegalStateException if no backward has reached these parameters since, or the model is closed
     * @throws ArithmeticException if {@link #clipNorm} is set and the norm is not finite; parameters, moments and
     *     gradients are unchanged
     */
    public void step() {
        take(null);
    }

    /**
     * Takes a step of a recipe that may ask for loss and gradient again ({@link Optimizer#evaluatesAgain}). As for
     * {@link #step()}, the first backward comes before.
     *
     * <pre>{@code
     * LossAndGradient evaluation = () -> {
     *     try (var pass = Pass.train(new Rng(seed, 0))) {
     *         Tensor value = loss.of(model.net().apply(x), y);
     *         pass.backward(value, model);
     *         return value.item();
     *     }
     * };
     * evaluation.compute();
     * sam.step(evaluation);
     * }</pre>
     *
     * @param again runs forward and backward once more for the current values, with the same examples and the same
     *     random numbers
     * @throws IllegalStateException if no backward has reached these parameters since the last step, or the model is
     *     closed
     * @throws ArithmeticException if {@link #clipNorm} is set and the norm is not finite; parameters and moments are
     *     unchanged
     */
    public void step(LossAndGradient again) {
        take(again);
    }

    private synchronized void take(@Nullable LossAndGradient again) {
        check("step");
        if (averaged) {
            throw new IllegalStateException(
                    "step: the parameters hold their averages; call swapAverages() to get back those of the last step");
        }
        boolean same = listed;
        int from = parameters.from();
        // parameters that joined late or paused have counts of their own, which the bias corrections need
        least = Long.MAX_VALUE;
        most = -1;
        for (int i = 0; i < inTable.length; i++) {
            boolean in = store.fresh(from + i) && store.isTrainable(from + i);
            same &= in == inTable[i] && !(in && groupOf[i].onlyRows());
            inTable[i] = in;
            if (in) {
                least = Math.min(least, stepsOf[i]);
                most = Math.max(most, stepsOf[i]);
            }
        }
        rates();
        if (most < 0) {
            throw new IllegalStateException(
                    "step: no backward has given these parameters a gradient since the last step; call"
                            + " pass.backward(loss) first, and unfreeze something");
        }
        Block values = store.values();
        Block gradients = store.gradients();
        change("step");
        gradients.lease();
        try {
            if (!same) {
                segments(least, most);
            }
            clip();
            constrained = false;
            if (before.length == 0) {
                recipe.step(update);
            } else {
                undoable(again);
            }
            constrain();
        } finally {
            gradients.release();
            values.changed();
        }
        for (int i = 0; i < inTable.length; i++) {
            if (inTable[i]) {
                stepsOf[i]++;
                store.changed(from + i);
            }
            // of the frozen too: what they were given before they were frozen must not come back when they thaw
            store.forget(from + i);
        }
        steps++;
    }

    private void rates() {
        for (int i = 0; i < inTable.length; i++) {
            rates.view.putFloat(GROUP * i, rate(i)).putFloat(GROUP * i + 4, decay(i));
        }
    }

    /**
     * Brings the parameters of this step within the limits of their groups, unless they are and nothing was written
     * since.
     */
    void constrain() {
        if (constrained) {
            return;
        }
        constrained = true;
        for (int i = 0; i < inTable.length; i++) {
            Group group = groupOf[i];
            if (inTable[i] && group.constrains()) {
                try (Pass pass = Pass.infer()) {
                    Tensor w = group.constrained(parameter(i).value());
                    copy(Values.address(w), valueAddress(i), w.size());
                }
            }
        }
    }

    /**
     * A step that evaluates again. When it fails, values and moments are those before it, and the gradients are used
     * up.
     */
    private void undoable(@Nullable LossAndGradient again) {
        long begin = store.offset(parameters.from());
        long values = store.values().address() + Float.BYTES * begin;
        long bytes = Float.BYTES * (store.offset(parameters.to()) - begin);
        Block.copy(values, before[0].address(), bytes);
        for (int m = 0; m < blocks.length; m++) {
            Block.copy(blocks[m], before[m + 1]);
        }
        function = again;
        try {
            recipe.step(update);
        } catch (RuntimeException | Error e) {
            Block.copy(before[0].address(), values, bytes);
            for (int m = 0; m < blocks.length; m++) {
                Block.copy(before[m + 1], blocks[m]);
            }
            for (int i = 0; i < inTable.length; i++) {
                store.changed(parameters.from() + i);
                store.forget(parameters.from() + i);
            }
            throw e;
        } finally {
            function = null;
        }
    }

    /** Loss and gradients once more, for {@link Update#again}. */
    double again() {
        if (function == null) {
            throw new IllegalStateException("step: " + recipe
                    + " evaluates the loss again; say so by evaluatesAgain(), and call step(again) with a"
                    + " function that does it");
        }
        int from = parameters.from();
        for (int i = 0; i < inTable.length; i++) {
            store.forget(from + i);
        }
        double loss;
        store.values().changed(); // evaluation may have threads of its own
        try {
            loss = function.compute();
        } finally {
            change("step");
        }
        for (int i = 0; i < inTable.length; i++) {
            if (inTable[i] && !store.fresh(from + i)) {
                throw new IllegalStateException("step: " + store.name(from + i)
                        + " had a gradient at first but none when the loss was evaluated again; compute the"
                        + " same loss of the same examples");
            }
        }
        segments(least, most);
        clip();
        return maximizes ? -loss : loss;
    }

    /** Writes the segments of each parameter of this step that has taken {@code least} to {@code most} steps. */
    private void segments(long least, long most) {
        segments.clear();
        listed = true;
        int from = parameters.from();
        for (int i = 0; i < inTable.length; i++) {
            if (inTable[i] && stepsOf[i] >= least && stepsOf[i] <= most) {
                if (!groupOf[i].onlyRows() || !store.addRows(from + i, segments, i)) {
                    segments.add(store.offset(from + i), store.offset(from + i + 1), i);
                }
            }
        }
    }

    /** What the gradients of this step are to be multiplied by. */
    private void clip() {
        scale = maximizes ? -1 : 1;
        replaced = false;
        if (maxNorm == 0) {
            return;
        }
        sums.room(8 + (long) SUMS * segments.count());
        segments.put(commands.begin(Kernel.SQUARES).at(store.gradients().address()))
                .at(sums.block.address())
                .run();
        gradientNorm = Math.sqrt(sums.view.getDouble(0));
        if (!Double.isFinite(gradientNorm)) {
            throw new ArithmeticException("step: the gradient of " + firstNonFinite()
                    + " is not finite, so nothing was changed; lower the learning rate, or leave the step out"
                    + " with zeroGrad()");
        }
        scale *= (float) Math.min(1, maxNorm / (gradientNorm + 1e-6));
    }

    private String firstNonFinite() {
        int segment = 0;
        while (true) {
            for (int piece = 0; piece < SUMS; piece += 8) {
                if (!Double.isFinite(sums.view.getDouble(8 + SUMS * segment + piece))) {
                    int i = segments.group(segment);
                    return store.name(parameters.from() + i);
                }
            }
            segment++;
        }
    }

    // ---- what a recipe's step works on

    /** Starts the command of a row of rules with the arguments that all of them take. */
    Commands begin(Kernel kernel, int row) {
        constrained = false;
        return segments.put(commands.begin(kernel)
                        .put(row)
                        .at(store.values().address())
                        .at(store.gradients().address()))
                .at(rates.block.address())
                .put(scale())
                .put(limit());
    }

    /** The address of moment {@code i} of the block's first parameter. */
    long moment(int i) {
        return moments[i];
    }

    /** The number of the step, or 0 where its parameters have taken unequally many. */
    long commonStep() {
        return least == most ? least + 1 : 0;
    }

    /** Runs a rule over the segments of parameters that have taken equally many steps, for each such number. */
    void counted(LongConsumer rule) {
        if (least == most) {
            rule.accept(least + 1);
            return;
        }
        for (long count : Arrays.stream(stepsOf).distinct().sorted().toArray()) {
            segments(count, count);
            if (segments.count() > 0) {
                rule.accept(count + 1);
            }
        }
        listed = false;
    }

    // ---- what a recipe of one's own works on: parameter i of those bound

    int count() {
        return inTable.length;
    }

    boolean inTable(int i) {
        return inTable[i];
    }

    Parameter parameter(int i) {
        return (Parameter) store.<Variable>cells().get(parameters.from() + i);
    }

    long stepsOf(int i) {
        return stepsOf[i];
    }

    float rate(int i) {
        return stepping == recipe
                ? learningRate * groupOf[i].rateFactor()
                : (float) ((double) learningRate
                        / recipe.learningRate()
                        * stepping.learningRate()
                        * groupOf[i].rateFactor());
    }

    float decay(int i) {
        Float decay = groupOf[i].weightDecay();
        return decay == null ? stepping.weightDecay() : decay;
    }

    float scale() {
        return replaced ? 1 : scale;
    }

    float limit() {
        return replaced ? Float.POSITIVE_INFINITY : limit;
    }

    /** The gradients of this step are those that the recipe has written. */
    void unclipped() {
        replaced = true;
    }

    /** Where the recipe writes a gradient of its own, as a whole. */
    long gradientAddress(int i) {
        store.wholeGradient(parameters.from() + i);
        return store.gradients().address() + Float.BYTES * store.offset(parameters.from() + i);
    }

    Tensor before(int i) {
        if (before.length == 0) {
            throw new IllegalStateException("step: " + recipe
                    + " asks for the values before the step; return true from evaluatesAgain(), which keeps them");
        }
        long at = store.offset(parameters.from() + i) - store.offset(parameters.from());
        return Values.over(Tensor.class, before[0], Float.BYTES * at, shape(i), "values before the step", null);
    }

    /** A step of another recipe for some of the parameters of this step. */
    void with(Optimizer other, Update step, IntPredicate which) {
        if (other.moments() > blocks.length || other.evaluatesAgain()) {
            throw new IllegalArgumentException("step: " + recipe + " has " + blocks.length
                    + " moments and takes a step of " + other + ", which "
                    + (other.evaluatesAgain() ? "evaluates the loss again" : "needs " + other.moments())
                    + "; choose another recipe or raise moments()");
        }
        boolean[] all = inTable.clone();
        long fewest = least;
        long highest = most;
        least = Long.MAX_VALUE;
        most = -1;
        for (int i = 0; i < inTable.length; i++) {
            inTable[i] = all[i] && which.test(i);
            if (inTable[i]) {
                least = Math.min(least, stepsOf[i]);
                most = Math.max(most, stepsOf[i]);
            }
        }
        stepping = other;
        try {
            rates();
            segments(least, most);
            if (most >= 0) {
                other.step(step);
            }
        } finally {
            stepping = recipe;
            System.arraycopy(all, 0, inTable, 0, all.length);
            constrained = false;
            least = fewest;
            most = highest;
            rates();
            segments(least, most);
        }
    }

    long valueAddress(int i) {
        return store.values().address() + Float.BYTES * store.offset(parameters.from() + i);
    }

    long momentAddress(int m, int i) {
        return moments[m] + Float.BYTES * store.offset(parameters.from() + i);
    }

    void changed(int i) {
        constrained = false;
        store.changed(parameters.from() + i);
    }

    void copy(long from, long to, long floats) {
        commands.begin(Kernel.COPY).at(from).at(to).put(Float.BYTES * floats).run();
    }

    // ---- averages

    /**
     * Exchanges the weights with the averages that the recipe keeps of them ({@link Ema}, {@link Swa}), and back again
     * when it is called once more. Parameters that have no average yet keep their weights. Steps are refused as long as
     * the parameters hold averages.
     *
     * <pre>{@code
     * optimizer.swapAverages();
     * evaluate(model);
     * optimizer.swapAverages();
     * }</pre>
     *
     * @throws IllegalStateException if the recipe keeps no averages, or the optimizer or the model is closed
     */
    public synchronized void swapAverages() {
        check("swapAverages");
        if (recipe.average(Long.MAX_VALUE) < 0) {
            throw new IllegalStateException("swapAverages: " + recipe
                    + " keeps no averages; put an Ema or a Swa around it, such as new Ema(new Adam(1e-3f), 0.999f)");
        }
        Block values = store.values();
        change("swapAverages");
        try (Block held = new Block("exchanged weights", Float.BYTES * largest())) {
            for (int i = 0; i < stepsOf.length; i++) {
                int m = recipe.average(stepsOf[i]);
                if (m >= 0) {
                    long bytes = Float.BYTES * shape(i).size();
                    Block.copy(valueAddress(i), held.address(), bytes);
                    Block.copy(momentAddress(m, i), valueAddress(i), bytes);
                    Block.copy(held.address(), momentAddress(m, i), bytes);
                    changed(i);
                }
            }
        } finally {
            values.changed();
        }
        averaged = !averaged;
    }

    /** Begins a change of the values, which no other thread may read until it is ended. */
    private void change(String what) {
        Block values = store.values();
        values.change(what, Values.leases(values));
    }

    private long largest() {
        return IntStream.range(0, stepsOf.length)
                .mapToLong(i -> shape(i).size())
                .max()
                .orElse(0);
    }

    /** Returns whether {@link #swapAverages} has put the averages in the place of the weights. */
    public boolean averaged() {
        return averaged;
    }

    // ---- saving

    /**
     * Adds the optimizer's state to a file: moment i of parameter w as {@code prefix.i/w}, the number of steps of each
     * parameter, and the settings, which must be the same when the state is loaded. The current learning rate is not
     * saved, because a schedule computes it. If the parameters hold their averages ({@link #swapAverages}), the file
     * says so, and the optimizer that reads it knows it too.
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
        if (averaged) {
            to.metadata(prefix + ".averaged", "true");
        }
    }

    /**
     * Reads the state that {@link #save} wrote. Nothing changes unless all of it fits.
     *
     * @throws IllegalArgumentException if it was saved with other settings or for other parameters, or the file is
     *     damaged
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
        averaged = from.metadata().containsKey(prefix + ".averaged");
        steps = counts[0];
        System.arraycopy(counts, 1, stepsOf, 0, stepsOf.length);
        listed = false;
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
        return parameter(i).shape();
    }

    private FloatBuffer floats(int i, Block of) {
        long at = store.offset(parameters.from() + i) - store.offset(parameters.from());
        return of.view(4 * at, 4 * shape(i).size()).asFloatBuffer();
    }

    /** Returns the recipe and the settings beside it, such as {@code Adam[...], clipNorm=1.0}. */
    @Override
    public String toString() {
        return recipe
                + (groups.isEmpty() ? "" : ", groups=" + groups)
                + (maxNorm == 0 ? "" : ", clipNorm=" + maxNorm)
                + (limit == Float.POSITIVE_INFINITY ? "" : ", clipValue=" + limit)
                + (maximizes ? ", maximize" : "");
    }

    private void check(String who) {
        store.check();
        if (rates.block.closed()) {
            throw new IllegalStateException(
                    who + ": this optimizer was closed at " + rates.block.closedAt() + "; make another with on(model)");
        }
    }

    /** Frees the memory of the state. Closing twice does nothing. */
    @Override
    public synchronized void close() {
        for (Block b : blocks) {
            b.close();
        }
        for (Block b : before) {
            b.close();
        }
        rates.block.close();
        segments.close();
        sums.block.close();
    }

    /** Memory that grows with what is written into it. */
    private static final class Table {
        private Block block;
        private ByteBuffer view;

        Table(int bytes) {
            block = new Block("optimizer table", bytes);
            view = block.view(0, block.bytes());
        }

        void room(long bytes) {
            if (bytes > block.bytes()) {
                Block larger = new Block("optimizer table", Math.max(bytes, block.bytes() + block.bytes() / 2));
                try {
                    view = larger.view(0, larger.bytes());
                } catch (RuntimeException | Error e) {
                    larger.close();
                    throw e;
                }
                Block.copy(block.address(), larger.address(), block.bytes());
                block.close();
                block = larger;
            }
        }
    }
}
