package dev.fathom.labs.characters;

import static dev.fathom.labs.pages.Result.line;

import dev.fathom.labs.data.Names;
import dev.fathom.labs.experiments.Run;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Result;
import dev.fathom.labs.statistics.NgramModel;
import dev.fathom.view.Plots;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What came of the models of names. */
final class NamesPage {
    private static final int SHOWN = 12;
    private static final int SPELLED = 10;
    private static final String LIKELIHOOD = ", negative log-likelihood per letter";
    private static final String SOURCE = "karpathy/makemore, README: a Transformer of 200,000 parameters";

    private NamesPage() {}

    static void write(Run run, Result page, NameParts parts, int[][] learned, List<NameModel> models) {
        likelihoods(run, page, parts, learned, models);
        letters(page, parts.unseen(), models);
        samples(run, page, parts, models);
    }

    private static void likelihoods(Run run, Result page, NameParts parts, int[][] learned, List<NameModel> models) {
        List<String> unseen = parts.unseen();
        List<List<String>> rows = new ArrayList<>();
        for (int order : new int[] {1, 3, 5}) {
            NgramModel counted = new NgramModel(order, Names.LETTERS.size(), learned);
            String name = order == 1 ? "Counted letters" : line("Counted groups of %d", order);
            double test = counted.logLoss(ids(parts.test()));
            page.figure(Figure.of(name + LIKELIHOOD, "nats", test));
            rows.add(row(
                    name,
                    "",
                    "",
                    counted.logLoss(learned),
                    counted.logLoss(ids(parts.choose())),
                    test,
                    counted.logLoss(ids(unseen))));
        }
        for (NameModel model : models) {
            double loss = model.logLoss(parts.test());
            Figure figure = Figure.of(model.name() + LIKELIHOOD, "nats", loss);
            page.key(model.name().equals("Transformer") ? judged(run, figure) : figure);
            double alone = model.logLoss(unseen);
            page.figure(Figure.of(model.name() + ", on names that nobody learned from", "nats", alone));
            boolean counted = model.epochs() == 0;
            rows.add(
                    counted ? 1 : rows.size(),
                    row(
                            model.name(),
                            line("%,d", model.model().parameterCount()),
                            counted ? "" : Integer.toString(model.epochs()),
                            model.logLoss(parts.learn()),
                            model.logLoss(parts.choose()),
                            loss,
                            alone));
        }
        page.section(
                        "Negative log-likelihood per letter",
                        line(
                                "The mean of -log P over the letters of a name and its end, in nats and in bits, where P is what a model gives "
                                        + "a letter behind those before it. The names were dealt out line by line, as in Karpathy's "
                                        + "makemore; because the file has some names twice, %,d of the %,d of the test also stand among those "
                                        + "that were learned, and the last column is of the others alone. Beside the published value of the "
                                        + "Transformer, the models are compared with groups of letters that were counted and smoothed "
                                        + "(Witten and Bell 1991).",
                                parts.test().size() - unseen.size(),
                                parts.test().size()))
                .table(
                        List.of(
                                "model",
                                "parameters",
                                "epochs",
                                "learned",
                                "to choose by",
                                "test",
                                "test, bits",
                                "test, not learned"),
                        rows);
    }

    private static Figure judged(Run run, Figure figure) {
        Figure published = figure.published("about 1.92", SOURCE);
        return run.whole() && !run.interrupt().requested() ? published.within(1.88, 2.0) : published;
    }

    private static List<String> row(
            String name, String parameters, String epochs, double learn, double choose, double test, double alone) {
        return List.of(
                name,
                parameters,
                epochs,
                line("%.4f", learn),
                line("%.4f", choose),
                line("%.4f", test),
                line("%.3f", test / Math.log(2)),
                line("%.4f", alone));
    }

    private static int[][] ids(List<String> names) {
        return names.stream().map(Names::ids).toArray(int[][]::new);
    }

    /** One name under every model as curves, and some under the best as colors. */
    private static void letters(Result page, List<String> unseen, List<NameModel> models) {
        List<String> spelled = unseen.stream()
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
                                "The probability of each letter of %s, the first long name of the test that was not learned, behind those before it.",
                                first.get(0)))
                .picture(
                        "letters.png",
                        "The probability of each letter of " + first.get(0) + " under every model",
                        () -> Plots.compare("probability", "letter", places, curves));
        NameModel best = models.get(models.size() - 1);
        float[][] all = best.logProbabilities(spelled);
        double[] values =
                new double[spelled.stream().mapToInt(name -> name.length() + 2).sum()];
        int to = 0;
        for (float[] name : all) {
            for (double p : probabilities(name)) {
                values[to++] = p;
            }
            values[to++] = 0; // the line's end
        }
        page.colored(
                String.join(
                        "",
                        spelled.stream().map(name -> name + Names.END + "\n").toList()),
                best.name() + ": the more orange, the more probable was the letter; a full stop is the end of a name.",
                values);
    }

    private static double[] probabilities(float[] logs) {
        double[] p = new double[logs.length];
        Arrays.setAll(p, i -> Math.exp(logs[i]));
        return p;
    }

    private static void samples(Run run, Result page, NameParts parts, List<NameModel> models) {
        int count = run.of(1000, 200);
        Set<String> known = new HashSet<>(parts.all());
        List<List<String>> rows = new ArrayList<>();
        for (NameModel model : models) {
            List<String> written = model.write(count, "", run.seed());
            List<String> made = written.stream()
                    .filter(name -> !name.isEmpty() && !known.contains(name))
                    .toList();
            double share = 100.0 * made.size() / count;
            page.figure(Figure.of(model.name() + ", written names that are not in the data", "%", share));
            rows.add(List.of(
                    model.name(),
                    line("%.1f %%", share),
                    line("%.1f %%", 100.0 * new HashSet<>(written).size() / count),
                    line(
                            "%.1f",
                            written.stream().mapToInt(String::length).average().orElse(0)),
                    String.join(", ", made.subList(0, Math.min(SHOWN, made.size())))));
        }
        double mean = parts.all().stream().mapToInt(String::length).average().orElse(0);
        page.section(
                        "Names that they make up",
                        line(
                                "Each model wrote %,d names, drawn letter by letter at temperature 1. New names stand nowhere in the file, "
                                        + "whose names have %.1f letters on average; the first new ones are shown.",
                                count, mean))
                .table(List.of("model", "new", "different", "letters", "such as"), rows);
    }
}
