package dev.fathom.labs.pairs;

import static dev.fathom.experiments.data.MovingDigits.SEEN;
import static dev.fathom.experiments.data.MovingDigits.SIDE;
import static dev.fathom.labs.pairs.Motion.COMING;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.data.MovingDigits;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Input;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.train.Trainer;
import dev.fathom.view.Diagram;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Clips of a moving digit, watched by a CNN and an LSTM: in which direction it moves, where it will be, and what the
 * next frames look like.
 */
public final class MovingDigitsLab implements Experiment {
    private static final String PLACES = "distance from the true place in the next " + COMING + " frames";
    private static final String ERRORS = "1000 x squared error of the next " + COMING + " frames";

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "The encoder of frames, the LSTM, and the direction",
                Clips.of(new Clips.Shifting()),
                (net, in) -> net.action().apply(net.watch(in[0], State.EMPTY).last()),
                Input.floats(1, SEEN, SIDE, SIDE));
    }

    @Override
    public List<DataSet> reads() {
        return List.of(ImageSet.MNIST.set());
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
        Motion mean = Motion.mean(training);
        forecasts.put("mean of the training clips", Collections.nCopies(test.clips(), mean));
        forecasts.put("last frame copied", each(test, clip -> Motion.moved(test, clip, mean.direction(), 0, 0)));
        forecasts.put("constant velocity", each(test, clip -> Motion.coasting(test, clip)));
        Table table = lab.table("forecasts", "");
        Map<String, Motion.Score> scores = new LinkedHashMap<>();
        forecasts.forEach((name, f) -> scores.put(name, Motion.score(f, test)));
        scores.forEach((name, score) -> put(table.row(name), score));
        Table.Row usual = table.rows().get(0);
        Table.Row nearest = best(table, PLACES);
        Table.Row least = best(table, ERRORS);
        for (Clips.FrameDecoder decoder : List.of(new Clips.Shifting(), new Clips.Painting())) {
            String name = "CNN, LSTM, " + (decoder instanceof Clips.Shifting ? "shifts" : "painting");
            forecasts.put(name, trained(lab, name, Clips.of(decoder), training, validation, test));
            scores.put(name, Motion.score(forecasts.get(name), test));
            put(table.row(name), scores.get(name))
                    .baseline("direction", usual.get("direction"), "most frequent direction")
                    .baseline(PLACES, nearest.get(PLACES), nearest.name())
                    .baseline(ERRORS, least.get(ERRORS), least.name());
        }
        lab.curves("errors.png", "mean squared error of a pixel", "frames ahead", curves(scores, Motion.Score::errors))
                .curves(
                        "places.png",
                        "distance from the true place, pixels",
                        "frames ahead",
                        curves(scores, Motion.Score::distances));

        forecasts.keySet().removeAll(List.of(usual.name(), "last frame copied"));
        lab.section("Next frames").sheet("frames.png", ForecastPictures.frames(test, forecasts));
        lab.animation("clips.gif", () -> ForecastPictures.film(test, forecasts));
    }

    private static Table.Row best(Table table, String column) {
        return Collections.min(table.rows(), Comparator.comparingDouble(row -> row.get(column)));
    }

    private static List<Motion> each(MovingDigits clips, IntFunction<Motion> motion) {
        return IntStream.range(0, clips.clips()).mapToObj(motion).toList();
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
                    .keepBest("val_loss");
            lab.train(name, "clips", trainer, learn, 20, choose, epochs);
            float[][] rows =
                    model.predict(clips, (c, batch) -> c.forecast(batch.x())).rows();
            return Arrays.stream(rows).map(Motion::read).toList();
        }
    }

    private static Table.Row put(Table.Row row, Motion.Score score) {
        double[] errors = score.errors();
        double[] distances = score.distances();
        return row.put("direction", "%.1f %%", score.directions())
                .put("distance from the true place, next frame", "%.2f px", distances[0])
                .put("distance, frame " + COMING, "%.2f px", distances[COMING - 1])
                .put(PLACES, "%.2f px", Averages.mean(distances))
                .put("1000 x squared error, next frame", "%.2f", 1000 * errors[0])
                .put("squared error, frame " + COMING, "%.2f", 1000 * errors[COMING - 1])
                .put(ERRORS, "%.2f", 1000 * Averages.mean(errors));
    }

    private static Map<String, double[][]> curves(
            Map<String, Motion.Score> scores, Function<Motion.Score, double[]> measure) {
        double[] ahead = Averages.upTo(COMING);
        Map<String, double[][]> curves = new LinkedHashMap<>();
        scores.forEach((name, score) -> curves.put(name, new double[][] {ahead, measure.apply(score)}));
        return curves;
    }
}
