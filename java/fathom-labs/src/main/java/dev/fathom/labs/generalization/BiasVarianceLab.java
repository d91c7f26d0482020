package dev.fathom.labs.generalization;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.SineSample;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.tensor.Rng;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Bias and variance by complexity over 200 training sets (ISLR2, section 2.2.2): polynomials, splines, nearest
 * neighbors and networks.
 */
public final class BiasVarianceLab implements Experiment {
    private static final int SETS = 200;
    private static final int POINTS = 50;

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "A network with 12 hidden units",
                new Sequential(new Linear(1, 12).act(Activation.TANH), new Linear(12, 1)),
                1);
    }

    @Override
    public void run(Lab lab) {
        lab.section("The parts of the test error").put("sets", SETS).put("points", POINTS);
        lab.put("deviation", SineSample.DEVIATION).put("noise", SineSample.NOISE);
        lab.put("places", Decomposition.GRID.length);
        List<SineSample> samples = IntStream.range(0, SETS)
                .mapToObj(s -> SineSample.draw(POINTS, lab.rng("training").split(s)))
                .toList();
        double furthest = 0;
        for (Family family : Family.all(lab)) {
            List<Decomposition> parts = new ArrayList<>();
            for (int complexity : family.complexities()) {
                lab.check();
                Rng tests = lab.rng(family.name()).split(complexity);
                parts.add(Decomposition.of(family, complexity, samples, tests));
                furthest =
                        Math.max(furthest, Math.abs(parts.get(parts.size() - 1).off()));
            }
            show(lab, family, parts);
        }
        lab.figure("Largest difference between sum and measured error, in standard errors", "", furthest)
                .baseline(0, "equal up to chance");
    }

    private static void show(Lab lab, Family family, List<Decomposition> parts) {
        lab.put("family", family.name()).section("{family}").put("axis", family.axis());
        Table table =
                lab.table("parts", family.axis()).named(family.name() + ", " + family.axis() + " {row}, {column}");
        for (Decomposition p : parts) {
            table.row(Integer.toString(p.complexity()))
                    .put("squared bias", "%.4f", p.bias())
                    .put("variance", "%.4f", p.variance())
                    .put("sum with the noise", "%.4f", p.sum())
                    .put("measured", "%.4f", p.measured())
                    .put("difference in standard errors", "%+.1f", p.off());
        }
        double[] bias = table.values("squared bias");
        double[] variance = table.values("variance");
        double[] sum = table.values("sum with the noise");
        int best = Averages.lowest(0, sum.length, i -> sum[i]);
        int widest = Averages.highest(0, sum.length, i -> variance[i]);
        int last = sum.length - 1;
        boolean fewer = family.complexities()[0] > family.complexities()[1];
        double[] x = IntStream.of(family.complexities())
                .mapToDouble(c -> fewer ? (double) POINTS / c : c)
                .toArray();
        Chart chart = new Chart("Parts of the test error", fewer ? POINTS + " / " + family.axis() : family.axis())
                .line("squared bias", x, bias)
                .line("variance", x, variance)
                .line("sum", x, sum)
                .points("measured", x, table.values("measured"))
                .dashed("noise", new double[] {x[0], x[last]}, new double[] {SineSample.NOISE, SineSample.NOISE})
                .logarithmic(x[0] > 0, true)
                .range(1e-4, 3);
        List<Chart> charts = new ArrayList<>(List.of(chart));
        IntStream.of(0, best, last).forEach(i -> charts.add(fits(family, parts.get(i))));
        String file = family.name().toLowerCase(Locale.ROOT).replace(' ', '-');
        lab.put("file", file).charts(file + ".png", 2, charts);
        lab.put("simplest", parts.get(0).complexity())
                .put("complex", parts.get(last).complexity());
        lab.put("widest", parts.get(widest).complexity())
                .put("best", parts.get(best).complexity());
        lab.put("bias0", bias[0]).put("bias1", bias[last]).put("variance0", variance[0]);
        lab.put("variance1", variance[last]).put("most", variance[widest]).put("least", sum[best]);
        String name = family.name() + ", ";
        lab.figure(name + "least test error", "", sum[best])
                .baseline(SineSample.NOISE, "noise alone")
                .figure(
                        name + family.axis() + " of the least test error",
                        "",
                        parts.get(best).complexity())
                .figure(name + "squared bias of the simplest model", "", bias[0])
                .figure(name + "squared bias of the most complex model", "", bias[last])
                .figure(name + "variance of the simplest model", "", variance[0])
                .figure(name + "variance of the most complex model", "", variance[last]);
    }

    /** Fits to the first samples, the mean of all, and the sine. */
    private static Chart fits(Family family, Decomposition part) {
        double[] x = Decomposition.GRID;
        Chart chart = new Chart(family.name() + ", " + family.axis() + " " + part.complexity(), "x").range(-2.5, 2.5);
        for (int s = 0; s < Decomposition.SHOWN; s++) {
            chart.line(Integer.toString(s + 1), x, part.forecasts()[s]);
        }
        return chart.line("mean", x, part.forecasts()[Decomposition.SHOWN]).dashed("sine", x, SineSample.sine(x));
    }
}
