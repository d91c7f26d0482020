package dev.fathom.labs.characters;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.data.FirstNames;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.statistics.NgramModel;
import dev.fathom.view.Plots;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The page of the lab on names: likelihoods, one name letter by letter, and generated names. */
record NamesPage(LabRun run, Findings page, NameParts parts, List<NameModel> models) {
    /** The model that was counted and is a network too. */
    static final String PAIRS = "2-gram counts";

    private static final int SHOWN = 12;
    private static final int SPELLED = 10;
    private static final String LIKELIHOOD = ", negative log-likelihood per letter";

    /** Writes it. */
    void write(int[][] training) {
        likelihoods(training);
        letters();
        samples();
    }

    private void likelihoods(int[][] training) {
        List<String> unseen = parts.unseen();
        List<List<String>> rows = new ArrayList<>();
        for (int order : new int[] {1, 3, 5}) {
            NgramModel counted = new NgramModel(order, FirstNames.LETTERS.size(), training);
            String name = line("%d-gram counts", order);
            double test = counted.logLoss(ids(parts.test()));
            page.figure(Figure.of(name + LIKELIHOOD, "nats", test));
            rows.add(row(
                    name,
                    "",
                    "",
                    counted.logLoss(training),
                    counted.logLoss(ids(parts.validation())),
                    test,
                    unseen.isEmpty() ? "" : line("%.4f", counted.logLoss(ids(unseen)))));
        }
        double pairs = models.get(0).logLoss(parts.test());
        for (NameModel model : models) {
            boolean counted = model.name().equals(PAIRS);
            double loss = model.logLoss(parts.test());
            Figure figure = Figure.of(model.name() + LIKELIHOOD, "nats", loss);
            page.key(counted ? figure : figure.baseline(pairs, PAIRS));
            String alone = "";
            if (!unseen.isEmpty()) {
                double lossUnseen = model.logLoss(unseen);
                alone = line("%.4f", lossUnseen);
                page.figure(Figure.of(model.name() + ", on test names not in the training set", "nats", lossUnseen));
            }
            rows.add(
                    counted ? 1 : rows.size(),
                    row(
                            model.name(),
                            line("%,d", model.model().parameterCount()),
                            counted ? "" : Integer.toString(model.epochs()),
                            model.logLoss(parts.training()),
                            model.logLoss(parts.validation()),
                            loss,
                            alone));
        }
        page.section(
                        "Negative log-likelihood per letter",
                        line(
                                "The mean of -log P over the letters of a name and its end, in nats and in bits, where"
                                        + " P is the probability that a model gives a letter after the letters "
                                        + "before it."
                                        + " The lines of the file were split at random, as in Karpathy's makemore. The"
                                        + " file has some names twice, so %,d of the %,d test names are in the training"
                                        + " set too; the last column leaves them out. n-gram counts are smoothed by the"
                                        + " method of Witten and Bell (1991). The validation names choose the "
                                        + "epoch, and"
                                        + " the test names are used once. The band of the Transformer, 1.88 to 2.0, is"
                                        + " this lab's own: the published value is given as \"about 1.92\".",
                                parts.test().size() - unseen.size(),
                                parts.test().size()))
                .table(
                        List.of(
                                "model",
                                "parameters",
                                "epochs",
                                "training",
                                "validation",
                                "test",
                                "test, bits",
                                "test names not in training"),
                        rows);
    }

    private static List<String> row(
            String name,
            String parameters,
            String epochs,
            double training,
            double validation,
            double test,
            String unseen) {
        return List.of(
                name,
                parameters,
                epochs,
                line("%.4f", training),
                line("%.4f", validation),
                line("%.4f", test),
                line("%.3f", test / Math.log(2)),
                unseen);
    }

    private static int[][] ids(List<String> names) {
        return names.stream().map(FirstNames::ids).toArray(int[][]::new);
    }

    /** One name under every model as curves, and some under the last model as colors. */
    private void letters() {
        List<String> spelled = parts.unseen().stream()
                .filter(name -> name.length() >= 6)
                .limit(SPELLED)
                .toList();
        if (spelled.isEmpty()) {
            return;
        }
        List<String> first = spelled.subList(0, 1);
        List<String> places = new ArrayList<>(Arrays.asList(first.get(0).split("")));
        places.add("end");
        Map<String, double[]> curves = new LinkedHashMap<>();
        models.forEach(m -> curves.put(m.name(), probabilities(m.logProbabilities(first)[0])));
        page.section(
                        "A name letter by letter",
                        line(
                                "The probability of each letter of %s after the letters before it. It is the first"
                                        + " test name of six letters or more that is not in the training set.",
                                first.get(0)))
                .picture(
                        "letters.png",
                        "The probability of each letter of " + first.get(0) + " under every model",
                        () -> Plots.compare("probability", "letter", places, curves));
        NameModel last = models.get(models.size() - 1);
        double[] values =
                new double[spelled.stream().mapToInt(name -> name.length() + 2).sum()];
        int to = 0;
        for (float[] name : last.logProbabilities(spelled)) {
            for (double p : probabilities(name)) {
                values[to++] = p;
            }
            values[to++] = 0; // the line's end
        }
        page.colored(
                String.join(
                        "",
                        spelled.stream()
                                .map(name -> name + FirstNames.END + "\n")
                                .toList()),
                last.name()
                        + ": the more orange a letter is, the more probable it was. A period stands for the end of a"
                        + " name.",
                values);
    }

    private static double[] probabilities(float[] logs) {
        double[] p = new double[logs.length];
        Arrays.setAll(p, i -> Math.exp(logs[i]));
        return p;
    }

    private void samples() {
        int count = run.of(1000, 200);
        Set<String> known = new HashSet<>(parts.all());
        List<List<String>> rows = new ArrayList<>();
        for (NameModel model : models) {
            List<String> written = model.write(count, run.seed());
            List<String> fresh = written.stream()
                    .filter(name -> !name.isEmpty() && !known.contains(name))
                    .toList();
            double share = 100.0 * fresh.size() / count;
            page.figure(Figure.of(model.name() + ", generated names that are not in the data", "%", share));
            rows.add(List.of(
                    model.name(),
                    line("%.1f %%", share),
                    line("%.1f %%", 100.0 * new HashSet<>(written).size() / count),
                    line(
                            "%.1f",
                            written.stream().mapToInt(String::length).average().orElse(0)),
                    String.join(", ", fresh.subList(0, Math.min(SHOWN, fresh.size())))));
        }
        double mean = parts.all().stream().mapToInt(String::length).average().orElse(0);
        page.section(
                        "Generated names",
                        line(
                                "Each model generated %,d names letter by letter at temperature 1. New names are not"
                                        + " in the file, whose names have %.1f letters on average. The first new "
                                        + "names of"
                                        + " each model are shown.",
                                count, mean))
                .table(List.of("model", "new", "distinct", "mean length", "examples"), rows);
    }
}
