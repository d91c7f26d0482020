package dev.fathom.labs.images;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.training.Recipe;
import dev.fathom.experiments.training.TrainedEntry;
import dev.fathom.nets.GaussianDropout;
import dev.fathom.nets.Maxout;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import java.util.ArrayList;
import java.util.List;

/** The fully connected networks of Srivastava et al. (2014) that learn handwritten digits, tables 2, 9 and 10. */
final class DropoutNets {
    /** The largest norm of a unit's weights. */
    static final float MOST = 2;

    private static final float PIXELS = 0.2f;
    private static final float UNITS = 0.5f;

    /** What keeps units from depending on each other. */
    enum Noise {
        NONE,
        DROPOUT,
        GAUSSIAN;

        Layer of(float p) {
            return switch (this) {
                case NONE -> new Sequential();
                case DROPOUT -> new Dropout(p);
                case GAUSSIAN -> new GaussianDropout(p);
            };
        }
    }

    /** A row of the paper, learned with max-norm. */
    private record Row(String name, List<Integer> hidden, Noise noise, int pieces, int epochs, String published) {}

    private static final List<Row> ROWS = List.of(
            new Row("Max-norm alone", List.of(1024, 1024, 2048), Noise.NONE, 1, 15, "1.35 %, table 9"),
            new Row("Dropout and max-norm", List.of(1024, 1024, 1024), Noise.DROPOUT, 1, 30, "1.06 %, table 2"),
            new Row("Dropout, two layers", List.of(1024, 1024), Noise.DROPOUT, 1, 30, "1.08 ± 0.04 %, table 10"),
            new Row("Gaussian dropout", List.of(1024, 1024), Noise.GAUSSIAN, 1, 30, "0.95 ± 0.04 %, table 10"),
            new Row("Maxout with dropout", List.of(240, 240), Noise.DROPOUT, 5, 30, "0.94 %, table 2"));

    private DropoutNets() {}

    /** Trains each network, and sets its error beside the published one. */
    static void compare(Lab lab, Comparison nets, Images unit) {
        List<TrainedEntry> trained = ROWS.stream()
                .map(row -> nets.train(
                        unit,
                        row.name,
                        network(row.hidden, row.noise, row.pieces),
                        Recipe.adam(lab.epochs(row.epochs, 1), 128, 1e-3f).maxNorm(MOST)))
                .toList();
        lab.section("The rows of the paper").put("maxNorm", MOST);
        Table table = lab.table("rows", "network");
        for (int i = 0; i < ROWS.size(); i++) {
            Row row = ROWS.get(i);
            String hidden = row.hidden.toString().replaceAll("[\\[\\]]", "");
            table.row(row.name)
                    .cell("hidden units", hidden + (row.pieces == 1 ? ", ReLU" : ", maxout of " + row.pieces))
                    .cell("published error", row.published)
                    .cell("error here", "%.2f %%", 100 * (1 - trained.get(i).accuracy()));
        }
        unmeasured(table, "L2 alone", "1024, 1024, 2048, ReLU", "1.62 %, table 9");
        unmeasured(table, "L2 and L1", "1024, 1024, 2048, ReLU", "1.60 %, table 9");
        unmeasured(table, "L2 and sparsity", "1024, 1024, 2048, ReLU", "1.55 %, table 9");
        unmeasured(table, "Dropout and L2", "1024, 1024, 2048, ReLU", "1.25 %, table 9");
        unmeasured(table, "Dropout and max-norm, table 9", "1024, 1024, 2048, ReLU", "1.05 %, table 9");
        unmeasured(table, "Dropout and max-norm, wider", "2048, 2048, 2048, ReLU", "1.04 %, table 2");
        unmeasured(table, "Dropout and max-norm, 4096", "4096, 4096, ReLU", "1.01 %, table 2");
        unmeasured(table, "Dropout and max-norm, 8192", "8192, 8192, ReLU", "0.95 %, table 2");
    }

    private static void unmeasured(Table table, String name, String hidden, String published) {
        table.row(name).cell("hidden units", hidden).cell("published error", published);
    }

    /**
     * Hidden layers of {@code pieces} linear functions for each unit, a ReLU for one; a fifth of the pixels and half of
     * the units are dropped, as in the paper.
     */
    static Layer network(List<Integer> hidden, Noise noise, int pieces) {
        Layer units = noise.of(UNITS);
        List<Layer> layers = new ArrayList<>(List.of(new Flatten(), noise.of(PIXELS)));
        int in = 784;
        for (int out : hidden) {
            Linear linear = new Linear(in, out * pieces);
            layers.add(pieces == 1 ? linear.act(RELU) : new Sequential(linear, new Maxout(pieces)));
            layers.add(units);
            in = out;
        }
        layers.add(new Linear(in, 10));
        return new Sequential(layers);
    }
}
