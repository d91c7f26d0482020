package dev.fathom.text;

import java.util.ArrayList;
import java.util.List;

/**
 * Makes m-grams of another tokenizer's tokens: every run of {@code min} to {@code max} neighbors, joined by blanks.
 * With 1 and 2, {@code a b c} becomes {@code a}, {@code b}, {@code c}, {@code a b}, {@code b c}: the shorter runs come
 * first, each in the order of the text. For a {@link BagOfWords}; {@link #text} joins what it is given by blanks.
 *
 * @param tokenizer cuts the text
 * @param min the number of tokens of the shortest runs
 * @param max the number of tokens of the longest runs
 */
public record Ngrams(Tokenizer tokenizer, int min, int max) implements Tokenizer {
    /**
     * Checks the lengths.
     *
     * @throws IllegalArgumentException unless {@code 1 <= min <= max <= 100}
     */
    public Ngrams {
        if (min < 1 || min > max || max > 100) {
            throw new IllegalArgumentException(
                    "n-grams: min=" + min + " max=" + max + "; choose 1 <= min <= max <= 100");
        }
    }

    @Override
    public List<String> tokens(String text) {
        List<String> tokens = tokenizer.tokens(text);
        List<String> all = new ArrayList<>();
        for (int n = min; n <= max; n++) {
            for (int i = 0; i + n <= tokens.size(); i++) {
                all.add(n == 1 ? tokens.get(i) : String.join(" ", tokens.subList(i, i + n)));
            }
        }
        return all;
    }

    @Override
    public String text(List<String> tokens) {
        return String.join(" ", tokens);
    }
}
