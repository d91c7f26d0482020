package dev.fathom.train;

import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.data.Role;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Loss.Outputs;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.SequenceLayer;
import dev.fathom.op.Activation;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.ops.Epilogue;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tape;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The examinations of {@link Trainer#check}, each on a copy of the model (Karpathy, A recipe for training neural
 * networks, 2019).
 */
final class Examiner<M extends Net> {
    /**
     * An answer of zeros is that of a net which knows nothing; probabilities, their logarithms, variances and rates of
     * 0 are none.
     */
    private static final Set<Outputs> ZEROS_SAY_NOTHING =
            EnumSet.of(Outputs.NUMBERS, Outputs.LOGITS, Outputs.LOGITS_WITHOUT_BASELINE, Outputs.BINARY_LOGITS);

    private static final int OVERFIT_STEPS = 300;
    private static final int INPUT_STEPS = 100;
    /** Of the largest output; sums over more steps are rounded otherwise. */
    private static final float PADDING_TOLERANCE = 1e-4f;

    private final Trainer<M> trainer;
    /** The trainer of a copy, which is looked at and not trained. */
    private final Trainer<M> looked;

    private final @Nullable Loss loss;
    private final Batches train;
    private final List<Check.Finding> findings = new ArrayList<>();
    /** Whether the first batch has padding, as the first examination finds out. */
    private boolean ragged;
    /** What the first examination saw of the outputs. */
    private @Nullable Verdict outputs;

    /** {@code loss} is null where a custom step shows no output. */
    Examiner(Trainer<M> trainer, Model<M> copy, @Nullable Loss loss, Batches train) {
        this.trainer = trainer;
        looked = trainer.model(copy);
        this.loss = loss;
        this.train = train;
    }

    Check examine() {
        examine("start loss", this::start);
        examine("one batch", this::oneBatch);
        examine("inputs", this::inputs);
        if (loss != null) {
            examine("examples", this::examples);
            examine("outputs", () -> {
                if (outputs == null) {
                    throw new IllegalStateException("the model gave none for the first batch");
                }
                return outputs;
            });
            if (ragged) {
                examine("padding", this::padding);
            }
        }
        return new Check(findings);
    }

    private void examine(String name, Supplier<Verdict> examination) {
        Verdict v;
        try {
            v = examination.get();
        } catch (RuntimeException e) {
            v = new Verdict(false, "could not be examined: " + e.getMessage());
        }
        findings.add(new Check.Finding(name, v.passed, v.sentence));
    }

    private record Verdict(boolean passed, String sentence) {}

    private static Verdict verdict(boolean passed, String format, Object... values) {
        return new Verdict(passed, String.format(Locale.ROOT, format, values));
    }

    // ---- the loss before the first step, against that of an answer of zeros where these say nothing

    private Verdict start() {
        float first;
        float chance = Float.NaN;
        String zeros = "an answer of zeros";
        try (Pass pass = Pass.grad(new Rng(0))) {
            Batch batch = train.epoch(0).batch(0);
            if (loss == null) {
                first = looked.loss(batch).item();
            } else {
                ragged = batch.ragged(batch.name(Role.INPUT));
                Tensor output = looked.output(batch);
                outputs = outputs(loss.outputs(), output.detach(), pass);
                first = looked.compared(output, batch).loss().item();
                if (ZEROS_SAY_NOTHING.contains(loss.outputs())) {
                    zeros = loss.outputs() == Outputs.NUMBERS ? zeros : "chance (logits of zeros)";
                    chance = looked.compared(Tensor.zeros(output.shape().toArray()), batch)
                            .loss()
                            .item();
                }
            }
        }
        if (!Float.isFinite(first)) {
            return verdict(false, "it is %s before the first step; look for numbers too large in the data", first);
        }
        if (!(chance > 0 && first >= 0)) { // of numbers below 0 none is twice another
            return verdict(true, "it is %.4g", first);
        }
        if (first > 2 * chance) {
            return verdict(
                    false,
                    "%.4g is far above %.4g, that of %s; scale the features, or begin with smaller weights",
                    first,
                    chance,
                    zeros);
        }
        if (first < chance / 2) {
            return verdict(
                    false,
                    "%.4g is far below %.4g, that of %s; the model was trained before, or knows the targets",
                    first,
                    chance,
                    zeros);
        }
        return verdict(true, "%.4g, where %s has %.4g", first, zeros, chance);
    }

