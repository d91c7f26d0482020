package dev.fathom.labs.pairs;

import static dev.fathom.labs.pages.Findings.line;
import static dev.fathom.labs.pairs.MovingDigits.FRAMES;
import static dev.fathom.labs.pairs.MovingDigits.PIXELS;
import static dev.fathom.labs.pairs.MovingDigits.SEEN;
import static dev.fathom.labs.pairs.MovingDigits.SIDE;

import dev.fathom.data.Dataset;
import dev.fathom.labs.data.ImageSet;
import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Run;
import dev.fathom.train.Trainer;
import dev.fathom.view.Animation;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Plots;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Clips of a moving digit, watched by a CNN and an LSTM: in which direction it moves, where it will be, and what the
 * next frames look like.
 */
public final class MovingDigitsLab implements OldExperiment {
    private static final int COMING = FRAMES - SEEN;
    private static final int BATCH = 20;
    private static final int CHUNK = 100;
    private static final int SHOWN = 4;
    private static final String SHIFTING = "CNN, LSTM, shifts";
    private static final String PAINTING = "CNN, LSTM, painting";
    private static final String MEAN = "mean of the training clips";
    private static final String COPYING = "last frame copied";
    private static final String COASTING = "constant velocity";

    @Override
    public String name() {
        return "moving-digits";
    }

    /**
     * What is foretold about the coming frames of each clip.
     *
     * @param frames [clip][frame][pixel]
     * @param places [clip][frame][axis] in pixels
     * @param directions [clip], of the last frame that is seen
     */
    private record Foretold(String name, float[][][] frames, double[][][] places, int[] directions) {
        /** The mean squared error of a pixel, for each coming frame. */
        double[] errors(MovingDigits truth) {
            return each(truth, (clip, t) -> {
                float[] frame = truth.frame(clip, SEEN + t);
                double sum = 0;
                for (int i = 0; i < PIXELS; i++) {
                    double d = frames[clip][t][i] - frame[i];
                    sum += d * d / PIXELS;
                }
                return sum;
            });
        }

        /** The mean distance from the true place in pixels, for each coming frame. */
        double[] distances(MovingDigits truth) {
            return each(
                    truth,
                    (clip, t) -> Math.hypot(
                            places[clip][t][0] - truth.place(clip, SEEN + t, 0),
                            places[clip][t][1] - truth.place(clip, SEEN + t, 1)));
        }

        private interface Measure {
            double of(int clip, int t);
        }

        private static double[] each(MovingDigits truth, Measure measure) {
            return IntStream.range(0, COMING)
                    .mapToDouble(t -> IntStream.range(0, truth.clips())
                            .mapToDouble(clip -> measure.of(clip, t))
                            .average()
                            .orElseThrow())
                    .toArray();
        }

        double accuracy(MovingDigits truth) {
            return (double) IntStream.range(0, truth.clips())
                            .filter(clip -> directions[clip] == truth.actions()[clip * FRAMES + SEEN - 1])
                            .count()
                    / truth.clips();
        }
    }

    @Override
    public Findings run(LabRun run) {
        Rng rng = new Rng(run.seed()).split("clips");
        MovingDigits training;
        MovingDigits validation;
        MovingDigits test;
        try (Images digits = ImageSet.MNIST.images(run.data(), run.seed())) {
            training = MovingDigits.of(digits.learn(), run.of(6000, 400), rng.split("learn"));
            validation = MovingDigits.of(digits.choose(), run.of(500, 50), rng.split("choose"));
            test = MovingDigits.of(digits.test(), run.of(1000, 200), rng.split("test"));
        }
        Findings page = run.page(
                "Lab moving-digits",
                line(
                        "%,d clips of 16 frames with digits of MNIST for training, %,d for validation, and %,d "
                                + "with digits of MNIST's test for the test",
                        training.clips(), validation.clips(), test.clips()));
        page.section("The clips", "")
                .text(line(
                        "A handwritten digit at half its size moves over 32 x 32 pixels, 1 to 2.5 pixels a frame "
                                + "in one of eight directions, and is "
                                + "reflected by the edges. A network sees %d frames and foretells the next %d. A "
                                + "CNN makes a code of each frame and an LSTM "
                                + "of 128 cells reads the codes. Its state answers three questions after each "
                                + "frame: in which direction the digit moves, "
                                + "where it will be next, and what the next frame looks like. The losses of the "
                                + "three have the weights 0.1, 1 and 10. "
                                + "Beyond the frames that are seen, the network reads the frames that it has drawn.",
                        SEEN, COMING))
                .text("Two decoders draw the frame. One paints it from the state by transposed convolutions. "
                        + "The other moves the frame before: it says "
                        + "how probable each shift by -3 to 3 pixels is, down and to the right, and adds "
                        + "up the shifted frames (after Finn et al. "
                        + "2016).")
                .text("Nothing is published for these clips. Three forecasts are computed without a network: "
                        + "the mean frame and the mean place of the "
                        + "training clips; the last frame copied, with its center of mass for the place; "
                        + "and the last frame moved on with the "
                        + "constant velocity of its center of mass, which knows no edges. The first two "
                        + "name the direction that is most frequent "
                        + "in training, the third that of its velocity.");
        int usual = usualDirection(training);
        List<Foretold> simple = List.of(mean(test, training, usual), copied(test, usual), coasting(test));
        List<Foretold> networks = new ArrayList<>();
        for (boolean shifts : new boolean[] {true, false}) {
            Foretold foretold = trained(shifts ? SHIFTING : PAINTING, shifts, training, validation, test, run);
            if (foretold == null) {
                break;
            }
            networks.add(foretold);
        }
        results(page, test, simple, networks);
        return networks.size() < 2 ? page : page.finished();
    }

