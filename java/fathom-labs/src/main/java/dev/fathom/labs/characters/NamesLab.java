package dev.fathom.labs.characters;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.FirstNames;
import dev.fathom.experiments.data.NameParts;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.NgramModel;
import dev.fathom.nn.Input;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.view.Diagram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * Names letter by letter, as in Karpathy's makemore: a 2-gram model, an MLP over the last three letters, a GRU and a
 * small Transformer, compared by their negative log-likelihood per letter on test names, and by the names that they
 * generate.
 */
public final class NamesLab implements Experiment {
    private static final int SHOWN = 12;
    private static final int SPELLED = 10;
    private static final String PAIRS = "2-gram counts";
    private static final String LOSS = "negative log-likelihood per letter";

    /** A network and how it is trained. */
    private record Plan(String name, Layer net, float rate, int epochs) {}

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The Transformer", NameNets.transformer(), Input.ints(1, FirstNames.LONGEST + 2));
    }

    @Override
    public List<DataSet> reads() {
        return List.of(FirstNames.SET);
    }

    @Override
    public void run(Lab lab) {
        NameParts parts = NameParts.of(FirstNames.read(lab.data()), lab.seed(), lab.of(Integer.MAX_VALUE, 3000));
        int tested = parts.test().size();
        lab.put("names", parts.all().size()).put("learn", parts.training().size());
        lab.put("choose", parts.validation().size()).put("test", tested);
        lab.put("known", tested - parts.unseen().size());
        int[][] training = ids(parts.training());
        Table likelihoods = lab.table("likelihoods", "model");
        for (int order : new int[] {1, 2, 3, 5}) {
            NgramModel counted = new NgramModel(order, FirstNames.LETTERS.size(), training);
            score(likelihoods.row(order + "-gram counts"), parts, names -> counted.logLoss(ids(names)));
        }
        Layer pairs = NameNets.counted(new NgramModel(2, FirstNames.LETTERS.size(), training));
        List<Plan> plans = List.of(
                new Plan(PAIRS, pairs, 0, 0),
                new Plan("MLP", new NameNets.Mlp(), 4e-3f, lab.epochs(20, 3)),
                new Plan("GRU", NameNets.gru(), 3e-3f, lab.epochs(12, 3)),
                new Plan("Transformer", NameNets.transformer(), 1e-3f, lab.epochs(20, 2)));
        List<String> spelled = parts.unseen().stream()
                .filter(name -> name.length() >= 6)
                .limit(SPELLED)
                .toList();
        Map<String, double[]> letters = new LinkedHashMap<>();
        List<Double> colors = new ArrayList<>();
        Table generated = lab.table("generated", "model");
        double baseline = likelihoods.rows().get(1).get(LOSS);
        for (Plan plan : plans) {
            try (Model<Layer> model = Model.of(plan.net, lab.seed())) {
                if (plan.epochs > 0) {
                    NameModel.train(lab, plan.name, model, parts, plan.rate, plan.epochs);
                    score(likelihoods.row(plan.name), parts, names -> NameModel.logLoss(plan.net, names))
                            .baseline(LOSS, baseline, PAIRS)
                            .cell("parameters", model.parameterCount())
                            .cell("epochs", plan.epochs);
                }
                generate(lab, plan, parts, generated.row(plan.name));
                colors.clear(); // those of the last one stay
                float[][] all = spelled.isEmpty() ? new float[0][] : NameModel.logProbabilities(plan.net, spelled);
                for (float[] logs : all) {
                    double[] p = new double[logs.length];
                    Arrays.setAll(p, i -> Math.exp(logs[i]));
                    letters.putIfAbsent(plan.name, p);
                    Arrays.stream(p).forEach(colors::add);
                    colors.add(0.0); // the line's end
                }
            }
        }
        lab.section("Negative log-likelihood per letter");
        if (!spelled.isEmpty()) {
            List<String> places = Stream.concat(Arrays.stream(spelled.get(0).split("")), Stream.of("end"))
                    .toList();
            String text = String.join(
                    "",
                    spelled.stream().map(name -> name + FirstNames.END + "\n").toList());
            lab.section("A name letter by letter")
                    .put("name", spelled.get(0))
                    .curves("letters.png", "probability", "letter", places, letters)
                    .colored(
                            "spelled", text, colors.stream().mapToDouble(c -> c).toArray());
        }
        lab.section("Generated names");
        lab.put("count", lab.of(1000, 200)).put("length", length(parts.all()));
    }

    private static int[][] ids(List<String> names) {
        return names.stream().map(FirstNames::ids).toArray(int[][]::new);
    }

    private static double length(List<String> names) {
        return names.stream().mapToInt(String::length).average().orElse(0);
    }

    private static Table.Row score(Table.Row row, NameParts parts, ToDoubleFunction<List<String>> loss) {
        double test = loss.applyAsDouble(parts.test());
        row.cell("parameters", "").cell("epochs", "");
        row.put("training", "%.4f nats", loss.applyAsDouble(parts.training()))
                .put("validation", "%.4f nats", loss.applyAsDouble(parts.validation()))
                .put(LOSS, "%.4f nats", test)
                .cell("in bits", line("%.3f", test / Math.log(2)));
        List<String> unseen = parts.unseen();
        if (!unseen.isEmpty()) {
            row.put("on test names not in the training set", "%.4f nats", loss.applyAsDouble(unseen));
        }
        return row;
    }

    private static void generate(Lab lab, Plan plan, NameParts parts, Table.Row row) {
        int count = lab.of(1000, 200);
        Set<String> known = new HashSet<>(parts.all());
        List<String> written = NameModel.write(plan.net, count, lab.seed());
        List<String> fresh = written.stream()
                .filter(name -> !name.isEmpty() && !known.contains(name))
                .toList();
        row.put("generated names that are not in the data", "%.1f %%", 100.0 * fresh.size() / count)
                .cell("distinct", line("%.1f %%", 100.0 * new HashSet<>(written).size() / count))
                .cell("mean length", line("%.1f", length(written)))
                .cell("examples", String.join(", ", fresh.subList(0, Math.min(SHOWN, fresh.size()))));
    }
}
