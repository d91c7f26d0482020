package dev.fathom.labs.representation;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.view.Regions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The perceptron rule on Boolean functions: it learns AND and OR, never ends on XOR, and learns exactly the functions
 * that a line, plane or hyperplane divides.
 */
public final class PerceptronLab implements OldExperiment {
    /**
     * The value of each function of two inputs in the rows 00, 01, 10 and 11, as a number whose lowest bit is row 00.
     */
    static final int AND = 0b1000;

    static final int OR = 0b1110;
    static final int XOR = 0b0110;
    private static final String[] NAMES = {
        "false",
        "NOR",
        "B and not A",
        "not A",
        "A and not B",
        "not B",
        "XOR",
        "NAND",
        "AND",
        "XNOR",
        "B",
        "A implies B",
        "A",
        "B implies A",
        "OR",
        "true"
    };
    /** The functions of n = 2, 3, 4 inputs that a hyperplane divides (OEIS A000609). */
    private static final int[] SEPARABLE = {14, 104, 1882};

    @Override
    public String name() {
        return "perceptron";
    }

    @Override
    public Findings run(LabRun run) {
        Findings page = run.page("Lab perceptron", "Truth tables")
                .section("The rule", "")
                .text("A perceptron answers 1 if w1 x1 + w2 x2 + b > 0, else 0. The rule of Rosenblatt (1958) "
                        + "goes through the truth table again and "
                        + "again. At each wrong answer it adds the inputs to the weights if the answer "
                        + "should have been 1, and subtracts them if it "
                        + "should have been 0: w += (t - y) x. All weights begin at 0 and stay whole "
                        + "numbers, so the runs below are exact and have "
                        + "no random part.");
        two(page);
        return all(page, run) ? page.finished() : page;
    }

    private static void two(Findings page) {
        List<List<String>> rows = new ArrayList<>();
        int learned = 0;
        for (int table = 0; table < NAMES.length; table++) {
            PerceptronRule rule = PerceptronRule.learn(2, table);
            learned += rule.solved() ? 1 : 0;
            rows.add(List.of(
                    NAMES[table],
                    outputs(table),
                    rule.solved() ? "learned" : "never",
                    Integer.toString(rule.mistakes().size()),
                    Integer.toString(rule.corrections()),
                    rule.solved() ? Arrays.toString(rule.last()) : repeats(rule)));
        }
        page.section("All functions of two inputs", "")
                .table(
                        List.of("function", "at 00 01 10 11", "result", "epochs", "corrections", "weights w1, w2, b"),
                        rows)
                .figure(Figure.of("functions of 2 inputs learned", "of 16", learned));
        bounds(page);
        never(page);
        page.picture(
                "planes.png",
                "The lines that the rule finds for AND and OR, and those between which it circles for XOR",
                () -> Regions.sheet(3, List.of(plane("AND", AND), plane("OR", OR), plane("XOR", XOR))));
        Map<String, double[][]> curves = new LinkedHashMap<>();
        curves.put("AND", mistakes(AND));
        curves.put("OR", mistakes(OR));
        curves.put("XOR", mistakes(XOR));
        page.series("mistakes.png", "Wrong answers in each epoch", "wrong answers of 4", "epoch", curves);
    }

    private static String repeats(PerceptronRule rule) {
        return rule.period() == 1 ? "the same after each epoch" : "the same after " + rule.period() + " epochs";
    }

    /**
     * Novikoff's bound with weights that are known to divide the function: they need not be those that the rule finds.
     */
    private static void bounds(Findings page) {
        int[] and = {2, 2, -3};
        int[] or = {2, 2, -1};
        int corrections = PerceptronRule.learn(2, AND).corrections();
        page.text(line(
                "The theorem of Novikoff (1962) bounds the corrections by (R / margin)^2, where R is the length "
                        + "of the longest input and the margin is that "
                        + "of any weights that solve the problem. With %s for AND and %s for OR the bounds are "
                        + "%.0f and %.0f; the rule made %d and %d "
                        + "corrections.",
                Arrays.toString(and),
                Arrays.toString(or),
                bound(and),
                bound(or),
                corrections,
                PerceptronRule.learn(2, OR).corrections()));
        page.key(Figure.of("corrections for AND", "", corrections));
    }

