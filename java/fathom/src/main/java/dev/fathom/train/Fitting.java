package dev.fathom.train;

import dev.fathom.autograd.Frames;
import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.offheap.Block;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.parameter.Variable;
import dev.fathom.store.Store;
import dev.fathom.store.StoreRange;
import dev.fathom.tensor.KeptState;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The training of a {@link Run}: all that changes from step to step. */
final class Fitting implements AutoCloseable {
    /** What trains a model, and writes to a folder of checkpoints, at the moment. */
    private static final Map<Object, Fitting> TRAINED = new ConcurrentHashMap<>();

    private final Trainer<?> trainer;
    private final Batches train;
    private final @Nullable Batches validation;
    private int epochs;
    private Rng rng;
    private final Run run;
    private final Tally tally;
    private final BoundOptimizer optimizer;
    private final Store store;
    /** A copy of the values of the best epoch so far; null where nobody wants them. */
    private final @Nullable Block best;
    /** Whether they are there. */
    private boolean kept;

    private final NormStatistics norms;
    private final @Nullable Saver saver;
    /** What computes the gradient of a batch if it is cut into shards. */
    private final @Nullable Shards<?> shards;
    /** What averages processes that take steps of their own. */
    private final @Nullable Averaging averaging;
    /** Whether a checkpoint is due. */
    private boolean due;
    /** The state after the last batch, if the step carries one. */
    private final KeptState carried = new KeptState();
    /** The file from which it came, until a step has gone on from it. */
    private @Nullable Path carriedFrom;

    private int epoch;
    private int step;
    private long examples;
    private float rate;
    /** The rate as people write it: 0.1 for 0.1f. */
    private double learningRate;
    /** What the callbacks make of the rates of the epoch under way. */
    private double rateFactor = 1;
    /** How many batches a step of this epoch takes, and how many steps there were before it. */
    private int together;

    private long updatesBefore;
    /** The shares of the batches of the optimizer's step under way. */
    private Shares shares = new Shares(1);
    /** Where the random stream stood before the first batch of the optimizer's step under way. */
    private long counter;

    /** What the epoch under way has taken. */
    private double seconds;

    /** The changes of the model when the run had ended, -1 before. */
    private long left = -1;

    /** The buffers of the weights that are trained, while the model has averages and buffers that belong to these. */
    private @Nullable List<float[]> shown;

    /** Whether the model holds gradients of batches whose step was not taken yet. */
    private boolean unspent;

    /** What must be the same for the same bits, besides {@link #settings}; empty where no file is read or written. */
    private final Map<String, String> settings = new LinkedHashMap<>();

