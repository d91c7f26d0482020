package dev.fathom.labs.images;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.data.Batches;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.WeightPictures;
import dev.fathom.labs.training.NetworkEntry;
import dev.fathom.labs.training.Recipe;
import dev.fathom.labs.training.TrainedEntry;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Plots;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Dropout (Srivastava et al. 2014) in its paper's own experiments: errors on handwritten digits (table 2), and what the
 * hidden units of an autoencoder learn and how many of them speak at a time (sections 7.1 and 7.2).
 */
public final class DropoutLab implements ImageLab {
    private static final int HIDDEN = 256;
    private static final int SHOWN = 40;
    private static final int BATCH = 500;
    private static final double BIN = 0.25;
    private static final int BINS = 17;

    @Override
    public String name() {
        return "dropout";
    }

    @Override
    public ImageSet images(@Nullable Path folder) {
        return ImageSet.MNIST;
    }

    @Override
    public List<NetworkEntry> entries(Images images, IntUnaryOperator epochs) {
        Images unit = images.scaled();
        return List.of(
                new NetworkEntry(
                        "Without dropout", network(false), Recipe.adam(epochs.applyAsInt(20), 128, 1e-3f), all -> unit),
                new NetworkEntry(
                        "With dropout", network(true), Recipe.adam(epochs.applyAsInt(50), 128, 1e-3f), all -> unit));
    }

    /** 784-800-800-10; a fifth of the pixels and half of the units are dropped, as in the paper. */
    private static Layer network(boolean dropout) {
        Layer pixels = dropout ? new Dropout(0.2f) : new Sequential();
        Layer units = dropout ? new Dropout(0.5f) : new Sequential();
        return new Sequential(
                new Flatten(),
                pixels,
                new Linear(784, 800).act(RELU),
                units,
                new Linear(800, 800).act(RELU),
                units,
                new Linear(800, 10));
    }

    @Override
    public Brief brief() {
        return new Brief(6000, 2);
    }

    /** x' = s(V drop(relu(W x + b)) + c), trained on x as its own target; what comes out are the logits of x'. */
    record Autoencoder(Linear encoder, Dropout dropout, Linear decoder) implements Layer {
        Autoencoder(float p) {
            this(new Linear(784, HIDDEN).act(RELU), Dropout.plain(p), new Linear(HIDDEN, 784));
        }

        @Override
        public Tensor forward(Tensor x) {
            return decoder.apply(dropout.apply(encoder.apply(x)));
        }
    }

    /**
     * The hidden units over a data set.
     *
     * @param means of each unit
     * @param zero the share of activations that are 0
     */
    private record Activity(double[] means, double zero) {
        double mean() {
            double sum = 0;
            for (double m : means) {
                sum += m;
            }
            return sum / means.length;
        }

        /** The share of units in each bin of mean activity; the last holds those above too. */
        double[] histogram() {
            double[] shares = new double[BINS];
            for (double m : means) {
                shares[Math.min(BINS - 1, (int) (m / BIN))] += 1.0 / means.length;
            }
            return shares;
        }
    }

