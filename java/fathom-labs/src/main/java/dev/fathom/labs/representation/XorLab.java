package dev.fathom.labs.representation;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.training.Descent;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Diagram;
import dev.fathom.view.Regions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * XOR by two hidden units: by hand, and by training from many starts, some of which end where nothing improves any
 * more.
 */
public final class XorLab implements Experiment {
    private static final List<Map.Entry<String, Layer>> ACTIVATIONS = List.of(
            Map.entry("sigmoid", Tensor::sigmoid), Map.entry("tanh", Tensor::tanh), Map.entry("ReLU", Tensor::relu));

    private static final float RATE = 0.05f;
    private static final int XOR = PerceptronLab.XOR;
    /** Cross-entropies at which a network ends that gives equal answers to two, three or all four rows. */
    static final Map<String, Double> PLATEAUS = new LinkedHashMap<>();

    static {
        PLATEAUS.put("solved (0)", 0.0);
        PLATEAUS.put("two rows alike (0.35)", Math.log(2) / 2);
        PLATEAUS.put("three rows alike (0.48)", Math.log(3) * 0.75 - Math.log(2) * 0.5);
        PLATEAUS.put("all rows alike (0.69)", Math.log(2));
    }

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The network by hand", HandMade.xor(), 2);
    }

    @Override
    public void run(Lab lab) {
        byHand(lab.section("By hand"));
        int nets = lab.of(1000, 100);
        int steps = lab.epochs(4000, 700);
        lab.section("From many starts").put("nets", nets).put("steps", steps).put("rate", RATE);
        Table table = lab.table("starts", "network");
        List<Regions> inputs = new ArrayList<>();
        List<Regions> planes = new ArrayList<>();
        for (int hidden : lab.of(new int[] {1, 2, 3, 4, 8}, new int[] {1, 2, 4})) {
            ACTIVATIONS.forEach(a -> train(lab, a.getKey(), a.getValue(), hidden, nets, steps, table, inputs, planes));
        }
        List<Table.Row> two = table.rows().stream()
                .filter(row -> row.name().startsWith("2-2-1"))
                .toList();
        double near = two.stream()
                .flatMapToDouble(row -> PLATEAUS.keySet().stream().mapToDouble(row::get))
                .sum();
        lab.put("trained", nets * two.size()).put("far", nets * two.size() - near);
        lab.put("solved", !planes.isEmpty());
        if (!planes.isEmpty()) {
            List<Regions> all = Stream.concat(inputs.stream(), planes.stream()).toList();
            lab.picture("planes.png", () -> Regions.sheet(planes.size(), all));
        }
    }

    /** Threshold units: "not both" and "at least one", and both of these. */
    private static void byHand(Lab lab) {
        Sequential first = new Sequential(HandMade.xor().layers().subList(0, 2));
        float[] hidden = HandMade.answers(first, 2, TruthTable.INPUTS);
        float[] answers = HandMade.answers(HandMade.xor(), 2, TruthTable.INPUTS);
        Table table = lab.table("rows", "a");
        for (int r = 0; r < 4; r++) {
            table.row(Integer.toString(r >> 1))
                    .cell("b", r & 1)
                    .cell("not both (n)", hidden[2 * r])
                    .cell("one or both (o)", hidden[2 * r + 1])
                    .cell("n and o", answers[r]);
        }
        Sequential last = new Sequential(HandMade.xor().layers().subList(2, 4));
        Regions in = TruthTable.plane("Inputs a, b");
        Regions out = TruthTable.plane("Hidden units n, o");
        in.shares(HandMade.answers(HandMade.xor(), 2, in.places()))
                .boundary(1, 1, -0.5, 6)
                .boundary(1, 1, -1.5, 6);
        out.shares(HandMade.answers(last, 2, out.places())).boundary(1, 1, -1.5, 6);
        TruthTable.points(in, XOR, TruthTable.INPUTS);
        TruthTable.points(out, XOR, hidden);
        lab.picture("by-hand.png", () -> Regions.sheet(2, List.of(in, out)));
    }

    /** Trains {@code nets} networks 2-hidden-1 side by side. */
    private static void train(
            Lab lab,
            String name,
            Layer activation,
            int hidden,
            int nets,
            int steps,
            Table table,
            List<Regions> inputs,
            List<Regions> planes) {
        XorNets all = XorNets.of(nets, hidden, activation);
        try (Model<Sequential> model = Model.of(all.net(), lab.seed() + hidden)) {
            Descent.adam(RATE, steps).run(lab, model, () -> all.losses().sum());
            try (Pass pass = Pass.infer()) {
                double[] losses = Averages.doubles(all.losses().toArray());
                int[] solved = all.solved();
                Table.Row row = table.row("2-" + hidden + "-1 " + name)
                        .put("starts that solve XOR", "%.1f %%", 100.0 * solved.length / nets);
                if (hidden == 1) {
                    row.baseline(0, "one unit with a monotonic activation is one line");
                } else if (hidden == 2 && name.equals("sigmoid")) {
                    row.baseline(0, "one hidden unit");
                }
                row.put("mean loss", "%.4f", Averages.mean(losses));
                PLATEAUS.forEach((end, loss) -> {
                    long near = Arrays.stream(losses)
                            .filter(l -> Math.abs(l - loss) < 0.02)
                            .count();
                    row.put(end, "%,d", (double) near);
                });
                if (hidden == 2 && solved.length > 0) {
                    all.draw(solved[0], name, inputs, planes);
                }
            }
        }
    }
}
