package dev.fathom.labs.generative;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.generative.Mixture.Coverage;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Rng;
import dev.fathom.view.Animation;
import dev.fathom.view.Chart;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.IntSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Which modes of a mixture in the plane a generator finds, for several games; and how its samples move from epoch to
 * epoch.
 */
final class MixtureStudy {
    private static final int SHOWN = 1000;
    /** How many examples a step of any game has. */
    static final int BATCH = 128;

    private final LabRun run;
    private final Findings page;
    private final Map<Mixture, Map<String, Coverage>> outcomes = new EnumMap<>(Mixture.class);
    private final List<Chart> charts = new ArrayList<>();

    MixtureStudy(LabRun run, Findings page) {
        this.run = run;
        this.page = page;
    }

    /**
     * Plays one game and counts what it found; false if the run was interrupted. Every game on a mixture has as many
     * rounds of as many examples as any other.
     */
    boolean add(Mixture mixture, String name, Gan net, AdversarialDuel duel) {
        if (run.interrupt().requested()) {
            return false;
        }
        Rng rng = new Rng(run.seed()).split(mixture.name());
        int epochs = epochs(mixture);
        int[] modes = rng.ints(rounds() * (duel.turns() + 1) * duel.batch(), mixture.modes());
        String title = name + ", " + mixture.title();
        try (Dataset data = Dataset.of(mixture.sample(modes, rng), Shape.of(2), modes);
                Model<Gan> model = Model.of(net, run.seed())) {
            int done =
                    duel.train(run, title, model, data, epochs, SHOWN).epochs().size();
            if (done < epochs) {
                return false;
            }
            Coverage coverage = mixture.coverage(Gan.samples(model, 10 * SHOWN, rng));
            outcomes.computeIfAbsent(mixture, m -> new LinkedHashMap<>()).put(name, coverage);
            page.figure(Figure.of(title + ", modes covered", "", coverage.modes())
                            .baseline(mixture.modes(), "modes of the data"))
                    .figure(Figure.of(title + ", samples near a mode", "%", 100 * coverage.share()));
            Album album = new Album(Album.folder(run, title));
            float[] real = mixture.sample(SHOWN, rng);
            charts.add(chart(title, real, album.get(epochs)));
            if (charts.size() == 1) {
                page.animation(
                        "modes.gif",
                        "The samples of " + title + " after each epoch, among those of the data",
                        () -> moving(title, real, album, epochs));
            }
            return true;
        }
    }

    private int epochs(Mixture mixture) {
        return run.epochs(mixture == Mixture.RING ? 60 : 120, 6);
    }

    /** How many rounds an epoch has. */
    private int rounds() {
        return run.of(50, 15);
    }

    private static Animation moving(String title, float[] real, Album album, int epochs) {
        List<BufferedImage> frames = new ArrayList<>();
        for (int e = 1; e <= epochs; e += Math.max(1, epochs / 20)) {
            frames.add(chart(title + ", epoch " + e, real, album.get(e)).render());
        }
        return new Animation(frames, 300, 1500);
    }

    private static Chart chart(String title, float[] real, float[] fake) {
        return new Chart(title, "x")
                .points("data", column(real, 0), column(real, 1))
                .points("generator", column(fake, 0), column(fake, 1))
                .range(-3, 3);
    }

    private static double[] column(float[] points, int offset) {
        double[] all = new double[points.length / 2];
        for (int i = 0; i < all.length; i++) {
            all[i] = points[2 * i + offset];
        }
        return all;
    }

    /** Adds the table and the picture of all games, and what they say. */
    void table(String words) {
        List<List<String>> rows = new ArrayList<>();
        StringBuilder found = new StringBuilder();
        outcomes.forEach((mixture, games) -> {
            games.forEach((name, coverage) -> rows.add(List.of(
                    mixture.title(),
                    name,
                    line("%d of %d", coverage.modes(), mixture.modes()),
                    line("%.1f %%", 100 * coverage.share()))));
            found.append(
                    line(" After %,d rounds on the %s, ", epochs(mixture) * rounds(), mixture.title()) + said(games));
        });
        page.section("Modes of mixtures", "")
                .text(words
                        + " A mode counts as covered if at least a quarter of its share of 10,000 samples lies "
                        + "within four standard deviations of its center."
                        + found)
                .table(List.of("mixture", "game", "modes covered", "samples near a mode"), rows)
                .picture("modes.png", "Data and samples of each game", () -> Chart.panels(2, charts));
    }

    /** Which games cover the most modes and which the fewest. */
    private static String said(Map<String, Coverage> games) {
        IntSummaryStatistics modes =
                games.values().stream().mapToInt(Coverage::modes).summaryStatistics();
        Map.Entry<String, Coverage> sharpest = Collections.max(
                games.entrySet(),
                Comparator.comparingDouble(game -> game.getValue().share()));
        String near = line(
                " Of the samples of %s, %.1f %% lie near a mode, which is the largest share.",
                sharpest.getKey(), 100 * sharpest.getValue().share());
        return modes.getMin() == modes.getMax()
                ? line("the number of modes that each game covers is %d.", modes.getMax()) + near
                : line(
                                "the most modes, %d, are covered by %s, and the fewest, %d, by %s.",
                                modes.getMax(),
                                named(games, modes.getMax()),
                                modes.getMin(),
                                named(games, modes.getMin()))
                        + near;
    }

    private static String named(Map<String, Coverage> games, int modes) {
        return games.entrySet().stream()
                .filter(game -> game.getValue().modes() == modes)
                .map(Map.Entry::getKey)
                .collect(Collectors.joining(" and "));
    }
}
