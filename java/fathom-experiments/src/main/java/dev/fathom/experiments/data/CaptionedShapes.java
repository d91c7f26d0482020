package dev.fathom.experiments.data;

import dev.fathom.data.Field;
import dev.fathom.features.Examples;
import dev.fathom.features.NearestNeighbors;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Rng;
import dev.fathom.text.Reserved;
import dev.fathom.text.Vocabulary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;

/**
 * Drawn pictures of colored shapes with captions in English and French, labels, places, questions and answers.
 * Everything is drawn by this program from a seed, so that there are as many examples as a lab wants, and what is true
 * of a picture is known.
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
        return Vocabulary.of(some.stream()
                        .flatMap(sentences)
                        .map(CaptionedShapes::words)
                        .toList())
                .reserved(Reserved.STANDARD);
    }

    /** The words of a sentence. */
    public static List<String> words(String sentence) {
        return List.of(sentence.split(" "));
    }

    /** The first scenes. */
    public CaptionedShapes first(int count) {
        return part(0, count);
    }

    /** The scenes from one number up to another. */
    public CaptionedShapes part(int from, int to) {
        int each = pixels.length / size();
        return new CaptionedShapes(scenes.subList(from, to), Arrays.copyOfRange(pixels, from * each, to * each));
    }

    /** All scenes several times over, so that each may be asked about more than once. */
    public CaptionedShapes repeated(int times) {
        byte[] all = new byte[times * pixels.length];
        for (int i = 0; i < times; i++) {
            System.arraycopy(pixels, 0, all, i * pixels.length, pixels.length);
        }
        return new CaptionedShapes(
                Collections.nCopies(times, scenes).stream()
                        .flatMap(List::stream)
                        .toList(),
                all);
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

    /** The words of the English caption of each scene. */
    public List<List<String>> captions() {
        return scenes.stream().map(s -> words(s.english(true))).toList();
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

    /**
     * For each scene the numbers of the {@code k} pictures of {@code stored} whose pixels are nearest by Euclidean
     * distance, the nearest first.
     */
    public int[][] nearest(CaptionedShapes stored, int k) {
        return new NearestNeighbors(k)
                .fit(Examples.of(stored.rows(), new int[stored.size()]), 0).neighbors(rows()).stream()
                        .map(all -> all.stream()
                                .mapToInt(NearestNeighbors.Neighbor::example)
                                .toArray())
                        .toArray(int[][]::new);
    }

    private float[][] rows() {
        float[] all = numbers();
        int width = all.length / size();
        float[][] rows = new float[size()][];
        Arrays.setAll(rows, i -> Arrays.copyOfRange(all, i * width, (i + 1) * width));
        return rows;
    }

    /** All pixels as numbers from 0 to 1. */
    public float[] numbers() {
        float[] numbers = new float[pixels.length];
        for (int i = 0; i < pixels.length; i++) {
            numbers[i] = (pixels[i] & 255) / 255f;
        }
        return numbers;
    }

    /**
     * What is so of more scenes than anything else, such as their caption; of equally frequent ones, that which comes
     * first.
     */
    public <T> T mostFrequent(Function<Scene, T> what) {
        Map<T, Integer> counts = new LinkedHashMap<>();
        scenes.forEach(scene -> counts.merge(what.apply(scene), 1, Integer::sum));
        int most = Collections.max(counts.values());
        return counts.entrySet().stream()
                .filter(e -> e.getValue() == most)
                .findFirst()
                .orElseThrow()
                .getKey();
    }
}
