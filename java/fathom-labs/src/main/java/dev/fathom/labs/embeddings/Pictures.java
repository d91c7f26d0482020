package dev.fathom.labs.embeddings;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.features.Examples;
import dev.fathom.features.NearestNeighbors;
import dev.fathom.features.Pca;
import dev.fathom.features.Placement;
import dev.fathom.features.SparseRows;
import dev.fathom.features.TSne;
import dev.fathom.features.Umap;
import dev.fathom.view.Projector;
import dev.fathom.view.Projector.Points;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;

/** Pictures of vectors by principal components, t-SNE and UMAP on the page of a projector. */
record Pictures(Lab lab, Projector projector) {
    private static final int NEIGHBORS = 15;
    /** Trustworthiness needs the distances of all pairs, so it is computed for the first points only. */
    private static final int MEASURED = 2000;

    private static final String TRUST = "trustworthiness";
    /** A picture of vectors: their kind, the method with its settings, and a hash of the vectors. */
    private record Placed(String of, String method, int vectors) {}

    /**
     * Adds the pictures of t-SNE and UMAP in two and three dimensions to a page, and measures those in two and that of
     * principal components.
     */
    void add(String of, float[][] x, Points points, Table table, BiConsumer<Table.Row, float[][]> more) {
        float[][] plane = Pca.of(SparseRows.dense(Averages.flat(x), x[0].length), 2, 1e-6, 1)
                .transform(x);
        Table.Row linear = table.row(of + ", PCA").put(TRUST, "%.3f", trust(x, plane));
        more.accept(linear, plane);
        Points all = points;
        for (int width = 2; width <= 3; width++) {
            Map<String, Placement> methods = new LinkedHashMap<>();
            methods.put("t-SNE", new TSne(width, 30, lab.of(1000, 150), 0.5));
            methods.put("UMAP", new Umap(width, NEIGHBORS, 0.1, lab.of(300, 100)));
            for (var entry : methods.entrySet()) {
                String name = entry.getKey();
                lab.say("%s: %s in %d dimensions ...", of, name, width);
                Placement method = entry.getValue();
                float[][] places = lab.part(
                        new Placed(of, method.toString(), Arrays.deepHashCode(x)),
                        float[][].class,
                        () -> method.place(x, lab.seed(), step -> {
                            lab.check();
                            return true;
                        }));
                all = all.picture(name, places);
                if (width == 2) {
                    Table.Row row = table.row(of + ", " + name)
                            .put(TRUST, "%.3f", trust(x, places))
                            .baseline(linear.get(TRUST), "PCA");
                    more.accept(row, places);
                }
            }
        }
        projector.add(all);
        projector.write(lab.folder().resolve("projector.html"));
    }

    private static double trust(float[][] x, float[][] places) {
        int n = Math.min(MEASURED, x.length);
        return Placement.trustworthiness(Arrays.copyOf(x, n), Arrays.copyOf(places, n), NEIGHBORS);
    }

    /** The share of the nearest other points in the plane that have the label of a point, in percent. */
    static double agreement(float[][] places, int[] labels) {
        var found = new NearestNeighbors(NEIGHBORS + 1)
                .fit(Examples.of(places, labels), 0)
                .neighbors(places);
        long same = IntStream.range(0, labels.length)
                .mapToLong(point -> found.get(point).stream()
                        .filter(near -> near.example() != point && labels[near.example()] == labels[point])
                        .count())
                .sum();
        return 100.0 * same / (NEIGHBORS * (double) labels.length);
    }
}
