package dev.fathom.user;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Dataset;
import dev.fathom.io.Safetensors;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.Group;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Schedule;
import dev.fathom.optim.Sgd;
import dev.fathom.optim.Update;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Callback;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Optimizers and schedules that a user writes, with what the library exports and nothing else. */
class UserOptimizerTest {
    @TempDir
    Path folder;

    /** Adam by its formula. */
    private record OwnAdam(float learningRate, float weightDecay) implements Optimizer {
        @Override
        public int moments() {
            return 2;
        }

        @Override
        public void step(Update update) {
            update.each(p -> {
                Tensor g = p.gradient().add(p.value().mul(p.weightDecay()));
                Tensor m = p.moment(0).mul(0.9f).add(g.mul(0.1f));
                Tensor v = p.moment(1).mul(0.999f).add(g.square().mul(0.001f));
                p.moment(0, m);
                p.moment(1, v);
                Tensor root = v.mul((float) (1 / (1 - Math.pow(0.999, p.step()))))
                        .sqrt()
                        .add(1e-8f);
                float rate = (float) (p.learningRate() / (1 - Math.pow(0.9, p.step())));
                p.value(p.value().sub(m.mul(rate).div(root)));
            });
        }
    }

    /**
     * Sharpness-aware minimization (Foret et al. 2021): the gradient of the worst place within {@code radius} moves the
     * weights.
     */
    private record Sam(float learningRate, float radius) implements Optimizer {
        @Override
        public int moments() {
            return 1;
        }

        @Override
        public boolean evaluatesAgain() {
            return true;
        }

        @Override
        public void step(Update update) {
            double[] squares = {0};
            update.each(p -> squares[0] += p.gradient().square().sum().item());
            float reach = (float) (radius / Math.sqrt(squares[0]));
            update.each(p -> {
                p.moment(0, p.value());
                p.value(p.value().add(p.gradient().mul(reach)));
            });
            update.again();
            update.each(p -> p.value(p.moment(0).sub(p.gradient().mul(p.learningRate()))));
        }
    }

    /**
     * Gradient descent that halves its rate until the loss falls enough (Armijo 1966), so that a step may look at the
     * loss any number of times.
     */
    private record LineSearch(float learningRate) implements Optimizer {
        @Override
        public int moments() {
            return 2;
        }

        @Override
        public boolean evaluatesAgain() {
            return true;
        }

        @Override
        public void step(Update update) {
            double before = update.again();
            double[] slope = {0};
            update.each(p -> {
                slope[0] += p.gradient().square().sum().item();
                p.moment(0, p.value());
                p.moment(1, p.gradient());
            });
            float[] rate = {2 * learningRate};
            do {
                rate[0] /= 2;
                update.each(p -> p.value(p.moment(0).sub(p.moment(1).mul(rate[0]))));
            } while (update.again() > before - 1e-4 * rate[0] * slope[0]);
        }
    }

    private static Sequential net() {
        return new Sequential(new Linear(3, 8), Tensor::tanh, new Linear(8, 1));
    }

    private static Dataset data() {
        return Dataset.of(new Rng(1).normal(24, 0, 1), Shape.of(3), new Rng(2).normal(8, 0, 1), Shape.of(1));
    }

    private static List<float[]> values(Model<?> model) {
        return model.parameters().stream().map(p -> p.value().toArray()).toList();
    }

    private static void same(Model<?> a, Model<?> b, float tolerance) {
        List<float[]> x = values(a);
        List<float[]> y = values(b);
        for (int i = 0; i < x.size(); i++) {
            assertThat(x.get(i)).as("parameter " + i).containsExactly(y.get(i), within(tolerance));
        }
    }

    @Test
    void anAdamOfOnesOwnIsAdam() {
        Group[] groups = {Group.of("*.bias").weightDecay(0).rateFactor(0.5f)};
        try (var own = Model.of(net(), 1);
                var library = Model.of(net(), 1);
                Dataset data = data()) {
            Trainer.of(own, Loss.mse(), new OwnAdam(0.01f, 0.1f))
                    .groups(groups)
                    .clipNorm(0.5f)
                    .clipValue(0.3f)
                    .fit(data.batches(4), 10);
            Trainer.of(library, Loss.mse(), new Adam(0.01f, 0.9f, 0.999f, 1e-8f, 0.1f))
                    .groups(groups)
                    .clipNorm(0.5f)
                    .clipValue(0.3f)
                    .fit(data.batches(4), 10);
            same(own, library, 2e-6f);
        }
    }

