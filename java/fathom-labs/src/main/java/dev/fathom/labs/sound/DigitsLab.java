package dev.fathom.labs.sound;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.data.SpokenDigits;
import dev.fathom.labs.data.SpokenDigits.Recording;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.sound.DigitNet.Trained;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.view.Plots;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Spoken digits: networks on the official split, each speaker left out, and strings of digits by connectionist temporal
 * classification.
 */
public final class DigitsLab implements OldExperiment {
    /** The accuracy of a logistic regression on the official split, computed once: 290 of 300. */
    private static final double FLOOR = 100 * 290 / 300.0;
    /** Its accuracy on each speaker when it is trained on the others. */
    private static final Map<String, Double> FLOOR_LEFT_OUT =
            Map.of("george", 34.0, "jackson", 86.6, "lucas", 52.8, "nicolas", 54.8, "theo", 85.4, "yweweler", 86.8);

    private static final String REGRESSION =
            "logistic regression on 26 log mel bands at 12 places, computed once with scikit-learn";
    private static final int FEWEST = 20;

    @Override
    public String name() {
        return "digits";
    }

    @Override
    public Findings run(LabRun run) {
        int each = run.of(Integer.MAX_VALUE, 14);
        List<Recording> all = SpokenDigits.read(run.data(), index -> index < each);
        List<Recording> training = all.stream().filter(r -> !r.test()).toList();
        List<Recording> test = all.stream().filter(Recording::test).toList();
        if (training.size() < FEWEST || test.isEmpty()) {
            throw new IllegalArgumentException("spoken-digits has " + training.size()
                    + " training recordings (index 5 and above) and " + test.size()
                    + " test recordings (index 0 to 4), but at least " + FEWEST
                    + " and 1 are needed; give the whole folder");
        }
        long validation = training.stream().filter(DigitStrings::isValidation).count();
        if (validation == 0 || validation == training.size()) {
            throw new IllegalArgumentException(
                    "spoken-digits has " + validation + " recordings of index 5, 14, 23, 32 or 41, "
                            + "which are for the validation of strings, and " + (training.size() - validation)
                            + " for their training, but at least 1 of each is needed; give the whole folder");
        }
        List<String> speakers =
                all.stream().map(Recording::speaker).distinct().sorted().toList();
        Findings page = run.page(
                "Lab digits",
                line(
                        "Free Spoken Digit Dataset: %,d training and %,d test recordings (index 0 to 4) of %d speakers",
                        training.size(), test.size(), speakers.size()));
        Trained best = official(run, page, training, test);
        if (best != null && leftOut(run, page, all, speakers, best.net()) && strings(run, page, training, test, best)) {
            page.finished();
        }
        return page;
    }

    /** The network with the best validation accuracy; null if the run was interrupted. */
    private static @Nullable Trained official(
            LabRun run, Findings page, List<Recording> training, List<Recording> test) {
        List<Trained> trained = new ArrayList<>();
        for (DigitNet net : DigitNet.values()) {
            Trained t = net.train(run, training, test, net.folder());
            if (t == null) {
                break;
            }
            trained.add(t);
        }
        if (trained.isEmpty()) {
            return null;
        }
        List<List<String>> rows = new ArrayList<>();
        for (Trained t : trained) {
            rows.add(List.of(
                    t.net().title,
                    line("%,d", t.parameters()),
                    line("%.1f s", t.seconds()),
                    line("%.2f %%", 100 * t.validation()),
                    line("%.2f %%", 100 * t.test())));
            page.figure(floor(t.net().title + ", test accuracy", 100 * t.test(), FLOOR));
        }
        page.section(
                        "One digit",
                        line(
                                "The features are the logarithms of the power in %d mel bands. The MLPs and the CNN"
                                        + " see %d frames at equal distances as an image, minus the mean of the "
                                        + "recording."
                                        + " The LSTM and the GRU see every frame as a sequence, minus the mean of the"
                                        + " recording in each band. The epoch with the best accuracy on a tenth of the"
                                        + " training recordings, the validation set, is kept. Images of an "
                                        + "earlier form, without"
                                        + " the mean of each band, reached 96.0 to 96.7 %% of the test; the "
                                        + "present form was then"
                                        + " chosen on splits of the training recordings. No network's accuracy is "
                                        + "published for"
                                        + " this split, so a baseline takes its place: a logistic regression has "
                                        + "%.1f %%"
                                        + " (computed once with scikit-learn on the logarithms of 26 mel bands at "
                                        + "12 places),"
                                        + " and every network is expected to reach it. The logistic regression of "
                                        + "the table is"
                                        + " computed here, also at %d places, but on the features of the images.",
                                DigitFeatures.BANDS, DigitNet.CNN.places, FLOOR, DigitNet.LOGISTIC.places))
                .table(List.of("network", "parameters", "training", "validation", "test"), rows);
        if (trained.size() < DigitNet.values().length) {
            return null;
        }
        Trained best = trained.stream()
                .filter(t -> t.net() != DigitNet.LOGISTIC)
                .max(Comparator.comparingDouble(Trained::validation))
                .orElseThrow();
        page.text("The best network on the validation recordings: " + best.net().title + ".");
        page.key(floor("Best network, test accuracy", 100 * best.test(), FLOOR));
        return best;
    }

