package dev.fathom.labs.optimization;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.optimization.Racer.Family;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.optim.Adam;
import dev.fathom.optim.GradientNoise;
import dev.fathom.optim.Newton;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Sgd;
import dev.fathom.train.Workers;
import dev.fathom.view.Animation;
import dev.fathom.view.PlanePlot;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/** The part of the lab on optimizers that races them over the surfaces. */
record SurfaceRace(LabRun run, Findings page) {
    private static final double NEAR = 1e-3;
    /** Half decades from 0.0001 to 10. */
    private static final double[] GRID =
            IntStream.rangeClosed(-8, 2).mapToDouble(i -> Math.pow(10, i / 2.0)).toArray();
    /** Some of them. */
    private static final double[] COARSE = {1e-3, 1e-2, 0.1, 1};

    /** The best path of a contender. */
    private record Ranked(Racer contender, double rate, Surface.Path path) {}

    private double[] grid() {
        return run.brief() ? COARSE : GRID;
    }

    private int steps(Surface surface) {
        return run.of(surface.steps(), surface.steps() / 2);
    }

    /** Races over all surfaces; false if the run was interrupted. */
    boolean race() {
        page.section("Surfaces", "")
                .text(line(
                        "Each optimizer starts at the same place, and its rate is the best of %s; a star marks "
                                + "the ends of these. A rate is judged by the mean over all steps of log10 of the "
                                + "gap, which is the height above the least value of the function: it is low "
                                + "where a path comes down early and far. "
                                + "L-BFGS and Newton's method find the length of their steps themselves, and the "
                                + "number of the damped form is its damping. "
                                + "Mean momentum averages with 1 - β, Nesterov ahead takes the gradient ahead as "
                                + "textbooks do, Lookahead goes around Adam, "
                                + "and SAM around momentum. An evaluation is one computation of the function "
                                + "and its gradient; Newton's method takes nine for each step, since it makes the "
                                + "Hessian of differences of gradients.",
                        run.brief() ? "0.001, 0.01, 0.1 and 1" : "the half decades from 0.0001 to 10"));
        for (Surface surface : Surface.values()) {
            List<Ranked> ranked = ranked(surface);
            if (ranked.isEmpty()) {
                return false;
            }
            show(surface, ranked);
        }
        ravine();
        ridge();
        return !run.interrupt().requested();
    }

    private List<Ranked> ranked(Surface surface) {
        List<Ranked> all = Workers.all().run(Racer.ON_SURFACES.size(), i -> best(Racer.ON_SURFACES.get(i), surface));
        return run.interrupt().requested() ? List.of() : all;
    }

    private Ranked best(Racer contender, Surface surface) {
        Ranked best = null;
        for (double rate : contender.rates(grid())) {
            Surface.Path path =
                    surface.path(contender.recipe().of(rate, steps(surface)), steps(surface), surface.start());
            if (best == null || path.score(steps(surface)) < best.path.score(steps(surface))) {
                best = new Ranked(contender, rate, path);
            }
            if (run.interrupt().requested()) {
                break;
            }
        }
        return Objects.requireNonNull(best, "a grid has a rate");
    }

