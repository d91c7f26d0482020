package dev.fathom.labs.pairs;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.CaptionedShapes;
import dev.fathom.experiments.data.Scene;
import dev.fathom.experiments.data.Thing;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Step;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Shades;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The direct problem, which label a picture has, and the inverse one, which picture a label has. Every picture has one
 * label, but a label has many pictures: the exact place, the size in pixels, the turn and the ground are free.
 */
final class Drawings {
    private static final List<String> PARTS = List.of("form", "color", "size", "place");
    /** The number of classes of each part of a label. */
    private static final int[] CLASSES = {Thing.Form.values().length, Thing.Paint.values().length, 2, Scene.PLACES};

    private static final int LABEL = Arrays.stream(CLASSES).sum();
    private static final double LABELS = Arrays.stream(CLASSES).asDoubleStream().reduce(1, (a, b) -> a * b);
    private static final int EXACT = 5;
    private static final int PIXELS = 3 * Scene.SIDE * Scene.SIDE;
    private static final int SHOWN = 6;

    private Drawings() {}

    static void run(Lab lab, CaptionedShapes training, CaptionedShapes test) {
        lab.section("Label to image and image to label");
        float[] truth = test.numbers();
        try (Dataset learn = dataset(training);
                Dataset judge = dataset(test);
                Model<Layer> reader = Model.of(Pair.OfPicture.cnn(LABEL).layers(), lab.seed())) {
            teach(lab, "image to label", reader, Drawings::reading, learn);
            Map<String, float[]> sources = new LinkedHashMap<>();
            sources.put("the true picture", truth);
            sources.put("mean picture of the label", means(training, test));
            sources.put(
                    "pictures drawn from the label",
                    drawn(lab, "label to image", LABEL, b -> b.get("label"), learn, judge));
            sources.put(
                    "pictures drawn from label and exact numbers",
                    drawn(
                            lab,
                            "label and exact numbers to image",
                            LABEL + EXACT,
                            b -> Tensor.concat(1, b.get("label"), b.get("exact")),
                            learn,
                            judge));
            Table table = lab.table("drawings", "picture").named("Label read from {row}");
            double mean = psnr(sources.get("mean picture of the label"), truth);
            sources.forEach((name, pictures) -> {
                double psnr = psnr(pictures, truth);
                boolean same = psnr == Double.POSITIVE_INFINITY;
                Table.Row row = table.row(name).cell("PSNR", same ? "-" : line("%.1f dB", psnr));
                if (!same) {
                    lab.figure("PSNR, " + name.replace("pictures ", ""), "dB", psnr)
                            .baseline(mean, "mean picture of the label");
                }
                double[] right = read(reader, pictures, test);
                IntStream.range(0, PARTS.size())
                        .forEach(p -> row.cell(PARTS.get(p) + " read", line("%.1f %%", 100 * right[p])));
                row.put("all four", "%.1f %%", 100 * right[PARTS.size()]).baseline(100 / LABELS, "chance");
            });
            ImageSheet sheet = new ImageSheet(Scene.SIDE, Scene.SIDE, 3).columns(SHOWN);
            sources.forEach((name, pictures) -> IntStream.range(0, SHOWN)
                    .forEach(i ->
                            sheet.add(Shades.unit(Arrays.copyOfRange(pictures, i * PIXELS, (i + 1) * PIXELS)), name)));
            lab.sheet("drawings.png", sheet);
        }
    }

    private static void teach(Lab lab, String name, Model<Layer> model, Step<Layer> step, Dataset learn) {
        EncodersLab.teach(lab, name, model, step, learn, lab.epochs(40, 5), lab.of(40, 16));
    }

    private static double psnr(float[] pictures, float[] truth) {
        double sum = 0;
        for (int i = 0; i < truth.length; i++) {
            sum += (pictures[i] - truth[i]) * (double) (pictures[i] - truth[i]);
        }
        return -10 * Math.log10(sum / truth.length);
    }

    /** The sum of the cross-entropies of the four parts of a label. */
    private static Step.Result reading(Layer net, Batch batch) {
        List<Tensor> parts = net.apply(batch.get("picture")).split(1, CLASSES);
        Tensor loss = Tensor.scalar(0);
        for (int p = 0; p < CLASSES.length; p++) {
            Tensor truth = batch.get("labels").slice(1, p, p + 1).squeeze(1);
            loss = loss.add(Loss.crossEntropy().of(parts.get(p), truth));
        }
        return new Step.Result(loss);
    }

