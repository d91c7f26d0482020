package dev.fathom.labs.representation;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.training.Descent;
import dev.fathom.labs.training.ManyLinear;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Regions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * XOR by two hidden units: by hand, and by training from many starts, some of which end where nothing improves any
 * more.
 */
public final class XorLab implements OldExperiment {
    private static final Map<String, Layer> ACTIVATIONS = new LinkedHashMap<>();

    static {
        ACTIVATIONS.put("sigmoid", Tensor::sigmoid);
        ACTIVATIONS.put("tanh", Tensor::tanh);
        ACTIVATIONS.put("ReLU", Tensor::relu);
    }

    private static final float RATE = 0.05f;
    private static final int XOR = PerceptronLab.XOR;
    /** Cross-entropies at which a network ends that gives equal answers to two, three or all four rows. */
    static final Map<String, Double> PLATEAUS = new LinkedHashMap<>();

    static {
        PLATEAUS.put("solved", 0.0);
        PLATEAUS.put("two rows alike", Math.log(2) / 2);
        PLATEAUS.put("three rows alike", Math.log(3) * 0.75 - Math.log(2) * 0.5);
        PLATEAUS.put("all rows alike", Math.log(2));
    }

    /**
     * Networks of one form after training.
     *
     * @param activation its name
     * @param hidden how many units
     * @param losses the cross-entropy of each network
     * @param solved whether each answers all four rows right
     * @param picture of the first that does, null where none does
     */
    record Trained(
            String activation,
            int hidden,
            double[] losses,
            boolean[] solved,
            @Nullable Planes picture) {
        /** The share of networks that answer all rows right. */
        double share() {
            return (double) IntStream.range(0, solved.length)
                            .filter(i -> solved[i])
                            .count()
                    / solved.length;
        }

        /** How many end within 0.02 of a loss. */
        long near(double loss) {
            return Arrays.stream(losses).filter(l -> Math.abs(l - loss) < 0.02).count();
        }
    }

    /**
     * What a network with two hidden units says to the {@link Regions#places} of the plane, and where its units take
     * the four points.
     */
    private record Planes(float[] shares, float[] hidden, float[] out) {}

    @Override
    public String name() {
        return "xor";
    }

    @Override
    public Findings run(LabRun run) {
        int nets = run.of(1000, 100);
        int steps = run.epochs(4000, 700);
        Findings page = run.page("Lab xor", "The four rows of XOR");
        byHand(page);
        List<Trained> all = new ArrayList<>();
        for (int hidden : run.brief() ? new int[] {1, 2, 4} : new int[] {1, 2, 3, 4, 8}) {
            for (Map.Entry<String, Layer> activation : ACTIVATIONS.entrySet()) {
                Trained trained = train(run, activation.getKey(), activation.getValue(), hidden, nets, steps);
                if (trained == null) {
                    if (!all.isEmpty()) {
                        results(page, all, nets, steps);
                    }
                    return page;
                }
                all.add(trained);
            }
        }
        results(page, all, nets, steps);
        return page.finished();
    }

