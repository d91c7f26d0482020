package dev.fathom.view;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.fathom.features.Examples;
import dev.fathom.features.NearestNeighbors;
import dev.fathom.features.Pca;
import dev.fathom.features.SparseRows;
import dev.fathom.io.AtomicFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An interactive page of vectors as points, as the Embedding Projector of TensorBoard shows them: principal components
 * and pictures by other methods in two or three dimensions, axes between points of one's choice, vectors on a sphere,
 * images or words under the pointer, search, and the 15 nearest neighbors.
 *
 * <pre>{@code
 * new Projector("Words")
 *     .add(Points.of("words", vectors, words).picture("t-SNE", new TSne(2).place(vectors, 1)))
 *     .write(Path.of("out/projector.html"));
 * }</pre>
 *
 * <p>The page is one file that asks the network for nothing. Its vectors have 8 bits a number, which is enough for
 * axes; neighbors and pictures are computed before that from the vectors themselves.
 */
public final class Projector {
    /** How many neighbors the page knows of each point. */
    static final int NEIGHBORS = 15;

    private static final Gson GSON = new Gson();

    /**
     * Places of points.
     *
     * @param method by which they were found
     * @param places two or three numbers for each point
     */
    record Picture(String method, float[][] places) {}

    /**
     * Gray images, one for each point.
     *
     * @param width of each in pixels
     * @param height of each in pixels
     * @param pixels the rows of each image, 0 for black
     */
    record Images(int width, int height, byte[][] pixels) {}

    /** Points of a page, made by {@link #of} and completed by the other methods, each of which returns a copy. */
    public static final class Points {
        private final String name;
        private final float[][] vectors;
        private final List<String> labels;
        private final String about;
        private final List<String> groups;
        private final @Nullable Images images;
        private final List<Picture> pictures;
        private final List<String> axes;

        private Points(
                String name,
                float[][] vectors,
                List<String> labels,
                String about,
                List<String> groups,
                @Nullable Images images,
                List<Picture> pictures,
                List<String> axes) {
            this.name = name;
            this.vectors = vectors;
            this.labels = List.copyOf(labels);
            this.about = about;
            this.groups = List.copyOf(groups);
            this.images = images;
            this.pictures = List.copyOf(pictures);
            this.axes = List.copyOf(axes);
        }

        /**
         * Makes points of vectors.
         *
         * @param name of all of them together
         * @param vectors one for each point, of at least two numbers, all of one length and finite
         * @param labels what each point is, such as a word
         * @throws IllegalArgumentException unless there are three points or more with one label each, or if a vector is
         *     not as it should be
         */
        public static Points of(String name, float[][] vectors, List<String> labels) {
            if (vectors.length < 3 || labels.size() != vectors.length || vectors[0].length < 2) {
                throw new IllegalArgumentException("projector: " + vectors.length + " vectors with " + labels.size()
                        + " labels; give three vectors or more of at least two numbers, with one label each");
            }
            rows("vector", vectors);
            return new Points(name, vectors, labels, "", List.of(), null, List.of(), List.of());
        }

        private static void rows(String what, float[][] rows) {
            for (int i = 0; i < rows.length; i++) {
                if (rows[i].length != rows[0].length) {
                    throw new IllegalArgumentException("projector: " + what + " " + i + " has " + rows[i].length
                            + " numbers and " + what + " 0 has " + rows[0].length + "; give all the same length");
                }
                for (float x : rows[i]) {
                    if (!Float.isFinite(x)) {
                        throw new IllegalArgumentException(
                                "projector: " + what + " " + i + " has " + x + " in it; give finite numbers");
                    }
                }
            }
        }

        /** Says more about the points, in whole sentences. */
        public Points about(String text) {
            return new Points(name, vectors, labels, text, groups, images, pictures, axes);
        }

        /**
         * Gives each point a group, such as its class, that colors it.
         *
         * @throws IllegalArgumentException unless there is one for each point
         */
        public Points groups(List<String> of) {
            count("groups", of.size());
            return new Points(name, vectors, labels, about, of, images, pictures, axes);
        }

