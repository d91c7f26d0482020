package dev.fathom.labs.representation;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Diagram;
import dev.fathom.view.Regions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The perceptron rule on Boolean functions: it learns AND and OR, never ends on XOR, and learns exactly the functions
 * that a line, plane or hyperplane divides.
 */
public final class PerceptronLab implements Experiment {
    /**
     * The value of each function of two inputs in the rows 00, 01, 10 and 11, as a number whose lowest bit is row 00.
     */
    static final int AND = 0b1000;

    static final int OR = 0b1110;
    static final int XOR = 0b0110;
    private static final String[] NAMES = ("false;NOR;B and not A;not A;A and not B;not B;XOR;NAND;"
                    + "AND;XNOR;B;A implies B;A;B implies A;OR;true")
            .split(";", -1);
    /** The functions of n = 2, 3, 4 inputs that a hyperplane divides (OEIS A000609). */
    private static final int[] SEPARABLE = {14, 104, 1882};

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("A unit", new Sequential(new Linear(2, 1), Tensor::step), 2);
    }

    @Override
    public void run(Lab lab) {
        Table table =
                lab.section("The rule").section("All functions of two inputs").table("two", "function");
        for (int f = 0; f < NAMES.length; f++) {
            PerceptronRule rule = PerceptronRule.learn(2, f);
            int function = f;
            String outputs = IntStream.range(0, 4)
                    .mapToObj(row -> Integer.toString(function >> row & 1))
                    .collect(Collectors.joining(" "));
            table.row(NAMES[f])
                    .cell("at 00 01 10 11", outputs)
                    .cell("result", rule.solved() ? "learned" : "never")
                    .cell("epochs", rule.mistakes().size())
                    .cell("corrections", rule.corrections())
                    .cell("weights w1, w2, b", rule.solved() ? Arrays.toString(rule.last()) : "they repeat")
                    .cell("repeated after epochs", rule.solved() ? "" : rule.period());
        }
        int[] and = {2, 2, -3}; // weights that are known to divide the functions; they need not be those that are found
        int[] or = {2, 2, -1};
        lab.put("and", Arrays.toString(and)).put("or", Arrays.toString(or));
        lab.put("andBound", PerceptronRule.bound(and)).put("orBound", PerceptronRule.bound(or));
        lab.put("orCorrections", PerceptronRule.learn(2, OR).corrections());
        lab.figure("corrections for AND", "", PerceptronRule.learn(2, AND).corrections());
        PerceptronRule xor = PerceptronRule.learn(2, XOR);
        int last = xor.mistakes().size();
        lab.put("last", last).put("before", last - xor.period()).put("weights", Arrays.toString(xor.last()));
        long best = xor.weights().stream().mapToLong(w -> right(w, XOR)).max().orElseThrow();
        lab.put("best", best);
        lab.figure("epochs after which the weights of XOR repeat", "", xor.period());
        lab.picture(
                "planes.png", () -> Regions.sheet(3, List.of(plane("AND", AND), plane("OR", OR), plane("XOR", XOR))));
        Map<String, double[][]> curves = new LinkedHashMap<>();
        List.of(AND, OR, XOR).forEach(f -> curves.put(NAMES[f], mistakes(f)));
        lab.curves("mistakes.png", "wrong answers of 4", "epoch", curves);
        more(lab);
    }

    private static long right(int[] w, int table) {
        return IntStream.range(0, 4)
                .filter(row -> PerceptronRule.answer(w, row) == (table >> row & 1))
                .count();
    }

    /** Runs the rule on every function of two to four inputs. */
    private static void more(Lab lab) {
        Table table = lab.section("More inputs").table("more", "inputs").named("functions of {row} inputs {column}");
        for (int n = 2; n <= 4; n++) {
            int inputs = n;
            int functions = 1 << (1 << inputs);
            List<PerceptronRule> learned = IntStream.range(0, functions)
                    .mapToObj(f -> {
                        lab.check();
                        return PerceptronRule.learn(inputs, f);
                    })
                    .filter(PerceptronRule::solved)
                    .toList();
            int most =
                    learned.stream().mapToInt(PerceptronRule::corrections).max().orElseThrow();
            table.row(Integer.toString(inputs))
                    .cell("functions", functions)
                    .put("learned", line("%%,d of %,d", functions), learned.size())
                    .cell("separable (OEIS A000609)", SEPARABLE[inputs - 2])
                    .cell("share", "%.1f %%", 100.0 * learned.size() / functions)
                    .cell("most corrections", most);
        }
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
            Averages.upTo(all.size()), all.stream().mapToDouble(m -> m).toArray()
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