    /** An accuracy beside that of the logistic regression. */
    private static Figure floor(String name, double accuracy, double floor) {
        return Figure.of(name, "%", accuracy).baseline(floor, REGRESSION);
    }

    /** False if the run was interrupted. */
    private static boolean leftOut(
            LabRun run, Findings page, List<Recording> all, List<String> speakers, DigitNet net) {
        List<List<String>> rows = new ArrayList<>();
        List<Trained> trained = new ArrayList<>();
        List<Double> floors = new ArrayList<>();
        List<String> asked = run.brief() ? speakers.subList(0, Math.min(2, speakers.size())) : speakers;
        for (String speaker : asked) {
            Map<Boolean, List<Recording>> parts = all.stream()
                    .collect(Collectors.partitioningBy(r -> r.speaker().equals(speaker)));
            List<Recording> others = parts.getOrDefault(false, List.of());
            if (others.size() < FEWEST) {
                page.text(line(
                        "The speaker %s is not left out, because the others have only %d recordings.",
                        speaker, others.size()));
                continue;
            }
            Trained t = net.train(run, others, parts.getOrDefault(true, List.of()), "without-" + speaker);
            if (t == null) {
                break;
            }
            trained.add(t);
            Double floor = FLOOR_LEFT_OUT.get(speaker);
            rows.add(List.of(
                    speaker,
                    line("%.1f %%", 100 * t.validation()),
                    line("%.1f %%", 100 * t.test()),
                    floor == null ? "" : line("%.1f %%", floor)));
            String name = "Without " + speaker + ", accuracy on " + speaker;
            if (floor == null) {
                page.figure(Figure.of(name, "%", 100 * t.test()));
            } else {
                floors.add(floor);
                page.figure(floor(name, 100 * t.test(), floor));
            }
        }
        if (!rows.isEmpty()) {
            double mean = 100 * Averages.mean(trained, Trained::test);
            String name = "Speakers left out, mean accuracy";
            page.section(
                            "A speaker left out",
                            line(
                                    "The %s is trained on the recordings of all speakers but one, of which a tenth is"
                                            + " for validation, and tested on all recordings of the speaker whom "
                                            + "it never"
                                            + " heard. The last column is the logistic regression that was "
                                            + "computed once"
                                            + " with scikit-learn on other features; both vary greatly from speaker to"
                                            + " speaker, so only their means are compared.",
                                    net.title))
                    .table(
                            List.of(
                                    "speaker",
                                    "validation, other speakers",
                                    "accuracy on the speaker",
                                    "logistic regression"),
                            rows)
                    .key(
                            floors.size() < rows.size()
                                    ? Figure.of(name, "%", mean)
                                    : floor(name, mean, Averages.mean(floors, x -> x)));
        }
        return !run.interrupt().requested();
    }

    /** False if the run was interrupted. */
    private static boolean strings(
            LabRun run, Findings page, List<Recording> training, List<Recording> test, Trained best) {
        DigitStrings.Recognized read = DigitStrings.train(run, training, test);
        if (read == null) {
            return false;
        }
        double single = 100 - 100 * best.test();
        String of = "test error of the best network on single digits";
        double greedy = 100 * read.greedy().value();
        double beam = 100 * read.beam().value();
        page.section(
                        "Strings of digits",
                        line(
                                "%,d strings of 3 to 5 digits of one speaker, made of test recordings with short"
                                        + " silences, are recognized by a bidirectional LSTM. It is trained on "
                                        + "strings of"
                                        + " training recordings by connectionist temporal classification (Graves et al."
                                        + " 2006). The word error rate is the number of deleted, inserted and "
                                        + "substituted"
                                        + " digits divided by the number of spoken digits. No word error rate is "
                                        + "published"
                                        + " for such strings, so it is compared with the error of the best network on"
                                        + " digits that are cut out, which is %.2f %%.",
                                read.strings(), single))
                .table(
                        List.of("decoding", "word error rate"),
                        List.of(
                                List.of("greedy", line("%.2f %%", greedy)),
                                List.of(
                                        line("prefix beam search, width %d", DigitStrings.BEAM),
                                        line("%.2f %%", beam))))
                .key(Figure.of("Strings, word error rate", "%", beam).baseline(single, of))
                .figure(Figure.of("Strings, word error rate of greedy decoding", "%", greedy)
                        .baseline(single, of))
                .picture(
                        "string.png",
                        "Spectrogram of a string of digits and, below it, the probabilities of the blank and of 0 to 9",
                        () -> read.picture().render());
        page.picture(
                "probabilities.png",
                "Probability of the blank and of each digit of the string over time",
                () -> Plots.compare("probability", "frame", curves(read)));
        return true;
    }

    private static Map<String, double[][]> curves(DigitStrings.Recognized read) {
        int steps = read.frames().length / DigitFeatures.BANDS;
        int classes = read.probabilities().length / steps;
        double[] axis = IntStream.range(0, steps).mapToDouble(t -> t).toArray();
        Map<String, double[][]> curves = new LinkedHashMap<>();
        IntStream.concat(
                        IntStream.of(0),
                        read.spoken().stream().mapToInt(d -> d + 1).distinct())
                .forEach(c -> curves.put(c == 0 ? "blank" : Integer.toString(c - 1), new double[][] {
                    axis,
                    IntStream.range(0, steps)
                            .mapToDouble(t -> read.probabilities()[t * classes + c])
                            .toArray()
                }));
        return curves;
    }
}
