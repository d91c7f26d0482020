package dev.fathom.labs.pairs;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.labs.data.CaptionedShapes;
import dev.fathom.labs.data.Scene;
import dev.fathom.labs.data.Thing;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Metric;
import dev.fathom.train.Step;
import dev.fathom.view.ImageSheet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The direct problem, which label a picture has, and the inverse one, which picture a label has. Every picture has one
 * label, but a label has many pictures: the exact place, the size in pixels, the turn and the ground are free.
 */
record Drawings(LabRun run, CaptionedShapes training, CaptionedShapes test) {
    private static final List<String> PARTS = List.of("form", "color", "size", "place");
    /** The number of classes of each part of a label. */
    private static final int[] CLASSES = {Thing.Form.values().length, Thing.Paint.values().length, 2, Scene.PLACES};

    private static final int LABEL = Arrays.stream(CLASSES).sum();
    private static final int EXACT = 5;
    private static final int PIXELS = 3 * Scene.SIDE * Scene.SIDE;
    private static final int CHUNK = 250;
    private static final int SHOWN = 6;

    /**
     * Pictures of the test labels from some source.
     *
     * @param pixels [scenes, pixels] from 0 to 1
     */
    private record Drawn(String name, float[] pixels) {
        double error(float... truth) {
            double sum = 0;
            for (int i = 0; i < truth.length; i++) {
                sum += (pixels[i] - truth[i]) * (double) (pixels[i] - truth[i]);
            }
            return sum / truth.length;
        }
    }

    /**
     * Trains the networks of both directions and adds the table of those that are finished; false if the run was
     * interrupted before the last.
     */
    boolean addTo(Findings page) {
        PairTraining teaching = new PairTraining(run, run.epochs(40, 5), run.of(40, 16));
        float[] truth = test.numbers();
        try (Dataset learn = dataset(training);
                Dataset judge = dataset(test);
                Model<Layer> reader = Model.of(reader(), run.seed())) {
            var trained = teaching.fit("image to label", reader, Drawings::reading, all(), learn);
            float[] label = drawn(teaching, learn, judge, "label to image", false);
            float[] exact = drawn(teaching, learn, judge, "label and exact numbers to image", true);
            if (trained == null) {
                return false;
            }
            List<Drawn> sources = new ArrayList<>(
                    List.of(new Drawn("the true picture", truth), new Drawn("mean picture of the label", means())));
            if (label != null) {
                sources.add(new Drawn("drawn from the label", label));
            }
            if (exact != null) {
                sources.add(new Drawn("drawn from label and exact numbers", exact));
            }
            List<List<String>> rows = new ArrayList<>();
            for (Drawn source : sources) {
                double[] right = read(reader.net(), source);
                List<String> row = new ArrayList<>(List.of(source.name, decibels(source.error(truth))));
                Arrays.stream(right).forEach(share -> row.add(line("%.1f %%", 100 * share)));
                rows.add(row);
                figures(page, source, sources.get(1), truth, right);
            }
            List<String> header = new ArrayList<>(List.of("picture", "PSNR"));
            PARTS.forEach(part -> header.add(part + " read"));
            header.add("all four");
            page.table(header, rows)
                    .picture(
                            "drawings.png",
                            "Pictures of six labels: the true ones, and those drawn from the label",
                            sheet(sources)::render);
            return exact != null;
        }
    }

    private static void figures(Findings page, Drawn source, Drawn mean, float[] truth, double[] right) {
        double all = 100 * right[PARTS.size()];
        double chance = 100 / Arrays.stream(CLASSES).asDoubleStream().reduce(1, (a, b) -> a * b);
        Figure read = Figure.of(
                        "Label read from " + (source.name.startsWith("drawn") ? "pictures " : "") + source.name,
                        "%",
                        all)
                .baseline(chance, "chance");
        if (source.error(truth) == 0) {
            page.key(read);
            return;
        }
        page.figure(read);
        if (!source.name.equals(mean.name)) {
            page.figure(Figure.of("PSNR, " + source.name, "dB", psnr(source.error(truth)))
                    .baseline(psnr(mean.error(truth)), mean.name));
        }
    }

