package dev.fathom.tokenizer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The precompiled map of characters in a model of SentencePiece: a double-array trie of UTF-8 strings, and what each of
 * them becomes. It is looked up for each grapheme of less than six bytes as a whole, and else code point by code point.
 * Offsets count what vanishes at the start of a text, where those of Hugging Face's library point too far to the left.
 */
final class CharacterMap implements Normalizer {
    private static final Pattern GRAPHEME = Pattern.compile("\\X");
    private static final int SHORT = 6;
    /** The first code point that may join the one in front of it, but for a line feed. */
    private static final int JOINS = 0x300;

    private final int[] units;
    private final byte[] texts;
    /** What each character of ASCII becomes that stands alone, or null. */
    private final @Nullable String[] ascii = new String[128];

    private CharacterMap(int[] units, byte[] texts) {
        this.units = units;
        this.texts = texts;
        for (int c = 0; c < ascii.length; c++) {
            ascii[c] = find(new byte[] {(byte) c}, 0, 1, false).becomes;
        }
    }

    static CharacterMap ofBase64(String base64) {
        try {
            return of(Base64.getMimeDecoder().decode(base64));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("the precompiled map of characters is damaged; fetch the file again", e);
        }
    }

    /**
     * Reads the bytes of a map: how many bytes the trie has, the trie, and texts that end with a zero.
     *
     * @throws IllegalArgumentException if it is not such a map
     */
    static CharacterMap of(byte[] map) {
        ByteBuffer in = ByteBuffer.wrap(map).order(ByteOrder.LITTLE_ENDIAN);
        int bytes = map.length < 4 ? -1 : in.getInt();
        if (bytes < 0 || bytes % 4 != 0 || bytes > map.length - 4) {
            throw new IllegalArgumentException("a map of " + map.length + " bytes says that its trie has " + bytes);
        }
        int[] units = new int[bytes / 4];
        in.asIntBuffer().get(units);
        byte[] texts = new byte[map.length - 4 - bytes];
        in.position(4 + bytes).get(texts);
        return new CharacterMap(units, texts);
    }

    /** What the shortest prefix of these bytes that the map has becomes, or null. */
    private @Nullable String lookUp(byte[] key) {
        return find(key, 0, key.length, false).becomes;
    }

    /**
     * What was found.
     *
     * @param bytes how many of them
     * @param becomes what they become, or null where nothing was found
     */
    record Found(int bytes, @Nullable String becomes) {}

    private static final Found NOTHING = new Found(0, null);

    /** The shortest or the longest prefix of the bytes from {@code first} to {@code last} that the map has. */
    Found find(byte[] key, int first, int last, boolean longest) {
        if (units.length == 0) {
            return NOTHING;
        }
        int at = offset(units[0]);
        int length = 0;
        int value = -1;
        for (int i = first; i < last && key[i] != 0; i++) {
            at ^= key[i] & 0xff;
            if (at < 0 || at >= units.length || (units[at] & (1 << 31 | 0xff)) != (key[i] & 0xff)) {
                break;
            }
            int unit = units[at];
            at ^= offset(unit);
            if ((unit >>> 8 & 1) == 1) {
                length = i + 1 - first;
                value = at < 0 || at >= units.length ? -1 : units[at] & 0x7fffffff;
                if (!longest) {
                    break;
                }
            }
        }
        if (value < 0 || value >= texts.length) {
            return NOTHING;
        }
        int end = value;
        while (end < texts.length && texts[end] != 0) {
            end++;
        }
        return new Found(length, new String(texts, value, end - value, StandardCharsets.UTF_8));
    }

    private static int offset(int unit) {
        return unit >>> 10 << ((unit & 1 << 9) >>> 6);
    }

    @Override
    public Text normalize(Text text) {
        var writing = new Writing(text);
        String all = text.toString();
        Matcher graphemes = GRAPHEME.matcher(all);
        for (int at = 0, end; at < all.length(); at = end) {
            char first = all.charAt(at);
            end = at + 1;
            char next = end < all.length() ? all.charAt(end) : 0;
            if (first < ascii.length && next < JOINS && !(first == '\r' && next == '\n')) {
                writing.replace(1, ascii[first]);
                continue;
            }
            if (!graphemes.find(at)) {
                throw new IllegalStateException("there is no grapheme at " + at);
            }
            end = graphemes.end();
            String grapheme = graphemes.group();
            byte[] bytes = grapheme.getBytes(StandardCharsets.UTF_8);
            String becomes = bytes.length < SHORT ? lookUp(bytes) : null;
            if (becomes != null) {
                writing.replace(grapheme, becomes);
                continue;
            }
            for (int i = 0; i < grapheme.length(); ) {
                String c = Character.toString(grapheme.codePointAt(i));
                i += c.length();
                becomes = lookUp(c.getBytes(StandardCharsets.UTF_8));
                writing.replace(1, becomes);
            }
        }
        return writing.done();
    }

    /** How many bytes a code point has in UTF-8. */
    static int utf8(int c) {
        return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    }

    /** The new code points: each of the old ones is replaced, and what one becomes beyond that is inserted. */
    private static final class Writing {
        private final Text.Change change;

        Writing(Text text) {
            change = new Text.Change(text);
        }

        void replace(String old, String becomes) {
            replace(old.codePointCount(0, old.length()), becomes);
        }

        /** Replaces the next code points, or keeps them where they become null. */
        void replace(int before, @Nullable String becomes) {
            if (becomes == null) {
                for (int i = 0; i < before; i++) {
                    change.keep();
                }
                return;
            }
            int[] points = becomes.codePoints().toArray();
            for (int i = 0; i < points.length; i++) {
                if (i < before) {
                    change.replace(points[i]);
                } else {
                    change.insert(points[i]);
                }
            }
            change.skip(Math.max(0, before - points.length));
        }

        Text done() {
            return change.done();
        }
    }
}
