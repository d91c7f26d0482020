package dev.fathom.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Sam;
import dev.fathom.optim.Sgd;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Processes that take steps of their own between averages. */
@Timeout(120)
class LocalStepsTest {
    @TempDir
    Path files;

    // ---- by hand

    record Weight(Parameter w) implements Net {}

    /**
     * Of (w x - y)^2 with rate 0.1 and x = 1, y = 1 in one process, a step takes a fifth of the way from 2 to 1; with x
     * = 2, y = 0 in the other, four fifths of that to 0. Two steps lead to 1.64 and 0.08.
     */
    @Test
    void theWeightsAreTheMeansOfWhatStepsOfTheirOwnLeaveThem() throws IOException {
        for (float w : ExchangeTest.processes(2, with -> {
            Weight net = new Weight(new Parameter(Shape.of(1), (shape, rng) -> new float[] {2}));
            try (var model = Model.of(net, 1);
                    Dataset data =
                            Dataset.of(new float[] {1, 2, 1, 2}, Shape.of(1), new float[] {1, 0, 1, 0}, Shape.of(1))) {
                Trainer.custom(model, new Sgd(0.1f), LocalStepsTest::square)
                        .exchange(with)
                        .shards(2)
                        .localSteps(2)
                        .fit(data.batches(2), 1);
                return net.w().value().item();
            }
        })) {
            assertThat(w).isCloseTo(0.86f, within(1e-6f));
        }
    }

    private static Step.Result square(Weight net, Batch batch) {
        Tensor miss = batch.x().mul(net.w().value()).sub(batch.y());
        return new Step.Result(miss.mul(miss).mean());
    }

    // ---- bits

    /**
     * Adam, batch norms, dropout, and a validation after each epoch, whose three steps make a whole average and a rest.
     */
    private static ShardsTest.Left pictures(UnaryOperator<Trainer<Sequential>> settings, int epochs) {
        try (var model = Model.of(ShardsTest.convnet(), 1);
                Dataset data = ShardsTest.pictures()) {
            return ShardsTest.left(
                    model,
                    settings.apply(ShardsTest.pictureTrainer(model))
                            .fit(data.shuffled(3).batches(24).scaleLast(), data, epochs));
        }
    }

    @Test
    void asManyProcessesEndInTheSameBits() throws IOException {
        ShardsTest.Left exact = pictures(t -> t.shards(16), 2);
        for (int n : new int[] {2, 4}) {
            List<ShardsTest.Left> first = ExchangeTest.processes(
                    n, with -> pictures(t -> t.exchange(with).localSteps(2), 2));
            ExchangeTest.processes(n, with -> pictures(t -> t.exchange(with).localSteps(2), 2))
                    .forEach(left -> left.mustBe(first.get(0)));
            first.forEach(left -> left.mustBe(first.get(0)));
            assertThat(first.get(0).values().toArray())
                    .isNotEqualTo(exact.values().toArray());
        }
        ExchangeTest.processes(1, with -> pictures(t -> t.exchange(with).localSteps(2), 2))
                .forEach(left -> left.mustBe(exact)); // who is alone has nothing to average
    }

    /** A checkpoint after every step becomes one after every average, and so does the end of a run that is stopped. */
    @Test
    void aRunThatResumesEndsInTheBitsOfOneThatDoesNot() throws IOException {
        List<ShardsTest.Left> whole =
                ExchangeTest.processes(2, with -> pictures(t -> t.exchange(with).localSteps(2), 3));
        Path folder = files.resolve("run");
        ExchangeTest.processes(2, with -> pictures(t -> stopped(t, with, folder), 3));
        assertThat(folder.toFile().list((in, name) -> name.startsWith("step-")))
                .containsExactlyInAnyOrder(
                        "step-000000002.safetensors", "step-000000003.safetensors", "step-000000005.safetensors");
        ExchangeTest.processes(
                        2, with -> pictures(t -> t.exchange(with).localSteps(2).resume(folder), 3))
                .forEach(left -> left.mustBe(whole.get(0)));
        assertThatThrownBy(() -> ExchangeTest.processes(
                        2, with -> pictures(t -> t.exchange(with).localSteps(3).resume(folder), 3)))
                .hasMessageContaining("differs in the number of steps between averages of processes: 3 here but 2");
        assertThatThrownBy(() -> ExchangeTest.processes(
                        2, with -> pictures(t -> t.exchange(with).resume(folder), 3)))
                .hasMessageContaining("differs in the number of steps between averages of processes: 0 here but 2");
    }