    @Override
    public void conclude(Conclusion all) {
        errors(all);
        Map<String, double[]> histograms = new LinkedHashMap<>();
        List<List<String>> rows = new ArrayList<>();
        List<String> bins = new ArrayList<>();
        for (int i = 0; i < BINS; i++) {
            bins.add(i % 2 == 0 ? number("%.1f", i * BIN) : " ");
        }
        List<ImageSheet> features = new ArrayList<>();
        try (Images flat = all.outcomes().get(0).images().flattened()) {
            for (boolean dropout : new boolean[] {false, true}) {
                if (all.run().interrupt().requested()) {
                    return;
                }
                try (Model<Autoencoder> model =
                        Model.of(new Autoencoder(dropout ? 0.5f : 0), all.run().seed())) {
                    var trainer = Trainer.custom(
                            model,
                            new Adam(1e-3f),
                            (net, batch) -> new Step.Result(Loss.bceWithLogits().of(net.apply(batch.x()), batch.x())));
                    trainer = trainer.callbacks(all.run().interrupt().stopping());
                    trainer.fit(
                            flat.learn().shuffled(all.run().seed()).batches(128),
                            all.run().brief() ? 4 : 20);
                    Activity activity = activity(model.net(), flat);
                    String name = all.outcomes().get(rows.size()).entry().name();
                    histograms.put(name, activity.histogram());
                    all.page()
                            .figure(Figure.of(
                                    "Autoencoder " + name.toLowerCase(Locale.ROOT) + ", mean activity",
                                    "",
                                    activity.mean()))
                            .figure(Figure.of(
                                    "Autoencoder " + name.toLowerCase(Locale.ROOT) + ", activations that are 0",
                                    "%",
                                    100 * activity.zero()));
                    rows.add(List.of(
                            name,
                            number("%.2f", activity.mean()),
                            dropout ? "about 0.7" : "about 2.0",
                            number("%.1f %%", 100 * activity.zero()),
                            number("%.4f", trainer.evaluate(flat.test()).getOrDefault("loss", Double.NaN))));
                    features.add(features(model.net()));
                }
            }
        }
        all.page()
                .section(
                        "Hidden units of an autoencoder",
                        "784-256-784, ReLU inside, trained to give its input back, without dropout and with half "
                                + "of the hidden units "
                                + "dropped. Activity is measured on the test, before units are dropped.")
                .table(
                        List.of(
                                "autoencoder",
                                "mean activity",
                                "published",
                                "of activations are 0",
                                "loss on the test"),
                        rows)
                .picture(
                        "activity.png",
                        "Histogram of the mean activity of the hidden units, without dropout and with it",
                        () -> Plots.compare("share of units", "mean activity", bins, histograms));
        for (int i = 0; i < features.size(); i++) {
            String name = all.outcomes().get(i).entry().name();
            ImageSheet sheet = features.get(i);
            all.page()
                    .section(
                            "Features: " + name.toLowerCase(Locale.ROOT),
                            "What each of some hidden units weighs; gray is 0.")
                    .picture(
                            "features-" + all.outcomes().get(i).entry().folder() + ".png",
                            "The weights of hidden units as images: " + name,
                            sheet::render);
        }
    }

    private static void errors(Conclusion all) {
        List<List<String>> rows = new ArrayList<>();
        List<String> published = List.of(
                "1.60 % (2 x 800, logistic)",
                "1.35 % (3 x 1024, logistic), 1.25 % (3 x 1024, ReLU), 1.01 % (2 x 4096, max-norm)");
        for (int i = 0; i < 2; i++) {
            TrainedEntry o = all.outcomes().get(i);
            rows.add(List.of(
                    o.entry().name(),
                    number("%.2f %%", 100 * (1 - o.answers().confusion().accuracy())),
                    published.get(i)));
        }
        all.page()
                .section("Errors on the test", "Published by Srivastava et al. (2014), table 2.")
                .table(List.of("784-800-800-10, ReLU", "wrong", "published"), rows);
    }

    private static Activity activity(Autoencoder net, Images flat) {
        double[] sums = new double[HIDDEN];
        long zeros = 0;
        int n = flat.test().size();
        Batches.Epoch batches = flat.test().batches(Math.min(BATCH, n)).epoch(0);
        while (batches.hasNext()) {
            try (Pass pass = Pass.infer()) {
                float[] hidden = net.encoder().apply(batches.next().x()).toArray();
                for (int i = 0; i < hidden.length; i++) {
                    sums[i % HIDDEN] += hidden[i] / n;
                    zeros += hidden[i] == 0 ? 1 : 0;
                }
            }
        }
        return new Activity(sums, (double) zeros / n / HIDDEN);
    }

    private static ImageSheet features(Autoencoder net) {
        ImageSheet sheet = new ImageSheet(28, 28, 1).columns(8);
        float[] weights = net.encoder().weight().value().toArray();
        for (int unit = 0; unit < SHOWN; unit++) {
            sheet.add(WeightPictures.around(weights, 784 * unit, 784), "");
        }
        return sheet;
    }

    private static String number(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }
}
