package dev.fathom.labs.images;

import dev.fathom.data.Batch;
import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.training.Entry;
import dev.fathom.labs.training.Outcome;
import dev.fathom.labs.training.Published;
import dev.fathom.labs.training.Recipe;
import dev.fathom.nets.MnistCnn;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
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
import java.util.Objects;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The fast gradient sign method (Goodfellow, Shlens and Szegedy 2015): x' = clamp(x + ε sign(dloss/dx)), with every pixel between black, 0, and white,
 * 1. No pixel moves by more than ε, and a network that was right is wrong.
 */
public final class FgsmLab implements ImageLab {
    private static final float[] EPSILONS = {0, 0.05f, 0.1f, 0.15f, 0.2f, 0.25f, 0.3f};
    /** Of PyTorch's tutorial on adversarial examples, for the network of its MNIST example. */
    private static final double[] TUTORIAL = {0.9912, 0.9605, 0.8743, 0.7111, 0.4877, 0.2717, 0.1418};

    private static final int QUARTER = 5;
    private static final int SHOWN = 6;
    private static final int BATCH = 250;

    /**
     * What a network said under attack, by ε.
     *
     * @param accuracy of all examples
     * @param confidence mean probability of the answers that are wrong, NaN where none is
     */
    record Attacked(double[] accuracy, double[] confidence) {}

    @Override
    public String name() {
        return "fgsm";
    }

    @Override
    public String shows() {
        return "how few gray levels fool a network that knows handwritten digits: accuracy under attack by its size";
    }

    @Override
    public ImageSet images(@Nullable Path folder) {
        return ImageSet.MNIST;
    }