    private void show(Surface surface, List<Ranked> ranked) {
        page.section(
                surface.title(),
                line(
                        "f = %s, from (%.3g, %.3g) in %d steps; crosses mark the minima.",
                        surface.formula(), surface.start()[0], surface.start()[1], steps(surface)));
        List<List<String>> rows = new ArrayList<>();
        for (Ranked r : ranked) {
            int arrival = r.path.arrival(NEAR);
            rows.add(List.of(
                    r.contender.name(),
                    r.contender.words(r.rate, grid()),
                    r.path.whole(steps(surface)) ? line("%.2g", r.path.end()) : "left the surface",
                    arrival < 0 ? "never" : Integer.toString(arrival),
                    Integer.toString(r.path.evaluations())));
            page.figure(Figure.of(
                    line("%s, %s, mean log10 of the gap", surface.title(), r.contender.name()),
                    "",
                    r.path.score(steps(surface))));
        }
        page.table(List.of(surface.title(), "rate", "gap at the end", "steps to a gap of 0.001", "evaluations"), rows);
        double[][] field = surface.field();
        for (Family family : Family.values()) {
            List<Ranked> shown =
                    ranked.stream().filter(r -> r.contender.family() == family).toList();
            page.picture(
                    surface.name().toLowerCase(Locale.ROOT) + "-" + family.file() + ".png",
                    line("%s: the paths of %s", surface.title(), family.title().toLowerCase(Locale.ROOT)),
                    () -> plot(surface, field, shown).render());
        }
        List<Ranked> few = ranked.stream()
                .filter(r -> Racer.ANIMATED.contains(r.contender.name()))
                .toList();
        page.animation(
                surface.name().toLowerCase(Locale.ROOT) + ".gif",
                surface.title() + ": the paths of six optimizers, step by step",
                () -> animation(surface, field, few));
        Map<String, double[][]> gaps = new LinkedHashMap<>();
        few.forEach(r -> gaps.put(r.contender.name(), logarithms(r.path)));
        page.series(
                surface.name().toLowerCase(Locale.ROOT) + "-gaps.png",
                surface.title() + ": the gap over the steps",
                surface.title() + ", log10 of the gap",
                "steps",
                gaps);
        Ranked first = ranked.stream()
                .min(Comparator.comparingDouble(r -> r.path.score(steps(surface))))
                .orElseThrow();
        long arrived = ranked.stream().filter(r -> r.path.arrival(NEAR) >= 0).count();
        Surface.Path newton = ranked.stream()
                .filter(r -> r.contender.name().equals("Newton"))
                .findFirst()
                .orElseThrow()
                .path;
        int last = newton.gaps().length - 1;
        page.text(line(
                "%s has the lowest mean; %d of %d come within %s of the least value and stay there. Newton's "
                        + "method, which goes to a stationary point of any kind, "
                        + "ends at (%.3f, %.3f), %.2g above the least value.",
                first.contender.name(),
                arrived,
                ranked.size(),
                NEAR,
                newton.x()[last],
                newton.y()[last],
                newton.end()));
    }

    private static double[][] logarithms(Surface.Path path) {
        double[] steps = new double[path.gaps().length];
        double[] logs = new double[steps.length];
        for (int i = 0; i < steps.length; i++) {
            steps[i] = i;
            logs[i] = Math.log10(Math.max(1e-10, path.gaps()[i]));
        }
        return new double[][] {steps, logs};
    }

    private static PlanePlot plot(Surface surface, double[][] field, List<Ranked> shown) {
        double[] w = surface.window();
        PlanePlot plot = new PlanePlot(surface.title(), w[0], w[1], w[2], w[3])
                .axes("x", "y")
                .contours(field);
        shown.forEach(r -> plot.path(r.contender.name(), r.path.x(), r.path.y()));
        surface.minima().forEach(at -> plot.point(at[0], at[1]));
        return plot;
    }

    /** Many frames at the start, where most happens, and fewer later. */
    private Animation animation(Surface surface, double[][] field, List<Ranked> shown) {
        PlanePlot plot = plot(surface, field, shown).size(400, 330);
        int frames = run.of(25, 6);
        return new Animation(
                IntStream.range(0, frames)
                        .mapToObj(i ->
                                plot.render(1 + (int) Math.round(steps(surface) * Math.pow(i / (frames - 1.0), 2))))
                        .toList(),
                120,
                3000);
    }