    private static Trainer<Sequential> stopped(Trainer<Sequential> trainer, Exchange with, Path folder) {
        Trainer<Sequential> stopped = trainer.exchange(with).localSteps(2).callbacks(new Callback() {
            @Override
            public void onStepEnd(Run run) {
                if (run.progress().updates() == 4) {
                    run.stopNow("lost");
                }
            }
        });
        return with.process() > 0
                ? stopped
                : stopped.checkpoints(Checkpoints.in(folder).everySteps(1).last(9));
    }

    // ---- what it is worth

    /** How well a net tells 400 points of two half moons that reach into each other, after 600 of them. */
    private static double moons(Sequential net, UnaryOperator<Trainer<Sequential>> settings) {
        try (var model = Model.of(net, 1);
                Dataset train = moons(1, 600);
                Dataset others = moons(2, 400)) {
            Trainer<Sequential> trainer =
                    Trainer.of(model, Loss.crossEntropy(), new Adam(0.02f)).metrics(Metric.accuracy());
            return settings.apply(trainer)
                    .fit(train.shuffled(1).batches(32), others, 20)
                    .epochs()
                    .get(19)
                    .value("val_accuracy");
        }
    }

    private static Sequential curved() {
        return new Sequential(new Linear(2, 16), Tensor::tanh, new Linear(16, 2));
    }

    private static Dataset moons(int seed, int n) {
        float[] angles = new Rng(seed).split(0).uniform(n, 0, (float) Math.PI);
        float[] x = new Rng(seed).split(1).normal(2 * n, 0, 0.2f);
        int[] y = new int[n];
        for (int i = 0; i < n; i++) {
            y[i] = i % 2;
            x[2 * i] += (float) (y[i] + (1 - 2 * y[i]) * Math.cos(angles[i]));
            x[2 * i + 1] += (float) (0.5 * y[i] + (1 - 2 * y[i]) * Math.sin(angles[i]));
        }
        return Dataset.of(x, Shape.of(2), y);
    }

    /** What a line tells apart is nothing to be proud of. */
    @Test
    void itKeepsMostOfWhatTheExactFormLearns() throws IOException {
        double line = moons(new Sequential(new Linear(2, 2)), t -> t.shards(2));
        double exact = moons(curved(), t -> t.shards(2));
        for (int k : new int[] {4, 16}) {
            double local = ExchangeTest.processes(
                            2,
                            with -> moons(
                                    curved(), t -> t.exchange(with).shards(2).localSteps(k)))
                    .get(0);
            assertThat(local).as("every %s steps", k).isGreaterThan((line + exact) / 2);
        }
    }

    // ---- refusals

    @Test
    void whatHasNoMeanIsRefused() {
        Exchange two = new ExchangeTest.Star(0, 2, List.of()); // which is refused before it exchanges anything
        assertThatIllegalArgumentException()
                .isThrownBy(() -> pictures(t -> t.localSteps(2), 1))
                .withMessage("fit: localSteps(2) is for several processes; say exchange(..), too");
        try (var model = Model.of(ShardsTest.convnet(), 1);
                Dataset data = ShardsTest.pictures()) {
            Trainer<Sequential> sam = Trainer.of(model, Loss.crossEntropy(), new Sam(new Sgd(0.1f)));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> sam.exchange(two).localSteps(2).fit(data.batches(24), 1))
                    .withMessage("fit: an optimizer that evaluates the loss again is one for all processes, which take"
                            + " steps of their own; train it without localSteps(..)");
            Trainer<Sequential> one = Trainer.of(model, Loss.crossEntropy(), new Sgd(0.1f));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> one.exchange(two).localSteps(2).fit(data.batches(59), 1))
                    .withMessage("fit: the last batch has 1 examples for 2 processes, which take steps of their own;"
                            + " give batches of another size");
            assertThatIllegalArgumentException().isThrownBy(() -> one.localSteps(0));
            assertThat(one.localSteps(3)).asString().contains("steps between averages: 3");
        }
    }

    record Pair(Parameter a, Parameter b) implements Net {}

    /** The moments of a parameter that some processes leave alone would depend on the process that writes them down. */
    @Test
    void processesThatChangeOtherParametersAreRefused() {
        assertThatThrownBy(() -> ExchangeTest.processes(2, with -> {
                    Pair net = new Pair(
                            new Parameter(Shape.of(1), (shape, rng) -> new float[] {2}),
                            new Parameter(Shape.of(1), (shape, rng) -> new float[] {2}));
                    try (var model = Model.of(net, 1);
                            Dataset data = Dataset.of(new float[4], Shape.of(1), new float[4], Shape.of(1))) {
                        return Trainer.custom(
                                        model,
                                        new Sgd(0.1f),
                                        (n, batch) -> new Step.Result((with.process() == 0 ? n.a() : n.b())
                                                .value()
                                                .mean()))
                                .exchange(with)
                                .localSteps(1)
                                .fit(data.batches(2), 1);
                    }
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("reached parameters that those of others have not");
    }
}
