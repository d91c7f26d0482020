package dev.fathom.labs.sound;

import static dev.fathom.labs.pages.Result.line;

import dev.fathom.labs.data.SpokenDigits;
import dev.fathom.labs.data.SpokenDigits.Recording;
import dev.fathom.labs.experiments.Experiment;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Result;
import dev.fathom.labs.sound.DigitNets.Taught;
import dev.fathom.view.Plots;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Spoken digits: networks on the official split, each speaker left out, and strings of digits by connectionist temporal classification. */
public final class DigitsLab implements Experiment {
    private static final String FLOOR =
            "no publication: logistic regression on 26 log mel bands at 12 places, computed once with scikit-learn";
    private static final double OFFICIAL = 96.7;
    /** The accuracy of the same logistic regression where the speaker was left out. */
    private static final Map<String, Double> LEFT_OUT =
            Map.of("george", 34.0, "jackson", 86.6, "lucas", 52.8, "nicolas", 54.8, "theo", 85.4, "yweweler", 86.8);

    @Override
    public String name() {
        return "digits";
    }

    @Override
    public String shows() {
        return "spoken digits: five networks, each speaker left out, and strings of digits by an LSTM with CTC";
    }

    @Override
    public Result run(Run run) {
        int each = run.of(Integer.MAX_VALUE, 14);
        List<Recording> all = SpokenDigits.read(run.data(), index -> index < each);
        List<Recording> learn = all.stream().filter(r -> !r.test()).toList();
        List<Recording> test = all.stream().filter(Recording::test).toList();
        if (learn.size() < 20 || test.isEmpty()) {
            throw new IllegalArgumentException("spoken-digits: there are " + learn.size()
                    + " recordings to learn from (index 5 and above) and " + test.size()
                    + " for the test (0 to 4); give at least 20 and 1");
        }
        List<String> speakers =
                all.stream().map(Recording::speaker).distinct().sorted().toList();
        Result page = new Result(
                "Lab digits",
                line(
                        "Free Spoken Digit Dataset: %,d recordings of %d speakers to learn from, %,d for the test (index 0 to 4)",
                        learn.size(), speakers.size(), test.size()),
                run.out());
        Taught best = official(run, page, learn, test);
        if (best == null || !leftOut(run, page, all, speakers, best.net()) || !strings(run, page, learn, test)) {
            return page;
        }
        return page.finished();
    }

    /** The net that is best on what was held out; null where it was stopped. */
    private static @Nullable Taught official(Run run, Result page, List<Recording> learn, List<Recording> test) {
        List<Taught> taught = new ArrayList<>();
        for (DigitNets net : DigitNets.values()) {
            Taught t = net.teach(run, learn, test, net.folder());
            if (t == null) {
                return null;
            }
            taught.add(t);
        }
        List<List<String>> rows = new ArrayList<>();
        for (Taught t : taught) {
            rows.add(List.of(
                    t.net().words,
                    line("%,d", t.parameters()),
                    line("%.1f s", t.seconds()),
                    line("%.2f %%", 100 * t.heldOut()),
                    line("%.2f %%", 100 * t.test())));
            Figure figure = Figure.of(t.net().words + ", test accuracy", "%", 100 * t.test())
                    .published(line("%.1f %%", OFFICIAL), FLOOR);
            boolean mark = run.whole() && t.net() != DigitNets.LOGISTIC;
            page.figure(mark ? figure.atLeast(OFFICIAL) : figure);
        }
        page.section(
                        "One digit",
                        "Log power in " + DigitFeatures.BANDS
                                + " mel bands, less the recording's mean in each. The MLP and the CNN see 32 frames "
                                + "at equal distances as a picture, LSTM and GRU every frame as a sequence. The epoch is chosen on a tenth "
                                + "held out, the test is looked at once. No network's figure is published for this split. The baseline is "
                                + "logistic regression: 96.7 %, computed once with scikit-learn on 26 log mel bands at 12 places, and computed here on the features of the networks.")
                .table(List.of("network", "parameters", "training", "held out", "test"), rows);
        Taught best = taught.stream()
                .filter(t -> t.net() != DigitNets.LOGISTIC)
                .max(Comparator.comparingDouble(Taught::heldOut))
                .orElseThrow();
        page.text("Best on the recordings held out: " + best.net().words + ".");
        page.key(Figure.of("Best network, test accuracy", "%", 100 * best.test())
                .published(line("%.1f %%", OFFICIAL), FLOOR));
        return best;
    }