    private static @Nullable Foretold trained(
            String name,
            boolean shifts,
            MovingDigits training,
            MovingDigits validation,
            MovingDigits test,
            LabRun run) {
        int epochs = run.epochs(10, 4);
        Clips net = Clips.of(shifts ? new Clips.Shifting() : new Clips.Painting());
        try (Dataset learn = training.dataset();
                Dataset choose = validation.dataset();
                Dataset clips = test.dataset();
                Model<Clips> model = Model.of(net, run.seed())) {
            run.out().println(line("%n== %s: %,d parameters", name, model.parameterCount()));
            var trainer = Trainer.custom(model, new Adam(3e-3f), Clips::step)
                    .schedule(Schedule.cosine(epochs))
                    .clipNorm(1)
                    .keepBest("val_loss")
                    .seed(run.seed());
            trainer = run.training().attach(trainer, run.folder().resolve(shifts ? "shifts" : "painting"), "clips");
            Run history = trainer.fit(learn.shuffled(run.seed()).batches(BATCH), choose, epochs);
            return history.epochs().size() < epochs ? null : foretold(name, net, clips);
        }
    }

    private static Foretold foretold(String name, Clips net, Dataset clips) {
        int n = clips.size();
        float[][][] frames = new float[n][COMING][];
        double[][][] places = new double[n][COMING][2];
        int[] directions = new int[n];
        int from = 0;
        var batches = clips.batches(Math.min(CHUNK, clips.size())).epoch(0);
        while (batches.hasNext()) {
            try (Pass pass = Pass.infer()) {
                Clips.Forecast forecast = net.forecast(batches.next().x());
                int[] best = forecast.directions().argmax(1).toIntArray();
                System.arraycopy(best, 0, directions, from, best.length);
                for (int t = 0; t < COMING; t++) {
                    float[] drawn = forecast.frames().get(t).toArray();
                    float[] where = forecast.places().get(t).toArray();
                    for (int i = 0; i < best.length; i++) {
                        frames[from + i][t] = Arrays.copyOfRange(drawn, i * PIXELS, (i + 1) * PIXELS);
                        places[from + i][t][0] = SIDE * (double) where[2 * i];
                        places[from + i][t][1] = SIDE * (double) where[2 * i + 1];
                    }
                }
                from += best.length;
            }
        }
        return new Foretold(name, frames, places, directions);
    }

    /** The direction that is most frequent in training after the last frame that is seen. */
    private static int usualDirection(MovingDigits training) {
        int[] counts = new int[MovingDigits.ACTIONS.size()];
        for (int clip = 0; clip < training.clips(); clip++) {
            counts[training.actions()[clip * FRAMES + SEEN - 1]]++;
        }
        return IntStream.range(0, counts.length)
                .reduce((a, b) -> counts[b] > counts[a] ? b : a)
                .orElseThrow();
    }

