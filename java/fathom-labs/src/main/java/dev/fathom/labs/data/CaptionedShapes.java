package dev.fathom.labs.data;

import dev.fathom.data.Field;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Rng;
import dev.fathom.text.Reserved;
import dev.fathom.text.Vocabulary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;

/**
 * Drawn pictures of colored shapes with captions in English and French, labels, places, questions and answers. Everything is drawn by this program from a
 * seed, so that there are as many examples as a lab wants, and what is true of a picture is known.
 */
public record CaptionedShapes(List<Scene> scenes, byte[] pixels) {
    /** The words of English captions and questions. */
    public static final Vocabulary ENGLISH = vocabulary(s -> Stream.concat(
            Stream.of(s.english(true), s.english(false)),
            s.things().size() == 1
                    ? Stream.of()
                    : Stream.of(Question.Kind.values())
                            .map(kind -> Question.of(kind, s, true).text())));
    /** The words of French captions. */
    public static final Vocabulary FRENCH = vocabulary(s -> Stream.of(s.french(true), s.french(false)));

    /** Scenes of one thing at one of nine places. */
    public static CaptionedShapes alone(int count, long seed) {
        return of(count, seed, Scene::alone);
    }

    /** Scenes of two things. */
    public static CaptionedShapes pairs(int count, long seed) {
        return of(count, seed, Scene::pair);
    }

    private static CaptionedShapes of(int count, long seed, Function<Rng, Scene> scene) {
        Rng rng = new Rng(seed).split("shapes");
        List<Scene> scenes = new ArrayList<>();
        byte[] pixels = new byte[count * 3 * Scene.SIDE * Scene.SIDE];
        for (int i = 0; i < count; i++) {
            scenes.add(scene.apply(rng.split(i)));
            byte[] one = scenes.get(i).pixels();
            System.arraycopy(one, 0, pixels, i * one.length, one.length);
        }
        return new CaptionedShapes(List.copyOf(scenes), pixels);
    }

    private static Vocabulary vocabulary(Function<Scene, Stream<String>> sentences) {
        Rng rng = new Rng(0);
        List<Scene> some = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            Scene pair = Scene.pair(rng);
            some.addAll(List.of(Scene.alone(rng), pair, pair.reversed()));
        }
        return Vocabulary.of(some.stream().flatMap(sentences).map(CaptionedShapes::words).toList())
                .reserved(Reserved.STANDARD);
    }

    /** The words of a sentence. */
    public static List<String> words(String sentence) {
        return List.of(sentence.split(" "));
    }

    /** The number of scenes. */
    public int size() {
        return scenes.size();
    }

    /** The pictures, as a field of pixels [32, 32, 3]. */
    public Field images(String name) {
        return Field.pixels(name, Shape.of(Scene.SIDE, Scene.SIDE, 3), pixels);
    }

    /** The picture of a scene. */
    public byte[] picture(int i) {
        int bytes = 3 * Scene.SIDE * Scene.SIDE;
        return Arrays.copyOfRange(pixels, i * bytes, (i + 1) * bytes);
    }

    /** Something of each scene as a class. */
    public int[] labels(ToIntFunction<Scene> label) {
        return scenes.stream().mapToInt(label).toArray();
    }

    /** A sentence about each scene, as the numbers of its words. */
    public int[][] sentences(Vocabulary vocabulary, Function<Scene, String> sentence) {
        return scenes.stream()
                .map(s -> vocabulary.ids(words(sentence.apply(s))))
                .toArray(int[][]::new);
    }

    /** A question about each scene, drawn from a seed. */
    public List<Question> questions(long seed) {
        Rng rng = new Rng(seed).split("questions");
        List<Question> all = new ArrayList<>();
        for (int i = 0; i < size(); i++) {
            all.add(Question.of(scenes.get(i), rng.split(i)));
        }
        return all;
    }
}
