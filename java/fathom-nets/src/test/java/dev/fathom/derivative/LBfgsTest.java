package dev.fathom.derivative;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.io.Safetensors;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.LossAndGradient;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Golden;
import java.nio.file.Path;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** L-BFGS against PyTorch's iterates, and Newton's method, on functions of few variables and on a small net. */
class LBfgsTest {
    private static final Golden FILE = new Golden("trajectories");

    @TempDir
    Path folder;

    record Point(Parameter x) implements Net {
        static Point of(float... at) {
            return new Point(new Parameter(Shape.of(at.length), (shape, rng) -> at.clone()));
        }
    }

    static LossAndGradient loss(Model<Point> model, Function<Tensor, Tensor> function) {
        return () -> {
            try (Pass pass = Pass.train(new Rng(0))) {
                Tensor loss = function.apply(model.net().x().value());
                pass.backward(loss, model);
                return loss.item();
            }
        };
    }

    static Tensor rosenbrock(Tensor x) {
        int n = x.dim(0);
        Tensor a = x.slice(0, 0, n - 1);
        Tensor b = x.slice(0, 1, n);
        return b.sub(a.square()).square().mul(100).add(a.rsub(1).square()).sum();
    }

    private static Tensor squares(Tensor x) {
        Tensor a = Tensor.of(FILE.values("squares/a"), 12, 6);
        Tensor b = Tensor.of(FILE.values("squares/b"), 12);
        return a.matmul(x.unsqueeze(1)).squeeze(1).sub(b).square().sum();
    }

    private static void golden(String name, LBfgs recipe, Function<Tensor, Tensor> function) {
        try (var model = Model.of(Point.of(FILE.values(name + "/start")), 1);
                BoundOptimizer optimizer = recipe.on(model)) {
            LossAndGradient loss = loss(model, function);
            for (int step = 0; step < 8; step++) {
                double before = loss.compute();
                assertThat(before)
                        .as(name + " loss " + step)
                        .isCloseTo(FILE.row(name + "/loss", step)[0], within(1e-4 * before + 1e-6));
                optimizer.step(loss);
                Golden.assertClose(
                        name + " after step " + (step + 1),
                        model.net().x().value().toArray(),
                        FILE.row(name + "/x", step),
                        1e-4,
                        1e-5);
            }
        }
    }

    @Test
    void itsIteratesArePyTorchs() {
        LBfgs recipe = new LBfgs();
        golden("rosenbrock", recipe.iterations(3).history(100), LBfgsTest::rosenbrock);
        golden("rosenbrock short", recipe.iterations(2).history(2), LBfgsTest::rosenbrock);
        golden("squares", recipe.iterations(1).learningRate(0.5f), LBfgsTest::squares);
    }

    @Test
    void itReachesTheMinimum() {
        try (var model = Model.of(Point.of(-1.2f, 1), 1);
                BoundOptimizer optimizer = new LBfgs().on(model)) {
            LossAndGradient loss = loss(model, LBfgsTest::rosenbrock);
            for (int step = 0; step < 5; step++) {
                loss.compute();
                optimizer.step(loss);
            }
            assertThat(model.net().x().value().toArray()).containsExactly(new float[] {1, 1}, within(1e-3f));
        }
    }

    /** The pairs of several parameters, read back, give the bits of a run that went on. */
    @Test
    void itsPairsAreSaved() {
        Path file = folder.resolve("pairs");
        LBfgs recipe = new LBfgs().iterations(4).history(3);
        try (var model = Model.of(net(), 1);
                var other = Model.of(net(), 2);
                BoundOptimizer mine = recipe.on(model);
                BoundOptimizer theirs = recipe.on(other)) {
            double first = mse(model).compute();
            mine.step(mse(model));
            Safetensors.Writer writer = new Safetensors.Writer();
            mine.save(writer, "it");
            writer.write(file);
            other.copyFrom(model);
            try (Safetensors saved = Safetensors.read(file)) {
                theirs.load(saved, "it");
            }
            double last = 0;
            for (int step = 0; step < 3; step++) {
                mse(model).compute();
                mine.step(mse(model));
                last = mse(other).compute();
                theirs.step(mse(other));
            }
            for (int i = 0; i < 4; i++) {
                assertThat(other.parameters().get(i).value().toArray())
                        .isEqualTo(model.parameters().get(i).value().toArray());
            }
            assertThat(last).isLessThan(first / 5);
        }
    }

    private static Sequential net() {
        return new Sequential(new Linear(3, 8), Tensor::tanh, new Linear(8, 1));
    }