    /** Goes on from the newest whole checkpoint of a folder, if one is given; {@code call} is what the user called. */
    Fitting(
            String call,
            Trainer<?> trainer,
            Monitor monitor,
            Batches train,
            @Nullable Batches validation,
            int epochs,
            @Nullable Path folder) {
        this.trainer = trainer;
        this.train = train;
        this.validation = validation;
        this.epochs = epochs;
        rng = new Rng(trainer.seed).split("trainer");
        tally = trainer.tally();
        store = StoreRange.store(trainer.model.range());
        norms = new NormStatistics(trainer);
        shards = trainer.cut() == 0 ? null : new Shards<>(trainer, train, rng);
        boolean keeps = trainer.keepBest || trainer.callbacks.stream().anyMatch(Callback::keepsBest);
        optimizer = trainer.optimizer();
        Exchange with = trainer.localSteps == 0 ? null : trainer.exchange;
        averaging = with == null ? null : new Averaging(with, store, optimizer, tally);
        try {
            best = keeps ? new Block("best weights", store.values().bytes()) : null;
        } catch (RuntimeException | Error e) {
            optimizer.close();
            throw e;
        }
        run = new Run(monitor, now(), this);
        saver = trainer.checkpoints == null ? null : new Saver(trainer.checkpoints, run);
        try {
            claim(call);
            if (saver != null || folder != null) {
                describe();
            }
            prepare(call, folder);
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /** Where it stands. */
    private Progress now() {
        return new Progress(
                epoch,
                epochs,
                step,
                train.steps(),
                examples,
                train.examples(),
                tally.loss(),
                learningRate,
                optimizer.steps());
    }

    // ---- checkpoints

    Run run() {
        return run;
    }

    /** Makes ready for the first step; everything that may be refused comes before the model or a file is changed. */
    private void prepare(String call, @Nullable Path folder) {
        try (Checkpoint from = folder == null ? null : Checkpoint.newest(folder, run)) {
            if (from != null) {
                check(call, from);
            }
            // averages of the weights that would begin after the last step
            if (trainer.recipe.average(Long.MAX_VALUE) >= 0 && trainer.recipe.average(updates(epochs)) < 0) {
                throw new IllegalArgumentException(call + ": " + trainer.recipe
                        + " would have no average in the end, because the run has only " + updates(epochs)
                        + " steps; let the averages begin earlier, or train for longer");
            }
            Runnable load = () -> {
                if (from != null) {
                    load(from);
                }
            };
            if (saver == null) {
                load.run();
            } else {
                saver.begin(from == null ? null : from.file, optimizer.steps(), load);
            }
        }
    }

    /** Refuses a checkpoint from which this run would not end with the bits of one run. */
    private void check(String call, Checkpoint c) {
        epoch = c.epoch;
        step = c.step;
        ready(epoch, c.history.stream().filter(e -> e.epoch() < epoch).toList());
        c.mustFit(settings(), store);
        if (c.tally.length != tally.values().length) {
            throw new IllegalArgumentException("resume: " + c.file + " holds " + c.tally.length
                    + " sums of loss and metrics, but this build of Fathom keeps " + tally.values().length
                    + ", so another build wrote it; resume with that build, or begin anew without resume()");
        }
        if (c.epoch > epochs) { // also within it: its weights are those of no smaller number of epochs
            throw new IllegalArgumentException("resume: the run in " + c.file + " is at step " + c.step + " of epoch "
                    + c.epoch + ", but " + call + " has epochs=" + epochs + "; give at least " + c.epoch
                    + ", or begin anew without resume");
        }
        c.load(optimizer);
        if (optimizer.averaged() && norms.any()) {
            throw new IllegalArgumentException("resume: " + c.file
                    + " holds averaged weights and batch norms that fit them, from which no run goes on to the"
                    + " same bits; begin anew without resume()");
        }
    }

    private void load(Checkpoint c) {
        c.load(carried);
        kept = c.kept;
        c.load(store, kept());
        if (optimizer.averaged()) {
            optimizer.swapAverages();
        }
        carriedFrom = carried.state().names().isEmpty() ? null : c.file;
        examples = c.examples;
        System.arraycopy(c.tally, 0, tally.values(), 0, c.tally.length);
        seconds = c.seconds;
        rate(rate(epoch, step - 1));
        run.at(now());
        rng = new Rng(rng.seed(), c.counter);
        for (int i = 0; i < c.trainable.size(); i++) {
            store.trainable(i, c.trainable.get(i));
        }
        for (int i = 0; i < c.history.size(); i++) {
            run.add(c.history.get(i), i == c.best);
        }
        run.note("resumed from " + c.file + ", after step " + step + " of epoch " + epoch);
    }

    private void describe() {
        settings.put(Checkpoint.NET, Description.of(trainer.model.net()));
        settings.put(Checkpoint.LOSS, trainer.lossDescription());
        settings.put("optimizer", optimizer.toString());
        settings.put("seed of the trainer", Long.toString(trainer.seed));
        settings.put("training data", Checkpoint.fingerprint(train.data()));
        settings.put("batches", train.toString());
        settings.put(
                "validation",
                validation == null ? "none" : Checkpoint.fingerprint(validation.data()) + ", " + validation);
        settings.put(
                "metrics", trainer.metrics.stream().map(Metric::name).toList().toString());
        settings.put("figure that decides about the best epoch", run.monitor().figure());
        settings.put("penalties", trainer.penalties.isEmpty() ? "0" : trainer.penalties.toString());
        settings.put(Checkpoint.CARRIED, trainer.carries ? "1" : "0");
        settings.put(Checkpoint.SHARDS, Integer.toString(trainer.cut()));
        int sent = trainer.exchange == null
                ? Float.BYTES
                : trainer.exchange.gradients().bytes();
        settings.put(Checkpoint.ROUNDED, Integer.toString(Byte.SIZE * (Float.BYTES - sent)));
        settings.put(Checkpoint.LOCAL, Integer.toString(trainer.localSteps));
        settings.put("keeping of the best weights", best != null ? "on" : "off");
    }

    /** All that must be the same; the learning rate stands for the schedule, which no file can hold. */
    private Map<String, String> settings() {
        Map<String, String> all = new LinkedHashMap<>(settings);
        all.put("batches of a step", Integer.toString(together));
        all.put("learning rate of step " + step + " of epoch " + epoch, Float.toString(rate(epoch, step - 1)));
        return all;
    }

    private void save() {
        if (saver != null && step > 0 && finite()) {
            saver.save(optimizer.steps(), this::write);
        }
    }

    private void write(Path file) {
        Map<String, Object> at = new LinkedHashMap<>();
        at.put("epoch", epoch);
        at.put("step", step);
        at.put("examples", examples);
        at.put("tally", DoubleStream.of(tally.values()).boxed().toList());
        at.put("seconds", seconds);
        at.put("counter", rng.counter());
        at.put(
                "trainable",
                IntStream.range(0, store.parameters())
                        .mapToObj(store::isTrainable)
                        .toList());
        for (EpochLog e : run.epochs()) {
            at.put("history." + (e.epoch() - 1), Checkpoint.lines(e));
        }
        at.put("best", run.bestIndex());
        at.put("kept", kept);
        Checkpoint.write(file, settings(), at, store, optimizer, kept(), carried.state());
    }

    private @Nullable Block kept() {
        return kept ? best : null;
    }

    /** A step whose gradient overflowed leaves weights that nobody wants back. */
    private boolean finite() {
        try (Pass pass = Pass.infer()) {
            return store.<Variable>cells().stream()
                    .noneMatch(h -> h.value().nonfinite().item() > 0);
        }
    }

    // ---- the loop

    /** Keeps other runs from the model; nothing of it, and no file, may be touched before. */
    private void claim(String call) {
        Fitting other = TRAINED.putIfAbsent(store, this);
        if (other != null && other != this) {
            throw new IllegalStateException(call + ": the model is trained by a run that goes on; end that run with"
                    + " stopNow(reason) and await it, or train model.copy()");
        }
        Checkpoints files = trainer.checkpoints;
        Fitting writer = files == null
                ? null
                : TRAINED.putIfAbsent(files.folder().toAbsolutePath().normalize(), this);
        if (files != null && writer != null && writer != this) {
            release();
            throw new IllegalStateException(call + ": a run that goes on writes its checkpoints to " + files.folder()
                    + "; give another folder");
        }
    }

    /** Lets other runs train the model. */
    void release() {
        TRAINED.values().removeIf(f -> f == this);
    }

    /**
     * Makes ready to train until so many epochs are finished: anew, or from where it ended.
     *
     * @throws IllegalStateException if another run trains the model, or its weights were changed since the end
     */
    void begin(int until) {
        if (epoch > until) { // its weights are those of no smaller number of epochs
            throw new IllegalArgumentException("resume: the run is at step " + step + " of epoch " + epoch
                    + ", but epochs=" + until + "; give at least " + epoch);
        }
        claim("resume");
        try {
            if (left >= 0 && left != store.changes()) {
                throw new IllegalStateException("resume: the weights of the model were changed since the run ended, so"
                        + " it would not end with the bits of one run; begin anew with trainer.start(..)");
            }
            if (left >= 0) {
                swapBest();
            }
            hide();
        } catch (RuntimeException | Error e) {
            release();
            throw e;
        }
        epochs = until;
        run.at(now());
    }

    /** Trains, tells the callbacks that began of the end whatever happens, and returns what went wrong first. */
    @Nullable
    Throwable go() {
        Throwable failure = null;
        String why = "";
        int begun = 0;
        try {
            for (Callback c : trainer.callbacks) {
                c.onTrainBegin(run);
                begun++;
            }
            why = all();
            save();
        } catch (Throwable e) { // other languages throw checked exceptions anywhere
            failure = e;
        }
        failure = trying(failure, this::leave);
        if (unspent) {
            failure = trying(failure, trainer.model::zeroGrad);
        }
        run.ended(why(failure, why));
        for (Callback c : trainer.callbacks.subList(0, begun)) {
            failure = trying(failure, () -> c.onTrainEnd(run));
        }
        run.ended(why(failure, why));
        release();
        return failure;
    }

    private static String why(@Nullable Throwable failure, String otherwise) {
        return failure == null ? otherwise : failure.getMessage() == null ? failure.toString() : failure.getMessage();
    }

    /** Puts the weights that the run leaves into the model: the best, averages, or those of the last step. */
    private void leave() {
        if (!swapBest()) {
            show();
        }
        left = store.changes();
    }

    /** Exchanges the best values with those of the model, if any were kept. */
    private boolean swapBest() {
        Block values = kept();
        if (values != null) {
            store.replace("restore", () -> Block.swap(values, store.values()));
        }
        return values != null;
    }

    /** Puts the averages of the weights into the model, if there are any yet, and batch norms that fit them. */
    private void show() {
        if (trainer.recipe.average(optimizer.steps()) >= 0) {
            List<float[]> buffers = norms.buffers();
            optimizer.swapAverages();
            shown = buffers;
            norms.refresh(train.epoch(epoch));
        }
    }

    /** Brings back the weights that are trained, and the buffers that belong to them. */
    private void hide() {
        if (shown != null) {
            optimizer.swapAverages();
            norms.buffers(shown);
            shown = null;
        }
    }

    private static @Nullable Throwable trying(@Nullable Throwable before, Runnable action) {
        try {
            action.run();
        } catch (Throwable e) {
            if (before == null) {
                return e;
            }
            before.addSuppressed(e);
        }
        return before;
    }

    /** All epochs that are left; returns why they ended. */
    private String all() {
        while (true) {
            String wish = run.wish();
            if (wish != null) {
                return wish;
            }
            if (run.size() == epochs) {
                return epochs == 1 ? "1 epoch" : epochs + " epochs";
            }
            if (run.size() == epoch) {
                beginEpoch(epoch + 1);
            }
            if (!finishEpoch()) {
                return String.valueOf(run.wishNow());
            }
        }
    }

    /** What the rates of an epoch depend on. */
    private void ready(int number, List<EpochLog> finished) {
        together = together(number);
        updatesBefore = updates(number - 1);
        rateFactor = 1;
        for (Callback c : trainer.callbacks) {
            rateFactor *= c.rateFactor(run.monitor(), finished);
        }
    }

    /** How many steps the optimizer takes in the first epochs. */
    private long updates(int epochs) {
        return IntStream.rangeClosed(1, epochs)
                .mapToLong(e -> (train.steps() - 1) / together(e) + 1)
                .sum();
    }

    private int together(int number) {
        int batches = trainer.accumulate.applyAsInt(number);
        if (batches < 1) {
            throw new IllegalArgumentException("accumulate: a step of epoch " + number + " has " + batches
                    + " batches; give at least 1 for every epoch");
        }
        return batches;
    }

    private void beginEpoch(int number) {
        ready(number, run.epochs());
        epoch = number;
        step = 0;
        examples = 0;
        seconds = 0;
        Arrays.fill(tally.values(), 0);
        run.at(now());
    }

    /** What is left of the epoch under way; false when it was stopped before its end. */
    private boolean finishEpoch() {
        double before = seconds;
        long start = System.nanoTime();
        Batches.Epoch batches = train.epoch(epoch);
        while (step < train.steps()) {
            takeStep(batches);
            seconds = before + (System.nanoTime() - start) / 1e9;
            for (int i = 0; i < trainer.callbacks.size(); i++) {
                trainer.callbacks.get(i).onStepEnd(run);
            }
            due |= saver != null && !unspent && saver.due(optimizer.steps());
            if (due && same()) {
                save();
                due = false;
            }
            if (run.wishNow() != null && step < train.steps() && step % together == 0 && same()) {
                return false;
            }
        }
        Map<String, Double> values = tally.figures();
        try {
            show();
            judge(values, before, start);
        } finally {
            hide();
        }
        EpochLog log = run.epochs().get(run.size() - 1);
        trainer.callbacks.forEach(c -> c.onEpochEnd(run, log));
        if (saver != null && saver.everyEpoch()) {
            save();
        }
        return true;
    }

    /** Validates at the end of an epoch and puts down what it was worth. */
    private void judge(Map<String, Double> values, double before, long start) {
        if (validation != null) {
            trainer.evaluate(validation).forEach((name, value) -> values.put("val_" + name, value));
        }
        EpochLog record = run.best();
        Monitor monitor = run.monitor();
        double figure = values.getOrDefault(monitor.figure(), Double.NaN);
        boolean better = record == null || monitor.improves(record.value(monitor.figure()), figure);
        if (better && best != null) {
            store.copyTo(best);
            kept = true;
        }
        run.add(new EpochLog(epoch, learningRate, before + (System.nanoTime() - start) / 1e9, values), better);
        if (saver != null && saver.wantsBest() && better && finite()) {
            saver.saveBest(this::write);
        }
    }

    /** One batch; the last of those that are accumulated takes the optimizer's step. */
    private void takeStep(Batches.Epoch batches) {
        StepEvent event = StepEvent.begun();
        rate(rate(epoch, step));
        int first = step / together * together;
        if (step == first) {
            counter = rng.counter();
            shares = new Shares(examplesFrom(first));
        }
        boolean last = step + 1 == Math.min(first + together, train.steps());
        int size = train.size(step);
        try (Pass pass = Pass.train(rng)) {
            if (shards == null) {
                takeBatch(batches, pass, last);
            } else {
                takeShards(shards, batches, last);
            }
            if (last) {
                trainer.callbacks.forEach(c -> c.onBackwardEnd(run, trainer.model));
                if (averaging != null) {
                    averaging.reached();
                }
                boolean scaled = train.rateFactor(size) != 1;
                optimizer.learningRate(scaled ? rate * examplesFrom(first) / ((long) together * train.size()) : rate);
                try {
                    if (trainer.recipe.evaluatesAgain()) {
                        optimizer.step(() -> again(batches, first));
                    } else {
                        optimizer.step();
                    }
                } catch (ArithmeticException e) {
                    throw diverged("the gradients are not finite", String.valueOf(e.getMessage()), e);
                }
                unspent = false;
            }
        } catch (Shards.Diverged e) {
            throw diverged(String.valueOf(e.getMessage()), e.why, null);
        }
        step++;
        examples += size;
        if (averaging != null && last && same()) {
            averaging.average(tally);
        }
        run.at(now());
        if (event != null) {
            event.end(epoch, step);
        }
    }

    /** Whether all processes have the same weights after the steps so far. */
    private boolean same() {
        return averaging == null || step == train.steps() || step / together % trainer.localSteps == 0;
    }

    /** Forward and backward of a batch as a whole. */
    private void takeBatch(Batches.Epoch batches, Pass pass, boolean last) {
        long drawn = rng.counter();
        Batch batch = batches.batch(step);
        if (last) {
            trainer.callbacks.forEach(c -> c.onForwardBegin(run, pass));
        }
        Step.Result result = goOn(batch);
        float l = result.loss().item();
        if (!Float.isFinite(l)) {
            throw diverged(
                    "loss is " + l,
                    Divergence.explain(trainer, batch, carried.state(), new Rng(rng.seed(), drawn)),
                    null);
        }
        unspent = true;
        Frames.of(pass).observe(null); // a recomputed layer runs again in backward
        pass.backward(objective(result, batch, shares, last), trainer.model);
        tally.add(result, l, batch);
        carried.keep(result.state());
    }

    /** Forward and backward of a batch in shards. */
    private void takeShards(Shards<?> of, Batches.Epoch batches, boolean last) {
        double[] sums = add(of, batches, step, shares, last, pass -> {
                    if (last) {
                        trainer.callbacks.forEach(c -> c.onForwardBegin(run, pass));
                    }
                })
                .tally();
        if (averaging != null) {
            averaging.add(sums, (epoch - 1L) * train.steps() + step);
        } else {
            tally.add(sums);
        }
        if (last) {
            completeSum();
        }
    }

    private Shards.Found add(
            Shards<?> of, Batches.Epoch batches, int i, Shares to, boolean last, Consumer<Pass> began) {
        long place = (epoch - 1L) * train.steps() + i;
        Shards.Found found = of.add(new Shards.Work(batches, i, place, examplesFrom(i / together * together)), began);
        unspent = true;
        if (!trainer.sums()) {
            to.addShards(found.weight(), last);
            store.scaleGradients(to.correction());
        }
        return found;
    }

    /** Makes the sum of a step's shards what it goes by: with the penalties, whose value is returned. */
    private double completeSum() {
        store.unsignZeros();
        if (trainer.penalties.isEmpty()) {
            return 0;
        }
        try (Pass pass = Pass.train(rng)) {
            Tensor zero = pass.watch(Tensor.scalar(0)); // reached also where all weights are frozen
            Tensor value = trainer.penalized(zero);
            pass.backward(value, trainer.model, zero);
            return value.item();
        }
    }

    /** The step from the state after the batch before. */
    private Step.Result goOn(Batch batch) {
        try {
            Step.Result result = trainer.run(batch, carried.state());
            carriedFrom = null;
            return result;
        } catch (IllegalArgumentException e) {
            if (carriedFrom == null || batch.isFirst()) {
                throw e;
            }
            throw new IllegalArgumentException(
                    "resume: the step does not go on from " + carried.state() + " in "
                            + carriedFrom + "; resume with the step of that run, or begin anew without resume(): "
                            + e.getMessage(),
                    e);
        }
    }

    /** The examples of the step whose first batch this is. */
    private long examplesFrom(int first) {
        return Math.min((long) together * train.size(), train.examples() - (long) first * train.size());
    }

    /** A batch's part of the loss of all examples of a step, to which its last batch adds the penalties. */
    private Tensor objective(Step.Result result, Batch batch, Shares shares, boolean last) {
        float share = 1;
        if (!trainer.sums()) {
            share = shares.add(result.weightOf(batch), batch.size(), last);
            store.scaleGradients(shares.correction());
        }
        Tensor part = share == 1 ? result.loss() : result.loss().mul(share);
        return last ? trainer.penalized(part) : part;
    }

    /** The loss of all batches of the step under way, and its gradients, once more with the same random numbers. */
    private double again(Batches.Epoch batches, int first) {
        Rng drawn = new Rng(rng.seed(), counter);
        Shares again = new Shares(examplesFrom(first));
        double loss = 0;
        for (int i = first; i <= step; i++) {
            boolean last = i == step;
            if (shards != null) {
                double part = add(shards, batches, i, again, last, pass -> {}).loss();
                loss = (loss + part) * again.correction() + (last ? completeSum() : 0);
                continue;
            }
            try (Pass pass = Pass.train(drawn)) {
                Batch batch = batches.batch(i);
                Step.Result result = trainer.run(batch, State.EMPTY); // no step carries one here
                Tensor value = objective(result, batch, again, last);
                loss = loss * again.correction() + value.item();
                pass.backward(value, trainer.model);
            }
        }
        return loss;
    }

    private NonFiniteLossException diverged(String what, String why, @Nullable Throwable cause) {
        String where = String.format(
                Locale.ROOT,
                "%s at step %d of epoch %d (learning rate %s): %s",
                what,
                step + 1,
                epoch,
                learningRate,
                why);
        return new NonFiniteLossException(where, run, saver == null ? null : saver.newest(), cause);
    }

    /** The schedule's learning rate of a step, which counts from 0. */
    private float rate(int epoch, int step) {
        double finished = epoch - 1 + (double) step / train.steps();
        double scheduled = trainer.schedule.factor(finished, updatesBefore + step / together);
        return (float) (trainer.recipe.learningRate() * scheduled * rateFactor);
    }

    private void rate(float now) {
        if (now != rate) {
            rate = now;
            learningRate = Double.parseDouble(Float.toString(now));
        }
    }

    @Override
    public void close() {
        release();
        if (shards != null) {
            shards.close();
        }
        if (best != null) {
            best.close();
        }
        optimizer.close();
        carried.close();
    }
}
