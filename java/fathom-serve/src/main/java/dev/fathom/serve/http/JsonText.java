package dev.fathom.serve.http;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A text of JSON that is read (RFC 8259). A body is hundreds of numbers, which Gson takes out as strings one by one. To
 * read them in place takes less than half the time, which was a quarter of that of a request.
 */
final class JsonText {
    private static final int DEEPEST = 16;
    /**
     * Numbers of so many digits, and these powers, are exact, so that their quotient is rounded once, as it must be.
     */
    private static final int EXACT = 15;

    private static final double[] POWERS = new double[EXACT + 1];

    static {
        POWERS[0] = 1;
        for (int i = 1; i < POWERS.length; i++) {
            POWERS[i] = 10 * POWERS[i - 1];
        }
    }

    private final String text;
    private int at;

    JsonText(String text) {
        this.text = text;
    }

    /** The value of the text: a map, an array of numbers, a list, a number, a string, a boolean or null. */
    @Nullable
    Object read() {
        Object value = value(0);
        blanks();
        if (at < text.length()) {
            throw new HttpException(400, "the body goes on behind its JSON value; send one value");
        }
        return value;
    }

    // ---- characters

    /** The next character, which is not taken. */
    private char next() {
        if (at == text.length()) {
            throw new HttpException(400, "the body ends within its JSON value; send all of it");
        }
        return text.charAt(at);
    }

    private void blanks() {
        while (at < text.length() && text.charAt(at) <= ' ' && " \t\n\r".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    /** The next character that is no blank, which is not taken. */
    private char nextBehindBlanks() {
        blanks();
        return next();
    }

    private boolean took(char c) {
        boolean there = next() == c;
        at += there ? 1 : 0;
        return there;
    }

    private HttpException wrong() {
        int line = 1;
        int column = 1;
        for (int i = 0; i < at; i++) {
            boolean ends = text.charAt(i) == '\n';
            line += ends ? 1 : 0;
            column = ends ? 1 : column + 1;
        }
        return new HttpException(
                400, "the body is no JSON at line " + line + " column " + column + "; send one value of JSON");
    }

    // ---- values

    private @Nullable Object value(int depth) {
        if (depth > DEEPEST) {
            throw new HttpException(400, "the body is nested more than " + DEEPEST + " deep");
        }
        char c = nextBehindBlanks();
        return switch (c) {
            case '[' -> array(depth);
            case '{' -> object(depth);
            case '"' -> string();
            case 't' -> word("true", true);
            case 'f' -> word("false", false);
            case 'n' -> word("null", null);
            default -> number();
        };
    }

    private @Nullable Object word(String word, @Nullable Object value) {
        if (!text.startsWith(word, at)) {
            throw wrong();
        }
        at += word.length();
        return value;
    }

    private Object array(int depth) {
        at++;
        char c = nextBehindBlanks();
        if (c == '-' || isDigit(c)) {
            return numbers();
        }
        List<@Nullable Object> all = new ArrayList<>();
        if (!took(']')) {
            do {
                all.add(value(depth + 1));
            } while (goesOn(']'));
        }
        return all;
    }

    /** Whether a comma comes next, rather than the end. */
    private boolean goesOn(char end) {
        nextBehindBlanks();
        if (took(',')) {
            return true;
        }
        if (!took(end)) {
            throw wrong();
        }
        return false;
    }

    private double[] numbers() {
        double[] all = new double[16];
        int n = 0;
        do {
            if (nextBehindBlanks() > '9' && "[{tfn".indexOf(next()) >= 0 || next() == '"') {
                throw new HttpException(400, "an array of numbers holds something else at element " + n);
            }
            if (n == all.length) {
                all = Arrays.copyOf(all, 2 * n);
            }
            all[n++] = number();
        } while (goesOn(']'));
        return Arrays.copyOf(all, n);
    }

    private Map<String, @Nullable Object> object(int depth) {
        Map<String, @Nullable Object> all = new LinkedHashMap<>();
        at++;
        nextBehindBlanks();
        if (took('}')) {
            return all;
        }
        do {
            if (nextBehindBlanks() != '"') {
                throw wrong();
            }
            String name = string();
            nextBehindBlanks();
            if (!took(':')) {
                throw wrong();
            }
            Object value = value(depth + 1);
            if (all.containsKey(name)) {
                throw new HttpException(400, "the body has \"" + name + "\" twice in one object");
            }
            all.put(name, value);
        } while (goesOn('}'));
        return all;
    }

    // ---- strings

    private String string() {
        at++;
        StringBuilder string = new StringBuilder();
        while (true) {
            int begin = at;
            while (next() != '"' && next() != '\\') {
                if (next() < ' ') {
                    throw wrong();
                }
                at++;
            }
            string.append(text, begin, at);
            if (took('"')) {
                return string.toString();
            }
            at++;
            string.append(escaped());
        }
    }

    private char escaped() {
        char c = next();
        if (c == 'u') {
            int code = 0;
            for (int i = 1; i <= 4; i++) {
                at++;
                int digit = next() < 128 ? Character.digit(next(), 16) : -1;
                if (digit < 0) {
                    throw wrong();
                }
                code = 16 * code + digit;
            }
            at++;
            return (char) code;
        }
        int known = "\"\\/bfnrt".indexOf(c);
        if (known < 0) {
            throw wrong();
        }
        at++;
        return "\"\\/\b\f\n\r\t".charAt(known);
    }

    // ---- numbers

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private double number() {
        int begin = at;
        boolean negative = took('-');
        int first = at;
        long whole = digits(0);
        if (at > first + 1 && text.charAt(first) == '0') {
            at = first;
            throw wrong();
        }
        int count = at - first;
        int places = 0;
        if (at < text.length() && took('.')) {
            int point = at;
            whole = digits(whole);
            places = at - point;
            count += places;
        }
        boolean scaled = at < text.length() && (took('e') || took('E'));
        if (scaled) {
            if (!took('-')) {
                took('+');
            }
            digits(0);
        }
        double value;
        if (!scaled && count <= EXACT) {
            double size = whole / POWERS[places];
            value = negative ? -size : size;
        } else {
            value = Double.parseDouble(text.substring(begin, at));
        }
        if (!Double.isFinite((float) value)) {
            throw new HttpException(400, "the number " + value + " is too large for a float");
        }
        return value;
    }

    /** Takes digits, at least one, behind those of a number; meaningless where a long does not hold them. */
    private long digits(long before) {
        long all = before;
        if (!isDigit(next())) {
            throw wrong();
        }
        int i = at;
        for (; i < text.length() && isDigit(text.charAt(i)); i++) {
            all = 10 * all + text.charAt(i) - '0';
        }
        at = i;
        return all;
    }
}
