package dev.fathom.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.pretrained.Embedder;
import dev.fathom.tensor.Rng;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Sentences a second on Spark beside those of plain threads, on an idle machine: {@code ./fathom spark-test
 * -Dtest=SentencesTest -Dfathom.spark.texts=FOLDER}, and {@code -Dfathom.spark.sentences=1000} for fewer.
 */
@EnabledIfSystemProperty(named = "fathom.spark.texts", matches = ".+")
class SentencesTest {
    private static final String[] WORDS =
            "the river is cold and a small dog walks by it while anna reads what bob wrote about paris".split(" ");

    private static final int CORES = Runtime.getRuntime().availableProcessors();
    private static final Path FOLDER = Path.of(System.getProperty("fathom.spark.texts", ""));
    private static final List<String> SENTENCES = sentences(Integer.getInteger("fathom.spark.sentences", 100_000));

    private static List<String> sentences(int n) {
        Rng rng = new Rng(1);
        List<String> all = new ArrayList<>(n);
        for (int i = 0; i < n; i++) {
            StringBuilder sentence = new StringBuilder();
            for (int word : rng.ints(5 + rng.ints(1, 36)[0], WORDS.length)) {
                sentence.append(WORDS[word]).append(' ');
            }
            all.add(sentence.toString());
        }
        return all;
    }

    /** A thread for each core, each with its share of the sentences, a thousand at a time. */
    private static double alone() throws InterruptedException {
        try (Embedder embedder = Embedder.load(FOLDER)) {
            embedder.threads(1);
            embedder.embed(SENTENCES.subList(0, SENTENCES.size() / 10));
            long begin = System.nanoTime();
            List<Thread> threads = IntStream.range(0, CORES)
                    .mapToObj(i -> new Thread(() -> {
                        int to = (int) ((i + 1L) * SENTENCES.size() / CORES);
                        for (int at = (int) ((long) i * SENTENCES.size() / CORES); at < to; at += 1000) {
                            embedder.embed(SENTENCES.subList(at, Math.min(at + 1000, to)));
                        }
                    }))
                    .toList();
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join();
            }
            return rate(begin);
        }
    }

    private static double onSpark() {
        try (SparkSession spark = SparkSession.builder()
                .master("local[" + CORES + "]")
                .config("spark.ui.enabled", "false")
                .getOrCreate()) {
            Dataset<Row> rows = spark.createDataset(SENTENCES, Encoders.STRING())
                    .toDF("text")
                    .repartition(4 * CORES)
                    .persist();
            SparkModel model = SparkModel.ofTexts(FOLDER);
            model.transform(rows.limit(SENTENCES.size() / 10))
                    .write()
                    .format("noop")
                    .mode("overwrite")
                    .save();
            long rowsThere = rows.count();
            assertThat(rowsThere).isEqualTo(SENTENCES.size());
            long begin = System.nanoTime();
            model.transform(rows).write().format("noop").mode("overwrite").save();
            return rate(begin);
        }
    }

    private static double rate(long begin) {
        return 1e9 * SENTENCES.size() / (System.nanoTime() - begin) / CORES;
    }

    @Test
    void asManySentencesAsInOneProcess() throws InterruptedException {
        double alone = alone();
        double onSpark = onSpark();
        System.out.printf(
                "sentences a second and core: %.0f alone, %.0f on Spark, %.2f times%n",
                alone, onSpark, onSpark / alone);
        assertThat(onSpark / alone).isGreaterThanOrEqualTo(0.95);
    }
}
