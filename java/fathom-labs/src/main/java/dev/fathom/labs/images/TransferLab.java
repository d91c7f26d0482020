package dev.fathom.labs.images;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.assess.Classification;
import dev.fathom.assess.ConfusionMatrix;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.training.Recipe;
import dev.fathom.nets.ConvBlock;
import dev.fathom.nn.GlobalAvgPool;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Group;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Trainer;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What a network has learned from eight classes is worth for two that it has never seen, by the number of examples of
 * these.
 */
public final class TransferLab implements Experiment {
    private static final int DRAWS = 2;
    private static final int[] SEEN = {0, 1, 2, 3, 4, 5, 6, 7};
    private static final int[] HELD_OUT = {8, 9};
    private static final int[] EXAMPLES = {10, 20, 50, 100, 200, 500, 1000, 2000};

    /** y = head(body(x)). */
    record Net(Sequential body, Linear head) implements Layer {
        Net(int classes) {
            this(
                    new Sequential( //          32 x 32 x 3
                            ConvBlock.of(3, 32, 3),
                            new MaxPool(2), //  16 x 16 x 32
                            ConvBlock.of(32, 64, 3),
                            new MaxPool(2), //    8 x 8 x 64
                            ConvBlock.of(64, 128, 3),
                            ConvBlock.of(128, 128, 3),
                            new GlobalAvgPool()),
                    new Linear(128, classes));
        }

        @Override
        public Tensor forward(Tensor x) {
            return head.apply(body.apply(x));
        }
    }

    /** A network that learns n examples of the two classes in one of three ways. */
    private record Attempt(String way, int n, long seed) {
        static final String HEAD = "new head, frozen body";
        static final String TUNED = "new head, all tuned";
        static final String SCRATCH = "from scratch";
    }

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn("The body, and the head for eight classes", new Net(SEEN.length), 32, 32, 3);
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.CIFAR10.set());
    }

    @Override
    public void run(Lab lab) {
        try (Comparison nets = new Comparison(lab, ImageSet.CIFAR10, 4000);
                Images eight = nets.images().only(SEEN);
                Images two = nets.images().only(HELD_OUT)) {
            Recipe recipe = Recipe.adam(lab.epochs(16, 3), 64, 2e-3f);
            Model<Layer> body = nets.train(eight, "Body", new Net(SEEN.length), recipe, CifarLab.CHANGES)
                    .model();
            lab.section("Two classes that the body has never seen").put("draws", DRAWS);
            Table table = lab.table("examples", String.join(" or ", two.classes()) + ", by examples")
                    .named("{row}, {column} examples");
            Chart chart = new Chart("accuracy", "examples of the two classes").logarithmic(true, false);
            int[] sizes = IntStream.of(lab.of(EXAMPLES, new int[] {20, 200}))
                    .filter(n -> n <= two.learn().size())
                    .toArray();
            for (String way : List.of(Attempt.HEAD, Attempt.TUNED, Attempt.SCRATCH)) {
                Table.Row row = table.row(way);
                double[] accuracies = IntStream.of(sizes)
                        .mapToDouble(n -> {
                            double mean = 0;
                            for (int draw = 1; draw <= DRAWS; draw++) {
                                Attempt attempt = new Attempt(way, n, lab.seed() + draw);
                                mean += lab.part(attempt, Double.class, () -> accuracy(lab, attempt, body, two))
                                        / DRAWS;
                            }
                            row.put(line("%,d", n), "%.1f %%", 100 * mean);
                            return mean;
                        })
                        .toArray();
                chart.line(way, Averages.doubles(sizes), accuracies);
            }
            lab.chart("by-examples.png", chart);
        }
    }

    /** The accuracy after learning in a way. */
    private static double accuracy(Lab lab, Attempt attempt, Model<Layer> body, Images two) {
        try (Model<Layer> fresh = Model.of(new Net(HELD_OUT.length), attempt.seed);
                Model<Layer> copy = body.copy();
                Model<Layer> known = copy.replace("head", new Linear(128, HELD_OUT.length), attempt.seed)) {
            known.eval("body"); // its batch norms keep their statistics
            if (attempt.way.equals(Attempt.HEAD)) {
                known.freeze("body.*");
            }
            Model<Layer> model = attempt.way.equals(Attempt.SCRATCH) ? fresh : known;
            Adam adam = new Adam(attempt.way.equals(Attempt.HEAD) ? 1e-2f : 2e-3f);
            Trainer<Layer> trainer = Trainer.of(model, Loss.crossEntropy(), adam);
            if (attempt.way.equals(Attempt.TUNED)) {
                trainer =
                        trainer.groups(Group.layerwise(0.4f, "head.*", "body.5.*", "body.4.*", "body.2.*", "body.0.*"));
            }
            int n = attempt.n;
            int batch = Math.min(n, 32);
            int epochs = Math.max(lab.of(10, 1), lab.of(400, 40) / ((n + batch - 1) / batch));
            int[] left = {n / 2, n - n / 2}; // examples still to be drawn of each class
            int[] drawn = IntStream.of(
                            new Rng(attempt.seed).permutation(two.learn().size()))
                    .filter(i -> left[two.learn().label(i)]-- > 0)
                    .toArray();
            try (Dataset few = two.learn().subset(drawn)) {
                trainer.schedule(Schedule.cosine(epochs))
                        .callbacks(lab.run().interrupt().stopping())
                        .fit(few.shuffled(attempt.seed).batches(batch), epochs);
            }
            ConfusionMatrix test = Classification.of(model, two.test()).confusion();
            ConfusionMatrix more = Classification.of(model, two.choose()).confusion();
            return (double) (test.correct() + more.correct()) / (test.total() + more.total());
        }
    }
}
