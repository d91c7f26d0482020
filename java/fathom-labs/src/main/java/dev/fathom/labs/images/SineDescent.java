package dev.fathom.labs.images;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.view.Chart;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** Gradient descent in one dimension (figure 10.17 of ISLR2), with the function of exercise 6 of its chapter. */
final class SineDescent {
    /** The function of exercise 6. */
    static final DoubleUnaryOperator R = b -> Math.sin(b) + b / 10;

    private SineDescent() {}

    /** The way of gradient descent on R with the rate 0.1, the start included. */
    static double[] descent(double start, int steps) {
        return DoubleStream.iterate(start, b -> b - 0.1 * (Math.cos(b) + 0.1))
                .limit(steps + 1L)
                .toArray();
    }

    /** Puts two ways into a section. */
    static void show(Lab lab) {
        double[] right = descent(2.3, 300);
        double[] left = descent(1.4, 300);
        double[] x =
                IntStream.rangeClosed(0, 400).mapToDouble(i -> -6 + 0.03 * i).toArray();
        lab.section("Gradient descent in one dimension")
                .figure("Minimum from 2.3", "", right[300])
                .baseline(4.612221559, "double precision")
                .figure("Minimum from 1.4", "", left[300])
                .baseline(-1.670963748, "double precision")
                .put("right", R.applyAsDouble(right[300]))
                .put("left", R.applyAsDouble(left[300]))
                .chart(
                        "descent.png",
                        new Chart("R(b) = sin b + b / 10", "b")
                                .line("R", x, Arrays.stream(x).map(R).toArray())
                                .points("from 2.3", Arrays.copyOf(right, 60), way(right))
                                .points("from 1.4", Arrays.copyOf(left, 60), way(left)));
        Table table = lab.table("steps", "step");
        for (int i : new int[] {0, 1, 2, 3, 4, 5, 10, 20, 50, 100, 300}) {
            table.row(Integer.toString(i))
                    .cell("from 2.3", "%.6f", right[i])
                    .cell("R from 2.3", "%.6f", R.applyAsDouble(right[i]))
                    .cell("from 1.4", "%.6f", left[i])
                    .cell("R from 1.4", "%.6f", R.applyAsDouble(left[i]));
        }
    }

    private static double[] way(double[] steps) {
        return Arrays.stream(steps).limit(60).map(R).toArray();
    }
}
