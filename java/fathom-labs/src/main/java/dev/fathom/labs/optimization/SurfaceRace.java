package dev.fathom.labs.optimization;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.derivative.Newton;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Surface;
import dev.fathom.experiments.pages.Table;
import dev.fathom.optim.Adam;
import dev.fathom.optim.GradientNoise;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Sgd;
import dev.fathom.train.Workers;
import dev.fathom.view.Animation;
import dev.fathom.view.PlanePlot;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/** The part of the lab on optimizers that races them over the surfaces. */
record SurfaceRace(Lab lab) {
    private static final double NEAR = 1e-3;
    /** Half decades from 0.0001 to 10. */
    private static final double[] GRID =
            IntStream.rangeClosed(-8, 2).mapToDouble(i -> Math.pow(10, i / 2.0)).toArray();
    /** Some of them. */
    private static final double[] COARSE = {1e-3, 1e-2, 0.1, 1};

    /** Those that textbooks animate. */
    private static final List<String> ANIMATED =
            List.of("Gradient descent", "Momentum", "Nesterov", "Adagrad", "RMSprop", "Adam");

    /** The path of a racer with its best rate. */
    private record Ranked(Racer racer, double rate, Surface.Path path) {}

    /** Races over all surfaces. */
    void run() {
        lab.section("Surfaces").put("coarse", lab.brief()).put("near", NEAR);
        for (Surface surface : Surface.ALL) {
            int steps = lab.of(surface.steps(), surface.steps() / 2);
            show(surface, steps, Workers.all().run(Racer.ON_SURFACES.size(), i -> {
                lab.check();
                return best(Racer.ON_SURFACES.get(i), surface, steps);
            }));
        }
        ravine();
        ridge();
    }

    private Ranked best(Racer racer, Surface surface, int steps) {
        return Arrays.stream(racer.findsItsRate() ? new double[] {1} : lab.of(GRID, COARSE))
                .mapToObj(rate -> new Ranked(
                        racer, rate, surface.path(racer.recipe().of((float) rate, steps), steps, surface.start())))
                .min(Comparator.comparingDouble(r -> r.path.score(steps)))
                .orElseThrow();
    }

    private void show(Surface surface, int steps, List<Ranked> ranked) {
        String file = surface.title().toLowerCase(Locale.ROOT);
        lab.put("surface", surface.title()).section("{surface}").put("file", file);
        lab.put("formula", surface.formula()).put("steps", steps);
        lab.put("x", surface.start()[0]).put("y", surface.start()[1]);
        Table table = lab.table("paths", surface.title()).named(surface.title() + ", {row}, {column}");
        Map<String, double[][]> gaps = new LinkedHashMap<>();
        for (Ranked r : ranked) {
            Surface.Path path = r.path;
            double[] grid = lab.of(GRID, COARSE);
            boolean end = r.rate == grid[0] || r.rate == grid[grid.length - 1];
            table.row(r.racer.name())
                    .cell("rate", r.racer.findsItsRate() ? "none" : Race.plain(r.rate) + (end ? " *" : ""))
                    .put("mean log10 of the gap", "%.2f", path.score(steps))
                    .cell("gap at the end", path.whole(steps) ? line("%.2g", path.end()) : "left the surface")
                    .cell("steps to a gap of 0.001", path.arrival(NEAR) < 0 ? "never" : path.arrival(NEAR))
                    .cell("evaluations", path.evaluations());
            if (ANIMATED.contains(r.racer.name())) {
                double[] places =
                        IntStream.range(0, path.gaps().length).asDoubleStream().toArray();
                gaps.put(r.racer.name(), new double[][] {places, path.logarithms()});
            }
        }
        for (String group : List.of(Racer.MOMENTUM, Racer.ADAPTIVE, Racer.OTHERS)) {
            PlanePlot plot = plot(surface, ranked, r -> r.racer.group().equals(group));
            lab.picture(file + "-" + group + ".png", plot::render);
        }
        PlanePlot small =
                plot(surface, ranked, r -> gaps.containsKey(r.racer.name())).size(400, 330);
        int frames = lab.of(25, 6); // many at the start, where most happens, and fewer later
        lab.animation(
                file + ".gif",
                () -> new Animation(
                        IntStream.range(0, frames)
                                .mapToObj(i ->
                                        small.render(1 + (int) Math.round(steps * Math.pow(i / (frames - 1.0), 2))))
                                .toList(),
                        120,
                        3000));
        lab.curves(file + "-gaps.png", surface.title() + ", log10 of the gap", "steps", gaps);
        Ranked first = Collections.min(ranked, Comparator.comparingDouble(r -> r.path.score(steps)));
        lab.put("first", first.racer.name()).put("all", ranked.size());
        lab.put(
                "arrived",
                ranked.stream().filter(r -> r.path.arrival(NEAR) >= 0).count());
        Surface.Path newton = ranked.stream()
                .filter(r -> r.racer.name().equals("Newton"))
                .findFirst()
                .orElseThrow()
                .path;
        int last = newton.gaps().length - 1;
        lab.put("newtonX", newton.x()[last]).put("newtonY", newton.y()[last]).put("newton", newton.end());
    }