    private static LossAndGradient mse(Model<Sequential> model) {
        return () -> {
            try (Pass pass = Pass.train(new Rng(0))) {
                Tensor x = Tensor.of(new Rng(5).normal(60, 0, 1), 20, 3);
                Tensor loss = Loss.mse().of(model.net().apply(x), x.sum(1).sin().unsqueeze(1));
                pass.backward(loss, model);
                return loss.item();
            }
        };
    }

    // ---- Newton's method

    /** One step from anywhere to the minimum of a quadratic function, (1, -2). */
    @Test
    void newtonSolvesAQuadraticFunctionInOneStep() {
        try (var model = Model.of(Point.of(7, 5), 1);
                BoundOptimizer newton = new Newton().on(model)) {
            LossAndGradient loss = loss(model, x -> {
                Tensor d = x.sub(Tensor.of(new float[] {1, -2}, 2));
                return d.square()
                        .mul(Tensor.of(new float[] {3, 0.5f}, 2))
                        .sum()
                        .add(d.slice(0, 0, 1).mul(d.slice(0, 1, 2)).sum());
            });
            loss.compute();
            newton.step(loss);
            assertThat(model.net().x().value().toArray()).containsExactly(new float[] {1, -2}, within(2e-4f));
        }
    }

    /**
     * Newton's method on Rosenbrock's function from (-1.2, 1) by hand: (-1.1752809, 1.3806742), (0.7631148,
     * -3.1750338), (0.7634296, 0.5828248).
     */
    @Test
    void newtonOnRosenbrocksFunction() {
        float[][] expected = {{-1.1752809f, 1.3806742f}, {0.7631148f, -3.1750338f}, {0.7634296f, 0.5828248f}};
        try (var model = Model.of(Point.of(-1.2f, 1), 1);
                BoundOptimizer newton = new Newton().on(model)) {
            LossAndGradient loss = loss(model, LBfgsTest::rosenbrock);
            for (float[] there : expected) {
                loss.compute();
                newton.step(loss);
                assertThat(model.net().x().value().toArray()).containsExactly(there, within(1e-3f));
            }
        }
    }

    /** At x^2 - y^2 the plain step goes to the saddle, and a damped one away from it. */
    @Test
    void dampingLeavesTheSaddle() {
        for (float damping : new float[] {0, 4}) {
            try (var model = Model.of(Point.of(1, 0.5f), 1);
                    BoundOptimizer newton = new Newton(1, damping).on(model)) {
                LossAndGradient loss = loss(
                        model,
                        x -> x.square().mul(Tensor.of(new float[] {1, -1}, 2)).sum());
                loss.compute();
                newton.step(loss);
                // with damping 4: 1 - 2 / 6 and 0.5 + 1 / 2
                float[] there = damping == 0 ? new float[] {0, 0} : new float[] {2 / 3f, 1};
                assertThat(model.net().x().value().toArray()).containsExactly(there, within(1e-4f));
            }
        }
    }

    @Test
    void whatNewtonCannotDoIsRefused() {
        try (var model = Model.of(Point.of(1, 1), 1);
                BoundOptimizer newton = new Newton().on(model)) {
            LossAndGradient flat = loss(model, x -> x.slice(0, 0, 1).square().sum());
            flat.compute();
            assertThatThrownBy(() -> newton.step(flat))
                    .isInstanceOf(ArithmeticException.class)
                    .hasMessage(
                            "Newton: the Hessian of 2 numbers with damping 0.0 is singular; choose a larger damping");
            assertThat(model.net().x().value().toArray())
                    .as("as before the step")
                    .containsExactly(1, 1);
        }
        try (var model = Model.of(new Point(new Parameter(Shape.of(501), Init.zeros())), 1);
                BoundOptimizer newton = new Newton().on(model)) {
            LossAndGradient loss = loss(model, x -> x.square().sum());
            loss.compute();
            assertThatThrownBy(() -> newton.step(loss))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Newton: the parameters have 501 numbers but the Hessian of at most 500 is computed; "
                            + "use LBfgs");
        }
        assertThatThrownBy(() -> new Newton(1, Float.NaN))
                .hasMessage("Newton: damping=NaN must be 0 or more and finite");
        assertThatThrownBy(() -> new LBfgs().history(0)).hasMessage("L-BFGS: history=0 must be at least 1");
        assertThatThrownBy(() -> new LBfgs().iterations(0)).hasMessage("L-BFGS: iterations=0 must be at least 1");
    }
}