    private static double psnr(double error) {
        return -10 * Math.log10(error);
    }

    private static String decibels(double error) {
        return error == 0 ? "-" : line("%.1f dB", psnr(error));
    }

    private static Layer reader() {
        return new Sequential(
                Cells.convolution(3, 16, 2),
                Cells.convolution(16, 24, 2),
                Cells.convolution(24, 32, 2),
                new Flatten(),
                new Linear(4 * 4 * 32, LABEL));
    }

    /** The sum of the cross-entropies of the four parts of a label. */
    private static Step.Result reading(Layer net, Batch batch) {
        Tensor logits = net.apply(batch.get("picture"));
        List<Tensor> parts = logits.split(1, CLASSES);
        Tensor loss = Tensor.scalar(0);
        for (int p = 0; p < CLASSES.length; p++) {
            loss = loss.add(Loss.crossEntropy()
                    .of(parts.get(p), batch.get("labels").slice(1, p, p + 1).squeeze(1)));
        }
        return new Step.Result(loss, logits, batch.get("labels"));
    }

    private static Metric all() {
        return Metric.higherIsBetter("all", (logits, labels) -> {
            int[] read = classes(logits);
            int[] truth = labels.toIntArray();
            int right = 0;
            for (int i = 0; i < truth.length; i += CLASSES.length) {
                right += Arrays.equals(read, i, i + CLASSES.length, truth, i, i + CLASSES.length) ? 1 : 0;
            }
            return new Metric.Sum(right, labels.dim(0));
        });
    }

    /** The most probable class of each part [n, parts]. */
    private static int[] classes(Tensor logits) {
        List<Tensor> parts = logits.split(1, CLASSES);
        return Tensor.stack(1, parts.stream().map(part -> part.argmax(1)).toArray(Tensor[]::new))
                .toIntArray();
    }

    /** The shares of pictures from which each part of the label, and last all of them, are read. */
    private double[] read(Layer reader, Drawn source) {
        int[] truth = labels(test);
        double[] right = new double[CLASSES.length + 1];
        for (int from = 0; from < test.size(); from += CHUNK) {
            int to = Math.min(test.size(), from + CHUNK);
            try (Pass pass = Pass.infer()) {
                float[] some = Arrays.copyOfRange(source.pixels, from * PIXELS, to * PIXELS);
                int[] read = classes(reader.apply(Tensor.of(some, to - from, Scene.SIDE, Scene.SIDE, 3)));
                for (int i = 0; i < read.length; i += CLASSES.length) {
                    int hits = 0;
                    for (int p = 0; p < CLASSES.length; p++) {
                        boolean hit = read[i + p] == truth[from * CLASSES.length + i + p];
                        right[p] += hit ? 1.0 / test.size() : 0;
                        hits += hit ? 1 : 0;
                    }
                    right[CLASSES.length] += hits == CLASSES.length ? 1.0 / test.size() : 0;
                }
            }
        }
        return right;
    }

    /** The pictures that a network draws for the test labels; null if the run was interrupted. */
    private float @Nullable [] drawn(PairTraining teaching, Dataset learn, Dataset judge, String name, boolean exact) {
        Function<Batch, Tensor> numbers =
                b -> exact ? Tensor.concat(1, b.get("label"), b.get("exact")) : b.get("label");
        try (Model<Layer> model = Model.of(PairDecoder.painter(exact ? LABEL + EXACT : LABEL, 3), run.seed())) {
            Metric error = PairTraining.squares("error");
            var trainer = teaching.fit(
                    name,
                    model,
                    (net, b) -> {
                        Tensor picture = net.apply(numbers.apply(b));
                        return new Step.Result(
                                Loss.mse().of(picture, b.get("picture")).mul(10), picture, b.get("picture"));
                    },
                    error,
                    learn);
            if (trainer == null) {
                return null;
            }
            float[] all = new float[test.size() * PIXELS];
            int from = 0;
            var batches = judge.batches(Math.min(CHUNK, judge.size())).epoch(0);
            while (batches.hasNext()) {
                try (Pass pass = Pass.infer()) {
                    float[] some =
                            model.net().apply(numbers.apply(batches.next())).toArray();
                    System.arraycopy(some, 0, all, from, some.length);
                    from += some.length;
                }
            }
            run.out().println(name + ": " + decibels(new Drawn(name, all).error(test.numbers())));
            return all;
        }
    }