    /** False where it was stopped. */
    private static boolean leftOut(Run run, Result page, List<Recording> all, List<String> speakers, DigitNets net) {
        List<List<String>> rows = new ArrayList<>();
        double sum = 0;
        List<String> asked = run.brief() ? speakers.subList(0, Math.min(2, speakers.size())) : speakers;
        for (String speaker : asked) {
            Map<Boolean, List<Recording>> parts = new LinkedHashMap<>();
            for (boolean own : new boolean[] {false, true}) {
                parts.put(
                        own,
                        all.stream()
                                .filter(r -> r.speaker().equals(speaker) == own)
                                .toList());
            }
            List<Recording> others = parts.getOrDefault(false, List.of());
            if (others.size() < 20) {
                page.text("There is only one speaker, so none can be left out.");
                return true;
            }
            Taught taught = net.teach(run, others, parts.getOrDefault(true, List.of()), "without-" + speaker);
            if (taught == null) {
                return false;
            }
            Double floor = LEFT_OUT.get(speaker);
            sum += taught.test();
            rows.add(List.of(
                    speaker,
                    line("%.1f %%", 100 * taught.heldOut()),
                    line("%.1f %%", 100 * taught.test()),
                    floor == null ? "" : line("%.1f %%", floor)));
            Figure figure = Figure.of("Without " + speaker + ", accuracy on " + speaker, "%", 100 * taught.test());
            page.figure(floor == null ? figure : figure.published(line("%.1f %%", floor), FLOOR));
        }
        page.section(
                        "A speaker left out",
                        "The " + net.words
                                + " learns from the other speakers, of whom a tenth of the recordings is held out to choose the epoch, "
                                + "and is asked for all recordings of the one it never heard.")
                .table(List.of("left out", "others, held out", "left out", "logistic regression"), rows)
                .key(Figure.of("Speakers left out, mean accuracy", "%", 100 * sum / asked.size()));
        return true;
    }

    /** False where it was stopped. */
    private static boolean strings(Run run, Result page, List<Recording> learn, List<Recording> test) {
        DigitStrings.Read read = DigitStrings.learn(run, learn, test);
        if (read == null) {
            return false;
        }
        page.section(
                        "Strings of digits",
                        line(
                                "%,d strings of 3 to 5 digits of one speaker, made of recordings of the test with short silences, read by an LSTM "
                                        + "in both directions that learned from strings of the other recordings by connectionist temporal "
                                        + "classification (Graves et al. 2006). Words wrong counts digits left out, added or taken for others, "
                                        + "over the digits spoken. Nothing is published for such strings; one digit alone, cut out, is named "
                                        + "wrong as often as the table above says.",
                                read.strings()))
                .table(
                        List.of("decoding", "words wrong"),
                        List.of(
                                List.of(
                                        "best class at each frame",
                                        line("%.2f %%", 100 * read.greedy().value())),
                                List.of(
                                        "prefix beam of " + DigitStrings.BEAM,
                                        line("%.2f %%", 100 * read.beam().value()))))
                .key(Figure.of("Strings, words wrong", "%", 100 * read.beam().value()))
                .figure(Figure.of(
                        "Strings, words wrong by the best class",
                        "%",
                        100 * read.greedy().value()))
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

    private static Map<String, double[][]> curves(DigitStrings.Read read) {
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
