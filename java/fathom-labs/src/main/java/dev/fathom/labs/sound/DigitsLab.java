package dev.fathom.labs.sound;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.SpokenDigits;
import dev.fathom.experiments.data.SpokenDigits.Recording;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.labs.sound.DigitNet.Trained;
import dev.fathom.view.Diagram;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Spoken digits: networks on the official split, each speaker left out, and strings of digits by connectionist temporal
 * classification.
 */
public final class DigitsLab implements Experiment {
    /** The accuracy of a logistic regression on the official split, computed once: 290 of 300. */
    private static final double FLOOR = 100 * 290 / 300.0;
    /** Its accuracy on each speaker when it is trained on the others. */
    private static final Map<String, Double> FLOOR_LEFT_OUT =
            Map.of("george", 34.0, "jackson", 86.6, "lucas", 52.8, "nicolas", 54.8, "theo", 85.4, "yweweler", 86.8);

    private static final String REGRESSION =
            "logistic regression on 26 log mel bands at 12 places, computed once with scikit-learn";
    private static final int FEWEST = 20;

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "The convolutional network", DigitNet.CNN.convolutional(), DigitNet.CNN.places, DigitFeatures.BANDS, 1);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(SpokenDigits.SET);
    }

    @Override
    public void run(Lab lab) {
        int each = lab.of(Integer.MAX_VALUE, 14);
        List<Recording> all = SpokenDigits.read(lab.data(), index -> index < each);
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
        lab.put("learn", training.size()).put("test", test.size()).put("speakers", speakers.size());
        Trained best = official(lab, training, test);
        leftOut(lab, all, speakers.subList(0, lab.of(speakers.size(), Math.min(2, speakers.size()))), best.net());
        strings(lab, training, test, best);
    }

    /** The network with the best validation accuracy. */
    private static Trained official(Lab lab, List<Recording> training, List<Recording> test) {
        lab.section("One digit").put("bands", DigitFeatures.BANDS).put("frames", DigitNet.CNN.places);
        lab.put("places", DigitNet.LOGISTIC.places).put("floor", FLOOR);
        Table table = lab.table("networks", "network");
        List<Trained> trained = new ArrayList<>();
        for (DigitNet net : DigitNet.values()) {
            Trained t = net.train(lab, net.title, training, test);
            trained.add(t);
            table.row(net.title)
                    .cell("parameters", t.parameters())
                    .cell("training", "%.1f s", t.seconds())
                    .put("validation accuracy", "%.2f %%", t.validation())
                    .put("test accuracy", "%.2f %%", t.test())
                    .baseline(FLOOR, REGRESSION);
        }
        Trained best = trained.stream()
                .filter(t -> t.net() != DigitNet.LOGISTIC)
                .max(Comparator.comparingDouble(Trained::validation))
                .orElseThrow();
        lab.put("best", best.net().title)
                .figure("Best network, test accuracy", "%", best.test())
                .baseline(FLOOR, REGRESSION);
        return best;
    }

    private static void leftOut(Lab lab, List<Recording> all, List<String> speakers, DigitNet net) {
        lab.section("A speaker left out");
        Table table = lab.table("speakers", "speaker").named("Without {row}, {column} {row}");
        List<Double> accuracies = new ArrayList<>();
        List<Double> floors = new ArrayList<>();
        for (String speaker : speakers) {
            Map<Boolean, List<Recording>> parts = all.stream()
                    .collect(Collectors.partitioningBy(r -> r.speaker().equals(speaker)));
            List<Recording> others = parts.getOrDefault(false, List.of());
            Table.Row row = table.row(speaker);
            if (others.size() < FEWEST) {
                row.cell("validation, other speakers", "not done: the others have " + others.size() + " recordings");
                continue;
            }
            Trained t = net.train(lab, "without " + speaker, others, parts.getOrDefault(true, List.of()));
            accuracies.add(t.test());
            row.cell("validation, other speakers", "%.1f %%", t.validation()).put("accuracy on", "%.1f %%", t.test());
            Double floor = FLOOR_LEFT_OUT.get(speaker);
            if (floor != null) {
                floors.add(floor);
                row.baseline(floor, REGRESSION).cell("logistic regression", floor + " %");
            }
        }
        lab.put("net", net.title);
        if (!accuracies.isEmpty()) {
            Figure mean = Figure.of("Speakers left out, mean accuracy", "%", Averages.mean(accuracies, x -> x));
            boolean known = floors.size() == accuracies.size();
            lab.figure(known ? mean.baseline(Averages.mean(floors, x -> x), REGRESSION) : mean);
        }
    }

    private static void strings(Lab lab, List<Recording> training, List<Recording> test, Trained best) {
        DigitStrings.Recognized read = DigitStrings.train(lab, training, test);
        double single = 100 - best.test();
        lab.section("Strings of digits").put("strings", read.strings()).put("single", single);
        Table table = lab.table("decoding", "decoding").named("Strings, {column}");
        String of = "test error of the best network on single digits";
        String rate = "word error rate";
        table.row("prefix beam search, width " + DigitStrings.BEAM)
                .put(rate, "%.2f %%", 100 * read.beam().value())
                .baseline(single, of);
        table.named("Strings, {column} of {row} decoding")
                .row("greedy")
                .put(rate, "%.2f %%", 100 * read.greedy().value())
                .baseline(single, of);
        lab.sheet("string.png", read.picture()).curves("probabilities.png", "probability", "frame", read.curves());
    }
}
