package dev.fathom.examples;

import dev.fathom.experiments.data.TinyShakespeare;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/**
 * Speeches from Shakespeare's plays, 1.1 MB; without them, quarrels in their manner that are put together by chance.
 */
final class Plays {
    private static final String[] WHO = {"ROMEO", "JULIET", "MERCUTIO", "NURSE", "TYBALT"};
    private static final String[] ADDRESS = {"Thou", "Away, thou", "Peace, thou", "Fie, thou", "Out, thou"};
    private static final String[] FIRST = {"artless", "bawdy", "churlish", "droning", "fobbing", "goatish", "jarring"};
    private static final String[] SECOND = {"beef-witted", "clay-brained", "fen-sucked", "hell-hated", "onion-eyed"};
    private static final String[] WHAT = {"apple-john", "barnacle", "canker-blossom", "flap-dragon", "maggot-pie"};
    private static final String[] END = {"!", "!", ", and no man!", ", be gone!", ", I'll none of thee."};

    private Plays() {}

    /** The file of the plays if it was fetched, else one of quarrels. */
    static Path file() throws IOException {
        var plays = TinyShakespeare.file();
        if (plays.isPresent()) {
            return plays.get();
        }
        System.out.println(
                "Shakespeare's plays are not here, so this example trains on quarrels put together at random;"
                        + " ./fathom data tinyshakespeare fetches the plays (1.1 MB).");
        Path quarrels = Files.createTempFile("quarrels", ".txt");
        quarrels.toFile().deleteOnExit();
        return Files.writeString(quarrels, quarrels(300_000, 1));
    }

    /** Quarrels of so many characters. */
    static String quarrels(int length, long seed) {
        Random random = new Random(seed);
        StringBuilder text = new StringBuilder();
        while (text.length() < length) {
            text.append(any(WHO, random)).append(":\n");
            for (int lines = 1 + random.nextInt(3); lines > 0; lines--) {
                text.append(any(ADDRESS, random))
                        .append(' ')
                        .append(any(FIRST, random))
                        .append(' ');
                text.append(any(SECOND, random)).append(' ').append(any(WHAT, random));
                text.append(any(END, random)).append('\n');
            }
            text.append('\n');
        }
        return text.substring(0, length);
    }

    private static String any(String[] words, Random random) {
        return words[random.nextInt(words.length)];
    }
}
