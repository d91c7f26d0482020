package dev.fathom.experiments.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.tensor.Rng;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Drawn shapes: what is said of a picture is so, and the seed decides everything. */
class CaptionedShapesTest {
    private static Thing thing(Thing.Form form, Thing.Paint paint, boolean large, double x, double y) {
        return new Thing(form, paint, large, x, y, large ? 6 : 4, 0);
    }

    private static final Thing CIRCLE = thing(Thing.Form.CIRCLE, Thing.Paint.GREEN, false, 8, 8);
    private static final Thing STAR = thing(Thing.Form.STAR, Thing.Paint.GREEN, true, 24, 10);

    @Test
    void sentencesInBothLanguages() {
        Scene alone = new Scene(List.of(CIRCLE), 30);
        assertThat(alone.place()).isZero();
        assertThat(alone.english(true)).isEqualTo("a small green circle at the top left");
        assertThat(alone.french(true)).isEqualTo("un petit cercle vert en haut à gauche");
        Scene center = new Scene(List.of(thing(Thing.Form.MOON, Thing.Paint.WHITE, true, 15, 17)), 30);
        assertThat(center.english(true)).isEqualTo("a large white moon at the center");
        assertThat(center.french(true)).isEqualTo("une grande lune blanche au centre");
        Scene two = new Scene(List.of(CIRCLE, STAR), 30);
        assertThat(two.english(true)).isEqualTo("a small green circle left of a large green star");
        assertThat(two.reversed().english(false)).isEqualTo("a large green one right of a small green one");
        // the genders stay where the nouns are not said
        assertThat(two.french(false)).isEqualTo("un petit vert à gauche d'une grande verte");
        assertThat(two.reversed().french(true)).isEqualTo("une grande étoile verte à droite d'un petit cercle vert");
    }

    @Test
    void aThingIsDrawnWhereItIsSaidToBe() {
        byte[] pixels = new Scene(List.of(CIRCLE, STAR), 30).pixels();
        assertThat(rgb(pixels, 8, 8)).containsExactly(0x3f, 0xae, 0x49);
        assertThat(rgb(pixels, 24, 10)).containsExactly(0x3f, 0xae, 0x49);
        assertThat(rgb(pixels, 16, 28)).containsExactly(30, 30, 30);
        assertThat(CIRCLE.covers(11, 8)).isTrue();
        assertThat(CIRCLE.covers(13, 8)).isFalse();
    }

    private static int[] rgb(byte[] pixels, int x, int y) {
        int from = 3 * (y * Scene.SIDE + x);
        return new int[] {pixels[from] & 255, pixels[from + 1] & 255, pixels[from + 2] & 255};
    }

    /**
     * Of two things, which differ in form and color, the upper or left one is named first, and neither leaves the
     * picture.
     */
    @Test
    void drawnScenesKeepTheirRules() {
        CaptionedShapes pairs = CaptionedShapes.pairs(200, 1);
        Set<Scene.Relation> relations = new HashSet<>();
        for (Scene scene : pairs.scenes()) {
            relations.add(scene.relation());
            assertThat(scene.first().form()).isNotEqualTo(scene.second().form());
            assertThat(scene.first().paint()).isNotEqualTo(scene.second().paint());
            for (Thing t : scene.things()) {
                assertThat(t.x()).isBetween(t.radius(), Scene.SIDE - t.radius());
                assertThat(t.y()).isBetween(t.radius(), Scene.SIDE - t.radius());
            }
        }
        assertThat(relations).containsExactlyInAnyOrder(Scene.Relation.ABOVE, Scene.Relation.LEFT);
        CaptionedShapes alone = CaptionedShapes.alone(300, 1);
        assertThat(Arrays.stream(alone.labels(Scene::place)).distinct().count()).isEqualTo(9);
        // every word is in the vocabularies
        for (int[] sentence : alone.sentences(CaptionedShapes.FRENCH, s -> s.french(true))) {
            assertThat(sentence)
                    .doesNotContain(CaptionedShapes.FRENCH.reserved().unknown());
        }
        for (Question q : pairs.questions(2)) {
            assertThat(CaptionedShapes.ENGLISH.ids(CaptionedShapes.words(q.text())))
                    .doesNotContain(CaptionedShapes.ENGLISH.reserved().unknown());
            assertThat(Question.ANSWERS).contains(q.answer());
        }
    }

    @Test
    void theSeedDecides() {
        CaptionedShapes one = CaptionedShapes.pairs(20, 5);
        assertThat(CaptionedShapes.pairs(20, 5).scenes()).isEqualTo(one.scenes());
        assertThat(CaptionedShapes.pairs(20, 5).pixels()).isEqualTo(one.pixels());
        assertThat(CaptionedShapes.pairs(20, 6).scenes()).isNotEqualTo(one.scenes());
        assertThat(one.questions(1)).isEqualTo(one.questions(1)).isNotEqualTo(one.questions(2));
        assertThat(one.repeated(2).picture(25)).isEqualTo(one.picture(5));
        assertThat(one.repeated(2).scenes().get(25)).isEqualTo(one.scenes().get(5));
    }

    @Test
    void questionsAreAnsweredByThePicture() {
        Scene scene = new Scene(
                List.of(CIRCLE, thing(Thing.Form.MOON, Thing.Paint.RED, true, 10, 24)),
                30); // the circle is above the moon
        for (int i = 0; i < 200; i++) {
            Question q = Question.of(scene, new Rng(i));
            String expected = switch (q.text()) {
                case "what color is the circle" -> "green";
                case "what color is the moon" -> "red";
                case "what is the green one" -> "circle";
                case "what is the red one" -> "moon";
                case "is the circle small or large" -> "small";
                case "is the moon small or large" -> "large";
                case "where is the circle" -> "above";
                case "where is the moon" -> "below";
                case "is the circle above the moon", "is the moon below the circle" -> "yes";
                case "is the circle below the moon", "is the moon above the circle" -> "no";
                default -> "an unknown question";
            };
            assertThat(q.answer()).as(q.text()).isEqualTo(expected);
        }
    }

    @Test
    void theNearestPictureOfAPictureIsItself() {
        CaptionedShapes shapes = CaptionedShapes.alone(30, 3);
        int[][] nearest = shapes.nearest(shapes, 2);
        for (int i = 0; i < 30; i++) {
            assertThat(nearest[i]).hasSize(2).startsWith(i);
        }
        CaptionedShapes first = shapes.first(10);
        assertThat(first.size()).isEqualTo(10);
        assertThat(first.picture(9)).isEqualTo(shapes.picture(9));
        List<Scene> some = List.of(
                shapes.scenes().get(0), shapes.scenes().get(1), shapes.scenes().get(1));
        Scene most = new CaptionedShapes(some, new byte[0]).mostFrequent(scene -> scene);
        assertThat(most).isEqualTo(some.get(1));
    }
}
