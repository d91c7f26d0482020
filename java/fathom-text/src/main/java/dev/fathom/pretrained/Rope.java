package dev.fathom.pretrained;

import dev.fathom.attention.RotaryPositions;
import dev.fathom.io.TensorFile;
import dev.fathom.op.Shape;
import java.nio.FloatBuffer;
import java.util.List;

/**
 * The angles by which a Llama turns queries and keys: pair i of d / 2 by t base^(-2i / d) for place t, or by less where
 * the settings stretch them so that longer texts can be read.
 */
final class Rope {
    private static final List<String> KNOWN = List.of("default", "linear", "dynamic", "llama3", "yarn");
    /** The settings of angles, under the key of transformers 4 and of the later ones. */
    private static final List<String> KEYS = List.of("rope_scaling", "rope_parameters");

    private static final String ORIGINAL = "original_max_position_embeddings";
    /** The tensor of llama.cpp's files by which the angles of each pair are divided. */
    static final String FACTORS = "rope_freqs.weight";

    private Rope() {}

    /**
     * Reads the angles of so many places and d numbers of a head, of which those half a head apart are pairs.
     *
     * @throws IllegalArgumentException if they are of a type that is not known, or contradict themselves
     */
    static RotaryPositions of(Config c, int context, int d) {
        Config r = KEYS.stream().filter(c::has).findFirst().map(c::inner).orElse(c);
        double base = r.number(c.number(10000, "rope_theta"), "rope_theta");
        if (r.number(c.number(1, "partial_rotary_factor"), "partial_rotary_factor") != 1) {
            throw c.wrong("a \"partial_rotary_factor\" other than 1 is not known for llama");
        }
        double[] speeds = speeds(c, base, d);
        String type = r == c ? "default" : type(r);
        double scale = 1;
        switch (type) {
            // the settings for more than the context, which is the most that is read, are not needed: up to there
            // transformers turns by the default angles
            case "default", "dynamic" -> {}
            case "linear" -> divide(speeds, factor(r));
            case "llama3" -> llama3(c, r, speeds, context);
            case "yarn" -> scale = yarn(c, r, speeds, base, context);
            default -> throw c.wrong("angles of the type \"" + type + "\" are not known; those are " + KNOWN);
        }
        return RotaryPositions.of(context, speeds, scale, false);
    }

    /** The base of plain angles, as the settings {@code rope_parameters} of transformers 5 have it. */
    static double base(Config r, double otherwise) {
        r.mustBe("rope_type", "default");
        return r.number(otherwise, "rope_theta");
    }

    /** The angles of a file of llama.cpp, in which pairs are neighbors. */
    static RotaryPositions of(Config c, TensorFile file, int context, int d) {
        double[] speeds = speeds(c, c.number(10000, "llama.rope.freq_base"), d);
        String type = c.text("llama.rope.scaling.type");
        if ("linear".equals(type)) {
            double factor = c.number(Double.NaN, "llama.rope.scaling.factor");
            if (!(factor > 0)) {
                throw c.wrong("\"llama.rope.scaling.factor\" is " + factor + " but must be above 0");
            }
            divide(speeds, factor);
        } else if (type != null && !type.equals("none")) {
            throw c.wrong("\"llama.rope.scaling.type\" is " + type + " but only none and linear are known");
        }
        if (file.names().contains(FACTORS)) {
            Shape shape = file.shape(FACTORS);
            if (!shape.equals(Shape.of(speeds.length))) {
                throw c.wrong("\"" + FACTORS + "\" " + shape + " must be [" + speeds.length + "], a factor for each"
                        + " pair of a head");
            }
            float[] factors = new float[speeds.length];
            file.copy(FACTORS, FloatBuffer.wrap(factors));
            for (int i = 0; i < speeds.length; i++) {
                if (!(factors[i] > 0)) {
                    throw c.wrong("\"" + FACTORS + "\" has " + factors[i] + " for pair " + i + " but must be above 0");
                }
                speeds[i] /= factors[i];
            }
        }
        return RotaryPositions.of(context, speeds, 1, true);
    }