    @Override
    public List<Entry> entries(Images images, IntUnaryOperator epochs) {
        Recipe recipe = Recipe.mnistExample(epochs.applyAsInt(6));
        return List.of(
                new Entry(
                        "PyTorch's example", new MnistCnn(), recipe, new Published("99.12 %", "PyTorch's tutorial"), 0),
                new Entry(
                        "Softmax regression",
                        new Sequential(new Flatten(), new Linear(784, 10)),
                        recipe,
                        Published.NONE,
                        0));
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
        List<Attacked> attacked = new ArrayList<>();
        for (Outcome o : all.outcomes()) {
            Attacked a = attack(o.model(), all.images().test(), EPSILONS);
            attacked.add(a);
            curves.put(o.entry().name(), a.accuracy());
            rows.add(row(o.entry().name(), a.accuracy()));
            for (int e = 1; e < EPSILONS.length; e++) {
                Figure figure =
                        Figure.of(o.entry().name() + ", accuracy at ε " + places.get(e), "%", 100 * a.accuracy()[e]);
                all.page()
                        .figure(
                                attacked.size() == 1
                                        ? figure.published(number("%.2f %%", 100 * TUTORIAL[e]), "PyTorch's tutorial")
                                        : figure);
            }
        }
        curves.put("PyTorch's tutorial", TUTORIAL);
        rows.add(row("PyTorch's tutorial", TUTORIAL));
        all.page()
                .section(
                        "Accuracy under attack",
                        "Every pixel is moved by ε toward a larger loss, of a range of 1 from black to white. The published curve "
                                + "is of the same network in PyTorch's tutorial.")
                .table(header, rows)
                .picture(
                        "attacked.png",
                        "Accuracy under attack by its size, beside PyTorch's tutorial",
                        () -> Plots.compare("accuracy", "ε", places, curves));
        Attacked softmax = attacked.get(attacked.size() - 1);
        if (!Double.isNaN(softmax.confidence()[QUARTER])) {
            all.page()
                    .figure(Figure.of(
                                    "Softmax regression, confidence of its wrong answers at ε 0.25",
                                    "%",
                                    100 * softmax.confidence()[QUARTER])
                            .published("79.3 %", "Goodfellow, Shlens and Szegedy 2015"));
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
                                        number("%.1f %%", 100 * (1 - softmax.accuracy()[QUARTER])),
                                        number("%.1f %%", 100 * softmax.confidence()[QUARTER]),
                                        "99.9 % with 79.3 %"),
                                List.of(
                                        "PyTorch's example",
                                        number(
                                                "%.1f %%",
                                                100 * (1 - attacked.get(0).accuracy()[QUARTER])),
                                        number("%.1f %%", 100 * attacked.get(0).confidence()[QUARTER]),
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

    /** What {@code model} says of {@code data}, attacked by each of {@code epsilons}, which are parts of the range from the blackest to the whitest. */
    static Attacked attack(Model<Layer> model, Dataset data, float... epsilons) {
        int n = epsilons.length;
        double[] accuracy = new double[n];
        double[] confidence = new double[n];
        Batches.Epoch batches = data.batches(Math.min(BATCH, data.size())).epoch(0);
        float[] range = null;
        while (batches.hasNext()) {
            try (Pass pass = Pass.grad()) {
                Batch batch = batches.next();
                range = range == null ? range(batch.x()) : range;
                int[] labels = batch.y().toIntArray();
                Tensor[] changed = attack(pass, model, batch, range, epsilons);
                for (int e = 0; e < n; e++) {
                    Tensor x = changed[e];
                    Tensor p = Pass.noGrad(() -> model.net().apply(x).softmax(-1));
                    int[] said = p.argmax(-1).toIntArray();
                    float[] sure = p.max(-1).toArray();
                    for (int i = 0; i < labels.length; i++) {
                        accuracy[e] += said[i] == labels[i] ? 1 : 0;
                        confidence[e] += said[i] == labels[i] ? 0 : sure[i];
                    }
                }
            }
        }
        for (int e = 0; e < n; e++) {
            confidence[e] /= data.size() - accuracy[e];
            accuracy[e] /= data.size();
        }
        return new Attacked(accuracy, confidence);
    }

    /** The blackest and the whitest that a pixel of these can be. */
    private static float[] range(Tensor x) {
        return new float[] {x.min().item(), x.max().item()};
    }

    /** The images of a batch, changed by each ε. */
    private static Tensor[] attack(Pass pass, Model<Layer> model, Batch batch, float[] range, float... epsilons) {
        Tensor x = pass.watch(batch.x());
        pass.backward(Loss.crossEntropy().of(model.net().apply(x), batch.y()), x);
        Tensor direction = Objects.requireNonNull(pass.gradient(x)).sign();
        Tensor[] changed = new Tensor[epsilons.length];
        for (int e = 0; e < changed.length; e++) {
            float step = epsilons[e] * (range[1] - range[0]);
            changed[e] = Pass.noGrad(() -> batch.x().add(direction.mul(step)).clamp(range[0], range[1]));
        }
        return changed;
    }

    private static ImageSheet sheet(Model<Layer> model, Images images) {
        int side = images.image().dim(0);
        ImageSheet sheet = new ImageSheet(side, images.image().dim(1), 1).columns(EPSILONS.length);
        try (Dataset few = images.test().take(0, Math.min(SHOWN, images.test().size()));
                Pass pass = Pass.grad()) {
            Batch batch = few.batches(few.size()).epoch(0).next();
            Tensor[] changed = attack(pass, model, batch, range(batch.x()), EPSILONS);
            for (int i = 0; i < few.size(); i++) {
                for (int e = 0; e < changed.length; e++) {
                    Tensor one = changed[e].slice(0, i, i + 1);
                    Tensor p = Pass.noGrad(() -> model.net().apply(one).softmax(-1));
                    String said = images.classes().get(p.argmax(-1).toIntArray()[0]);
                    sheet.add(
                            few.pixels(one.toArray()),
                            "ε " + EPSILONS[e] + ": " + said
                                    + number(", %.1f %%", 100 * p.max().item()));
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
