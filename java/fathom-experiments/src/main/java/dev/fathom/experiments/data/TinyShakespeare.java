package dev.fathom.experiments.data;

import dev.fathom.io.TextFile;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Speeches from Shakespeare's plays in one file of 40,000 lines and 65 different characters (Karpathy 2015, char-rnn);
 * not part of the project.
 */
public final class TinyShakespeare {
    /** The name on the command line and in folders. */
    public static final String NAME = "tinyshakespeare";
    /** What is fetched, and kept as it is. */
    public static final String FILE = "input.txt";

    /** Where its publisher has it. */
    public static final URI ADDRESS = URI.create(
            "https://raw.githubusercontent.com/karpathy/char-rnn/6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/data/tinyshakespeare/"
                    + FILE);

    /** Its size and its SHA-256. */
    public static final Download.Content CONTENT = Download.Content.ofFile(
            1_115_394, "SHA-256", "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed");

    /** Where it is. */
    public static final DataSet SET = DataSet.of(
            NAME,
            List.of(FILE),
            "run ./fathom data tinyshakespeare to fetch it (1.1 MB)",
            "public domain",
            TinyShakespeare::standIn);

    /** No text that a lab reads as one is longer. */
    private static final int MOST = 1 << 26;

    private TinyShakespeare() {}

    /**
     * The text, or that of another {@link #FILE} in the folder {@code given}.
     *
     * @throws IllegalArgumentException if it is missing, or not UTF-8
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static String read(@Nullable Path given) {
        return TextFile.read(SET.folder(given).resolve(FILE), "a text", MOST);
    }

    /** Speeches of words without a meaning. */
    private static void standIn(Path folder) {
        SplittableRandom random = new SplittableRandom(2);
        List<String> words = StandIn.words(600, 2);
        List<String> speakers = StandIn.words(20, 3);
        StringBuilder text = new StringBuilder();
        while (text.length() < 120_000) {
            text.append(speakers.get(random.nextInt(speakers.size())).toUpperCase(Locale.ROOT))
                    .append(":\n");
            for (int i = random.nextInt(1, 6); i > 0; i--) {
                text.append(StandIn.sentence(words, random)).append('\n');
            }
            text.append('\n');
        }
        StandIn.text(folder.resolve(FILE), text.toString());
    }

    /** The first file that is there: in {@code FATHOM_DATA} (or {@code -Dfathom.data=}), then in the cache folder. */
    public static Optional<Path> file() {
        return ImageSet.places(NAME).stream()
                .map(place -> place.resolve(FILE))
                .filter(Files::isRegularFile)
                .findFirst();
    }
}
