package dev.fathom.labs.pairs;

import static dev.fathom.experiments.data.MovingDigits.FRAMES;
import static dev.fathom.experiments.data.MovingDigits.SEEN;
import static dev.fathom.experiments.data.MovingDigits.SIDE;
import static dev.fathom.labs.pairs.Motion.COMING;

import dev.fathom.experiments.data.MovingDigits;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.view.Animation;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Shades;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Forecasts of moving digits beside the truth, a list of one for each clip under each name. */
final class ForecastPictures {
    private static final int SHOWN = 4;

    private ForecastPictures() {}

    /** For two clips the frames that come, with those that are foretold below. */
    static ImageSheet frames(MovingDigits test, Map<String, List<Motion>> forecasts) {
        ImageSheet sheet = new ImageSheet(SIDE, SIDE, 1).columns(COMING + 1);
        for (int c = 0; c < 2; c++) {
            int clip = c;
            for (int t = SEEN - 1; t < FRAMES; t++) {
                sheet.add(Shades.unit(test.frame(clip, t)), t < SEEN ? "true" : "+" + (t - SEEN + 1));
            }
            forecasts.forEach((name, f) -> {
                sheet.add(Shades.unit(test.frame(clip, SEEN - 1)), name);
                sheet.addAll(Averages.flat(f.get(clip).frames()), i -> "");
            });
        }
        return sheet;
    }

    /** The frames of some clips in time, with what is foretold beside the truth. */
    static Animation film(MovingDigits test, Map<String, List<Motion>> forecasts) {
        return new Animation(
                IntStream.range(0, FRAMES)
                        .mapToObj(t -> frame(test, forecasts, t))
                        .toList(),
                160,
                1200);
    }

    private static BufferedImage frame(MovingDigits test, Map<String, List<Motion>> forecasts, int t) {
        ImageSheet sheet = new ImageSheet(SIDE, SIDE, 1).columns(forecasts.size() + 1);
        for (int i = 0; i < SHOWN; i++) {
            int clip = i;
            float[] now = test.frame(clip, t);
            sheet.add(Shades.unit(now), "true, frame " + (t + 1));
            forecasts.forEach((name, f) ->
                    sheet.add(Shades.unit(t < SEEN ? now : f.get(clip).frames()[t - SEEN]), name));
        }
        return sheet.render();
    }
}