    /** (R / margin)^2 of weights, with the constant input 1 of the bias as an input like the others. */
    static double bound(int... w) {
        int least = Integer.MAX_VALUE;
        for (int row = 0; row < 4; row++) {
            least = Math.min(least, Math.abs(w[0] * (row >> 1) + w[1] * (row & 1) + w[2]));
        }
        double longest = 3; // 1^2 + 1^2 and the 1 of the bias
        return longest * Arrays.stream(w).map(v -> v * v).sum() / ((double) least * least);
    }

    private static void never(Findings page) {
        PerceptronRule xor = PerceptronRule.learn(2, XOR);
        int last = xor.mistakes().size();
        int best = IntStream.range(0, xor.weights().size())
                .map(e -> right(xor.weights().get(e), XOR))
                .max()
                .orElse(0);
        page.text(line(
                "For XOR the weights after epoch %d are those after epoch %d, %s. From there on everything "
                        + "repeats, so that the rule never ends: no line "
                        + "has (0, 1) and (1, 0) on one side and (0, 0) and (1, 1) on the other. After the best "
                        + "epoch of this run %d of the 4 answers were "
                        + "right; no line gets more than 3.",
                last, last - xor.period(), Arrays.toString(xor.last()), best));
        page.key(Figure.of("epochs after which the weights of XOR repeat", "", xor.period()));
    }

    private static int right(int[] w, int table) {
        return (int) IntStream.range(0, 4)
                .filter(row -> PerceptronRule.answer(w, row) == (table >> row & 1))
                .count();
    }

    /** Runs the rule on every function of two to four inputs; false where it was interrupted. */
    private static boolean all(Findings page, LabRun run) {
        List<List<String>> rows = new ArrayList<>();
        for (int inputs = 2; inputs <= 4; inputs++) {
            int functions = 1 << (1 << inputs);
            int learned = 0;
            int most = 0;
            for (int table = 0; table < functions; table++) {
                if (run.interrupt().requested()) {
                    return false;
                }
                PerceptronRule rule = PerceptronRule.learn(inputs, table);
                learned += rule.solved() ? 1 : 0;
                most = Math.max(most, rule.solved() ? rule.corrections() : 0);
            }
            int expected = SEPARABLE[inputs - 2];
            rows.add(List.of(
                    Integer.toString(inputs),
                    line("%,d", functions),
                    line("%,d", learned),
                    line("%,d", expected),
                    line("%.1f %%", 100.0 * learned / functions),
                    line("%,d", most)));
            if (inputs > 2) {
                page.figure(
                        Figure.of("functions of " + inputs + " inputs learned", line("of %,d", functions), learned));
            }
        }
        page.section("More inputs", "")
                .table(
                        List.of(
                                "inputs",
                                "functions",
                                "learned",
                                "separable (OEIS A000609)",
                                "share",
                                "most corrections"),
                        rows)
                .text("The rule learns every function that a hyperplane divides, and no other. Their share "
                        + "falls quickly with the number of inputs. A "
                        + "hidden layer lifts this limit: see ./fathom lab xor.");
        return true;
    }

    private static String outputs(int table) {
        return IntStream.range(0, 4)
                .mapToObj(row -> Integer.toString(table >> row & 1))
                .collect(Collectors.joining(" "));
    }

    /** The wrong answers in each epoch until the rule ends; where it never does, in as many epochs as AND takes. */
    private static double[][] mistakes(int table) {
        PerceptronRule rule = PerceptronRule.learn(2, table);
        List<Integer> all = new ArrayList<>(rule.mistakes());
        while (!rule.solved()
                && all.size() < PerceptronRule.learn(2, AND).mistakes().size()) {
            all.add(all.get(all.size() - rule.period()));
        }
        return new double[][] {
            IntStream.rangeClosed(1, all.size()).asDoubleStream().toArray(),
            all.stream().mapToDouble(m -> m).toArray()
        };
    }

    /** The points, the line after each epoch, and the side of the last one that is answered with 1. */
    private static Regions plane(String title, int table) {
        PerceptronRule rule = PerceptronRule.learn(2, table);
        Regions plane = TruthTable.plane(title);
        int[] w = rule.last();
        float[] places = plane.places();
        float[] shares = new float[Regions.PLACES];
        for (int i = 0; i < shares.length; i++) {
            shares[i] = w[0] * places[2 * i] + w[1] * places[2 * i + 1] + w[2] > 0 ? 1 : 0;
        }
        plane.shares(shares);
        for (int[] before : rule.weights()) {
            plane.boundary(before[0], before[1], before[2], 7);
        }
        plane.boundary(w[0], w[1], w[2], 6);
        return TruthTable.points(plane, table, TruthTable.INPUTS);
    }
}
