package dev.fathom.labs.reviews;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.experiments.data.Imdb;
import dev.fathom.io.Safetensors;
import dev.fathom.train.Checkpoints;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/** Generated reviews in the form of IMDB, and what a lab has stored about them. */
final class ReviewFiles {
    private static final String HEADER = "label\trating\tid\ttext\n";
    /** Words of both classes, then two of positive and two of negative reviews, then fillers. */
    private static final List<String> WORDS = Stream.concat(
                    Stream.of("the", "film", "was", "good", "great", "bad", "dull"),
                    IntStream.range(0, 50).mapToObj(i -> "word" + i))
            .toList();

    private ReviewFiles() {}

    /**
     * Writes {@code count} training and test reviews and an index of their words: positive reviews end with good or
     * great, negative ones with bad or dull.
     */
    static Path write(Path folder, int count, long seed) throws IOException {
        Files.createDirectories(folder);
        Random random = new Random(seed);
        for (String part : List.of("train", "test")) {
            StringBuilder lines = new StringBuilder();
            for (int i = 0; i < count; i++) {
                int label = i % 2;
                StringBuilder text = new StringBuilder("The film was ");
                for (int word = 0; word < 5 + random.nextInt(20); word++) {
                    text.append(WORDS.get(7 + random.nextInt(50))).append(' ');
                }
                text.append(WORDS.get((label == 1 ? 3 : 5) + random.nextInt(2))).append('.');
                lines.append(line(label, i / 2, text));
            }
            gzip(folder.resolve(part + ".tsv.gz"), HEADER + lines);
        }
        StringBuilder index = new StringBuilder("{");
        for (int i = 0; i < WORDS.size(); i++) {
            index.append(i == 0 ? "" : ", ")
                    .append('"')
                    .append(WORDS.get(i))
                    .append("\": ")
                    .append(i + 1);
        }
        Files.writeString(folder.resolve(Imdb.INDEX), index.append("}"));
        return folder;
    }

    /** Writes reviews in which words of praise or of criticism stand between others, and an empty index. */
    static Path opinions(Path folder, int count) throws IOException {
        List<List<String>> words = List.of(
                List.of("bad", "worst", "terrible", "hate", "awful", "boring", "poor", "weak"),
                List.of("good", "best", "excellent", "love", "superb", "funny", "rich", "strong"));
        Random random = new Random(1);
        Files.createDirectories(folder);
        for (String part : List.of("train", "test")) {
            StringBuilder lines = new StringBuilder();
            for (int i = 0; i < count; i++) {
                StringBuilder text = new StringBuilder();
                for (int k = 0; k < 20; k++) {
                    text.append("w").append(random.nextInt(40)).append("<br />");
                    text.append(words.get(i % 2).get(random.nextInt(8))).append(' ');
                }
                lines.append(line(i % 2, i, text));
            }
            gzip(folder.resolve(part + ".tsv.gz"), HEADER + lines);
        }
        Files.writeString(folder.resolve(Imdb.INDEX), "{}");
        return folder;
    }

    private static String line(int label, int id, CharSequence text) {
        return label + "\t" + (label == 1 ? 9 : 2) + "\t" + id + "\t" + text + "\n";
    }

    /** Writes the training reviews, which are {@code count} times the same sentence. */
    static void training(Path folder, int count, String text) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            lines.append(line(i % 2, i, text));
        }
        gzip(folder.resolve("train.tsv.gz"), HEADER + lines);
    }

    static void gzip(Path file, String text) throws IOException {
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
    }

    /** Where a run in a folder keeps its trainings and parts, of which there is one seed, form and set of data. */
    static Path kept(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder.resolve("kept"))) {
            List<Path> folders = all.toList();
            assertThat(folders).hasSize(1);
            return folders.get(0);
        }
    }

    /** The word vectors in the newest checkpoint of a network. */
    static float[] vectors(Path folder) {
        Path inside = folder.resolve("checkpoints");
        try (Safetensors file = Safetensors.read(
                Checkpoints.newest(Files.isDirectory(inside) ? inside : folder).orElseThrow())) {
            FloatBuffer values =
                    FloatBuffer.allocate((int) file.shape("words.weight").size());
            file.copy("words.weight", values);
            return values.array();
        }
    }
}
