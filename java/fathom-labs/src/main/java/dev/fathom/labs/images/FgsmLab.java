package dev.fathom.labs.images;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.labs.adversarial.Attacked;
import dev.fathom.labs.adversarial.Victim;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.training.NetworkEntry;
import dev.fathom.labs.training.Recipe;
import dev.fathom.labs.training.TrainedEntry;
import dev.fathom.nets.MnistCnn;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Plots;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The fast gradient sign method (Goodfellow, Shlens and Szegedy 2015): x' = clamp(x + ε sign(dloss/dx)), with every
 * pixel between black, 0, and white, 1. No pixel moves by more than ε, and a network that was right is wrong.
 */
public final class FgsmLab implements ImageLab {
    private static final float[] EPSILONS = {0, 0.05f, 0.1f, 0.15f, 0.2f, 0.25f, 0.3f};
    /** Of PyTorch's tutorial on adversarial examples, for the network of its MNIST example. */
    private static final double[] TUTORIAL = {0.9912, 0.9605, 0.8743, 0.7111, 0.4877, 0.2717, 0.1418};

    private static final int QUARTER = 5;
    private static final int SHOWN = 6;
    private static final int BATCH = 250;

    @Override
    public String name() {
        return "fgsm";
    }

    @Override
    public ImageSet images(@Nullable Path folder) {
        return ImageSet.MNIST;
    }

    @Override
    public List<NetworkEntry> entries(Images images, IntUnaryOperator epochs) {
        Recipe recipe = Recipe.mnistExample(epochs.applyAsInt(6));
        return List.of(
                new NetworkEntry("PyTorch's example", new MnistCnn(), recipe),
                new NetworkEntry("Softmax regression", new Sequential(new Flatten(), new Linear(784, 10)), recipe));
    }

    @Override
    public Brief brief() {
        return new Brief(4000, 1);
    }

    @Override
    public void conclude(Conclusion all) {
        List<String> places = new ArrayList<>();
        for (float e : EPSILONS) {
            places.add(Float.toString(e));
        }
        List<String> header = new ArrayList<>(List.of("accuracy under attack"));
        places.forEach(e -> header.add("ε " + e));
        List<List<String>> rows = new ArrayList<>();
        Map<String, double[]> curves = new LinkedHashMap<>();
        List<List<Attacked>> attacked = new ArrayList<>();
        for (TrainedEntry o : all.outcomes()) {
            Dataset test = all.images().test();
            List<Attacked> a = Attacked.fast(victim(o.model(), test), test, EPSILONS);
            attacked.add(a);
            curves.put(o.entry().name(), accuracies(a));
            rows.add(row(o.entry().name(), accuracies(a)));
            for (int e = 1; e < EPSILONS.length; e++) {
                all.page()
                        .figure(Figure.of(
                                o.entry().name() + ", accuracy at ε " + places.get(e),
                                "%",
                                100 * a.get(e).accuracy()));
            }
        }
        curves.put("PyTorch's tutorial", TUTORIAL);
        rows.add(row("PyTorch's tutorial", TUTORIAL));
        all.page()
                .section(
                        "Accuracy under attack",
                        "Every pixel is moved by ε toward a larger loss, of a range of 1 from black to white. The "
                                + "published curve "
                                + "is of the same network in PyTorch's tutorial.")
                .table(header, rows)
                .picture(
                        "attacked.png",
                        "Accuracy under attack by its size, beside PyTorch's tutorial",
                        () -> Plots.compare("accuracy", "ε", places, curves));
        Attacked softmax = attacked.get(attacked.size() - 1).get(QUARTER);
        Attacked example = attacked.get(0).get(QUARTER);
        if (!Double.isNaN(softmax.confidence())) {
            all.page()
                    .figure(Figure.of(
                            "Softmax regression, confidence of its wrong answers at ε 0.25",
                            "%",
                            100 * softmax.confidence()));
        }
        all.page()
                .section(
                        "At a quarter of the range",
                        "Published figures are those of Goodfellow, Shlens and Szegedy (2015).")
                .table(
                        List.of("at ε 0.25", "wrong", "with a confidence of", "published"),
                        List.of(
                                List.of(
                                        "Softmax regression",
                                        number("%.1f %%", 100 * (1 - softmax.accuracy())),
                                        number("%.1f %%", 100 * softmax.confidence()),
                                        "99.9 % with 79.3 %"),
                                List.of(
                                        "PyTorch's example",
                                        number("%.1f %%", 100 * (1 - example.accuracy())),
                                        number("%.1f %%", 100 * example.confidence()),
                                        "maxout: 89.4 % with 97.6 %")));
        all.page()
                .section(
                        "Adversarial examples",
                        "One image of the test in each row, and what the first network says of it.")
                .picture(
                        "adversarial.png",
                        "Images of the test, changed by a growing ε, with the answers",
                        sheet(all.outcomes().get(0).model(), all.images())::render);
    }

    /** The network under attack; the blackest and the whitest pixel are those of some images. */
    private static Victim victim(Model<Layer> model, Dataset data) {
        try (Pass pass = Pass.infer()) {
            Tensor x =
                    data.batches(Math.min(BATCH, data.size())).epoch(0).next().x();
            return new Victim(
                    model.net(), data.featureShape(), x.min().item(), x.max().item());
        }
    }

    private static double[] accuracies(List<Attacked> attacked) {
        return attacked.stream().mapToDouble(Attacked::accuracy).toArray();
    }

    private static ImageSheet sheet(Model<Layer> model, Images images) {
        int side = images.image().dim(0);
        ImageSheet sheet = new ImageSheet(side, images.image().dim(1), 1).columns(EPSILONS.length);
        try (Dataset few = images.test().take(0, Math.min(SHOWN, images.test().size()));
                Pass pass = Pass.infer()) {
            Batch batch = few.batches(few.size()).epoch(0).next();
            Victim victim = victim(model, few);
            List<float[]> changed =
                    Attacked.fast(victim, batch.x().toArray(), batch.y().toIntArray(), EPSILONS);
            int size = (int) images.image().size();
            for (int i = 0; i < few.size(); i++) {
                for (int e = 0; e < EPSILONS.length; e++) {
                    float[] one = Arrays.copyOfRange(changed.get(e), i * size, (i + 1) * size);
                    Victim.Answers said = victim.answers(one);
                    sheet.add(
                            few.pixels(one),
                            "ε " + EPSILONS[e] + ": " + images.classes().get(said.classes()[0])
                                    + number(", %.1f %%", 100 * said.confidence()[0]));
                }
            }
        }
        return sheet;
    }

    private static List<String> row(String name, double[] accuracy) {
        List<String> row = new ArrayList<>(List.of(name));
        Arrays.stream(accuracy).forEach(a -> row.add(number("%.2f %%", 100 * a)));
        return row;
    }

    private static String number(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }
}