    private static String type(Config r) {
        String type = r.text("rope_type");
        String older = r.text("type");
        return type != null ? type : older != null ? older : "default";
    }

    private static double[] speeds(Config c, double base, int d) {
        if (!(base > 1) || d < 2 || d % 2 != 0) {
            throw c.wrong("heads of " + d + " numbers cannot be turned by angles of the base " + base
                    + ": the numbers must be even and the base above 1");
        }
        return RotaryPositions.speeds(d, base);
    }

    private static double factor(Config r) {
        double factor = r.number(Double.NaN, "factor");
        if (!(factor >= 1)) {
            throw r.wrong("the \"factor\" of its angles is " + factor + " but must be at least 1");
        }
        return factor;
    }

    private static void divide(double[] speeds, double factor) {
        for (int i = 0; i < speeds.length; i++) {
            speeds[i] /= factor;
        }
    }

    /** The places of the texts on which it was first trained. */
    private static double original(Config c, Config r, int context) {
        double places = c.number(r.number(context, ORIGINAL), ORIGINAL);
        if (!(places >= 1)) {
            throw c.wrong("\"" + ORIGINAL + "\" is " + places + " but must be at least 1");
        }
        return places;
    }

    /**
     * Divides the speeds of pairs that turn fewer than {@code low_freq_factor} times in the first texts by the factor,
     * keeps those that turn more than {@code high_freq_factor} times, and between them does a part of both (Dubey et
     * al. 2024, "The Llama 3 Herd of Models", and its published code).
     */
    private static void llama3(Config c, Config r, double[] speeds, int context) {
        double factor = factor(r);
        double low = r.number(Double.NaN, "low_freq_factor");
        double high = r.number(Double.NaN, "high_freq_factor");
        if (!(low > 0 && high > low)) {
            throw c.wrong("\"low_freq_factor\" is " + low + " and \"high_freq_factor\" is " + high
                    + " but the first must be above 0 and the second above it");
        }
        double places = original(c, r, context);
        for (int i = 0; i < speeds.length; i++) {
            double turns = places * speeds[i] / (2 * Math.PI);
            double kept = Math.max(0, Math.min(1, (turns - low) / (high - low)));
            speeds[i] *= (1 - kept) / factor + kept;
        }
    }

    /**
     * Divides the speeds of slow pairs by the factor and keeps those of fast ones, with a ramp between them by the
     * numbers of the pairs, and returns what cosines and sines are multiplied by (Peng et al. 2024, "YaRN").
     */
    private static double yarn(Config c, Config r, double[] speeds, double base, int context) {
        double factor = factor(r);
        double fast = r.number(32, "beta_fast");
        double slow = r.number(1, "beta_slow");
        if (!(slow > 0 && fast >= slow)) {
            throw c.wrong("\"beta_fast\" is " + fast + " and \"beta_slow\" is " + slow
                    + " but the second must be above 0 and the first not below it");
        }
        double places = original(c, r, context);
        int d = 2 * speeds.length;
        double from = pair(places, fast, base, d);
        double to = pair(places, slow, base, d);
        if (r.flag("truncate", true)) {
            from = Math.floor(from);
            to = Math.ceil(to);
        }
        from = Math.max(from, 0);
        to = Math.min(to, d - 1);
        double wide = from == to ? 0.001 : to - from;
        for (int i = 0; i < speeds.length; i++) {
            double stretched = Math.max(0, Math.min(1, (i - from) / wide));
            speeds[i] *= stretched / factor + (1 - stretched);
        }
        double scale = r.number(0, "mscale");
        double whole = r.number(0, "mscale_all_dim");
        double otherwise =
                scale != 0 && whole != 0 ? magnitude(factor, scale) / magnitude(factor, whole) : magnitude(factor, 1);
        return r.number(otherwise, "attention_factor");
    }

    /** The pair, counted with a fraction, that turns so many times. */
    private static double pair(double places, double turns, double base, int d) {
        return d * Math.log(places / (turns * 2 * Math.PI)) / (2 * Math.log(base));
    }

    private static double magnitude(double factor, double scale) {
        return 0.1 * scale * Math.log(factor) + 1;
    }
}
