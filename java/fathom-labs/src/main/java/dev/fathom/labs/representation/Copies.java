package dev.fathom.labs.representation;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.training.Descent;
import dev.fathom.experiments.training.ManyLinear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Regions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The solutions of a problem that a network of three tanh units has made, found from many starts. The units may stand
 * in any order, and as tanh(-z) = -tanh(z), each may change the sign of all its weights: 3! 2^3 = 48 sets of weights
 * are one function, and there is no other (Sussmann 1992).
 *
 * @param nets how many were trained
 * @param solved for each network that found the function, its three units as they are
 */
record Copies(int nets, List<List<Unit>> solved) {
    /** The number of sets of weights that are one function. */
    static final int COPIES = 48;
    /** The units of the network that made the problem, ordered by their centers. */
    static final List<Unit> TRUTH = List.of(new Unit(2.5, 3, 1), new Unit(3, 0.3, -1.2), new Unit(2, -2.6, 0.8));

    private static final int POINTS = 61;
    private static final double REACH = 2.5;

    /**
     * a tanh(v x + b).
     *
     * @param v the weight of the input
     * @param b the bias
     * @param a the weight of the output
     */
    record Unit(double v, double b, double a) {
        /** A unit that computes this one's function and has a positive weight of the input. */
        Unit positive() {
            return v < 0 ? new Unit(-v, -b, -a) : this;
        }

        /** Where tanh is 0. */
        double center() {
            return -b / v;
        }

        /** The largest difference of a weight. */
        double distance(Unit other) {
            return Math.max(Math.abs(v - other.v), Math.max(Math.abs(b - other.b), Math.abs(a - other.a)));
        }
    }

    /** Trains the networks and puts what they found into a section. */
    static void show(Lab lab) {
        int nets = lab.of(1000, 150);
        int steps = lab.epochs(20_000, 4000);
        Copies copies = find(lab, nets, steps);
        int found = copies.solved().size();
        lab.section("Many equal solutions").put("nets", nets).put("steps", steps);
        lab.put("found", found).put("copies", COPIES).put("different", copies.different());
        lab.put("expected", copies.expected());
        lab.put("some", found > 0).put("one", found > 0 && copies.furthest() < 0.1);
        lab.figure("copies of one function found", "of " + COPIES, (double) copies.different())
                .baseline(copies.expected(), "expected if all are equally likely");
        if (found > 0) {
            lab.figure("largest difference of a weight after ordering", "", copies.furthest());
            Regions asFound = units("As they were found", copies.solved);
            Regions ordered = units(
                    "After ordering",
                    copies.solved.stream().map(Copies::canonical).toList());
            lab.picture("copies.png", () -> Regions.sheet(2, List.of(asFound, ordered)));
        }
    }

    private static Regions units(String title, List<List<Unit>> nets) {
        Regions plane = new Regions(title, -4, 4, -4, 4);
        for (int i = 0; i < 3; i++) {
            int unit = i;
            List<Unit> all = nets.stream().map(units -> units.get(unit)).toList();
            plane.points(i, new double[][] {
                all.stream().mapToDouble(u -> u.v() + 0.12 * unit).toArray(),
                all.stream().mapToDouble(Unit::b).toArray()
            });
        }
        return plane;
    }

    /** Trains networks 1-3-1 on the noiseless function. */
    static Copies find(Lab lab, int nets, int steps) {
        float[] x = new float[POINTS];
        float[] y = new float[POINTS];
        for (int i = 0; i < POINTS; i++) {
            double at = REACH * (2.0 * i / (POINTS - 1) - 1);
            x[i] = (float) at;
            y[i] = (float) TRUTH.stream()
                    .mapToDouble(u -> u.a * Math.tanh(u.v * at + u.b))
                    .sum();
        }
        ManyLinear hidden = new ManyLinear(nets, 1, 3, 3);
        ManyLinear out = new ManyLinear(nets, 3, 1);
        Sequential net = new Sequential(hidden, Tensor::tanh, out);
        try (Model<Sequential> model = Model.of(net, lab.seed())) {
            Descent.adam(0.03f, steps)
                    .run(lab, model, () -> errors(net, nets, x, y).sum());
            List<List<Unit>> solved = new ArrayList<>();
            try (Pass pass = Pass.infer()) {
                float[] errors = errors(net, nets, x, y).toArray();
                float[] v = hidden.weight().value().toArray();
                float[] b = hidden.bias().value().toArray();
                float[] a = out.weight().value().toArray();
                for (int k = 0; k < nets; k++) {
                    if (errors[k] < 1e-7) {
                        int net3 = 3 * k;
                        solved.add(IntStream.range(net3, net3 + 3)
                                .mapToObj(i -> new Unit(v[i], b[i], a[i]))
                                .toList());
                    }
                }
            }
            return new Copies(nets, solved);
        }
    }

    private static Tensor errors(Sequential net, int nets, float[] x, float[] y) {
        Tensor targets = Tensor.of(y, 1, POINTS, 1).expand(nets, POINTS, 1);
        return Loss.mse().each(net.apply(Tensor.of(x, POINTS, 1)), targets).mean(1, 2);
    }

    /** The units with positive weights of the input, ordered by their centers: the same for all copies. */
    static List<Unit> canonical(List<Unit> units) {
        return units.stream()
                .map(Unit::positive)
                .sorted(Comparator.comparingDouble(Unit::center))
                .toList();
    }

    /** Which of the 48 copies a network is: the order of its units and their signs. */
    static List<Integer> copy(List<Unit> units) {
        List<Unit> ordered = canonical(units);
        return units.stream()
                .map(u -> (ordered.indexOf(u.positive()) + 1) * (u.v < 0 ? -1 : 1))
                .toList();
    }

    /** How many different copies were found. */
    long different() {
        return solved.stream().map(Copies::copy).distinct().count();
    }

    /** How many different copies that many solutions are expected to show if all are equally likely. */
    double expected() {
        return COPIES * (1 - Math.pow(1 - 1.0 / COPIES, solved.size()));
    }

    /**
     * The largest difference of a weight from that of the network that made the problem, over all solutions; 0 if there
     * are none.
     */
    double furthest() {
        return solved.stream()
                .map(Copies::canonical)
                .mapToDouble(units -> IntStream.range(0, 3)
                        .mapToDouble(i -> units.get(i).distance(TRUTH.get(i)))
                        .max()
                        .orElse(0))
                .max()
                .orElse(0);
    }
}