    // ---- a model that can learn learns one batch by heart

    private Verdict oneBatch() {
        double first = Double.NaN;
        double last = Double.NaN;
        int steps = 0;
        try (Rehearsal<M> copy = new Rehearsal<>(trainer, train, 0, false)) {
            for (; ; steps++) { // in evaluation mode, because dropout would never let a batch be learned by heart
                last = copy.loss(0, () -> Pass.grad(new Rng(0)), batch -> batch);
                first = steps == 0 ? last : first;
                if (first >= 0 && last < first / 10 || !Double.isFinite(last) || steps == OVERFIT_STEPS) {
                    break;
                }
                copy.step();
            }
        }
        // a loss below 0 may be near its least value from the start, so there any fall counts that is no rounding
        return last < (first >= 0 ? first / 2 : first * 1.001)
                ? verdict(true, "its loss falls from %.4g to %.4g in %d steps", first, last, steps)
                : verdict(
                        false,
                        "its loss goes from %.4g to %.4g in %d steps, and what cannot learn one batch by heart learns"
                                + " nothing from more; try another learning rate, then look for a layer that passes no"
                                + " gradient, a net too small, or equal examples with other targets",
                        first,
                        last,
                        steps);
    }

    // ---- a model that sees its inputs does better than one that sees zeros

    private Verdict inputs() {
        Trained sighted = trained(false);
        double seen = sighted.last;
        double unseen = trained(true).last;
        if (!Double.isFinite(seen + unseen)) {
            boolean sees = !Double.isFinite(seen);
            return verdict(
                    false,
                    "its loss becomes %s within %d steps%s; lower the learning rate, or clip the gradients",
                    sees ? seen : unseen,
                    INPUT_STEPS,
                    sees ? "" : " where all inputs are zero");
        }
        boolean better = Math.min(seen, unseen) >= 0
                ? seen < 0.95 * unseen
                : unseen - seen
                        > 0.05 * Math.abs(sighted.first - unseen); // a quotient of numbers below 0 means nothing
        return better
                ? verdict(
                        true,
                        "after %d steps the loss is %.4g, and %.4g where all inputs are zero",
                        INPUT_STEPS,
                        seen,
                        unseen)
                : verdict(
                        false,
                        "after %d steps the loss is %.4g, and hardly worse, %.4g, where all inputs are zero; see"
                                + " whether features and targets belong together and reach the model, or train "
                                + "for longer",
                        INPUT_STEPS,
                        seen,
                        unseen);
    }

    /**
     * What a training came to.
     *
     * @param first the loss before the first step
     * @param last the mean loss of the last quarter of the steps
     */
    private record Trained(double first, double last) {}

    private Trained trained(boolean blind) {
        double first = Double.NaN;
        double sum = 0;
        try (Rehearsal<M> copy = new Rehearsal<>(trainer, train, 0, false)) {
            for (int i = 0; i < INPUT_STEPS; i++) {
                int step = i;
                double value = copy.loss(
                        step,
                        () -> Pass.train(new Rng(trainer.seed).split(step)),
                        batch -> blind ? blinded(batch) : batch);
                first = i == 0 ? value : first;
                if (!Double.isFinite(value)) {
                    return new Trained(first, value);
                }
                sum += i >= INPUT_STEPS * 3 / 4 ? value : 0;
                copy.step();
            }
        }
        return new Trained(first, sum / (INPUT_STEPS / 4));
    }

