package dev.fathom.tokenizer;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Tokens and their numbers, of which some may be missing. */
final class TokenTable {
    private final Map<String, Integer> ids = new HashMap<>();
    private @Nullable String[] tokens = new String[1 << 8];
    private int size;

    /**
     * Adds a token, or gives another number to one; of two tokens of one number the later stays.
     *
     * @throws IllegalArgumentException if the number is negative or far beyond what a vocabulary has
     */
    void put(String token, int id) {
        if (id < 0 || id >= 1 << 26) {
            throw new IllegalArgumentException("the token \"" + token + "\" has the number " + id
                    + ", but numbers are from 0 to " + ((1 << 26) - 1) + "; the file is damaged, fetch it again");
        }
        if (id >= tokens.length) {
            tokens = Arrays.copyOf(tokens, Math.max(id + 1, 2 * tokens.length));
        }
        tokens[id] = token;
        ids.put(token, id);
        size = Math.max(size, id + 1);
    }

    /** The number of a token, or -1. */
    int id(String token) {
        return ids.getOrDefault(token, -1);
    }

    /** The token of a number, or null. */
    @Nullable
    String token(int id) {
        return id >= 0 && id < size ? tokens[id] : null;
    }

    /** One more than the largest number. */
    int size() {
        return size;
    }

    /** How many tokens there are. */
    int count() {
        return ids.size();
    }

    /** Each token with its number. */
    Map<String, Integer> all() {
        return ids;
    }

    /** The numbers of the tokens {@code <0x00>} to {@code <0xFF>}, -1 where one is missing. */
    int[] bytes() {
        int[] bytes = new int[256];
        Arrays.setAll(bytes, b -> id(String.format(java.util.Locale.ROOT, "<0x%02X>", b)));
        return bytes;
    }
}