    /**
     * For each test scene the mean of the training pictures that have its label, or of all pictures where there is
     * none.
     */
    private float[] means() {
        int labels = Arrays.stream(CLASSES).reduce(1, (a, b) -> a * b);
        double[][] sums = new double[labels + 1][PIXELS];
        int[] counts = new int[labels + 1];
        float[] known = training.numbers();
        for (int i = 0; i < training.size(); i++) {
            for (int label : new int[] {label(training.scenes().get(i)), labels}) {
                counts[label]++;
                for (int k = 0; k < PIXELS; k++) {
                    sums[label][k] += known[i * PIXELS + k];
                }
            }
        }
        float[] means = new float[test.size() * PIXELS];
        for (int i = 0; i < test.size(); i++) {
            int own = label(test.scenes().get(i));
            int label = counts[own] > 0 ? own : labels;
            for (int k = 0; k < PIXELS; k++) {
                means[i * PIXELS + k] = (float) (sums[label][k] / counts[label]);
            }
        }
        return means;
    }

    private static int label(Scene scene) {
        return scene.place() * Thing.KINDS + scene.first().kind();
    }

    private static int[] parts(Scene scene) {
        Thing thing = scene.first();
        return new int[] {thing.form().ordinal(), thing.paint().ordinal(), thing.large() ? 1 : 0, scene.place()};
    }

    private static int[] labels(CaptionedShapes shapes) {
        return shapes.scenes().stream()
                .flatMapToInt(s -> Arrays.stream(parts(s)))
                .toArray();
    }

    private static Dataset dataset(CaptionedShapes shapes) {
        float[] label = new float[shapes.size() * LABEL];
        float[] exact = new float[shapes.size() * EXACT];
        for (int i = 0; i < shapes.size(); i++) {
            Scene scene = shapes.scenes().get(i);
            int from = i * LABEL;
            int[] parts = parts(scene);
            for (int p = 0; p < CLASSES.length; p++) {
                label[from + parts[p]] = 1;
                from += CLASSES[p];
            }
            Thing thing = scene.first();
            double[] numbers = {
                thing.x() / 16 - 1,
                thing.y() / 16 - 1,
                thing.radius() / 5 - 1,
                4 * thing.angle(),
                scene.ground() / 45.0 - 1
            };
            for (int k = 0; k < EXACT; k++) {
                exact[i * EXACT + k] = (float) numbers[k];
            }
        }
        return Dataset.of(
                shapes.images("picture"),
                Field.ints("labels", Shape.of(CLASSES.length), labels(shapes)),
                Field.floats("label", Shape.of(LABEL), label),
                Field.floats("exact", Shape.of(EXACT), exact));
    }

    private static ImageSheet sheet(List<Drawn> sources) {
        ImageSheet sheet = new ImageSheet(Scene.SIDE, Scene.SIDE, 3).columns(SHOWN);
        for (Drawn source : sources) {
            for (int i = 0; i < SHOWN; i++) {
                byte[] pixels = new byte[PIXELS];
                for (int k = 0; k < PIXELS; k++) {
                    pixels[k] = (byte) Math.round(255 * source.pixels[i * PIXELS + k]);
                }
                sheet.add(pixels, source.name);
            }
        }
        return sheet;
    }
}