    /** On a quadratic function the theory is exact. */
    private void ravine() {
        double least = 1;
        double most = 25;
        double root = Math.sqrt(most / least);
        double descent = (most - least) / (most + least);
        double momentum = (root - 1) / (root + 1);
        Surface.Path plain = Surface.RAVINE.path(new Sgd((float) (2 / (least + most))), 120, 1, 1);
        float beta = (float) (momentum * momentum);
        float rate = (float) Math.pow(2 / (Math.sqrt(most) + Math.sqrt(least)), 2);
        Surface.Path heavy = Surface.RAVINE.path(new Sgd(rate).momentum(beta), 120, 1, 1);
        Surface.Path newton = Surface.RAVINE.path(new Newton(), 1, 1, 1);
        page.section("The ravine in theory", "")
                .text("On a quadratic function whose Hessian has eigenvalues from m to L, gradient descent with "
                        + "the best rate, 2 / (m + L), multiplies the "
                        + "distance from the minimum by at most (κ - 1) / (κ + 1) in each step, with κ = "
                        + "L / m, and momentum with the best rate and factor "
                        + "(Polyak 1964) in the long run by (√κ - 1) / (√κ + 1). Newton's method arrives "
                        + "in one step. Here m = 1 and L = 25, and the start "
                        + "is (1, 1). The measured factor is the geometric mean of steps 40 to 120.")
                .table(
                        List.of("method", "factor for each step", "theory"),
                        List.of(
                                List.of("Gradient descent", line("%.4f", factor(plain)), line("%.4f", descent)),
                                List.of("Momentum", line("%.4f", factor(heavy)), line("%.4f", momentum)),
                                List.of("Newton, after one step", line("%.2g", factor(newton, 0, 1)), "0")))
                .figure(Figure.of("Ravine, gradient descent, factor for each step", "", factor(plain)))
                .figure(Figure.of("Ravine, momentum, factor for each step", "", factor(heavy)))
                .figure(Figure.of("Ravine, Newton, factor of one step", "", factor(newton, 0, 1)));
    }

    private static double factor(Surface.Path path) {
        return factor(path, 40, 120);
    }

    /** By what the distance from 0 is multiplied in each step, in the geometric mean. */
    private static double factor(Surface.Path path, int from, int to) {
        return Math.pow(
                Math.hypot(path.x()[to], path.y()[to]) / Math.hypot(path.x()[from], path.y()[from]), 1.0 / (to - from));
    }

    /** From the ridge of the saddle, exact gradients lead nowhere but to the saddle. */
    private void ridge() {
        int steps = 100;
        int draws = 20;
        Map<String, List<Optimizer>> recipes = new LinkedHashMap<>();
        recipes.put("Gradient descent", List.of(new Sgd(0.1f)));
        recipes.put("Momentum", List.of(new Sgd(0.1f).momentum(0.9f)));
        recipes.put("Adam", List.of(new Adam(0.1f)));
        recipes.put("Newton", List.of(new Newton()));
        recipes.put(
                "Gradient noise",
                IntStream.range(0, draws)
                        .<Optimizer>mapToObj(i -> new GradientNoise(new Sgd(0.1f), 1e-3f, 0.55f, run.seed() + i))
                        .toList());
        List<List<String>> rows = new ArrayList<>();
        recipes.forEach((name, all) -> {
            long away = all.stream()
                    .map(recipe -> Surface.SADDLE.path(recipe, steps, -1.5, 0))
                    .filter(path -> path.end() < 0.05)
                    .count();
            rows.add(List.of(name, line("%d of %d", away, all.size())));
            Figure figure = Figure.of(
                    "Ridge of the saddle, " + name + ", arrived at a minimum", "%", 100.0 * away / all.size());
            page.figure(figure);
        });
        page.section("The ridge of the saddle", "")
                .text(line(
                        "The start is (-1.5, 0), where the slope in y is exactly 0. In theory an optimizer with "
                                + "exact gradients slides along the ridge into "
                                + "the saddle, also with momentum or with a rate for each variable. Gaussian "
                                + "noise on the gradients, with a variance of 0.001 at the first "
                                + "step, pushes it off the ridge. The table says how many runs end near a minimum "
                                + "after %d steps with a rate of 0.1 "
                                + "(Newton: 1).",
                        steps))
                .table(List.of("from the ridge", "arrived at a minimum"), rows);
    }
}
