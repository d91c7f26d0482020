package dev.fathom.tokenizer;

import java.util.Arrays;

/** The printable character by which byte-level tokenizers write each byte, as GPT-2's table has it. */
final class ByteLetters {
    private static final int BYTES = 256;
    private static final char[] LETTERS = new char[BYTES];
    /** The byte of each letter, or -1. */
    private static final int[] BYTE_OF = new int[2 * BYTES];

    static {
        Arrays.fill(BYTE_OF, -1);
        int others = 0;
        for (int b = 0; b < BYTES; b++) {
            boolean printable = b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae;
            LETTERS[b] = (char) (printable ? b : BYTES + others++);
            BYTE_OF[LETTERS[b]] = b;
        }
    }

    private ByteLetters() {}

    static char letter(int b) {
        return LETTERS[b & 0xff];
    }

    /** The byte that a letter stands for, or -1. */
    static int byteOf(int letter) {
        return letter < BYTE_OF.length ? BYTE_OF[letter] : -1;
    }

    /** A text with a letter for each byte; those of one character stand for all of it. */
    static Text of(Text text) {
        Text.Change change = null;
        for (int i = text.start; i < text.end; i++) {
            int c = text.points[i];
            if (c > ' ' && c <= '~') {
                continue; // is its own letter
            }
            change = change == null ? new Text.Change(text) : change;
            change.keepTo(i);
            if (c < 0x80) {
                change.replace(LETTERS[c]);
            } else if (c < 0x800) {
                change.replace(LETTERS[0xc0 | c >> 6]);
                change.insert(LETTERS[0x80 | c & 0x3f]);
            } else if (c < 0x10000) {
                change.replace(LETTERS[0xe0 | c >> 12]);
                change.insert(LETTERS[0x80 | c >> 6 & 0x3f]);
                change.insert(LETTERS[0x80 | c & 0x3f]);
            } else {
                change.replace(LETTERS[0xf0 | c >> 18]);
                change.insert(LETTERS[0x80 | c >> 12 & 0x3f]);
                change.insert(LETTERS[0x80 | c >> 6 & 0x3f]);
                change.insert(LETTERS[0x80 | c & 0x3f]);
            }
        }
        return change == null ? text : change.done();
    }
}
