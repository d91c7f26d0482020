package dev.fathom.text;

import java.util.ArrayList;
import java.util.List;

/** Cuts a text into its characters, which are Unicode code points. {@link #text} gives back exactly what was cut. */
public record Characters() implements Tokenizer {
    @Override
    public List<String> tokens(String text) {
        List<String> tokens = new ArrayList<>(text.length());
        for (int i = 0, n; i < text.length(); i += n) {
            n = Character.charCount(text.codePointAt(i));
            tokens.add(text.substring(i, i + n));
        }
        return tokens;
    }

    @Override
    public String text(List<String> tokens) {
        return String.join("", tokens);
    }
}