    /** For each coming frame the mean of the training clips, whatever was seen. */
    private static Foretold mean(MovingDigits test, MovingDigits training, int direction) {
        float[][] frame = new float[COMING][PIXELS];
        double[][] place = new double[COMING][2];
        int n = training.clips();
        for (int t = 0; t < COMING; t++) {
            double[] sums = new double[PIXELS];
            for (int clip = 0; clip < n; clip++) {
                float[] one = training.frame(clip, SEEN + t);
                for (int i = 0; i < PIXELS; i++) {
                    sums[i] += one[i];
                }
                place[t][0] += training.place(clip, SEEN + t, 0) / n;
                place[t][1] += training.place(clip, SEEN + t, 1) / n;
            }
            for (int i = 0; i < PIXELS; i++) {
                frame[t][i] = (float) (sums[i] / n);
            }
        }
        float[][][] frames = new float[test.clips()][][];
        double[][][] places = new double[test.clips()][][];
        int[] directions = new int[test.clips()];
        Arrays.fill(frames, frame);
        Arrays.fill(places, place);
        Arrays.fill(directions, direction);
        return new Foretold(MEAN, frames, places, directions);
    }

    /** The last frame and its center of mass for all that come. */
    private static Foretold copied(MovingDigits test, int direction) {
        return moved(COPYING, test, 0, clip -> direction);
    }

    /** The last frame moved on as its center of mass moved before, and the direction of that motion. */
    private static Foretold coasting(MovingDigits test) {
        return moved(COASTING, test, 1, clip -> {
            double[] v = velocity(test, clip);
            return Math.floorMod(Math.round(Math.atan2(v[1], v[0]) / (2 * Math.PI / 8)), 8);
        });
    }

    private static Foretold moved(String name, MovingDigits test, int speed, IntUnaryOperator direction) {
        int n = test.clips();
        float[][][] frames = new float[n][COMING][];
        double[][][] places = new double[n][COMING][];
        for (int clip = 0; clip < n; clip++) {
            float[] last = test.frame(clip, SEEN - 1);
            double[] center = MovingDigits.center(last);
            double[] v = velocity(test, clip);
            for (int t = 0; t < COMING; t++) {
                double steps = speed * (t + 1.0);
                frames[clip][t] = MovingDigits.moved(last, steps * v[0], steps * v[1]);
                places[clip][t] = new double[] {center[0] + steps * v[0], center[1] + steps * v[1]};
            }
        }
        return new Foretold(
                name, frames, places, IntStream.range(0, n).map(direction).toArray());
    }

    /** How far the center of mass moved between the last two frames that are seen. */
    private static double[] velocity(MovingDigits clips, int clip) {
        double[] before = MovingDigits.center(clips.frame(clip, SEEN - 2));
        double[] last = MovingDigits.center(clips.frame(clip, SEEN - 1));
        return new double[] {last[0] - before[0], last[1] - before[1]};
    }

    private static void results(Findings page, MovingDigits test, List<Foretold> simple, List<Foretold> networks) {
        List<Foretold> all = Stream.concat(simple.stream(), networks.stream()).toList();
        page.section("Direction, place and frames of the test clips", "");
        Map<String, double[]> errors = new LinkedHashMap<>();
        Map<String, double[]> distances = new LinkedHashMap<>();
        List<List<String>> rows = new ArrayList<>();
        for (Foretold f : all) {
            double[] e = f.errors(test);
            double[] d = f.distances(test);
            errors.put(f.name(), e);
            distances.put(f.name(), d);
            rows.add(List.of(
                    f.name(),
                    line("%.1f %%", 100 * f.accuracy(test)),
                    line("%.2f", d[0]),
                    line("%.2f", d[COMING - 1]),
                    line("%.2f", 1000 * e[0]),
                    line("%.2f", 1000 * e[COMING - 1]),
                    line("%.2f", 1000 * Averages.mean(e))));
        }
        page.table(
                List.of(
                        "",
                        "direction right",
                        "place, next frame, px",
                        "place, frame " + COMING,
                        "1000 x squared error, next frame",
                        "frame " + COMING,
                        "mean of " + COMING),
                rows);
        List<String> ahead =
                IntStream.rangeClosed(1, COMING).mapToObj(Integer::toString).toList();
        page.picture(
                        "errors.png",
                        "Squared error of a pixel over the frames ahead",
                        () -> Plots.compare("mean squared error of a pixel", "frames ahead", ahead, errors))
                .picture(
                        "places.png",
                        "Distance from the true place over the frames ahead",
                        () -> Plots.compare("distance from the true place, pixels", "frames ahead", ahead, distances));
        for (Foretold f : networks) {
            figures(page, test, simple, f);
        }
        page.text(line(
                "The direction of motion needs no learning on a black ground: the center of mass of the last two "
                        + "frames gives %.1f %%.",
                100 * simple.get(2).accuracy(test)));
        if (networks.size() == 2) {
            pictures(page, test, List.of(networks.get(0), networks.get(1), simple.get(2)));
        }
    }