    /** The shares of pictures from which each part of the label, and last all of them, are read. */
    private static double[] read(Model<Layer> reader, float[] pictures, CaptionedShapes test) {
        float[][] read;
        try (Dataset some = Dataset.of(
                Field.floats("x", Shape.of(Scene.SIDE, Scene.SIDE, 3), pictures).input())) {
            read = reader.predict(
                            some,
                            (net, b) -> Tensor.stack(
                                    1,
                                    net.apply(b.x()).split(1, CLASSES).stream()
                                            .map(part -> part.argmax(1).to(DType.F32))
                                            .toArray(Tensor[]::new)))
                    .rows();
        }
        double[] right = new double[CLASSES.length + 1];
        for (int i = 0; i < read.length; i++) {
            int[] truth = parts(test.scenes().get(i));
            int hits = 0;
            for (int p = 0; p < CLASSES.length; p++) {
                boolean hit = read[i][p] == truth[p];
                right[p] += hit ? 1.0 / read.length : 0;
                hits += hit ? 1 : 0;
            }
            right[CLASSES.length] += hits == CLASSES.length ? 1.0 / read.length : 0;
        }
        return right;
    }

    /** The pictures that a network draws for the test labels. */
    private static float[] drawn(
            Lab lab, String name, int width, Function<Batch, Tensor> numbers, Dataset learn, Dataset judge) {
        try (Model<Layer> model = Model.of(Pair.painter(width, 3), lab.seed())) {
            Step<Layer> step = (net, b) -> new Step.Result(
                    Loss.mse().of(net.apply(numbers.apply(b)), b.get("picture")).mul(10));
            teach(lab, name, model, step, learn);
            return model.predict(judge, (net, b) -> net.apply(numbers.apply(b))).values();
        }
    }

    /** For each test scene the mean of the training pictures that have its label, or of all where there is none. */
    private static float[] means(CaptionedShapes training, CaptionedShapes test) {
        float[] known = training.numbers();
        List<Integer> all = IntStream.range(0, training.size()).boxed().toList();
        Map<List<Integer>, List<Integer>> same = all.stream()
                .collect(Collectors.groupingBy(i -> label(training.scenes().get(i))));
        float[] means = new float[test.size() * PIXELS];
        for (int i = 0; i < test.size(); i++) {
            double[] sum = new double[PIXELS];
            List<Integer> of = same.getOrDefault(label(test.scenes().get(i)), all);
            of.forEach(j -> Arrays.setAll(sum, k -> sum[k] + known[j * PIXELS + k]));
            float[] mean =
                    Averages.floats(Arrays.stream(sum).map(v -> v / of.size()).toArray());
            System.arraycopy(mean, 0, means, i * PIXELS, PIXELS);
        }
        return means;
    }

    private static int[] parts(Scene scene) {
        Thing thing = scene.first();
        return new int[] {thing.form().ordinal(), thing.paint().ordinal(), thing.large() ? 1 : 0, scene.place()};
    }

    private static List<Integer> label(Scene scene) {
        return Arrays.stream(parts(scene)).boxed().toList();
    }

    private static Dataset dataset(CaptionedShapes shapes) {
        int[] labels = shapes.scenes().stream()
                .flatMapToInt(s -> Arrays.stream(parts(s)))
                .toArray();
        float[] label = new float[shapes.size() * LABEL];
        float[] exact = new float[shapes.size() * EXACT];
        for (int i = 0; i < shapes.size(); i++) {
            Scene scene = shapes.scenes().get(i);
            int from = i * LABEL;
            for (int p = 0; p < CLASSES.length; from += CLASSES[p++]) {
                label[from + labels[i * CLASSES.length + p]] = 1;
            }
            Thing thing = scene.first();
            float[] numbers = Averages.floats(
                    thing.x() / 16 - 1,
                    thing.y() / 16 - 1,
                    thing.radius() / 5 - 1,
                    4 * thing.angle(),
                    scene.ground() / 45.0 - 1);
            System.arraycopy(numbers, 0, exact, i * EXACT, EXACT);
        }
        return Dataset.of(
                shapes.images("picture"),
                Field.ints("labels", Shape.of(CLASSES.length), labels),
                Field.floats("label", Shape.of(LABEL), label),
                Field.floats("exact", Shape.of(EXACT), exact));
    }
}
