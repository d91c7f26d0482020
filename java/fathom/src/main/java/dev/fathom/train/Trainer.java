package dev.fathom.train;

import static java.util.Objects.requireNonNull;

import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.data.Role;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Penalty;
import dev.fathom.nn.SequenceLoss;
import dev.fathom.op.Checks;
import dev.fathom.op.DType;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.Group;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Schedule;
import dev.fathom.store.StoreRange;
import dev.fathom.tensor.KeptState;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.StringJoiner;
import java.util.function.Consumer;
import java.util.function.IntUnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The recipe of a training loop: one pass with forward, loss, backward and step for every batch of every epoch, and
 * validation after each epoch. A trainer never changes: its methods return another with one more setting. Every
 * {@code fit} is a {@link Run} of its own. All randomness comes from three seeds: the model's, that of the batches, and
 * {@link #seed}. With the same three seeds a run repeats bit for bit, on any number of threads.
 *
 * @param <M> the net's type
 */
@CheckReturnValue
public final class Trainer<M extends Net> {
    private static final Schedule CONSTANT = Schedule.constant();
    private static final int SHARDS = 16;

    final Model<M> model;
    final Optimizer recipe;
    private final @Nullable Loss loss;
    private final Step.@Nullable Carrying<M> step;
    /** Whether the step has a state that goes from batch to batch. */
    final boolean carries;
    // set by a copy of the trainer before anybody sees it
    List<Metric> metrics = List.of();
    List<Callback> callbacks = List.of();
    List<Penalty> penalties = List.of();
    Schedule schedule = CONSTANT;
    long seed;
    IntUnaryOperator accumulate = epoch -> 1;
    boolean keepBest;
    /** How many shards a batch has and on how many replicas, 0 where this was not said. */
    private int shards;

    int replicas;

    @Nullable
    Exchange exchange;

    /** The steps that a process takes between averages, 0 where gradients are exchanged in each. */
    int localSteps;

    @Nullable
    Checkpoints checkpoints;

    private String accumulation = "";
    private Group[] groups = {};
    private float clipNorm;
    private float clipValue;
    private @Nullable String figure;
    private @Nullable Path resume;

    private Trainer(
            Model<M> model, Optimizer recipe, @Nullable Loss loss, Step.@Nullable Carrying<M> step, boolean carries) {
        StoreRange.store(model.range());
        this.model = model;
        this.recipe = recipe;
        this.loss = loss;
        this.step = step;
        this.carries = carries;
    }

    /** Returns a copy for a model, with a change. */
    private Trainer<M> with(Model<M> other, Consumer<Trainer<M>> change) {
        Trainer<M> copy = new Trainer<>(other, recipe, loss, step, carries);
        copy.metrics = metrics;
        copy.callbacks = callbacks;
        copy.penalties = penalties;
        copy.schedule = schedule;
        copy.seed = seed;
        copy.accumulate = accumulate;
        copy.keepBest = keepBest;
        copy.checkpoints = checkpoints;
        copy.shards = shards;
        copy.replicas = replicas;
        copy.exchange = exchange;
        copy.localSteps = localSteps;
        copy.accumulation = accumulation;
        copy.groups = groups;
        copy.clipNorm = clipNorm;
        copy.clipValue = clipValue;
        copy.figure = figure;
        copy.resume = resume;
        change.accept(copy);
        return copy;
    }

    private Trainer<M> with(Consumer<Trainer<M>> change) {
        return with(model, change);
    }

    private static <T> List<T> and(List<T> some, T[] more) {
        return Stream.concat(some.stream(), Stream.of(more)).toList();
    }

    /**
     * Makes a trainer that minimizes loss(output, target) of a layer. A layer of ragged {@code x} is told the lengths,
     * and refused if padding would change its result, as {@link Layer#stepReading} says. Of ragged {@code y}, loss and
     * metrics see the steps that are no padding, one after another, but a {@link SequenceLoss} sees the padded batch
     * with its lengths. So padding changes nothing. Batches count by the {@link Loss#weight} of their targets; one in
     * which nothing counts, such as a batch of labels that are all ignored, has loss 0 and no gradient.
     */
    public static <L extends Layer> Trainer<L> of(Model<L> model, Loss loss, Optimizer recipe) {
        requireNonNull(model, "Trainer.of: model must not be null");
        requireNonNull(loss, "Trainer.of: loss must not be null");
        requireNonNull(recipe, "Trainer.of: recipe must not be null");
        return new Trainer<>(model, recipe, loss, null, false);
    }

    /**
     * Makes a trainer for any net, whose forward and loss are a step of your own. Where fields are ragged, the step
     * heeds their lengths.
     */
    public static <M extends Net> Trainer<M> custom(Model<M> model, Optimizer recipe, Step<M> step) {
        requireNonNull(model, "Trainer.custom: model must not be null");
        requireNonNull(recipe, "Trainer.custom: recipe must not be null");
        requireNonNull(step, "Trainer.custom: step must not be null");
        return new Trainer<>(model, recipe, null, (net, batch, state) -> step.run(net, batch), false);
    }

    /**
     * Makes a trainer for a step that goes on from the state after the batch before, in truncated back-propagation
     * through time. Training carries the state through an epoch, and checkpoints hold it, so that a run which is
     * resumed in the middle of an epoch goes on with it. Validation, {@link #evaluate} and {@link #findRate} carry
     * states of their own.
     */
    public static <M extends Net> Trainer<M> custom(Model<M> model, Optimizer recipe, Step.Carrying<M> step) {
        requireNonNull(model, "Trainer.custom: model must not be null");
        requireNonNull(recipe, "Trainer.custom: recipe must not be null");
        requireNonNull(step, "Trainer.custom: step must not be null");
        return new Trainer<>(model, recipe, null, step, true);
    }

    /**
     * Adds figures to measure beside the loss. Labels that the loss leaves out ({@link Loss#ignored}) do not count in
     * them either, and of a loss without a score for the last class ({@link Loss#crossEntropyWithBaseline}) they see
     * the scores of all classes. A custom step must return an output for them, and where {@code y} is ragged also what
     * it is compared with.
     *
     * @throws IllegalArgumentException if a name is taken by another metric or by {@code loss}, or begins with the
     *     {@code val_} of validation, a metric reads logits and the loss takes probabilities, or the loss compares
     *     whole sequences and not step by step ({@link SequenceLoss#stepByStep})
     */
    public Trainer<M> metrics(Metric... all) {
        requireNonNull(all, "Trainer.metrics: all must not be null");
        Set<String> taken = metrics.stream().map(Metric::name).collect(Collectors.toSet());
        for (Metric m : all) {
            if (loss != null && !stepByStep(loss)) {
                throw new IllegalArgumentException("metrics: " + m.name()
                        + " would count padding, because this loss compares whole sequences and not step with step;"
                        + " measure it in a step of your own with Trainer.custom, as the documentation of CtcLoss"
                        + " shows, or override stepByStep() in a SequenceLoss whose steps have a target each");
            }
            if (m.ofLogits() && loss != null && loss.outputs() == Loss.Outputs.PROBABILITIES) {
                throw new IllegalArgumentException("metrics: " + m.name()
                        + " reads logits, but the outputs of this loss are probabilities; take a loss of logits, such"
                        + " as bceWithLogits, or Metric.binaryAccuracy(0.5f) or Metric.topAccuracy(1)");
            }
            if (m.name().equals("loss") || m.name().startsWith("val_") || !taken.add(m.name())) {
                throw new IllegalArgumentException("metrics: the name " + m.name()
                        + " is taken (loss, val_... and each metric's own name are); choose another");
            }
        }
        return with(t -> t.metrics = and(metrics, all));
    }

    private @Nullable Metric metric(String name) {
        return metrics.stream().filter(m -> m.name().equals(name)).findFirst().orElse(null);
    }

    /** Adds callbacks, which are called in this order. If several would end a run, the first one ends it. */
    public Trainer<M> callbacks(Callback... all) {
        requireNonNull(all, "Trainer.callbacks: all must not be null");
        return with(t -> t.callbacks = and(callbacks, all));
    }

    /** Sets how the learning rate changes from step to step. */
    public Trainer<M> schedule(Schedule s) {
        requireNonNull(s, "Trainer.schedule: s must not be null");
        return with(t -> t.schedule = s);
    }

    /**
     * Sets what is different for some of the parameters. The patterns are checked when training begins; see
     * {@link Optimizer#on}.
     */
    public Trainer<M> groups(Group... all) {
        requireNonNull(all, "Trainer.groups: all must not be null");
        return with(t -> t.groups = all.clone());
    }

    /**
     * Adds penalties on weights to what is minimized. A step counts them once, however many batches it has. The loss
     * that is shown is that of the data alone, so that training and validation compare.
     *
     * <pre>{@code
     * Trainer.of(model, Loss.crossEntropy(), new Sgd(0.1f)).penalties(Penalty.l2(1e-4f).except("*.bias"))
     * }</pre>
     */
    public Trainer<M> penalties(Penalty... all) {
        requireNonNull(all, "Trainer.penalties: all must not be null");
        return with(t -> t.penalties = and(penalties, all));
    }

    /**
     * Scales the gradients of a step down if their common norm is above {@code max}; see
     * {@link BoundOptimizer#clipNorm}. A norm that is not finite ends training, just as a loss that is not finite does.
     *
     * @throws IllegalArgumentException if it is not above 0
     */
    public Trainer<M> clipNorm(float max) {
        positive("clipNorm", max);
        return with(t -> t.clipNorm = max);
    }

    /**
     * Limits every element of the gradients to [-limit, limit]; see {@link BoundOptimizer#clipValue}.
     *
     * @throws IllegalArgumentException if it is not above 0
     */
    public Trainer<M> clipValue(float limit) {
        positive("clipValue", limit);
        return with(t -> t.clipValue = limit);
    }

    private static void positive(String what, float value) {
        if (!(value > 0)) {
            throw new IllegalArgumentException(what + ": " + value + " must be above 0");
        }
    }

    /**
     * Takes one step for every {@code batches} batches, with the gradient of all their examples together. This gives
     * the step of a batch that many times as large, with the memory of one, also where batches count differently, as
     * those with unequal numbers of tokens do ({@link Loss#weight}). An epoch ends with a step of the batches that are
     * left. Layers and losses that compare the examples of a batch, and a loss that is the root of a mean, still see
     * one batch at a time.
     *
     * @throws IllegalArgumentException if batches &lt; 1
     */
    public Trainer<M> accumulate(int batches) {
        Checks.atLeast("accumulate", "batches", batches, 1);
        return with(t -> {
            t.accumulate = epoch -> batches;
            t.accumulation = Integer.toString(batches);
        });
    }

    /**
     * Takes one step for a number of batches that changes from epoch to epoch; see {@link #accumulate(int)}. Batches
     * that grow do what a learning rate that falls does, with fewer steps (Smith et al. 2018). The epochs are numbered
     * from 1:
     *
     * <pre>{@code
     * trainer.accumulate(epoch -> epoch <= 10 ? 1 : epoch <= 20 ? 5 : 25)
     * }</pre>
     *
     * @param batchesOfEpoch the number of batches of a step, at least 1 for every epoch
     */
    public Trainer<M> accumulate(IntUnaryOperator batchesOfEpoch) {
        requireNonNull(batchesOfEpoch, "Trainer.accumulate: batchesOfEpoch must not be null");
        return with(t -> {
            t.accumulate = batchesOfEpoch;
            t.accumulation = "a number for each epoch";
        });
    }

    /**
     * Cuts every batch into {@code n} shards: consecutive examples, as equally many as can be, or none where a batch
     * has fewer examples than shards. Each has a forward and a backward of its own, its loss counts by its
     * {@link Loss#weight}, and the gradients are added in the order of a {@link ShardTree}. So the bits depend on the
     * number of shards and not on who computes them ({@link #replicas}, {@link #exchange}). Without batch norms and
     * random layers they are those of a step without shards up to rounding.
     *
     * <p>Layers, losses and metrics that compare the examples of a batch see their shard. A batch norm takes mean and
     * variance of the shard, which needs two values a channel, and its running statistics, as all buffers that training
     * changes, become the mean of what they are after each shard. Random layers draw from a stream that the trainer's
     * seed, the batch and the shard give. Memory is needed for one shard at a time, and for as many gradients as the
     * tree has levels. Validation, {@link #recalibrate} and {@link #findRate} take batches as a whole.
     *
     * <p>A checkpoint holds the number of shards, and a run that resumes has the same. {@link Callback#onForwardBegin}
     * is called in the pass of the first shard, before the others begin.
     *
     * @throws IllegalArgumentException if n &lt; 1
     */
    public Trainer<M> shards(int n) {
        Checks.atLeast("shards", "n", n, 1);
        return with(t -> t.shards = n);
    }

    /**
     * Computes the {@link #shards} of a batch, 16 unless said otherwise, on {@code n} threads beside each other, each
     * with replicas of the model ({@link Model#replica}) and an n-th of the threads of the native pool. Where a machine
     * has several sockets, each is kept on one of them, with the threads of the pool that it uses. This is meant for
     * machines with more cores than the layers of a network can use: a shard costs a forward and a backward of its own,
     * and on two cores, LeNet and small LSTMs were no faster with replicas. The bits are the same for every n, and a
     * run may be resumed with another one.
     *
     * <pre>{@code
     * Trainer.of(model, Loss.crossEntropy(), new Adam(1e-3f)).replicas(8).fit(batches, 10)
     * }</pre>
     *
     * <p>What the step, the loss, metrics, layers and {@link Dataset#map} of your own read, these threads read at the
     * same time. Inside {@link Workers} one thread computes all shards, to the same bits.
     *
     * @param n divides the number of shards, which {@code fit} checks
     * @throws IllegalArgumentException unless {@code 1 <= n <= 256}
     */
    public Trainer<M> replicas(int n) {
        if (n < 1 || n > NativeRuntime.MAX_THREADS) {
            throw new IllegalArgumentException("replicas: n=" + n + " must be from 1 to " + NativeRuntime.MAX_THREADS);
        }
        return with(t -> t.replicas = n);
    }

    /**
     * Computes only the {@link #shards} of a batch, 16 unless said otherwise, that are this process's share, and lets
     * an exchange add up the gradients of all processes. Each then steps its own copy of the model, to the bits of one
     * process. {@code fit} refuses lazy groups ({@link Group#lazy}), because an exchange does not tell rows.
     */
    public Trainer<M> exchange(Exchange with) {
        requireNonNull(with, "Trainer.exchange: with must not be null");
        return with(t -> t.exchange = with);
    }

    /**
     * Lets each process of the {@link #exchange} take steps of its own, on its share of each batch and by the mean
     * gradient of this share, and averages after every {@code k} steps of an epoch and at its end: local SGD (Stich
     * 2019). The exchange then adds up weights, buffers such as the running statistics of batch norms, and the moments
     * of the optimizer, every k steps in place of the gradients in each.
     *
     * <p>So the weights depend on the number of processes, and are not those of one. As many processes end in the same
     * bits, also where a run resumes from a checkpoint: one that is due is written after the next average, and
     * {@link Run#stopNow} ends the run there. Between two averages, callbacks and {@link Run#progress} see the weights
     * of their own process, and sums of loss and metrics up to the last one.
     *
     * <p>{@code fit} refuses a loss that is a sum ({@link Loss#sums}), an optimizer that evaluates it again
     * ({@link Optimizer#evaluatesAgain}), and batches with fewer examples than there are processes.
     *
     * @throws IllegalArgumentException if k &lt; 1
     */
    public Trainer<M> localSteps(int k) {
        Checks.atLeast("localSteps", "k", k, 1);
        return with(t -> t.localSteps = k);
    }

    /** The number of shards of a batch, 0 where it is not cut. */
    int cut() {
        return shards == 0 && (replicas > 0 || exchange != null) ? SHARDS : shards;
    }

    private void checkLocalSteps(String what, Batches train) {
        if (localSteps == 0) {
            return;
        }
        if (exchange == null) {
            throw new IllegalArgumentException(
                    what + ": localSteps(" + localSteps + ") is for several processes; say exchange(..), too");
        }
        if (sums() || recipe.evaluatesAgain()) {
            throw new IllegalArgumentException(what + ": "
                    + (sums() ? "a loss that is a sum" : "an optimizer that evaluates the loss again")
                    + " is one for all processes, which take steps of their own; train it without localSteps(..)");
        }
        int least = train.size(train.steps() - 1);
        if (least < exchange.processes()) {
            throw new IllegalArgumentException(what + ": the last batch has " + least + " examples for "
                    + exchange.processes() + " processes, which take steps of their own; give batches of another size");
        }
    }

    private void checkShards(String what) {
        if (cut() == 0) {
            return;
        }
        if (carries) {
            throw new IllegalArgumentException(what + ": the state that a step carries is one for all examples of a"
                    + " batch, which shards do not see; train it without shards, replicas and exchange");
        }
        int processes = exchange == null ? 1 : exchange.processes();
        int each = Math.max(1, replicas);
        if (cut() % ((long) processes * each) != 0) {
            throw new IllegalArgumentException(what + ": " + cut() + " shards cannot be divided among " + each
                    + " replicas" + (exchange == null ? "" : " in each of " + processes + " processes")
                    + "; give a number of replicas that divides them, or another number with shards(n)");
        }
        if (exchange != null && Stream.of(groups).anyMatch(Group::onlyRows)) {
            throw new IllegalArgumentException(what + ": a lazy group steps the rows that a batch has used, which an"
                    + " exchange does not tell; train it without lazy() or without exchange(..)");
        }
    }

    /** The optimizer of a run. */
    BoundOptimizer optimizer() {
        BoundOptimizer bound = recipe.on(model, groups);
        if (clipNorm > 0) {
            bound.clipNorm(clipNorm);
        }
        if (clipValue > 0) {
            bound.clipValue(clipValue);
        }
        return bound;
    }

    /** Sets the model: the same recipe for another one, with the same callbacks. */
    public Trainer<M> model(Model<M> other) {
        requireNonNull(other, "Trainer.model: other must not be null");
        return with(other, t -> {});
    }

    /** Sets the seed of dropout and other random layers, which is 0 by default. */
    public Trainer<M> seed(long s) {
        return with(t -> t.seed = s);
    }

    /**
     * Restores the weights of the epoch with the least {@code val_loss} ({@code loss} without validation) when training
     * ends, even by a failure.
     */
    public Trainer<M> keepBest() {
        return with(t -> t.keepBest = true);
    }

    /**
     * Restores the weights of the epoch that is best by this figure when training ends, even by a failure. The metric
     * says whether more is better, as it is for {@code val_accuracy}.
     */
    public Trainer<M> keepBest(String figure) {
        requireNonNull(figure, "Trainer.keepBest: figure must not be null");
        return with(t -> {
            t.figure = figure;
            t.keepBest = true;
        });
    }

    /** Writes checkpoints, from which a run can be resumed after whatever ended it. */
    public Trainer<M> checkpoints(Checkpoints where) {
        requireNonNull(where, "Trainer.checkpoints: where must not be null");
        return with(t -> t.checkpoints = where);
    }

    /**
     * Lets every {@code fit} continue from the newest whole checkpoint in {@code folder}. It ends with the bits of a
     * run that was never interrupted, also where a custom step carries a state from batch to batch, and if the run
     * there has finished as many epochs, it ends at once with its weights. A damaged checkpoint is skipped and named in
     * {@link Run#notes}. Callbacks begin anew; those that need the past find it in {@link Run#epochs}.
     *
     * <p>{@code fit} throws IllegalArgumentException if there is no whole checkpoint, or if the model, a setting of its
     * layers, the loss, optimizer, data, batches, seed or another setting that affects the bits differs from the run
     * that wrote it. The number of epochs may be larger than before. What a custom step, a lambda or the methods of a
     * layer of your own compute is not compared, except that a lambda among the layers is known by what it does with a
     * small input; a loss of your own is a record, or has a {@code toString} that names its settings.
     */
    public Trainer<M> resume(Path folder) {
        requireNonNull(folder, "Trainer.resume: folder must not be null");
        return with(t -> t.resume = folder);
    }

    /**
     * Computes the running statistics of the model's batch norms anew for the weights as they are: the mean over these
     * batches, in training mode (PyTorch's {@code update_bn}). Training itself updates them in every backward, so this
     * is for weights that no step has left there: averages that {@link BoundOptimizer#swapAverages} put into the model,
     * weights of several models combined, or a loop of your own without backward. A batch norm with momentum 0, or
     * fixed in evaluation mode, stays as it is.
     */
    public void recalibrate(Batches batches) {
        requireNonNull(batches, "Trainer.recalibrate: batches must not be null");
        new NormStatistics(this).refresh(batches.epoch(0));
    }

    /** Trains without validation. */
    @CanIgnoreReturnValue
    public Run fit(Batches train, int epochs) {
        return run("fit", train, null, epochs).call(epochs);
    }

    /** Trains and validates after each epoch, with batches as large as those of the training. */
    @CanIgnoreReturnValue
    public Run fit(Batches train, Dataset validation, int epochs) {
        return fit(train, batches("fit", train, validation), epochs);
    }

    /**
     * Trains and validates after each epoch.
     *
     * <p>If the optimizer keeps averages of the weights ({@link dev.fathom.optim.Ema}, {@link dev.fathom.optim.Swa}),
     * these are validated, kept as the best and left in the model at the end, and the running statistics of batch norms
     * are computed for them from the training batches. In between, callbacks see the weights that are trained.
     *
     * <p>Each {@code fit} has a new optimizer, whose moments begin at zero, and its schedule begins anew. Only
     * {@link #resume}, from the files of a run, and {@link Run#resume}, in memory, go on with those of an earlier run.
     *
     * <p>However training ends, the model has the weights of the best epoch if these are kept ({@link #keepBest},
     * {@link EarlyStopping}) and at least one epoch was finished. Otherwise it has the weights after the last complete
     * step.
     *
     * @throws IllegalArgumentException if epochs &lt; 1, the figure to keep the best by is not measured, a callback
     *     needs validation and there is none, averages of the weights would begin after the last step, or the optimizer
     *     evaluates the loss again ({@link Optimizer#evaluatesAgain}) while a step carries a state
     * @throws IllegalStateException if a run that goes on trains the model
     * @throws NonFiniteLossException if the loss, or with {@link #clipNorm} the gradients' norm, becomes NaN or
     *     infinite; the step under way has not changed the weights
     */
    @CanIgnoreReturnValue
    public Run fit(Batches train, Batches validation, int epochs) {
        requireNonNull(validation, "Trainer.fit: validation must not be null");
        return run("fit", train, validation, epochs).call(epochs);
    }

    /** Starts {@link #fit(Batches, int)} on a thread of its own; see {@link #start(Batches, Batches, int)}. */
    public Run start(Batches train, int epochs) {
        return started(train, null, epochs);
    }

    /** Starts {@link #fit(Batches, Dataset, int)} on a thread of its own; see {@link #start(Batches, Batches, int)}. */
    public Run start(Batches train, Dataset validation, int epochs) {
        return start(train, batches("start", train, validation), epochs);
    }

    /**
     * Starts {@link #fit(Batches, Batches, int)} on a thread of its own, and returns the run at once, which any thread
     * may watch and stop. Until {@link Run#await} returns, no other thread may train the model or change its weights.
     * The run must be closed, and can be resumed before. A daemon thread trains, so that the JVM may end without it.
     *
     * @throws IllegalArgumentException as {@code fit} does
     * @throws IllegalStateException if a run that goes on trains the model
     */
    public Run start(Batches train, Batches validation, int epochs) {
        requireNonNull(validation, "Trainer.start: validation must not be null");
        return started(train, validation, epochs);
    }

    private Run started(Batches train, @Nullable Batches validation, int epochs) {
        Run run = run("start", train, validation, epochs);
        try {
            return run.start(epochs);
        } catch (RuntimeException | Error e) { // nobody else has the run to close it
            run.close();
            throw e;
        }
    }

    private static Batches batches(String what, Batches train, Dataset validation) {
        requireNonNull(train, "Trainer." + what + ": train must not be null");
        requireNonNull(validation, "Trainer." + what + ": validation must not be null");
        return validation.batches(Math.min(train.size(), validation.size()));
    }

    /** A run that is ready to begin. */
    private Run run(String what, Batches train, @Nullable Batches validation, int epochs) {
        requireNonNull(train, "Trainer." + what + ": train must not be null");
        Checks.atLeast(what, "epochs", epochs, 1);
        checkStates(what);
        checkShards(what);
        checkLocalSteps(what, train);
        Monitor monitor = monitor(what, validation != null);
        return new Fitting(what, this, monitor, train, validation, epochs, resume).run();
    }

    private void checkStates(String what) {
        if (carries && recipe.evaluatesAgain()) {
            throw new IllegalArgumentException(what + ": "
                    + recipe.getClass().getSimpleName()
                    + " evaluates the loss again, and a step that carries a state would read a batch twice; choose an"
                    + " optimizer that does not, or a step without a state");
        }
    }

    /** Refuses a figure that no epoch will have, before the first is spent. */
    private Monitor monitor(String what, boolean validated) {
        for (Callback c : callbacks) {
            if (c.needsValidation() && !validated && figure == null) {
                throw new IllegalArgumentException(what + ": " + c.getClass().getSimpleName()
                        + " needs validation data, because the training loss falls also when the model overfits; call "
                        + what + "(train, validation, epochs), or say keepBest(\"loss\") to go by the training loss");
            }
        }
        String by = figure != null ? figure : validated ? "val_loss" : "loss";
        List<String> measured = new ArrayList<>(List.of("loss"));
        metrics.forEach(m -> measured.add(m.name()));
        if (validated) {
            List.copyOf(measured).forEach(name -> measured.add("val_" + name));
        }
        if (!measured.contains(by)) {
            throw new IllegalArgumentException(what + ": " + by + " is not measured; there are " + measured
                    + (validated ? "; add its metric" : "; add its metric, or validation data"));
        }
        Metric metric = metric(by.startsWith("val_") ? by.substring(4) : by);
        return new Monitor(by, metric != null && metric.moreIsBetter());
    }

    /**
     * Looks for mistakes that would make training a waste, with some hundred steps on copies of the model:
     *
     * <ul>
     *   <li>{@code start loss}: the loss before the first step is far from that of chance, which is the loss of logits
     *       or numbers that are all 0: log k for k classes.
     *   <li>{@code one batch}: the loss of one batch does not fall to a half within 300 steps on it alone. What cannot
     *       learn one batch by heart learns nothing from more: the rate is wrong, a layer passes no gradient, the net
     *       is too small, or equal examples have other targets.
     *   <li>{@code inputs}: after 100 steps the loss is hardly lower than where all inputs are zero.
     *   <li>{@code examples}, {@code outputs}: outputs depend on other examples, or cannot be what the loss takes them
     *       for.
     *   <li>{@code padding}: where {@code x} is ragged, outputs change with the padding of an example.
     * </ul>
     *
     * <p>A custom step shows no output, so that only the first three are examined.
     */
    public Check check(Batches train) {
        requireNonNull(train, "Trainer.check: train must not be null");
        checkStates("check");
        try (Model<M> copy = model.copy()) {
            return new Examiner<>(this, copy, loss, train).examine();
        }
    }

    /** Returns {@link #findRate(Batches, int, double, double)} with 100 steps from rate 1e-7 to 10. */
    public RateRange findRate(Batches train) {
        return findRate(train, 100, 1e-7, 10);
    }

    /**
     * Trains a copy of the model with a learning rate that rises exponentially from step to step, and returns the loss
     * at each rate, with the penalties (learning-rate range test, Smith 2017). It ends early where the smoothed loss is
     * four times as large as its least value, or not finite. The model stays as it is; schedule, callbacks and
     * accumulation are not used.
     *
     * <pre>{@code
     * RateRange range = trainer.findRate(batches);
     * System.out.println(range.suggestion());
     * }</pre>
     *
     * @param steps number of steps and rates
     * @param from the first rate
     * @param to the last rate
     * @throws IllegalArgumentException if steps &lt; 2, the rates are not 0 &lt; from &lt; to, or the optimizer
     *     evaluates the loss again ({@link Optimizer#evaluatesAgain}) while a step carries a state
     */
    public RateRange findRate(Batches train, int steps, double from, double to) {
        requireNonNull(train, "Trainer.findRate: train must not be null");
        if (steps < 2 || !(from > 0 && from < to && to <= Float.MAX_VALUE)) {
            throw new IllegalArgumentException("findRate: steps=" + steps + " must be at least 2, and from=" + from
                    + " and to=" + to + " must be above 0, finite and ascending");
        }
        checkStates("findRate");
        return RateRange.find(this, train, steps, from, to);
    }

    /**
     * Returns the mean loss and metrics over some batches, by name, in evaluation mode and without the changes of
     * {@link Batches#augment}, as {@link Batches#forEach} hands them out. The batches decide how many examples are in
     * memory at once.
     */
    public Map<String, Double> evaluate(Batches data) {
        requireNonNull(data, "Trainer.evaluate: data must not be null");
        return measured(data::forEach);
    }

    /**
     * Returns the mean loss and metrics over a data set, by name, in evaluation mode. It takes as many examples at a
     * time as memory allows ({@link Dataset#forEach}); for another number, give {@code data.batches(n)}.
     *
     * @throws IllegalArgumentException if the step carries a state, which goes from one batch to the next of the same
     *     size
     */
    public Map<String, Double> evaluate(Dataset data) {
        requireNonNull(data, "Trainer.evaluate: data must not be null");
        if (carries) {
            throw new IllegalArgumentException(
                    "evaluate: the step carries a state, which goes from batch to batch; give"
                            + " data.batches(n) with the n of its pieces");
        }
        return measured(data::forEach);
    }

    private Map<String, Double> measured(Consumer<Consumer<Batch>> source) {
        StoreRange.store(model.range());
        Tally tally = tally();
        try (KeptState carried = new KeptState()) {
            source.accept(batch -> {
                Step.Result result = run(batch, carried.state());
                carried.keep(result.state());
                tally.add(result, result.loss().item(), batch);
            });
        }
        return tally.figures();
    }

    /**
     * Runs a batch forward in the current pass.
     *
     * @param state after the batch before
     */
    Step.Result run(Batch batch, State state) {
        Step.Result result;
        if (step == null) {
            result = compared(output(batch), batch);
        } else {
            try {
                result = step.run(model.net(), batch, batch.isFirst() ? State.EMPTY : state);
            } catch (IllegalArgumentException e) {
                throw Located.in(batch.names(), e, batch, false, true);
            }
        }
        checkState(result.state());
        if (result.loss().size() != 1) {
            throw new IllegalArgumentException(
                    "trainer: the loss is " + result.loss().shape()
                            + ", but it must be a single number to be minimized; reduce it, for example with mean(),"
                            + " or make a ReducedLoss of it, whose mean comes with it");
        }
        return result;
    }

    /** Refuses a state that a step could not go on from, or that checkpoints could not hold. */
    private void checkState(State after) {
        if (!carries && !after.names().isEmpty()) {
            throw new IllegalArgumentException("trainer: the step returns a state but takes none; take it as the third"
                    + " argument, (net, batch, state) -> .., or return the result without it");
        }
        if (carries && after.names().isEmpty()) {
            throw new IllegalArgumentException("trainer: the step takes a state but returns none; return"
                    + " result.withState(state) with what the next batch begins with");
        }
        after.tensors().forEach((name, t) -> {
            if (t.dtype() != DType.F32) {
                throw new IllegalArgumentException("trainer: the state " + name + " is " + t.dtype()
                        + ", but checkpoints hold F32; convert it with to(DType.F32)");
            }
        });
    }

    /** What a layer gives for a batch. */
    Tensor output(Batch batch) {
        try {
            return ((Layer) model.net()).apply(batch);
        } catch (IllegalArgumentException e) {
            throw Located.in(List.of(batch.name(Role.INPUT)), e, batch, false);
        }
    }

    /** The loss of some output for a batch, and what metrics see. */
    Step.Result compared(Tensor output, Batch batch) {
        Loss loss = Objects.requireNonNull(this.loss);
        SequenceLoss whole = loss instanceof SequenceLoss s ? s : null;
        String input = batch.name(Role.INPUT);
        String target = batch.name(Role.TARGET);
        boolean x = batch.ragged(input);
        boolean y = batch.ragged(target);
        boolean padded = stepByStep(loss) && (y || x && whole != null);
        if (padded
                && x
                && y
                && !Arrays.equals(
                        batch.lengths(input).toIntArray(), batch.lengths(target).toIntArray())) {
            throw new IllegalArgumentException("the ragged fields " + input + " and " + target
                    + " have other lengths, but this loss compares step with step; give each step of "
                    + input + " its target, take a SequenceLoss such as Loss.ctc(), or write a step of your"
                    + " own");
        }
        Tensor steps = padded ? batch.unpadded(x ? input : target, output) : output; // each is padded in its own way
        Tensor targets = padded ? batch.unpadded(y ? target : input, batch.y()) : batch.y();
        double weight;
        Tensor value;
        try {
            if (whole == null) {
                weight = loss.weight(steps, targets);
                value = weight == 0 ? ofNothing(steps) : loss.of(steps, targets);
            } else {
                Tensor lengths = behind(batch, input);
                Tensor targetLengths = behind(batch, target);
                weight = whole.weight(output, batch.y(), lengths, targetLengths);
                value = weight == 0 ? ofNothing(output) : whole.of(output, batch.y(), lengths, targetLengths);
            }
        } catch (IllegalArgumentException e) {
            throw Located.in(List.of(target), e, batch, padded && whole == null);
        }
        return measurable(loss, value, steps, targets, weight);
    }

    /** Whether each step of an output has a target of its own. */
    private static boolean stepByStep(Loss loss) {
        return !(loss instanceof SequenceLoss s) || s.stepByStep();
    }

    private static @Nullable Tensor behind(Batch batch, String field) {
        if (!batch.ragged(field)) {
            return null;
        }
        if (batch.paddedInFront(field)) {
            throw new IllegalArgumentException("the field " + field
                    + " is padded in front, but this loss reads sequences from the first step; pad it behind");
        }
        return batch.lengths(field);
    }

    /**
     * A result whose output and target are as metrics read them: with the scores of all classes, and without labels
     * that do not count.
     */
    private Step.Result measurable(Loss loss, Tensor value, Tensor output, Tensor target, double weight) {
        if (metrics.isEmpty()) {
            return new Step.Result(value, output, target).withWeight(weight);
        }
        boolean lacking = loss.outputs() == Loss.Outputs.LOGITS_WITHOUT_BASELINE;
        Tensor logits = lacking ? Labels.withBaseline(output.detach()) : output.detach();
        Integer ignored = loss.ignored();
        if (ignored != null) {
            Labels.Kept kept = Labels.without("metrics", ignored, logits, target);
            return new Step.Result(value, kept.output(), kept.target()).withWeight(weight);
        }
        return new Step.Result(value, logits, target).withWeight(weight);
    }

    /** 0, the sum of no element of this output; all of them times 0 would be NaN where one is infinite. */
    private static Tensor ofNothing(Tensor output) {
        return output.reshape(Math.toIntExact(output.size())).slice(0, 0, 0).sum();
    }

    /** The loss of a batch alone in the current pass. */
    Tensor loss(Batch batch) {
        return run(batch, State.EMPTY).loss();
    }

    /** Sums for the loss and the metrics, which begin at 0. */
    Tally tally() {
        return new Tally(loss, metrics);
    }

    /** The loss and the penalties on the weights. */
    Tensor penalized(Tensor loss) {
        for (Penalty penalty : penalties) {
            loss = loss.add(penalty.of(model));
        }
        return loss;
    }

    /** Returns the settings in a few lines: model, loss, optimizer, and what was set beyond them. */
    @Override
    public String toString() {
        StringJoiner lines = new StringJoiner(System.lineSeparator() + "  ").add("Trainer");
        lines.add("model: " + model.toString().lines().findFirst().orElseThrow());
        lines.add("loss: " + lossDescription());
        lines.add("optimizer: " + recipe);
        if (schedule != CONSTANT) {
            lines.add("schedule: "
                    + (Description.isLambda(schedule) ? "a function of epochs and steps" : schedule.toString()));
        }
        said(lines, "batches of a step", accumulation.isEmpty() ? List.of() : List.of(accumulation));
        said(lines, "shards of a batch", cut() == 0 ? List.of() : List.of(cut()));
        said(lines, "replicas", replicas == 0 ? List.of() : List.of(replicas));
        said(
                lines,
                "process",
                exchange == null ? List.of() : List.of(exchange.process() + " of " + exchange.processes()));
        said(lines, "steps between averages", localSteps == 0 ? List.of() : List.of(localSteps));
        said(lines, "metrics", metrics.stream().map(Metric::name).toList());
        said(lines, "penalties", penalties);
        said(
                lines,
                "callbacks",
                callbacks.stream().map(c -> c.getClass().getSimpleName()).toList());
        said(lines, "groups", Arrays.asList(groups));
        said(
                lines,
                "gradients",
                Stream.of("norm at most " + clipNorm, "values at most " + clipValue)
                        .filter(s -> !s.endsWith(" 0.0"))
                        .toList());
        said(
                lines,
                "best weights kept by",
                !keepBest ? List.of() : List.of(figure == null ? "val_loss or loss" : figure));
        said(lines, "carries", carries ? List.of("a state from batch to batch") : List.of());
        said(lines, "checkpoints", checkpoints == null ? List.of() : List.of(checkpoints.folder()));
        said(lines, "resumed from", resume == null ? List.of() : List.of(resume));
        return lines.add("seed: " + seed).toString();
    }

    private static void said(StringJoiner lines, String what, List<?> settings) {
        if (!settings.isEmpty()) {
            lines.add(what + ": " + settings.stream().map(String::valueOf).collect(Collectors.joining(", ")));
        }
    }

    String lossDescription() {
        return loss == null ? "that of a custom step" : Description.of(loss);
    }

    /** Whether the loss of a batch is the sum over its examples. */
    boolean sums() {
        return loss != null && loss.sums();
    }
}
