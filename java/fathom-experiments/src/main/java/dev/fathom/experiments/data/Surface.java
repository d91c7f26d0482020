package dev.fathom.experiments.data;

import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Shape;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.LossAndGradient;
import dev.fathom.optim.Optimizer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BinaryOperator;

/**
 * A function of two variables by which textbooks compare optimizers.
 *
 * @param start where the race begins
 * @param minima where the function is least
 * @param least its value there
 * @param window left, right, low and high of the part that pictures show
 * @param steps of the race
 */
public record Surface(
        String title,
        String formula,
        double[] start,
        List<double[]> minima,
        double least,
        double[] window,
        int steps,
        BinaryOperator<Tensor> function) {
    /**
     * A quadratic bowl that is 25 times as curved in one direction as in the other: its Hessian has the eigenvalues 1
     * and 25. It is turned by 30 degrees, since methods with a rate for each coordinate have an advantage where its
     * axes are those of the coordinates.
     */
    public static final Surface RAVINE = new Surface(
            "Ravine",
            "(7 x² - 12√3 x y + 19 y²) / 2, which is (u² + 25 v²) / 2 turned by 30 degrees",
            new double[] {-2.1, -0.3},
            List.of(new double[] {0, 0}),
            0,
            new double[] {-2.5, 1.1, -1.3, 1.1},
            100,
            (x, y) -> turned(x, 1, y)
                    .square()
                    .mul(0.5f)
                    .add(turned(y, -1, x).square().mul(12.5f)));

    /** A saddle at 0, whose Hessian has the eigenvalues 1 and -1, between two minima. */
    public static final Surface SADDLE = new Surface(
            "Saddle",
            "x² / 2 - y² / 2 + y⁴ / 4",
            new double[] {-1.5, 0.01},
            List.of(new double[] {0, 1}, new double[] {0, -1}),
            -0.25,
            new double[] {-1.8, 1.2, -1.5, 1.5},
            100,
            (x, y) -> x.square()
                    .mul(0.5f)
                    .sub(y.square().mul(0.5f))
                    .add(y.square().square().mul(0.25f)));

    /** Beale (1958): a plain with steep walls. */
    public static final Surface BEALE = new Surface(
            "Beale",
            "(1.5 - x + x y)² + (2.25 - x + x y²)² + (2.625 - x + x y³)²",
            new double[] {1, 1.5},
            List.of(new double[] {3, 0.5}),
            0,
            new double[] {-1, 4.5, -1.5, 2},
            200,
            (x, y) -> term(1.5f, x, y)
                    .add(term(2.25f, x, y.square()))
                    .add(term(2.625f, x, y.square().mul(y))));

    /** Rosenbrock (1960): a curved valley that is a hundred times as steep as its bottom. */
    public static final Surface ROSENBROCK = new Surface(
            "Rosenbrock",
            "(1 - x)² + 100 (y - x²)²",
            new double[] {-1.2, 1},
            List.of(new double[] {1, 1}),
            0,
            new double[] {-1.8, 1.8, -0.8, 2.2},
            300,
            (x, y) -> x.rsub(1).square().add(y.sub(x.square()).square().mul(100)));

    /** All of them. */
    public static final List<Surface> ALL = List.of(RAVINE, SADDLE, BEALE, ROSENBROCK);

    private static final double FAR = 1e6;
    private static final int POINTS = 101;

    private static Tensor turned(Tensor along, int sign, Tensor across) {
        return along.mul((float) Math.sqrt(0.75)).add(across.mul(sign * 0.5f));
    }

    private static Tensor term(float constant, Tensor x, Tensor power) {
        return x.mul(power.sub(1)).add(constant).square();
    }

    /**
     * A way over the surface.
     *
     * @param x the places, the start first
     * @param gaps the height of each place above the least value of the function
     * @param evaluations how often the function and its gradient were computed
     */
    public record Path(double[] x, double[] y, double[] gaps, int evaluations) {
        /** The mean over the steps of the logarithm of the gap: it is low where a path comes down early and far. */
        public double score(int steps) {
            double lost = (steps + 1 - gaps.length) * Math.log10(FAR);
            return (Arrays.stream(logarithms()).skip(1).sum() + lost) / steps;
        }

        /** The logarithms of the gaps, of which none is taken as less than 1e-10. */
        public double[] logarithms() {
            return Arrays.stream(gaps)
                    .map(gap -> Math.log10(Math.max(1e-10, gap)))
                    .toArray();
        }

        /** Whether it took all steps without leaving the surface. */
        public boolean whole(int steps) {
            return gaps.length == steps + 1;
        }

        /** The last gap. */
        public double end() {
            return gaps[gaps.length - 1];
        }

        /** The number of steps after which the gap stays below {@code gap}, or -1. */
        public int arrival(double gap) {
            int i = gaps.length;
            while (i > 0 && gaps[i - 1] < gap) {
                i--;
            }
            return i == gaps.length ? -1 : i;
        }
    }

    private record Place(Parameter at) implements Net {}

    /**
     * The way of an optimizer from a place, which ends early where the function is no longer finite or the optimizer
     * gives up.
     */
    public Path path(Optimizer recipe, int steps, double... from) {
        List<double[]> places = new ArrayList<>();
        int[] evaluations = {0};
        Parameter place = new Parameter(Shape.of(2), (shape, rng) -> Averages.floats(from));
        try (Model<Place> model = Model.of(new Place(place), 0);
                BoundOptimizer optimizer = recipe.on(model)) {
            LossAndGradient f = () -> {
                evaluations[0]++;
                try (Pass pass = Pass.grad()) {
                    Tensor at = place.value();
                    Tensor value =
                            function.apply(at.slice(0, 0, 1), at.slice(0, 1, 2)).sum();
                    pass.backward(value);
                    return value.item();
                }
            };
            while (true) {
                float[] at = place.value().toArray();
                double gap = value(at[0], at[1]) - least;
                if (!(Math.abs(gap) < FAR)) {
                    break;
                }
                places.add(new double[] {at[0], at[1], gap});
                if (places.size() > steps) {
                    break;
                }
                f.compute();
                optimizer.step(f);
            }
        } catch (ArithmeticException e) {
            // Newton's Hessian became singular, or a gradient is not finite: the path ends here
        }
        double[][] columns = new double[3][places.size()];
        for (int i = 0; i < places.size(); i++) {
            for (int k = 0; k < 3; k++) {
                columns[k][i] = places.get(i)[k];
            }
        }
        return new Path(columns[0], columns[1], columns[2], evaluations[0]);
    }

    /** The value at a place. */
    public double value(double x, double y) {
        try (Pass pass = Pass.infer()) {
            return function.apply(Tensor.scalar((float) x), Tensor.scalar((float) y))
                    .item();
        }
    }

    /** The values over the window, a row for each height from low to high. */
    public double[][] field() {
        float[] w = Averages.floats(window);
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.linspace(w[0], w[1], POINTS).reshape(1, POINTS).expand(POINTS, POINTS);
            Tensor y = Tensor.linspace(w[2], w[3], POINTS).reshape(POINTS, 1).expand(POINTS, POINTS);
            double[] all = Averages.doubles(function.apply(x, y).toArray());
            double[][] rows = new double[POINTS][];
            Arrays.setAll(rows, i -> Arrays.copyOfRange(all, i * POINTS, (i + 1) * POINTS));
            return rows;
        }
    }
}