        /**
         * Gives each point a gray image.
         *
         * @throws IllegalArgumentException unless there is one of {@code width * height} bytes for each point
         */
        public Points images(int width, int height, byte[][] pixels) {
            count("images", pixels.length);
            for (byte[] image : pixels) {
                if (image.length != width * height) {
                    throw new IllegalArgumentException("projector: an image of " + image.length + " bytes is not "
                            + width + " x " + height + " pixels");
                }
            }
            return new Points(name, vectors, labels, about, groups, new Images(width, height, pixels), pictures, axes);
        }

        /**
         * Adds a picture beside that of the principal components. One method may have a picture of two and one of three
         * numbers for each point.
         *
         * @throws IllegalArgumentException unless there are two or three numbers for each point
         */
        public Points picture(String method, float[][] places) {
            count("places", places.length);
            if (places[0].length != 2 && places[0].length != 3) {
                throw new IllegalArgumentException(
                        "projector: " + method + " has places of " + places[0].length + " numbers; give two or three");
            }
            rows(method + ", place", places);
            List<Picture> more = new ArrayList<>(pictures);
            more.add(new Picture(method, places));
            return new Points(name, vectors, labels, about, groups, images, more, axes);
        }

        /**
         * Chooses what the axes of the page begin with: they lead from the first to the second of each pair of points
         * or groups.
         */
        public Points axes(String left, String right, String down, String up) {
            return new Points(name, vectors, labels, about, groups, images, pictures, List.of(left, right, down, up));
        }

        private void count(String what, int count) {
            if (count != vectors.length) {
                throw new IllegalArgumentException(
                        "projector: " + count + " " + what + " of " + vectors.length + " points; give one for each");
            }
        }
    }

    private final String title;
    private final List<JsonObject> sets = new ArrayList<>();

    /** Begins a page without points. */
    public Projector(String title) {
        this.title = title;
    }

    /** Adds points, which a reader chooses by their name. */
    public Projector add(Points points) {
        float[][] x = points.vectors;
        JsonObject set = new JsonObject();
        set.addProperty("name", points.name);
        set.addProperty("about", points.about);
        set.addProperty("n", x.length);
        set.addProperty("columns", x[0].length);
        set.add("labels", GSON.toJsonTree(points.labels));
        set.add("axes", GSON.toJsonTree(points.axes));
        if (!points.groups.isEmpty()) {
            List<String> names = points.groups.stream().distinct().sorted().toList();
            set.add("groupNames", GSON.toJsonTree(names));
            set.addProperty(
                    "groups",
                    ints(points.groups.stream().mapToInt(names::indexOf).toArray()));
        }
        Images images = points.images;
        if (images != null) {
            JsonObject all = new JsonObject();
            all.addProperty("width", images.width());
            all.addProperty("height", images.height());
            ByteBuffer pixels = ByteBuffer.allocate(x.length * images.width() * images.height());
            for (byte[] image : images.pixels()) {
                pixels.put(image);
            }
            all.addProperty("pixels", text(pixels.array()));
            set.add("images", all);
        }
        set.addProperty("vectors", eightBits(x));
        neighbors(set, "euclid", x);
        neighbors(set, "cosine", lengthOne(x, new double[x[0].length]));
        JsonArray views = new JsonArray();
        views.add(view("PCA", false, components(x)));
        views.add(view("PCA", true, components(lengthOne(x, mean(x)))));
        points.pictures.forEach(p -> views.add(view(p.method(), false, p.places())));
        set.add("views", views);
        sets.add(set);
        return this;
    }

    private static JsonObject view(String method, boolean sphere, float[][] places) {
        JsonObject view = new JsonObject();
        view.addProperty("name", method);
        view.addProperty("sphere", sphere);
        view.addProperty("width", places[0].length);
        view.addProperty("places", floats(places));
        return view;
    }

    private static float[][] components(float[][] x) {
        int columns = x[0].length;
        float[] all = new float[x.length * columns];
        for (int i = 0; i < x.length; i++) {
            System.arraycopy(x[i], 0, all, i * columns, columns);
        }
        SparseRows rows = SparseRows.dense(all, columns);
        int width = Math.min(3, columns);
        double[] scores = Pca.of(rows, width, 1e-6, 1).scores(rows);
        float[][] places = new float[x.length][width];
        for (int i = 0; i < scores.length; i++) {
            places[i / width][i % width] = (float) scores[i];
        }
        return places;
    }