    /** Threshold units: "not both" and "at least one", and both of these. */
    private static void byHand(Findings page) {
        float[] hidden = HandMade.answers(new Sequential(HandMade.xor().layers().subList(0, 2)), 2, TruthTable.INPUTS);
        float[] answers = HandMade.answers(HandMade.xor(), 2, TruthTable.INPUTS);
        List<List<String>> rows = new ArrayList<>();
        for (int r = 0; r < 4; r++) {
            rows.add(List.of(
                    line("%.0f", TruthTable.INPUTS[2 * r]),
                    line("%.0f", TruthTable.INPUTS[2 * r + 1]),
                    line("%.0f", hidden[2 * r]),
                    line("%.0f", hidden[2 * r + 1]),
                    line("%.0f", answers[r])));
        }
        page.section("By hand", "")
                .text("No line divides XOR, but two do: a unit 1[1.5 - a - b > 0] answers whether not both "
                        + "inputs are 1, and a unit 1[a + b - 0.5 > 0] "
                        + "whether at least one is. In the plane of their two answers, (0, 1) and (1, 0) "
                        + "fall on one point, and the line n + o = "
                        + "1.5 divides the classes.")
                .table(List.of("a", "b", "not both (n)", "one or both (o)", "n and o"), rows)
                .picture(
                        "by-hand.png",
                        "The two lines of the hidden units in the plane of the inputs, and the one line of the "
                                + "output in the plane of the hidden units",
                        () -> {
                            Sequential last =
                                    new Sequential(HandMade.xor().layers().subList(2, 4));
                            Regions in = TruthTable.plane("Inputs a, b");
                            Regions out = TruthTable.plane("Hidden units n, o");
                            in.shares(HandMade.answers(HandMade.xor(), 2, in.places()))
                                    .boundary(1, 1, -0.5, 6)
                                    .boundary(1, 1, -1.5, 6);
                            out.shares(HandMade.answers(last, 2, out.places())).boundary(1, 1, -1.5, 6);
                            return Regions.sheet(
                                    2,
                                    List.of(
                                            TruthTable.points(in, XOR, TruthTable.INPUTS),
                                            TruthTable.points(out, XOR, hidden)));
                        });
    }

    /** Trains {@code nets} networks 2-hidden-1 side by side; null where it was interrupted. */
    static @Nullable Trained train(LabRun run, String name, Layer activation, int hidden, int nets, int steps) {
        Sequential net =
                new Sequential(new ManyLinear(nets, 2, hidden, 1), activation, new ManyLinear(nets, hidden, 1, 1));
        try (Model<Sequential> model = Model.of(net, run.seed() + hidden)) {
            if (!Descent.cosine(new Adam(RATE), steps)
                    .run(run, model, () -> losses(net, nets).sum())) {
                return null;
            }
            try (Pass pass = Pass.infer()) {
                float[] losses = losses(net, nets).toArray();
                float[] logits = net.apply(Tensor.of(TruthTable.INPUTS, 4, 2)).toArray();
                boolean[] solved = new boolean[nets];
                for (int k = 0; k < nets; k++) {
                    solved[k] = true;
                    for (int r = 0; r < 4; r++) {
                        solved[k] &= (logits[4 * k + r] > 0) == (TruthTable.XOR[r] > 0);
                    }
                }
                int first = IntStream.range(0, nets)
                        .filter(k -> solved[k])
                        .findFirst()
                        .orElse(-1);
                double[] all =
                        IntStream.range(0, nets).mapToDouble(k -> losses[k]).toArray();
                return new Trained(name, hidden, all, solved, first < 0 || hidden != 2 ? null : planes(net, first));
            }
        }
    }

    /** The cross-entropy of each network. */
    private static Tensor losses(Sequential net, int nets) {
        Tensor logits = net.apply(Tensor.of(TruthTable.INPUTS, 4, 2));
        Tensor targets = Tensor.of(TruthTable.XOR, 1, 4, 1).expand(nets, 4, 1);
        return Loss.bceWithLogits().each(logits, targets).mean(1, 2);
    }

    private static Planes planes(Sequential net, int k) {
        Tensor places = Tensor.of(TruthTable.plane("").places(), Regions.PLACES, 2);
        float[] shares = ManyLinear.one(net, k, 3, places).sigmoid().toArray();
        float[] hidden =
                ManyLinear.one(net, k, 2, Tensor.of(TruthTable.INPUTS, 4, 2)).toArray();
        ManyLinear last = (ManyLinear) net.layers().get(2);
        float[] w = last.weight().value().toArray();
        return new Planes(shares, hidden, new float[] {
            w[2 * k], w[2 * k + 1], last.bias().value().toArray()[k]
        });
    }