    /**
     * A network is to be better than all forecasts without one. Its direction is to be better than the most frequent
     * one, since the constant velocity of two frames all but is the direction.
     */
    private static void figures(Findings page, MovingDigits test, List<Foretold> simple, Foretold f) {
        Foretold nextBest = best(simple, s -> Averages.mean(s.errors(test)));
        Foretold nearest = best(simple, s -> Averages.mean(s.distances(test)));
        double error = 1000 * Averages.mean(f.errors(test));
        double least = 1000 * Averages.mean(nextBest.errors(test));
        double place = Averages.mean(f.distances(test));
        double near = Averages.mean(nearest.distances(test));
        double usual = 100 * simple.get(0).accuracy(test);
        Figure direction = Figure.of(f.name() + ", direction", "%", 100 * f.accuracy(test))
                .baseline(usual, "most frequent direction");
        Figure frames = Figure.of(f.name() + ", 1000 x squared error of the next " + COMING + " frames", "", error)
                .baseline(least, nextBest.name());
        Figure where = Figure.of(
                        f.name() + ", distance from the true place in the next " + COMING + " frames", "px", place)
                .baseline(near, nearest.name());
        if (f.name().equals(SHIFTING)) {
            page.key(direction).key(frames).key(where);
        } else {
            page.figure(direction).figure(frames).figure(where);
        }
        page.text(line(
                "%s: the squared error of the next %d frames is %s. The best without a network is %s with a place "
                        + "that is wrong by %.2f pixels, where the "
                        + "network's is wrong by %.2f.",
                f.name(),
                COMING,
                simple.stream()
                        .map(s -> line(
                                "%.0f %% of that by %s",
                                100 * error / (1000 * Averages.mean(s.errors(test))), s.name()))
                        .collect(Collectors.joining(", ")),
                nearest.name(),
                near,
                place));
    }

    private static Foretold best(List<Foretold> all, ToDoubleFunction<Foretold> error) {
        return all.stream().min(Comparator.comparingDouble(error)).orElseThrow();
    }

    private static void pictures(Findings page, MovingDigits test, List<Foretold> shown) {
        ImageSheet sheet = new ImageSheet(SIDE, SIDE, 1).columns(COMING + 1);
        for (int clip = 0; clip < 2; clip++) {
            for (int row = 0; row <= shown.size(); row++) {
                for (int t = -1; t < COMING; t++) {
                    String what = row == 0 ? "true" : shown.get(row - 1).name();
                    sheet.add(
                            gray(
                                    row == 0 || t < 0
                                            ? test.frame(clip, SEEN + t)
                                            : shown.get(row - 1).frames()[clip][t]),
                            t < 0 ? what : row == 0 ? "+" + (t + 1) : "");
                }
            }
        }
        page.section(
                        "Next frames",
                        "Two test clips: the last frame that is seen on the left, then the frames that come, true "
                                + "in the first row and foretold in the others.")
                .picture("frames.png", "The next eight frames of two clips, true and foretold", sheet::render)
                .animation(
                        "clips.gif",
                        "Four clips: the true frames, and after the first eight those that are foretold",
                        () -> new Animation(frames(test, shown), 160, 1200));
    }

    private static List<BufferedImage> frames(MovingDigits test, List<Foretold> shown) {
        List<BufferedImage> frames = new ArrayList<>();
        for (int t = 0; t < FRAMES; t++) {
            ImageSheet sheet = new ImageSheet(SIDE, SIDE, 1).columns(shown.size() + 1);
            for (int clip = 0; clip < SHOWN; clip++) {
                sheet.add(gray(test.frame(clip, t)), "true, frame " + (t + 1));
                for (Foretold f : shown) {
                    boolean seen = t < SEEN;
                    sheet.add(gray(seen ? test.frame(clip, t) : f.frames()[clip][t - SEEN]), f.name());
                }
            }
            frames.add(sheet.render());
        }
        return frames;
    }

    private static byte[] gray(float... frame) {
        byte[] pixels = new byte[frame.length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) Math.round(255 * Math.max(0, Math.min(1, frame[i])));
        }
        return pixels;
    }
}
