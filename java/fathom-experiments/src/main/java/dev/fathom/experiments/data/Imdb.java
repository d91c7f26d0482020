package dev.fathom.experiments.data;

import dev.fathom.io.AtomicFile;
import dev.fathom.text.Reserved;
import dev.fathom.text.Texts;
import dev.fathom.text.Vocabulary;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * The reviews of films of the Large Movie Review Dataset (Maas et al. 2011), 25,000 for training and 25,000 for the
 * test, half of them positive, and Keras's index of their words; not part of the project. The folder has
 * {@code train.tsv.gz} and {@code test.tsv.gz}, whose lines are label (0 negative, 1 positive), rating, id and text,
 * ordered by id, the negative one first, and {@code imdb_word_index.json}, each perhaps plain or {@code .gz}.
 */
public final class Imdb {
    /** What is fetched. */
    public static final String ARCHIVE = "aclImdb_v1.tar.gz";
    /** What is fetched, and kept as it is. */
    public static final String INDEX = "imdb_word_index.json";

    /** The name on the command line and in folders. */
    public static final String NAME = "imdb";

    /** Where they are. */
    public static final DataSet SET = DataSet.of(
            NAME,
            List.of("train.tsv.gz", "test.tsv.gz", INDEX),
            "./fathom data imdb fetches them",
            "none stated, for research, citation asked",
            Imdb::standIn);

    private static final List<String> PARTS = List.of("train", "test");
    private static final List<String> CLASSES = List.of("0", "1");
    private static final int EACH = 12_500;
    /** The longest has 14,000 characters. */
    private static final int LONGEST = 1 << 17;

    private static final Pattern REVIEW = Pattern.compile("aclImdb/(train|test)/(neg|pos)/(\\d{1,6})_(\\d{1,2})\\.txt");

    private Imdb() {}

    /** Where its publisher has a file. */
    public static URI address(String file) {
        return URI.create(
                file.equals(ARCHIVE)
                        ? "https://ai.stanford.edu/~amaas/data/sentiment/" + ARCHIVE
                        : "https://storage.googleapis.com/tensorflow/tf-keras-datasets/" + INDEX);
    }

    /** What a file that is fetched is known to be. */
    public static Download.Content content(String file) {
        return file.equals(ARCHIVE)
                ? Download.Content.ofFile(84_125_825, "7c2ac02c03563afcf9b574c7e56c153a")
                : Download.Content.ofFile(1_641_221, "bfafd718b763782e994055a2d397834f");
    }

    /** Where {@code ./fathom data imdb} puts it. */
    public static Path cache() {
        List<Path> places = ImageSet.places(NAME);
        return places.get(places.size() - 1);
    }

    /**
     * The first folder that has the files: in {@code FATHOM_DATA} (or {@code -Dfathom.data=}), then in the cache
     * folder, then that of their stand-in.
     *
     * @throws IllegalArgumentException if there is none, with what to do
     */
    public static Path folder() {
        return folder(null);
    }

    /**
     * The folder {@code given}, or where none is given {@link #folder()}.
     *
     * @throws IllegalArgumentException if it lacks a file, with what to do
     */
    public static Path folder(@Nullable Path given) {
        List<Path> places = given == null ? ImageSet.places(NAME) : List.of(given);
        Optional<Path> found = given == null ? SET.found() : Optional.of(given).filter(SET::isIn);
        return found.orElseThrow(() -> new IllegalArgumentException("the reviews of IMDB are not here: "
                + (places.size() == 1
                        ? places.get(0) + " does not have"
                        : "neither " + places.get(0) + " nor " + places.get(1) + " has")
                + " train.tsv.gz, test.tsv.gz and " + INDEX + "; ./fathom data imdb fetches them"));
    }

    /** Reviews of words without a meaning, of which some occur in positive and some in negative reviews only. */
    private static void standIn(Path folder) {
        SplittableRandom random = new SplittableRandom(10);
        List<String> words = StandIn.words(3000, 10);
        for (String part : PARTS) {
            StringBuilder table = new StringBuilder("label\trating\tid\ttext\n");
            for (int i = 0; i < 4800; i++) {
                List<String> own = words.subList(i % 2 == 0 ? 40 : 60, i % 2 == 0 ? 60 : 80);
                table.append(i % 2)
                        .append('\t')
                        .append(i % 2 == 0 ? 3 : 8)
                        .append('\t')
                        .append(i / 2)
                        .append('\t');
                for (int s = random.nextInt(5, 12); s > 0; s--) {
                    String mark = s == 2 ? "\"" : ""; // one sentence is a quote
                    String sentence = StandIn.sentence(words, random);
                    table.append(mark)
                            .append(own.get(random.nextInt(own.size())))
                            .append(' ')
                            .append(sentence);
                    table.append(mark).append(' ');
                }
                table.append('\n');
            }
            StandIn.text(tsv(folder, part), table.toString());
        }
        StandIn.text(
                folder.resolve(INDEX),
                IntStream.range(0, words.size())
                        .mapToObj(i -> "\"" + words.get(i) + "\": " + (i + 1))
                        .collect(Collectors.joining(", ", "{", "}")));
    }

