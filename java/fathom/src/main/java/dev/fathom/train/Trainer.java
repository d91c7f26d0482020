package dev.fathom.train;

import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.memory.Block;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Module;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Access;
import dev.fathom.tensor.DType;
import dev.fathom.tensor.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Store;
import dev.fathom.tensor.Tape;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The training loop: for every epoch and batch, one pass with forward, loss, backward and step; then validation. Everything random comes from one seed,
 * so a run repeats bit for bit, on any number of threads.
 *
 * @param <M> the module's type
 */
public final class Trainer<M extends Module> {
    private static final int EVALUATION_BATCH = 500;

    private final Model<M> model;
    private final Optimizer recipe;
    private final Step<M> step;
    private final @Nullable Loss loss;
    private final List<Metric> metrics = new ArrayList<>();
    private final List<Callback> callbacks = new ArrayList<>();
    private Schedule schedule = Schedule.constant();
    private long seed;
    private @Nullable String monitor;
    private boolean keepBest;
    private volatile @Nullable String stopNow;

    private Trainer(Model<M> model, Optimizer recipe, @Nullable Loss loss, Step<M> step) {
        model.store();
        this.model = model;
        this.recipe = recipe;
        this.loss = loss;
        this.step = step;
    }

    /** Trains a layer on loss(output, target). */
    public static <L extends Layer> Trainer<L> of(Model<L> model, Loss loss, Optimizer recipe) {
        return new Trainer<>(model, recipe, loss, (net, batch) -> loss.of(net.apply(batch.x()), batch.y()));
    }

    /** Trains a module of any shape by a loss of one's own. */
    public static <M extends Module> Trainer<M> custom(Model<M> model, Optimizer recipe, Step<M> step) {
        return new Trainer<>(model, recipe, null, step);
    }

    /**
     * Figures to measure beside the loss.
     *
     * @throws IllegalStateException for a custom step, which shows no output to measure
     */
    public Trainer<M> metrics(Metric... all) {
        if (loss == null) {
            throw new IllegalStateException(
                    "metrics: a custom step has no output that a metric could read; measure in the step or in a callback");
        }
        metrics.addAll(List.of(all));
        return this;
    }

    /** Who is told of the progress. */
    public Trainer<M> callbacks(Callback... all) {
        callbacks.addAll(List.of(all));
        return this;
    }

    /** How the learning rate changes from step to step. */
    public Trainer<M> schedule(Schedule s) {
        schedule = s;
        return this;
    }

    /** The seed of dropout and its like; 0 by default. */
    public Trainer<M> seed(long s) {
        seed = s;
        return this;
    }

    /** At the end, restores the weights of the epoch with the least {@code val_loss} ({@code loss} without validation). */
    public Trainer<M> keepBest() {
        keepBest = true;
        return this;
    }

    /** The same, judged by another figure; one whose name ends in {@code accuracy} is the better the larger. */
    public Trainer<M> keepBest(String figure) {
        monitor = figure;
        keepBest = true;
        return this;
    }

    /** Ends training after the step under way; may be called from any thread. What is finished is kept. */
    public void stop(String reason) {
        stopNow = reason;
    }

    /** Trains without validation. */
    public History fit(Batches train, int epochs) {
        return run(train, null, epochs);
    }

    /** Trains and validates after each epoch. */
    public History fit(Batches train, Dataset validation, int epochs) {
        return run(train, validation.batches(Math.min(EVALUATION_BATCH, validation.size())), epochs);
    }

    /**
     * Trains and validates after each epoch.
     *
     * @throws IllegalArgumentException if epochs &lt; 1
     * @throws NonFiniteLossException if the loss becomes NaN or infinite; the weights are those before that step
     */
    public History fit(Batches train, Batches validation, int epochs) {
        return run(train, validation, epochs);
    }

