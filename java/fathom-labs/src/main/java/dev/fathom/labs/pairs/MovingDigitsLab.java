package dev.fathom.labs.pairs;

import static dev.fathom.labs.pairs.MovingDigits.DIRECTIONS;
import static dev.fathom.labs.pairs.MovingDigits.FRAMES;
import static dev.fathom.labs.pairs.MovingDigits.PIXELS;
import static dev.fathom.labs.pairs.MovingDigits.SEEN;
import static dev.fathom.labs.pairs.MovingDigits.SIDE;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Input;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.train.Trainer;
import dev.fathom.view.Animation;
import dev.fathom.view.Diagram;
import dev.fathom.view.ImageSheet;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Clips of a moving digit, watched by a CNN and an LSTM: in which direction it moves, where it will be, and what the
 * next frames look like.
 */
public final class MovingDigitsLab implements Experiment {
    private static final int COMING = FRAMES - SEEN;
    private static final int SHOWN = 4;
    private static final String PLACES = "distance from the true place in the next " + COMING + " frames";
    private static final String ERRORS = "1000 x squared error of the next " + COMING + " frames";
    private static final String COASTING = "constant velocity";

    /**
     * What is foretold about a clip.
     *
     * @param direction of the last frame that is seen
     * @param places [coming frame][axis] in pixels
     * @param frames [coming frame][pixel]
     */
    private record Motion(int direction, double[][] places, float[][] frames) {}

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "The encoder of frames, the LSTM, and the direction",
                Clips.of(new Clips.Shifting()),
                (net, in) -> net.action().apply(net.watch(in[0], State.EMPTY).last()),
                Input.floats(1, MovingDigits.SEEN, MovingDigits.SIDE, MovingDigits.SIDE));
    }

    @Override
    public void run(Lab lab) {
        Rng rng = lab.rng("clips");
        MovingDigits training;
        MovingDigits validation;
        MovingDigits test;
        try (Images digits = ImageSet.MNIST.images(lab.data(), lab.seed())) {
            training = MovingDigits.of(digits.learn(), lab.of(6000, 400), rng.split("learn"));
            validation = MovingDigits.of(digits.choose(), lab.of(500, 50), rng.split("choose"));
            test = MovingDigits.of(digits.test(), lab.of(1000, 200), rng.split("test"));
        }
        lab.put("learn", training.clips())
                .put("choose", validation.clips())
                .put("test", test.clips())
                .section("The clips");

        lab.section("Direction, place and frames of the test clips");
        Map<String, List<Motion>> forecasts = new LinkedHashMap<>();
        Motion mean = mean(training);
        forecasts.put("mean of the training clips", Collections.nCopies(test.clips(), mean));
        forecasts.put("last frame copied", each(test, clip -> moved(test, clip, mean.direction, 0, 0)));
        forecasts.put(COASTING, each(test, clip -> {
            double[] before = MovingDigits.center(test.frame(clip, SEEN - 2));
            double[] last = MovingDigits.center(test.frame(clip, SEEN - 1));
            double[] v = {last[0] - before[0], last[1] - before[1]};
            return moved(test, clip, MovingDigits.direction(v), v);
        }));
        Table table = lab.table("forecasts", "");
        Map<String, double[][]> errors = new LinkedHashMap<>();
        Map<String, double[][]> distances = new LinkedHashMap<>();
        forecasts.forEach((name, f) -> score(table.row(name), f, test, errors, distances));
        Table.Row usual = table.rows().get(0);
        Table.Row nearest = best(table, PLACES);
        Table.Row least = best(table, ERRORS);
        for (Clips.FrameDecoder decoder : List.of(new Clips.Shifting(), new Clips.Painting())) {
            String name = "CNN, LSTM, " + (decoder instanceof Clips.Shifting ? "shifts" : "painting");
            List<Motion> forecast = trained(lab, name, Clips.of(decoder), training, validation, test);
            forecasts.put(name, forecast);
            score(table.row(name), forecast, test, errors, distances)
                    .baseline("direction", usual.get("direction"), "most frequent direction")
                    .baseline(PLACES, nearest.get(PLACES), nearest.name())
                    .baseline(ERRORS, least.get(ERRORS), least.name());
        }
        lab.curves("errors.png", "mean squared error of a pixel", "frames ahead", errors)
                .curves("places.png", "distance from the true place, pixels", "frames ahead", distances);

        forecasts.keySet().removeAll(List.of(usual.name(), "last frame copied"));
        lab.section("Next frames").sheet("frames.png", frames(test, forecasts));
        lab.animation("clips.gif", () -> new Animation(film(test, forecasts), 160, 1200));
    }

    private static Table.Row best(Table table, String column) {
        return table.rows().stream()
                .min(Comparator.comparingDouble(row -> row.get(column)))
                .orElseThrow();
    }

    private static List<Motion> each(MovingDigits clips, IntFunction<Motion> motion) {
        return IntStream.range(0, clips.clips()).mapToObj(motion).toList();
    }

    /** For each coming frame the mean of the training clips, and the most frequent direction. */
    private static Motion mean(MovingDigits training) {
        int n = training.clips();
        int[] counts = new int[DIRECTIONS];
        IntStream.range(0, n).forEach(clip -> counts[training.direction(clip, SEEN - 1)]++);
        int usual = IntStream.range(0, DIRECTIONS)
                .reduce((a, b) -> counts[b] > counts[a] ? b : a)
                .orElseThrow();
        float[][] frames = new float[COMING][];
        double[][] places = new double[COMING][2];
        for (int t = 0; t < COMING; t++) {
            double[] sums = new double[PIXELS];
            for (int clip = 0; clip < n; clip++) {
                float[] one = training.frame(clip, SEEN + t);
                Arrays.setAll(sums, i -> sums[i] + one[i]);
                places[t][0] += training.place(clip, SEEN + t, 0) / n;
                places[t][1] += training.place(clip, SEEN + t, 1) / n;
            }
            frames[t] = Averages.floats(Arrays.stream(sums).map(sum -> sum / n).toArray());
        }
        return new Motion(usual, places, frames);
    }

    /** The last frame that is seen and its center of mass, moved on with a velocity. */
    private static Motion moved(MovingDigits clips, int clip, int direction, double... v) {
        float[] last = clips.frame(clip, SEEN - 1);
        double[] center = MovingDigits.center(last);
        float[][] frames = new float[COMING][];
        double[][] places = new double[COMING][];
        for (int t = 0; t < COMING; t++) {
            double steps = t + 1;
            frames[t] = MovingDigits.moved(last, steps * v[0], steps * v[1]);
            places[t] = new double[] {center[0] + steps * v[0], center[1] + steps * v[1]};
        }
        return new Motion(direction, places, frames);
    }

    private static List<Motion> trained(
            Lab lab, String name, Clips net, MovingDigits training, MovingDigits validation, MovingDigits test) {
        int epochs = lab.epochs(10, 4);
        try (Dataset learn = training.dataset();
                Dataset choose = validation.dataset();
                Dataset clips = test.dataset();
                Model<Clips> model = Model.of(net, lab.seed())) {
            var trainer = Trainer.custom(model, new Adam(3e-3f), Clips::step)
                    .schedule(Schedule.cosine(epochs))
                    .clipNorm(1)
                    .keepBest("val_loss")
                    .seed(lab.seed());
            lab.train(name, "clips", trainer, learn.shuffled(lab.seed()).batches(20), choose, epochs);
            float[][] rows =
                    model.predict(clips, (c, batch) -> c.forecast(batch.x())).rows();
            return Arrays.stream(rows).map(MovingDigitsLab::motion).toList();
        }
    }

    /** A row of {@link Clips#forecast}. */
    private static Motion motion(float... row) {
        int direction = IntStream.range(0, DIRECTIONS)
                .reduce((a, b) -> row[b] > row[a] ? b : a)
                .orElseThrow();
        double[][] places = new double[COMING][];
        float[][] frames = new float[COMING][];
        for (int t = 0; t < COMING; t++) {
            int from = DIRECTIONS + t * (2 + PIXELS);
            places[t] = new double[] {SIDE * (double) row[from], SIDE * (double) row[from + 1]};
            frames[t] = Arrays.copyOfRange(row, from + 2, from + 2 + PIXELS);
        }
        return new Motion(direction, places, frames);
    }

    private static Table.Row score(
            Table.Row row,
            List<Motion> foretold,
            MovingDigits truth,
            Map<String, double[][]> errors,
            Map<String, double[][]> distances) {
        double[] right = new double[1];
        double[] error = new double[COMING];
        double[] distance = new double[COMING];
        int n = truth.clips();
        for (int clip = 0; clip < n; clip++) {
            Motion m = foretold.get(clip);
            right[0] += m.direction == truth.direction(clip, SEEN - 1) ? 100.0 / n : 0;
            for (int t = 0; t < COMING; t++) {
                float[] frame = truth.frame(clip, SEEN + t);
                for (int i = 0; i < PIXELS; i++) {
                    double d = m.frames[t][i] - frame[i];
                    error[t] += d * d / PIXELS / n;
                }
                double dx = m.places[t][0] - truth.place(clip, SEEN + t, 0);
                double dy = m.places[t][1] - truth.place(clip, SEEN + t, 1);
                distance[t] += Math.hypot(dx, dy) / n;
            }
        }
        double[] ahead = IntStream.rangeClosed(1, COMING).asDoubleStream().toArray();
        errors.put(row.name(), new double[][] {ahead, error});
        distances.put(row.name(), new double[][] {ahead, distance});
        return row.put("direction", "%.1f %%", right[0])
                .put("distance from the true place, next frame", "%.2f px", distance[0])
                .put("distance, frame " + COMING, "%.2f px", distance[COMING - 1])
                .put(PLACES, "%.2f px", Averages.mean(distance))
                .put("1000 x squared error, next frame", "%.2f", 1000 * error[0])
                .put("squared error, frame " + COMING, "%.2f", 1000 * error[COMING - 1])
                .put(ERRORS, "%.2f", 1000 * Averages.mean(error));
    }

    /** For two clips the frames that come, with those that are foretold below. */
    private static ImageSheet frames(MovingDigits test, Map<String, List<Motion>> forecasts) {
        ImageSheet sheet = new ImageSheet(SIDE, SIDE, 1).columns(COMING + 1);
        for (int c = 0; c < 2; c++) {
            int clip = c;
            sheet.add(MovingDigits.bytes(test.frame(clip, SEEN - 1)), "true");
            IntStream.range(0, COMING)
                    .forEach(t -> sheet.add(MovingDigits.bytes(test.frame(clip, SEEN + t)), "+" + (t + 1)));
            forecasts.forEach((name, f) -> {
                sheet.add(MovingDigits.bytes(test.frame(clip, SEEN - 1)), name);
                Arrays.stream(f.get(clip).frames).forEach(frame -> sheet.add(MovingDigits.bytes(frame), ""));
            });
        }
        return sheet;
    }

    private static List<BufferedImage> film(MovingDigits test, Map<String, List<Motion>> forecasts) {
        return IntStream.range(0, FRAMES)
                .mapToObj(t -> {
                    ImageSheet sheet = new ImageSheet(SIDE, SIDE, 1).columns(forecasts.size() + 1);
                    for (int i = 0; i < SHOWN; i++) {
                        int clip = i;
                        byte[] now = MovingDigits.bytes(test.frame(clip, t));
                        sheet.add(now, "true, frame " + (t + 1));
                        forecasts.forEach((name, f) ->
                                sheet.add(t < SEEN ? now : MovingDigits.bytes(f.get(clip).frames[t - SEEN]), name));
                    }
                    return sheet.render();
                })
                .toList();
    }
}