    /** A parameter that joins late has a count of its own. */
    @Test
    void aParameterThatThawsBeginsAtItsFirstStep() {
        try (var own = Model.of(net(), 1);
                var library = Model.of(net(), 1);
                var one = new OwnAdam(0.01f, 0).on(own);
                var other = new Adam(0.01f).on(library);
                Dataset data = data()) {
            for (int step = 0; step < 4; step++) {
                for (Model<Sequential> m : List.of(own, library)) {
                    if (step == 0) {
                        m.freeze("0.*");
                    } else if (step == 2) {
                        m.unfreeze("0.*");
                    }
                    try (Pass pass = Pass.train(new Rng(0))) {
                        var batch = data.batches(8).epoch(0).next();
                        pass.backward(Loss.mse().of(m.net().apply(batch.x()), batch.y()), m);
                    }
                }
                one.step();
                other.step();
            }
            same(own, library, 2e-6f);
        }
    }

    @Test
    void itsMomentsAreSaved() {
        Path file = folder.resolve("own.safetensors");
        try (var whole = Model.of(net(), 1);
                var parts = Model.of(net(), 1);
                Dataset data = data();
                var one = new OwnAdam(0.01f, 0).on(whole);
                var first = new OwnAdam(0.01f, 0).on(parts);
                var second = new OwnAdam(0.01f, 0).on(parts)) {
            for (int step = 0; step < 6; step++) {
                for (Model<Sequential> m : List.of(whole, parts)) {
                    try (Pass pass = Pass.train(new Rng(0))) {
                        var batch = data.batches(8).epoch(0).next();
                        pass.backward(Loss.mse().of(m.net().apply(batch.x()), batch.y()), m);
                    }
                }
                one.step();
                (step < 3 ? first : second).step();
                if (step == 2) {
                    Safetensors.Writer writer = new Safetensors.Writer();
                    first.save(writer, "own");
                    writer.write(file);
                    try (Safetensors saved = Safetensors.read(file)) {
                        second.load(saved, "own");
                    }
                }
            }
            same(parts, whole, 0);
        }
    }

    private record Line(Parameter w) implements Net {
        Line() {
            this(new Parameter(Shape.of(1), Init.constant(2)));
        }
    }

    /** Loss w^2 / 2 at w = 2 with radius 1/2: the gradient of 2.5 is 2.5, so w becomes 2 - 0.1 * 2.5. */
    @Test
    void anOptimizerMayAskForTheGradientAgain() {
        try (var model = Model.of(new Line(), 1);
                var sam = new Sam(0.1f, 0.5f).on(model)) {
            List<Double> losses = new ArrayList<>();
            for (int step = 0; step < 2; step++) {
                backward(model, losses);
                sam.step(() -> backward(model, losses));
            }
            // 1.75 + 0.5 = 2.25; 1.75 - 0.1 * 2.25 = 1.525
            assertThat(model.net().w().value().item()).isCloseTo(1.525f, within(1e-6f));
            assertThat(losses.get(1)).isCloseTo(3.125, within(1e-6));
            assertThat(model.net().w().gradient()).as("used up").isNull();
            assertThat(sam.steps()).isEqualTo(2);
        }
    }

    @Test
    void aStepMayLookAsOftenAsItLikes() {
        try (var model = Model.of(new Line(), 1);
                var search = new LineSearch(8).on(model)) {
            List<Double> losses = new ArrayList<>();
            backward(model, losses);
            search.step(() -> backward(model, losses));
            // from w = 2 by rates of 8, 4, 2 and 1 to -14, -6, -2 and 0
            assertThat(losses).containsExactly(2.0, 2.0, 98.0, 18.0, 2.0, 0.0);
            assertThat(model.net().w().value().item()).isZero();
        }
    }

    private static double backward(Model<Line> model, List<Double> losses) {
        try (Pass pass = Pass.train(new Rng(0))) {
            Tensor loss = model.net().w().value().square().mul(0.5f).sum();
            pass.backward(loss, model);
            losses.add((double) loss.item());
            return loss.item();
        }
    }

    /** Both looks at the loss see the same examples and the same dropout, also where a step takes several batches. */
    @Test
    void theTrainerEvaluatesTheSameLossAgain() {
        try (var model = Model.of(new Sequential(new Linear(3, 8), new Dropout(0.5f), new Linear(8, 1)), 1);
                var descent = model.copy();
                Dataset data = data()) {
            List<Float> losses = new ArrayList<>();
            Trainer.custom(model, new Sam(0.1f, 0), (net, batch) -> {
                        Tensor loss = Loss.mse().of(net.apply(batch.x()), batch.y());
                        losses.add(loss.item());
                        return new Step.Result(loss);
                    })
                    .accumulate(2)
                    .fit(data.shuffled(1).batches(3), 3);
            Trainer.of(descent, Loss.mse(), new Sgd(0.1f))
                    .accumulate(2)
                    .fit(data.shuffled(1).batches(3), 3);
            same(model, descent, 1e-6f);
            assertThat(losses).hasSize(18);
            assertThat(losses.subList(2, 4)).isEqualTo(losses.subList(0, 2));
            assertThat(losses.get(5)).as("the third batch is a step by itself").isEqualTo(losses.get(4));
        }
    }

