package dev.fathom.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a text into words, and into marks of punctuation unless they are left out. A word is a run of letters, digits,
 * combining marks and underscores, with apostrophes inside: {@code It's 3 o'clock!} has the tokens {@code It's},
 * {@code 3}, {@code o'clock} and {@code !}. Any other character that is not white space is a token of its own.
 * {@link #text} joins tokens by blanks.
 */
public final class Words implements Tokenizer {
    private static final String WORD = "[\\p{L}\\p{N}\\p{M}_]+(?:['\u2019][\\p{L}\\p{N}\\p{M}_]+)*";
    /** Everything that the Keras tokenizer does not replace by a blank. */
    private static final String KERAS = "[^ \\t\\n!\"#$%&()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~]+";

    private final Pattern token;
    private final boolean lowerCase;

    private Words(String token, boolean lowerCase) {
        this.token = Pattern.compile(token);
        this.lowerCase = lowerCase;
    }

    /** Cuts into words and punctuation, as they are written. */
    public Words() {
        this(WORD + "|[^\\p{IsWhite_Space}\\p{L}\\p{N}\\p{M}_]", false);
    }

    /**
     * Cuts as the tokenizer of Keras does by default, which made the codes of its IMDB reviews: lower case, blanks
     * instead of tab, line feed and each of {@code !"#$%&()*+,-./:;<=>?@[\]^_`{|}~}, and cuts at blanks. Apostrophes
     * stay in the words.
     */
    public static Words keras() {
        return new Words(KERAS, true);
    }

    /** Returns this tokenizer with all tokens in lower case. */
    public Words lowerCase() {
        return new Words(token.pattern(), true);
    }

    /** Returns this tokenizer without the marks of punctuation. */
    public Words withoutPunctuation() {
        return new Words(token.pattern().equals(KERAS) ? KERAS : WORD, lowerCase);
    }

    @Override
    public List<String> tokens(String text) {
        List<String> tokens = new ArrayList<>();
        Matcher m = token.matcher(lowerCase ? text.toLowerCase(Locale.ROOT) : text);
        while (m.find()) {
            tokens.add(m.group());
        }
        return tokens;
    }

    @Override
    public String text(List<String> tokens) {
        return String.join(" ", tokens);
    }
}