    private History run(Batches train, @Nullable Batches validation, int epochs) {
        if (epochs < 1) {
            throw new IllegalArgumentException("fit: epochs=" + epochs + " must be at least 1");
        }
        stopNow = null;
        History history = new History();
        EarlyStopping early = callbacks.stream()
                .filter(EarlyStopping.class::isInstance)
                .map(EarlyStopping.class::cast)
                .findFirst()
                .orElse(null);
        String figure = monitor != null ? monitor : validation != null ? "val_loss" : "loss";
        mustMeasure(figure, validation != null);
        Rng rng = new Rng(seed).split("trainer");
        Where where = new Where(epochs, train);
        try (BoundOptimizer optimizer = recipe.on(model);
                Best best = new Best(model.store(), keepBest || early != null)) {
            callbacks.forEach(c -> c.begin(where));
            double record = Double.NaN;
            double bar = Double.NaN; // what the next improvement is measured from: small ones add up
            int waited = 0;
            String ended = epochs == 1 ? "1 epoch" : epochs + " epochs";
            try {
                for (int epoch = 1; epoch <= epochs; epoch++) {
                    long start = System.nanoTime();
                    where.begin(epoch);
                    Map<String, Double> values = new LinkedHashMap<>();
                    if (!epoch(train, rng, optimizer, where, values, history)) {
                        ended = String.valueOf(stopNow);
                        break;
                    }
                    if (validation != null) {
                        evaluate(validation).forEach((k, v) -> values.put("val_" + k, v));
                    }
                    double value = values.getOrDefault(figure, Double.NaN);
                    boolean better = Double.isNaN(record) || gain(figure, record, value) > 0;
                    if (better) {
                        record = value;
                        best.keep();
                    }
                    waited++;
                    if (Double.isNaN(bar) || gain(figure, bar, value) > (early == null ? 0 : early.minDelta())) {
                        bar = value;
                        waited = 0;
                    }
                    EpochLog log = new EpochLog(epoch, where.rate, (System.nanoTime() - start) / 1e9, values);
                    history.add(log, better);
                    callbacks.forEach(c -> c.epoch(where, log));
                    if (early != null && waited >= early.patience()) {
                        ended = "no better " + figure + " for " + waited + (waited == 1 ? " epoch" : " epochs");
                        break;
                    }
                    if (where.stop != null || stopNow != null) {
                        ended = String.valueOf(where.stop != null ? where.stop : stopNow);
                        break;
                    }
                }
                best.restore();
            } catch (RuntimeException | Error e) {
                ended = String.valueOf(e.getMessage());
                throw e;
            } finally {
                history.ended(ended);
                callbacks.forEach(c -> c.end(where, history));
            }
        }
        return history;
    }

    /** Refuses a figure that no epoch will have, before the first is spent. */
    private void mustMeasure(String figure, boolean validated) {
        List<String> figures = new ArrayList<>(List.of("loss"));
        metrics.forEach(m -> figures.add(m.name()));
        if (validated) {
            List.copyOf(figures).forEach(name -> figures.add("val_" + name));
        }
        if (!figures.contains(figure)) {
            throw new IllegalArgumentException("fit: " + figure + " is not measured; there are " + figures
                    + (validated ? "; add its metric" : "; add its metric, or validation data"));
        }
    }

    /** 0.1f as 0.1, for people to read. */
    private static double decimal(float f) {
        return Double.parseDouble(Float.toString(f));
    }

    private static double gain(String figure, double from, double to) {
        return figure.endsWith("accuracy") ? to - from : from - to;
    }

    /** One epoch; false when it was stopped before its end. */
    private boolean epoch(
            Batches train,
            Rng rng,
            BoundOptimizer optimizer,
            Where where,
            Map<String, Double> values,
            History history) {
        double[] sums = new double[metrics.size()];
        Batches.Epoch batches = train.epoch(where.epoch);
        while (batches.hasNext()) {
            where.rate(optimizer, recipe.learningRate() * schedule.factor(where.epochsFinished()));
            try (Pass pass = Pass.train(rng)) {
                Batch batch = batches.next();
                int n = batch.x().dim(0);
                Tensor value;
                if (loss == null) {
                    value = step.loss(model.net(), batch);
                } else {
                    Tensor output = ((Layer) model.net()).apply(batch.x());
                    value = loss.of(output, batch.y());
                    for (int i = 0; i < sums.length; i++) {
                        sums[i] += metrics.get(i).sum(output, batch.y());
                    }
                }
                float l = value.item();
                if (!Float.isFinite(l)) {
                    throw new NonFiniteLossException(explain(l, batch, where), history);
                }
                pass.backward(value, model);
                optimizer.step();
                where.add(n, l);
            }
            for (int i = 0; i < callbacks.size(); i++) {
                callbacks.get(i).step(where);
            }
            if (stopNow != null && batches.hasNext()) {
                return false;
            }
        }
        values.put("loss", where.loss());
        for (int i = 0; i < sums.length; i++) {
            values.put(metrics.get(i).name(), sums[i] / where.examples);
        }
        return true;
    }

    /** The mean loss and metrics over some batches, in evaluation mode. */
    public Map<String, Double> evaluate(Batches data) {
        model.store();
        double sum = 0;
        double[] sums = new double[metrics.size()];
        long examples = 0;
        Batches.Epoch batches = data.epoch(0);
        Rng rng = new Rng(0); // a model that samples is judged by the same numbers every time
        while (batches.hasNext()) {
            try (Pass pass = Pass.infer(rng)) {
                Batch batch = batches.next();
                int n = batch.x().dim(0);
                if (loss == null) {
                    sum += n * (double) step.loss(model.net(), batch).item();
                } else {
                    Tensor output = ((Layer) model.net()).apply(batch.x());
                    sum += n * (double) loss.of(output, batch.y()).item();
                    for (int i = 0; i < sums.length; i++) {
                        sums[i] += metrics.get(i).sum(output, batch.y());
                    }
                }
                examples += n;
            }
        }
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("loss", sum / examples);
        for (int i = 0; i < sums.length; i++) {
            values.put(metrics.get(i).name(), sums[i] / examples);
        }
        return values;
    }