    @Test
    void aStepThatCarriesAStateIsNotEvaluatedAgain() {
        try (var model = Model.of(net(), 1);
                Dataset data = data()) {
            assertThatThrownBy(() -> Trainer.custom(
                                    model,
                                    new Sam(0.1f, 0),
                                    (net, batch, state) ->
                                            new Step.Result(batch.x().sum()).withState(state))
                            .fit(data.batches(3), 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("fit: Sam evaluates the loss again, and a step that carries a state would read a batch"
                            + " twice; choose an optimizer that does not, or a step without a state");
        }
    }

    @Test
    void aStepThatFailsHalfwayChangesNothing() {
        try (var model = Model.of(new Line(), 1);
                var sam = new Sam(0.1f, 0.5f).on(model)) {
            backward(model, new ArrayList<>());
            assertThatThrownBy(() -> sam.step(() -> {
                        throw new IllegalStateException("no second look");
                    }))
                    .hasMessage("no second look");
            assertThat(model.net().w().value().item()).isEqualTo(2);
            assertThat(sam.steps()).isZero();
            backward(model, new ArrayList<>());
            assertThatThrownBy(sam::step)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("step: Sam[learningRate=0.1, radius=0.5] evaluates the loss again; say so by "
                            + "evaluatesAgain(), and call step(again) with a function that does it");
            assertThat(model.net().w().value().item()).isEqualTo(2);
            backward(model, new ArrayList<>());
            assertThatThrownBy(() -> sam.step(() -> 0))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(
                            "step: w had a gradient at first but none when the loss was evaluated again; compute the "
                                    + "same loss of the same examples");
            assertThat(model.net().w().value().item()).isEqualTo(2);
        }
    }

    private record Wrong(float learningRate, int what) implements Optimizer {
        @Override
        public void step(Update update) {
            update.each(p -> {
                switch (what) {
                    case 0 -> p.value(Tensor.zeros(2));
                    case 1 -> p.moment(0);
                    default -> update.again();
                }
            });
        }
    }

    @Test
    void mistakesAreSentences() {
        String[] sentences = {
            "step: the new value of w is F32 [2] but the parameter is F32 [1]; give one of its shape",
            "step: moment 0 is outside [0, 0); raise moments() of the recipe",
            "step: Wrong[learningRate=1.0, what=2] evaluates the loss again; say so by evaluatesAgain(), and call "
                    + "step(again) with a function that does it"
        };
        for (int what = 0; what < sentences.length; what++) {
            try (var model = Model.of(new Line(), 1);
                    BoundOptimizer wrong = new Wrong(1, what).on(model)) {
                backward(model, new ArrayList<>());
                assertThatThrownBy(wrong::step).hasMessage(sentences[what]);
                assertThat(model.net().w().value().item()).isEqualTo(2);
            }
        }
        try (var model = Model.of(new Line(), 1)) {
            assertThatThrownBy(() -> new Wrong(-1, 0).on(model))
                    .hasMessage("optimizer: learningRate=-1.0 must be above 0 and finite, e.g. 1e-3");
        }
    }

    /**
     * The schedule of "Attention is all you need" with 4 steps of warm-up; a step takes two batches, an epoch of 4
     * batches two steps.
     */
    @Test
    void aScheduleMayCountSteps() {
        Schedule noam = (epochs, steps) -> Math.min(1 / Math.sqrt(steps + 1), (steps + 1) * Math.pow(4, -1.5));
        List<Double> rates = new ArrayList<>();
        try (var model = Model.of(net(), 1);
                Dataset data = data()) {
            Trainer.of(model, Loss.mse(), new Sgd(1))
                    .schedule(noam)
                    .accumulate(2)
                    .callbacks(new Callback() {
                        @Override
                        public void onStepEnd(Run run) {
                            if (run.progress().step() % 2 == 0) {
                                rates.add(run.progress().learningRate());
                            }
                        }
                    })
                    .fit(data.batches(2), 3);
        }
        assertThat(rates).hasSize(6);
        double[] expected = {0.125, 0.25, 0.375, 0.5, 1 / Math.sqrt(5), 1 / Math.sqrt(6)};
        for (int i = 0; i < expected.length; i++) {
            assertThat(rates.get(i)).isCloseTo(expected[i], within(1e-6));
        }
        // after a warm-up of one epoch, steps count from its end
        assertThat(noam.warmUp(1).factor(2, 4)).isEqualTo(noam.factor(1, 2));
        assertThat(noam.warmUp(1).factor(0.5, 1)).isEqualTo(0.5 * noam.factor(0, 0));
    }
}