    private static Batch blinded(Batch batch) {
        int[] dims = batch.x().shape().toArray();
        return batch.withX(
                batch.x().dtype() == DType.F32
                        ? Tensor.zeros(dims)
                        : Tensor.ofInts(new int[(int) batch.x().shape().size()], dims));
    }

    // ---- outputs are what the loss takes them for

    private static Verdict outputs(Outputs takes, Tensor output, Pass pass) {
        String fault = fault(takes, output, pass);
        return fault == null
                ? verdict(true, "the outputs %s may be what the loss takes them for", output.shape())
                : new Verdict(false, fault);
    }

    /** What outputs cannot be and are taken for, and what to do, or null if there is nothing to say. */
    private static @Nullable String fault(Outputs takes, Tensor output, Pass pass) {
        if (output.shape().rank() == 0 || output.size() == 0) {
            return null;
        }
        boolean ofClasses = takes == Outputs.LOGITS || takes == Outputs.LOG_PROBABILITIES;
        if (ofClasses && output.dim(-1) == 1) {
            return "the outputs " + output.shape()
                    + " have one class, whose probability is always 1, so there is nothing to learn;"
                    + " give the net an output for each class, or take Loss.bceWithLogits() for one logit";
        }
        if (takes == Outputs.LOGITS && output.min().item() >= 0 && farFrom1(output) <= 1e-4f) {
            return "the outputs are probabilities already, and this loss takes their softmax once more, which hardly"
                    + " learns; leave the softmax out of the net, and take it of what the trained net gives";
        }
        if (takes == Outputs.LOG_PROBABILITIES && !(farFrom1(output.exp()) <= 1e-2f)) {
            return "the outputs are no log-probabilities, because their exponentials do not sum to 1;"
                    + " end the net with logSoftmax(-1), or take Loss.crossEntropy() of logits";
        }
        if (takes == Outputs.BINARY_LOGITS && endsWithSigmoid(pass)) {
            return "the net ends with a sigmoid, and this loss takes the sigmoid once more, which hardly learns;"
                    + " leave it out of the net, or take a loss of probabilities, such as Loss.bce()";
        }
        return null;
    }

    private static float farFrom1(Tensor rows) {
        return rows.sum(-1).sub(1).abs().max().item();
    }

    private static boolean endsWithSigmoid(Pass pass) {
        List<Tape.Entry> ops = pass.tape().entries();
        Op last = ops.isEmpty() ? null : ops.get(ops.size() - 1).op();
        return Activation.SIGMOID.equals(last instanceof Epilogue fused ? fused.activation() : last);
    }

    // ---- what is said of an example does not depend on its padding