    private static Path tsv(Path folder, String part) {
        return folder.resolve(part + ".tsv.gz");
    }

    private static Path index(Path folder) {
        Path gzip = folder.resolve(INDEX + ".gz");
        return Files.isRegularFile(gzip) ? gzip : folder.resolve(INDEX);
    }

    /**
     * The training or the test reviews, whose class 1 is positive.
     *
     * @throws IllegalArgumentException if the file is damaged
     * @throws UncheckedIOException if it cannot be read
     */
    public static Texts read(Path folder, boolean test) {
        return Texts.tsv(tsv(folder, PARTS.get(test ? 1 : 0)), "text", "label", "0", "1");
    }

    /**
     * Keras's words by falling frequency, after its reserved tokens, so that the numbers are those of the reviews that
     * Keras serves.
     *
     * @throws IllegalArgumentException if the file is damaged
     * @throws UncheckedIOException if it cannot be read
     */
    public static Vocabulary words(Path folder) {
        return Vocabulary.json(index(folder), Reserved.KERAS, 3);
    }

    /** Whether a folder has both parts whole. */
    public static boolean whole(Path folder) {
        try {
            for (boolean test : new boolean[] {false, true}) {
                int[] labels = read(folder, test).labels();
                if (labels.length != 2 * EACH || Arrays.stream(labels).sum() != EACH) {
                    return false;
                }
            }
            return true;
        } catch (IllegalArgumentException | UncheckedIOException e) {
            return false; // not there, or damaged: made anew
        }
    }

    /** Makes the two tables of the publisher's archive. */
    public static void convert(Path archive, Path folder) {
        convert(archive, folder, EACH);
    }

    /**
     * Makes the tables of an archive that has {@code each} reviews of each class in each part.
     *
     * @throws UncheckedIOException if the archive is damaged or lacks some, or the folder cannot be written
     */
    static void convert(Path archive, Path folder, int each) {
        // part and class to id to the line
        Map<String, Map<Integer, String>> reviews = new TreeMap<>();
        Tar.read(archive, REVIEW, LONGEST, (name, bytes) -> {
            Matcher m = REVIEW.matcher(name);
            if (!m.matches()) {
                throw new IllegalStateException(name);
            }
            int label = m.group(2).equals("pos") ? 1 : 0;
            int id = Integer.parseInt(m.group(3));
            String line = label + "\t" + m.group(4) + "\t" + id + "\t" + text(archive, name, bytes) + "\n";
            reviews.computeIfAbsent(m.group(1) + label, k -> new TreeMap<>()).put(id, line);
        });
        for (String part : PARTS) {
            for (String label : CLASSES) {
                int n = reviews.getOrDefault(part + label, Map.of()).size();
                if (n != each) {
                    throw Tar.damaged(
                            archive,
                            "it has " + n + " reviews " + (label.equals("0") ? "neg" : "pos") + " in " + part
                                    + " and not " + each,
                            null);
                }
            }
        }
        for (String part : PARTS) {
            Map<Integer, String> lines = new TreeMap<>(); // by id, the negative one first
            for (String label : CLASSES) {
                reviews.getOrDefault(part + label, Map.of())
                        .forEach((id, line) -> lines.put(2 * id + Integer.parseInt(label), line));
            }
            AtomicFile.write(tsv(folder, part), raw -> {
                GZIPOutputStream out = new GZIPOutputStream(raw, 1 << 16);
                out.write("label\trating\tid\ttext\n".getBytes(StandardCharsets.UTF_8));
                for (String line : lines.values()) {
                    out.write(line.getBytes(StandardCharsets.UTF_8));
                }
                out.finish();
            });
        }
    }

    /** One line without tabs. */
    private static String text(Path archive, String name, byte[] bytes) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString()
                    .replaceAll("[\\t\\r\\n]", " ");
        } catch (CharacterCodingException e) {
            throw Tar.damaged(archive, name + " in it is not UTF-8", new IOException(e));
        }
    }
}