    /** The mean loss and metrics over a data set. */
    public Map<String, Double> evaluate(Dataset data) {
        return evaluate(data.batches(Math.min(EVALUATION_BATCH, data.size())));
    }

    /** Says where the first non-finite number is: in the batch, in a parameter, or behind which layer. */
    private String explain(float value, Batch batch, Where where) {
        String at = String.format(
                Locale.ROOT,
                "loss is %s at step %d of epoch %d (learning rate %s): ",
                value,
                where.step + 1,
                where.epoch,
                where.rate);
        if (batch.x().dtype() == DType.F32 && batch.x().nonfinite().item() > 0) {
            return at + "the batch itself holds " + (int) batch.x().nonfinite().item()
                    + " values that are not finite; clean the data";
        }
        for (Parameter p : model.parameters()) {
            if (p.value().nonfinite().item() > 0) {
                return at + "parameter " + p.name() + " became non-finite at an earlier step; lower the learning rate";
            }
        }
        String layer = loss == null ? null : firstNonFinite(batch.x());
        return at + (layer == null ? "the loss overflows" : "the first non-finite values come from " + layer)
                + "; lower the learning rate or scale the data";
    }

    private @Nullable String firstNonFinite(Tensor x) {
        try (Pass pass = Access.trace()) {
            Tensor in = Access.input(pass, x.shape(), x.dtype());
            Block.at(Access.address(in), Math.toIntExact(4 * x.size()))
                    .asFloatBuffer()
                    .put(Block.at(Access.address(x), Math.toIntExact(4 * x.size()))
                            .asFloatBuffer());
            ((Layer) model.net()).apply(in);
            for (Tape.Entry e : pass.tape().entries()) {
                Tensor y = e.outputs().get(0);
                if (y != null && y.dtype() == DType.F32 && Access.nonfinite(y) > 0) {
                    return e.path().isEmpty() ? e.op().label() : e.op().label() + " at " + e.path();
                }
            }
        }
        return null;
    }

    /** The values of the best epoch so far, in memory of their own. */
    private static final class Best implements AutoCloseable {
        private final Store store;
        private final @Nullable Block copy;
        private boolean kept;

        Best(Store store, boolean wanted) {
            this.store = store;
            copy = wanted ? new Block("best weights", store.values().bytes()) : null;
        }

        void keep() {
            if (copy != null) {
                Block.copy(store.values(), copy);
                kept = true;
            }
        }

        void restore() {
            if (copy != null && kept) {
                Block.copy(copy, store.values());
                for (int i = 0; i < store.held().size(); i++) {
                    store.changed(i);
                }
            }
        }

        @Override
        public void close() {
            if (copy != null) {
                copy.close();
            }
        }
    }

    /** What callbacks see. */
    private static final class Where implements Progress {
        private final int epochs;
        private final int steps;
        private final long perEpoch;
        private int epoch;
        private int step;
        private long examples;
        private double lossSum;
        private double rate;
        private @Nullable String stop;

        Where(int epochs, Batches train) {
            this.epochs = epochs;
            steps = train.steps();
            perEpoch = train.examples();
        }

        double epochsFinished() {
            return epoch - 1 + (double) step / steps;
        }

        /** Sets the rate of the step that comes. */
        void rate(BoundOptimizer optimizer, double next) {
            if (optimizer.learningRate() != (float) next || step == 0) {
                optimizer.learningRate((float) next);
                rate = decimal((float) next);
            }
        }

        void begin(int number) {
            epoch = number;
            step = 0;
            examples = 0;
            lossSum = 0;
        }

        void add(int n, float loss) {
            step++;
            examples += n;
            lossSum += n * (double) loss;
        }

        @Override
        public int epoch() {
            return epoch;
        }

        @Override
        public int epochs() {
            return epochs;
        }

        @Override
        public int step() {
            return step;
        }

        @Override
        public int steps() {
            return steps;
        }

        @Override
        public long examples() {
            return examples;
        }

        @Override
        public long examplesPerEpoch() {
            return perEpoch;
        }

        @Override
        public double loss() {
            return examples == 0 ? Double.NaN : lossSum / examples;
        }

        @Override
        public double learningRate() {
            return rate;
        }

        @Override
        public void stop(String reason) {
            stop = reason;
        }
    }
}