    /** The shortest example of a batch alone, and as long as the longest is. */
    private Verdict padding() {
        try (Pass pass = Pass.infer(new Rng(0))) {
            Batch batch = train.epoch(0).batch(0);
            Layer net = (Layer) looked.model.net();
            net.apply(batch); // refuses a net that mixes steps and takes no lengths
            int[] lengths = batch.lengths(batch.name(Role.INPUT)).toIntArray();
            int row = 0;
            for (int i = 1; i < lengths.length; i++) {
                row = lengths[i] > 0 && lengths[i] < lengths[row] || lengths[row] == 0 ? i : row;
            }
            int steps = lengths[row];
            int more = batch.x().dim(1) - steps;
            if (more == 0) {
                return verdict(true, "all examples of a batch have %d steps, so that none is padded", steps);
            }
            int from = batch.paddedInFront(batch.name(Role.INPUT)) ? more : 0;
            Tensor length = Tensor.ofInts(new int[] {steps}, 1);
            Tensor padded = batch.x().slice(0, row, row + 1);
            Tensor alone = SequenceLayer.apply(net, padded.slice(1, from, from + steps), length);
            Tensor found = SequenceLayer.apply(net, padded, length);
            boolean perStep = alone.shape().rank() > 1 && alone.dim(1) == steps && found.dim(1) == steps + more;
            Tensor same = perStep ? found.slice(1, from, from + steps) : found;
            if (!alone.shape().equals(same.shape())) {
                return verdict(
                        false,
                        "the model gives %s for an example of %d steps, and %s with %d steps of padding; give as much"
                                + " for each length",
                        alone.shape(),
                        steps,
                        found.shape(),
                        more);
            }
            float[] a = alone.toArray();
            float[] b = same.toArray();
            int worst = 0;
            float most = 0;
            float off = 0;
            for (int i = 0; i < a.length; i++) {
                most = Float.isFinite(a[i]) ? Math.max(most, Math.abs(a[i])) : most;
                float difference =
                        a[i] == b[i] ? 0 : Math.abs(a[i] - b[i]); // infinities of forbidden classes are equal
                if (Float.compare(difference, off) > 0) { // NaN is the largest
                    worst = i;
                    off = difference;
                }
            }
            if (off <= PADDING_TOLERANCE * most) {
                return verdict(
                        true, "an example of %d steps gives the same alone and with %d steps of padding", steps, more);
            }
            int[] place = alone.shape().index(worst); // of the only example
            return verdict(
                    false,
                    "output %s of example %d is %.4g for its %d steps alone and %.4g with %d steps of padding; let each"
                            + " layer that mixes steps read the lengths, as a SequenceLayer is told them",
                    Arrays.toString(Arrays.copyOfRange(place, 1, place.length)),
                    batch.example(row),
                    a[worst],
                    steps,
                    b[worst],
                    more);
        }
    }

    // ---- what is said of one example depends on that example

    private Verdict examples() {
        int n = Math.min(train.size(), train.examples());
        for (int row : new int[] {0, n - 1}) {
            try (Pass pass = Pass.grad(new Rng(0))) {
                Batch batch = train.epoch(0).batch(0);
                if (batch.x().dtype() != DType.F32) {
                    return tokens(batch);
                }
                Tensor x = pass.watch(batch.x());
                Tensor y = looked.output(batch.withX(x));
                if (y.shape().rank() == 0 || y.dim(0) != n) {
                    return verdict(
                            false,
                            "the model gives %s for %d examples; its first dimension must be theirs",
                            y.shape(),
                            n);
                }
                pass.backward(y.slice(0, row, row + 1).sum(), x);
                Tensor gradient = pass.gradient(x);
                if (gradient == null) {
                    return verdict(false, "the outputs do not depend on the inputs");
                }
                float[] g = gradient.toArray();
                int width = g.length / n;
                for (int i = 0; i < g.length; i++) {
                    if (g[i] != 0 && i / width != row) {
                        return verdict(
                                false,
                                "the output of example %d depends on example %d; look for a reshape or a reduction"
                                        + " that mixes the batch",
                                row,
                                i / width);
                    }
                }
            }
        }
        return alone();
    }

    private static Verdict alone() {
        return verdict(true, "the output of each depends on that example alone");
    }

    /**
     * Integers have no gradient: the output of the first example must be the same bits where all examples are the
     * first.
     */
    private Verdict tokens(Batch batch) {
        Tensor x = batch.x();
        Tensor y = looked.output(batch);
        if (y.shape().rank() == 0 || y.dim(0) != x.dim(0)) {
            return verdict(
                    false,
                    "the model gives %s for %d examples; its first dimension must be theirs",
                    y.shape(),
                    x.dim(0));
        }
        Tensor same = looked.output(batch.withX(x.take(0, Tensor.ofInts(new int[x.dim(0)], x.dim(0)))));
        return Arrays.equals(y.slice(0, 0, 1).toArray(), same.slice(0, 0, 1).toArray())
                ? alone()
                : verdict(
                        false,
                        "the output of example 0 depends on others; look for a reshape or a reduction that mixes the"
                                + " batch");
    }
}