    static void results(Findings page, List<Trained> all, int nets, int steps) {
        page.section("From many starts", "")
                .text(line(
                        "Each form of network is trained %,d times, from weights and biases drawn uniformly from "
                                + "[-1, 1], by %,d steps of Adam on the "
                                + "cross-entropy of all four rows; the learning rate falls from %.2f to 0 as a "
                                + "cosine does. A network has solved XOR if all "
                                + "four answers are right. One hidden unit cannot solve it: such a network has "
                                + "one line again.",
                        nets, steps, RATE))
                .table(
                        List.of(
                                "hidden units",
                                "activation",
                                "solved",
                                "mean loss",
                                "solved (0)",
                                "two rows alike (0.35)",
                                "three rows alike (0.48)",
                                "all rows alike (0.69)"),
                        all.stream().map(XorLab::row).toList());
        for (Trained t : all) {
            Figure figure =
                    Figure.of(line("2-%d-1 %s, starts that solve XOR", t.hidden, t.activation), "%", 100 * t.share());
            if (t.hidden == 1) {
                page.figure(figure.baseline(0, "one unit with a monotonic activation is one line"));
            } else if (t.hidden == 2 && t.activation.equals("sigmoid")) {
                page.key(figure.baseline(0, "one hidden unit"));
            } else {
                page.figure(figure);
            }
        }
        List<Trained> two = all.stream().filter(t -> t.hidden == 2).toList();
        if (two.isEmpty()) {
            return;
        }
        long near = two.stream()
                .mapToLong(t -> PLATEAUS.values().stream().mapToLong(t::near).sum())
                .sum();
        long trained = (long) nets * two.size();
        page.text(line(
                "A network that fails gives one answer to rows that it cannot tell apart, and the best such "
                        + "answer is their mean. Two rows that are alike "
                        + "cost ln(2) / 2 = 0.347, three cost 0.477, and four ln 2 = 0.693. Of the %,d networks "
                        + "with two hidden units, %,d end more than "
                        + "0.02 away from 0 and these three losses.",
                trained, trained - near));
        pictures(page, all);
    }

    private static List<String> row(Trained t) {
        List<String> row = new ArrayList<>(List.of(
                Integer.toString(t.hidden),
                t.activation,
                line("%.1f %%", 100 * t.share()),
                line("%.4f", Arrays.stream(t.losses).average().orElse(0))));
        PLATEAUS.values().forEach(loss -> row.add(line("%,d", t.near(loss))));
        return row;
    }

    private static void pictures(Findings page, List<Trained> all) {
        Map<String, Planes> two = new LinkedHashMap<>();
        for (Trained t : all) {
            if (t.picture != null) {
                two.put(t.activation, t.picture);
            }
        }
        if (two.isEmpty()) {
            return;
        }
        page.picture(
                "planes.png",
                "What a trained network with two hidden units says in the plane of the inputs, and the four "
                        + "points in the plane of its hidden units",
                () -> {
                    List<Regions> planes = new ArrayList<>();
                    two.forEach((activation, p) -> planes.add(TruthTable.points(
                            TruthTable.plane(activation + ": inputs").shares(p.shares), XOR, TruthTable.INPUTS)));
                    two.forEach((activation, p) -> planes.add(hidden(activation, p)));
                    return Regions.sheet(two.size(), planes);
                });
        page.text("The pictures show the first start of each activation that solved XOR: above, what the network "
                + "says to every place of the input plane, and "
                + "below, where its two hidden units take the four points, with the line at which the "
                + "output unit says 0.5.");
    }

    private static Regions hidden(String activation, Planes p) {
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        for (float h : p.hidden) {
            least = Math.min(least, h);
            most = Math.max(most, h);
        }
        double margin = 0.25 * (most - least);
        Regions plane = new Regions(
                activation + ": hidden units", least - margin, most + margin, least - margin, most + margin);
        float[] places = plane.places();
        float[] shares = new float[Regions.PLACES];
        for (int i = 0; i < shares.length; i++) {
            double logit = p.out[0] * places[2 * i] + p.out[1] * places[2 * i + 1] + p.out[2];
            shares[i] = (float) (1 / (1 + Math.exp(-logit)));
        }
        plane.shares(shares).boundary(p.out[0], p.out[1], p.out[2], 6);
        return TruthTable.points(plane, XOR, p.hidden);
    }
}