    private static double[] mean(float[][] x) {
        double[] mean = new double[x[0].length];
        for (float[] row : x) {
            for (int c = 0; c < mean.length; c++) {
                mean[c] += row[c] / (double) x.length;
            }
        }
        return mean;
    }

    /** The vectors about a center, scaled to length 1; one that lies there stays. */
    private static float[][] lengthOne(float[][] x, double[] center) {
        float[][] scaled = new float[x.length][center.length];
        for (int i = 0; i < x.length; i++) {
            double squares = 0;
            for (int c = 0; c < center.length; c++) {
                squares += (x[i][c] - center[c]) * (x[i][c] - center[c]);
            }
            for (int c = 0; c < center.length; c++) {
                scaled[i][c] = squares == 0 ? 0 : (float) ((x[i][c] - center[c]) / Math.sqrt(squares));
            }
        }
        return scaled;
    }

    /** The nearest other points of each; for vectors of length 1 half the squared distance is 1 - cosine. */
    private static void neighbors(JsonObject set, String measure, float[][] x) {
        int n = x.length;
        int k = Math.min(NEIGHBORS, n - 1);
        int[] numbers = new int[n * NEIGHBORS];
        float[][] distances = new float[n][NEIGHBORS];
        var found = new NearestNeighbors(k + 1)
                .fit(Examples.of(x, new float[n][1]), 0)
                .neighbors(x);
        for (int i = 0; i < n; i++) {
            int at = 0;
            for (var near : found.get(i)) {
                if (near.example() != i && at < k) {
                    double d = near.distance();
                    numbers[i * NEIGHBORS + at] = near.example();
                    distances[i][at++] = (float) (measure.equals("cosine") ? d * d / 2 : d);
                }
            }
        }
        set.addProperty(measure, ints(numbers));
        set.addProperty(measure + "Distances", floats(distances));
    }

    private static String eightBits(float[][] x) {
        float largest = Float.MIN_NORMAL;
        for (float[] row : x) {
            for (float v : row) {
                largest = Math.max(largest, Math.abs(v));
            }
        }
        ByteBuffer all = ByteBuffer.allocate(x.length * x[0].length);
        for (float[] row : x) {
            for (float v : row) {
                all.put((byte) Math.round(127 * (v / largest)));
            }
        }
        return text(all.array());
    }

    private static String floats(float[][] rows) {
        ByteBuffer all =
                ByteBuffer.allocate(Float.BYTES * rows.length * rows[0].length).order(ByteOrder.LITTLE_ENDIAN);
        for (float[] row : rows) {
            for (float v : row) {
                all.putFloat(v);
            }
        }
        return text(all.array());
    }

    private static String ints(int[] values) {
        ByteBuffer all = ByteBuffer.allocate(Integer.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int v : values) {
            all.putInt(v);
        }
        return text(all.array());
    }

    private static String text(byte... bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    /** Returns the page as text. */
    public String html() {
        JsonObject data = new JsonObject();
        data.addProperty("neighbors", NEIGHBORS);
        data.add("sets", GSON.toJsonTree(sets));
        String page;
        try (InputStream in = Objects.requireNonNull(Projector.class.getResourceAsStream("projector.html"))) {
            page = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        int place = page.indexOf("DATA");
        return page.substring(0, place).replace("TITLE", HtmlReport.escape(title))
                + GSON.toJson(data) // which writes < as an escape, so that no label ends the script
                + page.substring(place + "DATA".length());
    }

    /**
     * Writes the page, whole or not at all; missing folders are made.
     *
     * @throws IllegalArgumentException if there are no points
     * @throws UncheckedIOException if the file cannot be written
     */
    public void write(Path file) {
        if (sets.isEmpty()) {
            throw new IllegalArgumentException("projector: there are no points to show; add some");
        }
        byte[] page = html().getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(file, out -> out.write(page));
    }
}
