package dev.fathom.labs.images;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.assess.Classification;
import dev.fathom.assess.ConfusionMatrix;
import dev.fathom.data.Dataset;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.training.NetworkEntry;
import dev.fathom.labs.training.Recipe;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
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
import dev.fathom.view.Plots;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What a network has learned from eight classes is worth for two that it has never seen, by the number of examples of
 * these.
 */
public final class TransferLab implements ImageLab {
    private static final int[] SEEN = {0, 1, 2, 3, 4, 5, 6, 7};
    private static final int[] HELD_OUT = {8, 9};
    private static final int[] EXAMPLES = {10, 20, 50, 100, 200, 500, 1000, 2000};
    private static final int[] BRIEF = {20, 200};

    /** y = head(body(x)). */
    record Net(Sequential body, Linear head) implements Layer {
        Net(int classes) {
            this(
                    new Sequential( //          32 x 32 x 3
                            convolve(3, 32),
                            new MaxPool(2), //  16 x 16 x 32
                            convolve(32, 64),
                            new MaxPool(2), //    8 x 8 x 64
                            convolve(64, 128),
                            convolve(128, 128),
                            new GlobalAvgPool()),
                    new Linear(128, classes));
        }

        private static Layer convolve(int in, int out) {
            return new Sequential(new Conv(in, out, 3).pad(1).withoutBias(), new BatchNorm(out).act(RELU));
        }

        @Override
        public Tensor forward(Tensor x) {
            return head.apply(body.apply(x));
        }
    }

    private enum Way {
        HEAD("new head, frozen body"),
        TUNED("new head, all tuned"),
        SCRATCH("from scratch");

        private final String words;

        Way(String words) {
            this.words = words;
        }
    }

    @Override
    public String name() {
        return "transfer";
    }

    @Override
    public ImageSet images(@Nullable Path folder) {
        return ImageSet.CIFAR10;
    }

    @Override
    public List<NetworkEntry> entries(Images images, IntUnaryOperator epochs) {
        int n = epochs.applyAsInt(16);
        Images eight = images.only(SEEN);
        return List.of(new NetworkEntry(
                "Body", new Net(SEEN.length), Recipe.adam(n, 64, 2e-3f), all -> eight, CifarLab.CHANGES));
    }

    @Override
    public Brief brief() {
        return new Brief(4000, 3);
    }

    @Override
    public void conclude(Conclusion all) {
        Model<Layer> trained = all.outcomes().get(0).model();
        try (Images two = all.images().only(HELD_OUT)) {
            int[] sizes = IntStream.of(all.run().brief() ? BRIEF : EXAMPLES)
                    .filter(n -> n <= two.learn().size())
                    .toArray();
            List<String> places = IntStream.of(sizes)
                    .mapToObj(n -> String.format(Locale.ROOT, "%,d", n))
                    .toList();
            Map<String, double[]> curves = new LinkedHashMap<>();
            List<List<String>> rows = new ArrayList<>();
            for (Way way : Way.values()) {
                double[] curve = new double[sizes.length];
                List<String> row = new ArrayList<>(List.of(way.words));
                for (int i = 0; i < sizes.length; i++) {
                    int draws = all.run().brief() ? 1 : 2;
                    for (int draw = 1; draw <= draws; draw++) {
                        if (all.run().interrupt().requested()) {
                            return;
                        }
                        curve[i] +=
                                learned(way, trained, two, sizes[i], all.run().seed() + draw, all) / draws;
                    }
                    row.add(String.format(Locale.ROOT, "%.1f %%", 100 * curve[i]));
                    all.page().figure(Figure.of(way.words + ", " + places.get(i) + " examples", "%", 100 * curve[i]));
                }
                curves.put(way.words, curve);
                rows.add(row);
            }
            List<String> header = new ArrayList<>(List.of(String.join(" or ", two.classes()) + ", by examples"));
            header.addAll(places);
            all.page()
                    .section(
                            "Two classes that the body has never seen",
                            "The body learned the other eight classes. As many steps each way; accuracy on the "
                                    + "images of the test and "
                                    + "those held out, by which nothing was chosen here, as a mean of "
                                    + (all.run().brief() ? "one draw" : "two draws")
                                    + " of examples. A guess has 50 %.")
                    .table(header, rows)
                    .picture(
                            "by-examples.png",
                            "Accuracy by the number of examples: new head, all tuned, from scratch",
                            () -> Plots.compare("accuracy", "examples of the two classes", places, curves));
        }
    }

    /** The accuracy after learning {@code n} examples in this way. */
    private static double learned(Way way, Model<Layer> trained, Images two, int n, long seed, Conclusion all) {
        if (way == Way.SCRATCH) {
            try (Model<Layer> model = Model.of(new Net(HELD_OUT.length), seed)) {
                return fit(Trainer.of(model, Loss.crossEntropy(), new Adam(2e-3f)), model, two, n, seed, all);
            }
        }
        try (Model<Layer> copy = trained.copy();
                Model<Layer> model = copy.replace("head", new Linear(128, HELD_OUT.length), seed)) {
            model.eval("body"); // its batch norms keep their statistics
            if (way == Way.HEAD) {
                model.freeze("body.*");
                return fit(Trainer.of(model, Loss.crossEntropy(), new Adam(1e-2f)), model, two, n, seed, all);
            }
            Group[] rates = Group.layerwise(0.4f, "head.*", "body.5.*", "body.4.*", "body.2.*", "body.0.*");
            return fit(Trainer.of(model, Loss.crossEntropy(), new Adam(2e-3f)).groups(rates), model, two, n, seed, all);
        }
    }

    private static double fit(
            Trainer<Layer> trainer, Model<Layer> model, Images two, int n, long seed, Conclusion all) {
        int steps = all.run().brief() ? 40 : 400;
        int batch = Math.min(n, 32);
        int epochs = Math.max(all.run().brief() ? 1 : 10, steps / ((n + batch - 1) / batch));
        trainer = trainer.schedule(Schedule.cosine(epochs))
                .callbacks(all.run().interrupt().stopping());
        try (Dataset few = two.learn().subset(drawn(two.learn(), n, seed))) {
            trainer.fit(few.shuffled(seed).batches(batch), epochs);
        }
        ConfusionMatrix test = Classification.of(model, two.test()).confusion();
        ConfusionMatrix more = Classification.of(model, two.choose()).confusion();
        return (double) (test.correct() + more.correct()) / (test.total() + more.total());
    }

    /** Examples drawn at random, as many of each class. */
    private static int[] drawn(Dataset data, int n, long seed) {
        int[] left = {n / 2, n - n / 2};
        return IntStream.of(new Rng(seed).permutation(data.size()))
                .filter(i -> left[data.label(i)]-- > 0)
                .toArray();
    }
}
