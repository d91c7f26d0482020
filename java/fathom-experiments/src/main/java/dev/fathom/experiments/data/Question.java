package dev.fathom.experiments.data;

import dev.fathom.tensor.Rng;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A question about a scene of two things, and its answer in a word.
 *
 * @param answer one of {@link #ANSWERS}
 */
public record Question(Kind kind, String text, String answer) {
    /** All answers that there are. */
    public static final List<String> ANSWERS = answers();

    /** What is asked. */
    public enum Kind {
        /** The color of a thing whose form is said. */
        COLOR,
        /** The form of a thing whose color is said. */
        FORM,
        /** Whether a thing is small or large. */
        SIZE,
        /** On which side of the other thing one stands. */
        WHERE,
        /** Whether something is so that is so in one half of the cases. */
        WHETHER
    }

    private static List<String> answers() {
        List<String> all = new ArrayList<>();
        Arrays.stream(Thing.Paint.values()).map(Thing.Paint::english).forEach(all::add);
        Arrays.stream(Thing.Form.values()).map(Thing.Form::english).forEach(all::add);
        all.addAll(List.of("small", "large", "above", "below", "left", "right", "yes", "no"));
        return List.copyOf(all);
    }

    /** Asks something of a scene at random. */
    static Question of(Scene scene, Rng rng) {
        int[] sides = rng.ints(2, 2);
        Kind kind = Kind.values()[rng.ints(1, Kind.values().length)[0]];
        return of(kind, sides[0] == 0 ? scene : scene.reversed(), sides[1] == 0);
    }

    /**
     * Asks about the first thing of a scene.
     *
     * @param truth for {@link Kind#WHETHER}, whether the answer is to be yes
     */
    static Question of(Kind kind, Scene scene, boolean truth) {
        Thing thing = scene.first();
        String the = "the " + thing.form().english();
        return switch (kind) {
            case COLOR ->
                new Question(kind, "what color is " + the, thing.paint().english());
            case FORM ->
                new Question(
                        kind,
                        "what is the " + thing.paint().english() + " one",
                        thing.form().english());
            case SIZE -> new Question(kind, "is " + the + " small or large", thing.size());
            case WHERE -> new Question(kind, "where is " + the, words(scene).get(0));
            case WHETHER ->
                new Question(
                        kind,
                        "is " + the + " " + String.join(" ", words(truth ? scene : scene.reversed())) + " the "
                                + scene.second().form().english(),
                        truth ? "yes" : "no");
        };
    }

    private static List<String> words(Scene scene) {
        return CaptionedShapes.words(scene.relation().english());
    }
}
