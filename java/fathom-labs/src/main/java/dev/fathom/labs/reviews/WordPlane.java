package dev.fathom.labs.reviews;

import dev.fathom.features.Pca;
import dev.fathom.features.SparseRows;
import dev.fathom.text.WordVectors;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Words of reviews in the plane of the first two principal components of their vectors. */
final class WordPlane {
    /** The words of the picture, by group. */
    private static final Map<String, List<String>> SHOWN = new LinkedHashMap<>();

    static {
        SHOWN.put(
                "praise", List.of("excellent", "wonderful", "brilliant", "superb", "amazing", "perfect", "fantastic"));
        SHOWN.put("criticism", List.of("terrible", "awful", "horrible", "boring", "stupid", "worst", "lame"));
        SHOWN.put("people", List.of("man", "woman", "boy", "girl", "father", "mother", "wife", "husband"));
        SHOWN.put("professions", List.of("director", "actor", "actress", "writer", "producer", "cast"));
        SHOWN.put("genres", List.of("comedy", "horror", "thriller", "drama", "western", "romance"));
        SHOWN.put(
                "nationalities", List.of("american", "french", "german", "italian", "japanese", "british", "russian"));
    }

    private WordPlane() {}

    /** The words of the picture that have a vector. */
    static List<String> known(WordVectors vectors) {
        return SHOWN.values().stream()
                .flatMap(List::stream)
                .filter(vectors.words()::contains)
                .toList();
    }

    /** The points of the words of the picture that have a vector, by group and word. */
    static Map<String, Map<String, double[]>> of(WordVectors vectors, long seed) {
        List<String> words = known(vectors);
        int d = vectors.dimensions();
        float[] rows = new float[words.size() * d];
        for (int i = 0; i < words.size(); i++) {
            System.arraycopy(Analogies.unit(vectors.vector(words.get(i))), 0, rows, i * d, d);
        }
        SparseRows x = SparseRows.dense(rows, d);
        double[] scores = Pca.of(x, 2, 1e-9, seed).scores(x);
        Map<String, Map<String, double[]>> groups = new LinkedHashMap<>();
        SHOWN.forEach((group, all) -> {
            Map<String, double[]> points = new LinkedHashMap<>();
            for (String word : all) {
                int i = words.indexOf(word);
                if (i >= 0) {
                    points.put(word, new double[] {scores[2 * i], scores[2 * i + 1]});
                }
            }
            if (!points.isEmpty()) {
                groups.put(group, points);
            }
        });
        return groups;
    }
}
