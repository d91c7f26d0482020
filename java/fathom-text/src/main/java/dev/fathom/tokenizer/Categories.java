package dev.fathom.tokenizer;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.zip.InflaterInputStream;

/**
 * The category of each code point in version 13 of Unicode, and whether it is alphabetic, from a file, so that tokens
 * do not depend on the JDK: a newer one knows more letters and marks. The numbers are those of {@link Character}.
 */
final class Categories {
    static final String FILE = "unicode-13.bin";
    /** Added to the category of what is alphabetic. */
    static final int ALPHABETIC = 32;

    private static final int PLANE = 1 << 16;

    /** Where a range of one value begins, and the value. */
    private static final int[] STARTS;

    private static final byte[] VALUES;
    /** The values of the first plane, in which most texts are. */
    private static final byte[] FIRST = new byte[PLANE];

    static {
        try (InputStream file = Categories.class.getResourceAsStream(FILE)) {
            if (file == null) {
                throw new IllegalStateException("the library lacks its file " + FILE + "; build it again");
            }
            DataInputStream in = new DataInputStream(new InflaterInputStream(file));
            int n = in.readInt();
            STARTS = new int[n];
            VALUES = new byte[n];
            for (int i = 0; i < n; i++) {
                STARTS[i] = in.readInt();
                VALUES[i] = in.readByte();
            }
            for (int i = 0; i < n && STARTS[i] < PLANE; i++) {
                Arrays.fill(FIRST, STARTS[i], i + 1 < n ? Math.min(PLANE, STARTS[i + 1]) : PLANE, VALUES[i]);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the library's file " + FILE + " cannot be read; build it again", e);
        }
    }

    private Categories() {}

    private static int value(int c) {
        if (c < PLANE) {
            return FIRST[c];
        }
        int at = Arrays.binarySearch(STARTS, c);
        return VALUES[at >= 0 ? at : -at - 2];
    }

    /** The category of a code point, a number of {@link Character}. */
    static int of(int c) {
        return value(c) & ALPHABETIC - 1;
    }

    static boolean alphabetic(int c) {
        return value(c) >= ALPHABETIC;
    }
}