    private static PlanePlot plot(Surface surface, List<Ranked> ranked, Predicate<Ranked> shown) {
        double[] w = surface.window();
        PlanePlot plot = new PlanePlot(surface.title(), w[0], w[1], w[2], w[3])
                .axes("x", "y")
                .contours(surface.field());
        ranked.stream().filter(shown).forEach(r -> plot.path(r.racer.name(), r.path.x(), r.path.y()));
        surface.minima().forEach(at -> plot.point(at[0], at[1]));
        return plot;
    }

    /** On a quadratic function the theory is exact. */
    private void ravine() {
        double least = 1;
        double most = 25;
        double root = Math.sqrt(most / least);
        double descent = (most - least) / (most + least);
        double momentum = (root - 1) / (root + 1);
        Optimizer plain = new Sgd((float) (2 / (least + most)));
        Optimizer heavy = new Sgd((float) Math.pow(2 / (Math.sqrt(most) + Math.sqrt(least)), 2))
                .momentum((float) (momentum * momentum));
        Table table =
                lab.section("The ravine in theory").table("factors", "method").named("Ravine, {row}, {column}");
        String column = "factor for each step";
        table.row("gradient descent")
                .put(column, "%.4f", factor(plain, 40, 120))
                .cell("theory", "%.4f", descent);
        table.row("momentum").put(column, "%.4f", factor(heavy, 40, 120)).cell("theory", "%.4f", momentum);
        table.row("Newton")
                .put("factor of one step", "%.2g", factor(new Newton(), 0, 1))
                .cell("theory", 0);
    }

    /** By what the distance from 0 is multiplied in each step, in the geometric mean. */
    private static double factor(Optimizer recipe, int from, int to) {
        Surface.Path path = Surface.RAVINE.path(recipe, to, 1, 1);
        return Math.pow(
                Math.hypot(path.x()[to], path.y()[to]) / Math.hypot(path.x()[from], path.y()[from]), 1.0 / (to - from));
    }

    /** From the ridge of the saddle, exact gradients lead nowhere but to the saddle. */
    private void ridge() {
        int steps = 100;
        Map<String, List<Optimizer>> recipes = new LinkedHashMap<>();
        recipes.put("Gradient descent", List.of(new Sgd(0.1f)));
        recipes.put("Momentum", List.of(new Sgd(0.1f).momentum(0.9f)));
        recipes.put("Adam", List.of(new Adam(0.1f)));
        recipes.put("Newton", List.of(new Newton()));
        recipes.put(
                "Gradient noise",
                IntStream.range(0, 20)
                        .<Optimizer>mapToObj(i -> new GradientNoise(new Sgd(0.1f), 1e-3f, 0.55f, lab.seed() + i))
                        .toList());
        Table table = lab.section("The ridge of the saddle")
                .put("steps", steps)
                .table("ridge", "from the ridge")
                .named("Ridge of the saddle, {row}, {column}");
        recipes.forEach((name, all) -> {
            long away = all.stream()
                    .filter(recipe ->
                            Surface.SADDLE.path(recipe, steps, -1.5, 0).end() < 0.05)
                    .count();
            table.row(name).cell("runs", all.size()).put("arrived at a minimum", "%.0f %%", 100.0 * away / all.size());
        });
    }
}
