package dev.fathom.labs.images;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.statistics.SingularValues;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Histograms;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/** The singular values of the Jacobians of deep bodies as they begin, on maps of 4 x 4. */
final class Jacobians {
    private static final int LEAST = 8; // maps
    private static final int SIDE = 4; // of a map
    private static final int DIRECTIONS = SIDE * SIDE * LEAST;
    private static final double NOISE = 1e-7; // of the greatest singular value; what is below is rounding

    private Jacobians() {}

    /** Puts how bodies begin into a section. */
    static void show(Lab lab) {
        lab.section("Singular values of the Jacobian").put("directions", DIRECTIONS);
        lab.put("maps", LEAST).put("side", SIDE);
        Table table = lab.table("bodies", "body");
        Histograms histograms = new Histograms("log10 of the singular values of the Jacobian", DeepNets.BODIES);
        for (int depth : lab.of(new int[] {16, 64, 256, 1000}, new int[] {16, 256})) {
            String layers = line("%,d layers", depth);
            histograms.row(layers);
            Map<String, double[]> spectra = new LinkedHashMap<>();
            DeepNets.bodies(LEAST, depth)
                    .forEach((name, body) -> spectra.put(name, singularValues(lab, body, Math.sqrt(1.0 / depth))));
            spectra.forEach((name, s) -> {
                double least = NOISE * s[0];
                double[] logs = Arrays.stream(s)
                        .map(v -> Math.log10(Math.max(v, least)))
                        .toArray();
                histograms.add(Averages.floats(logs), line("median %.2g", s[s.length / 2]));
                Table.Row row = table.row(name + ", " + layers)
                        .cell("greatest", "%.3g", s[0])
                        .cell("median", "%.3g", s[s.length / 2])
                        .cell("least", s[s.length - 1] < least ? "below rounding" : line("%.3g", s[s.length - 1]))
                        .put("singular values of 1/2 to 2", "%.1f %%", near(s));
                if (name.equals("Delta")) {
                    row.baseline(near(Objects.requireNonNull(spectra.get("Gauss"))), "Gauss");
                }
            });
        }
        lab.picture("singular-values.png", histograms::render);
    }

    /** The percent of singular values that are near 1. */
    private static double near(double... s) {
        return 100.0 * Arrays.stream(s).filter(v -> v > 0.5 && v < 2).count() / s.length;
    }

    private static double[] singularValues(Lab lab, Sequential body, double deviation) {
        lab.check();
        float[] x = new Rng(lab.seed()).normal(DIRECTIONS, 0, (float) deviation);
        try (Model<Sequential> model = Model.of(body, lab.seed())) {
            return SingularValues.of(model.net(), x, SIDE, SIDE, LEAST);
        }
    }

    /** The linear network of delta-orthogonal convolutions, which is an isometry at any depth. */
    static void linear(Lab lab, int deepest) {
        lab.section("Without tanh");
        double[] s = singularValues(lab, DeepNets.linear(LEAST, 256), 1);
        lab.figure(one("Linear, 256 layers, greatest singular value", s[0]))
                .figure(one("Linear, 256 layers, least singular value", s[s.length - 1]));
        try (Model<Sequential> model = Model.of(DeepNets.linear(LEAST, deepest), lab.seed());
                Pass pass = Pass.infer()) {
            Tensor in = Tensor.of(new Rng(lab.seed()).normal(DIRECTIONS, 0, 1), 1, SIDE, SIDE, LEAST);
            double ratio = model.net().apply(in).norm().item() / in.norm().item();
            lab.figure(one("Linear, 10,000 layers, norm out / norm in", ratio));
        }
    }

    private static Figure one(String name, double value) {
        return Figure.of(name, "", value).baseline(1, "exact arithmetic");
    }
}
