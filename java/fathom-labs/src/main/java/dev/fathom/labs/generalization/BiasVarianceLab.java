package dev.fathom.labs.generalization;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.tensor.Rng;
import dev.fathom.view.Chart;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Bias and variance by complexity over 200 training sets (ISLR2, section 2.2.2): polynomials, splines, nearest
 * neighbors and networks.
 */
public final class BiasVarianceLab implements OldExperiment {
    private static final int SETS = 200;
    private static final int POINTS = 50;

    @Override
    public String name() {
        return "bias-variance";
    }

    @Override
    public Findings run(LabRun run) {
        Findings page = run.page("Lab bias-variance", line("%d samples of %d points of a noisy sine", SETS, POINTS));
        page.section("The parts of the test error", "")
                .text(line(
                        "Y = sin X + noise of deviation %.1f, with X uniform on [-5, 5]. Each model is fitted to "
                                + "%d training sets of %d points. At each of %d "
                                + "places, the squared bias is the squared distance of the mean fit from the "
                                + "sine, and the variance is the mean "
                                + "squared distance of the fits from their mean. Together with the variance of "
                                + "the noise, %.2f, they add up to the "
                                + "expected test error. Beside the sum stands the test error that was measured on "
                                + "points drawn anew for each "
                                + "training set, which differs by chance alone: the page gives the difference in "
                                + "its own standard errors. The mean "
                                + "of %d fits is itself uncertain, which adds a %dth of the variance to the "
                                + "squared bias and takes as much "
                                + "from the variance, so that the sum is right.",
                        SineSample.DEVIATION, SETS, POINTS, Decomposition.GRID.length, SineSample.NOISE, SETS, SETS));
        Rng rng = new Rng(run.seed());
        List<SineSample> samples = IntStream.range(0, SETS)
                .mapToObj(s -> SineSample.draw(POINTS, rng.split("training").split(s)))
                .toList();
        double furthest = 0;
        for (Family family : Family.all(run)) {
            List<Decomposition> parts = new ArrayList<>();
            for (int complexity : family.complexities()) {
                if (!run.interrupt().requested()) {
                    Rng tests = rng.split(family.name()).split(complexity);
                    Decomposition part = Decomposition.of(family, complexity, samples, tests);
                    if (!run.interrupt().requested()) { // or else the networks are not trained to their end
                        parts.add(part);
                    }
                }
            }
            if (parts.size() < family.complexities().length) {
                return page;
            }
            show(page, family, parts);
            furthest = Math.max(
                    furthest,
                    parts.stream().mapToDouble(p -> Math.abs(p.off())).max().orElseThrow());
        }
        return page.figure(
                        Figure.of("Largest difference between sum and measured error, in standard errors", "", furthest)
                                .baseline(0, "equal up to chance"))
                .finished();
    }

    private static void show(Findings page, Family family, List<Decomposition> parts) {
        Decomposition best = parts.stream()
                .min(Comparator.comparingDouble(Decomposition::sum))
                .orElseThrow();
        Decomposition widest = parts.stream()
                .max(Comparator.comparingDouble(Decomposition::variance))
                .orElseThrow();
        Decomposition simplest = parts.get(0);
        Decomposition last = parts.get(parts.size() - 1);
        String lower = family.name().toLowerCase(Locale.ROOT);
        page.section(family.name(), "")
                .table(
                        List.of(family.axis(), "squared bias", "variance", "noise", "sum", "measured", "difference"),
                        parts.stream()
                                .map(p -> List.of(
                                        Integer.toString(p.complexity()),
                                        line("%.4f", p.bias()),
                                        line("%.4f", p.variance()),
                                        line("%.4f", SineSample.NOISE),
                                        line("%.4f", p.sum()),
                                        line("%.4f", p.measured()),
                                        line("%+.1f errors", p.off())))
                                .toList())
                .text(line(
                        "From %s to %s, the squared bias goes from %.4f to %.4f and the variance from %.4f to "
                                + "%.4f, with the largest variance, %.4f, at %s. The "
                                + "sum with the noise is least at %s, with %.4f.",
                        family.words(simplest.complexity()),
                        family.words(last.complexity()),
                        simplest.bias(),
                        last.bias(),
                        simplest.variance(),
                        last.variance(),
                        widest.variance(),
                        family.words(widest.complexity()),
                        family.words(best.complexity()),
                        best.sum()))
                .picture(
                        lower.replace(' ', '-') + ".png",
                        family.name()
                                + ": squared bias, variance, their sum with the noise and the measured error by "
                                + "complexity, and fits of the simplest, "
                                + "the best and the most complex model",
                        () -> Chart.panels(
                                2,
                                List.of(
                                        parts(family, parts),
                                        fits(family, simplest),
                                        fits(family, best),
                                        fits(family, last))))
                .key(Figure.of(family.name() + ", least test error", "", best.sum())
                        .baseline(SineSample.NOISE, "noise alone"))
                .figure(Figure.of(
                        family.name() + ", " + family.axis() + " of the least test error", "", best.complexity()))
                .figure(Figure.of(family.name() + ", squared bias of the simplest model", "", simplest.bias()))
                .figure(Figure.of(family.name() + ", squared bias of the most complex model", "", last.bias()))
                .figure(Figure.of(family.name() + ", variance of the simplest model", "", simplest.variance()))
                .figure(Figure.of(family.name() + ", variance of the most complex model", "", last.variance()));
    }

    private static Chart parts(Family family, List<Decomposition> parts) {
        boolean fewer = family.complexities()[0] > family.complexities()[1];
        double[] x = parts.stream()
                .mapToDouble(p -> fewer ? (double) POINTS / p.complexity() : p.complexity())
                .toArray();
        return new Chart("Parts of the test error", fewer ? POINTS + " / " + family.axis() : family.axis())
                .line("squared bias", x, values(parts, Decomposition::bias))
                .line("variance", x, values(parts, Decomposition::variance))
                .line("sum", x, values(parts, Decomposition::sum))
                .points("measured", x, values(parts, Decomposition::measured))
                .dashed("noise", new double[] {x[0], x[x.length - 1]}, new double[] {SineSample.NOISE, SineSample.NOISE
                })
                .logarithmic(x[0] > 0, true)
                .range(1e-4, 3);
    }

    private static double[] values(List<Decomposition> parts, ToDoubleFunction<Decomposition> value) {
        return parts.stream().mapToDouble(value).toArray();
    }

    /** Fits to the first samples, the mean of all, and the sine. */
    private static Chart fits(Family family, Decomposition part) {
        Chart chart = new Chart(family.name() + ", " + family.words(part.complexity()), "x").range(-2.5, 2.5);
        for (int s = 0; s < Decomposition.SHOWN; s++) {
            chart.line(Integer.toString(s + 1), Decomposition.GRID, part.forecasts()[s]);
        }
        return chart.line("mean", Decomposition.GRID, part.forecasts()[Decomposition.SHOWN])
                .dashed(
                        "sine",
                        Decomposition.GRID,
                        Arrays.stream(Decomposition.GRID).map(Math::sin).toArray());
    }
}
