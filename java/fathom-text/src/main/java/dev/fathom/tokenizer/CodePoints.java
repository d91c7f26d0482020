package dev.fathom.tokenizer;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** A set of code points, as ranges in their order: from, to, from, to, both included. */
record CodePoints(int[] ranges) {
    static final CodePoints NONE = new CodePoints(new int[0]);
    static final CodePoints ALL = of(0, Character.MAX_CODE_POINT);

    private static final Map<String, CodePoints> NAMED = new ConcurrentHashMap<>();

    static CodePoints of(int from, int to) {
        return new CodePoints(new int[] {from, to});
    }

    static CodePoints where(IntPredicate kind) {
        int[] all = new int[64];
        int n = 0;
        boolean in = false;
        for (int c = 0; c <= Character.MAX_CODE_POINT + 1; c++) {
            boolean now = c <= Character.MAX_CODE_POINT && kind.test(c);
            if (now != in) {
                if (n == all.length) {
                    all = Arrays.copyOf(all, 2 * n);
                }
                all[n++] = now ? c : c - 1;
                in = now;
            }
        }
        return new CodePoints(Arrays.copyOf(all, n));
    }

    boolean contains(int c) {
        int at = Arrays.binarySearch(ranges, c);
        return at >= 0 || (-at - 1) % 2 == 1;
    }

    CodePoints or(CodePoints other) {
        int[] all = new int[ranges.length + other.ranges.length];
        int n = 0;
        int i = 0;
        int k = 0;
        while (i < ranges.length || k < other.ranges.length) {
            boolean mine = k == other.ranges.length || i < ranges.length && ranges[i] <= other.ranges[k];
            int from = mine ? ranges[i] : other.ranges[k];
            int to = mine ? ranges[i + 1] : other.ranges[k + 1];
            i += mine ? 2 : 0;
            k += mine ? 0 : 2;
            if (n > 0 && from <= all[n - 1] + 1) {
                all[n - 1] = Math.max(all[n - 1], to);
            } else {
                all[n++] = from;
                all[n++] = to;
            }
        }
        return new CodePoints(Arrays.copyOf(all, n));
    }

    CodePoints not() {
        int[] all = new int[ranges.length + 2];
        int n = 0;
        int from = 0;
        for (int i = 0; i < ranges.length; i += 2) {
            if (ranges[i] > from) {
                all[n++] = from;
                all[n++] = ranges[i] - 1;
            }
            from = ranges[i + 1] + 1;
        }
        if (from <= Character.MAX_CODE_POINT) {
            all[n++] = from;
            all[n++] = Character.MAX_CODE_POINT;
        }
        return new CodePoints(Arrays.copyOf(all, n));
    }

    CodePoints and(CodePoints other) {
        return not().or(other.not()).not();
    }

    /** With all that differ from one of these only by being large or small. */
    CodePoints anyCase() {
        CodePoints all = this;
        for (int[] same : Cases.ALL) {
            if (Arrays.stream(same).anyMatch(this::contains)) {
                for (int c : same) {
                    all = all.contains(c) ? all : all.or(of(c, c));
                }
            }
        }
        return all;
    }

    /** The code points that differ only by being large or small, found when an expression first asks for them. */
    private static final class Cases {
        static final int[][] ALL = all();

        private Cases() {}

        private static int[][] all() {
            Map<Integer, int[]> byFold = new TreeMap<>();
            for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
                int folded = Character.toLowerCase(Character.toUpperCase(c));
                if (folded != c) {
                    int[] known = byFold.getOrDefault(folded, new int[] {folded});
                    int[] more = Arrays.copyOf(known, known.length + 1);
                    more[known.length] = c;
                    byFold.put(folded, more);
                }
            }
            return byFold.values().toArray(int[][]::new);
        }
    }

    // ---- by name

    static final String WHITE_SPACE = "white_space";

    /** The letters, marks, digits and connectors of words, and the numbers of Latin-1, as Oniguruma has them. */
    static final String WORD = "word";

    /** The set of a category, a script or a property as regular expressions name it, or null where it is not known. */
    static @Nullable CodePoints named(String name) {
        String plain = name.toLowerCase(Locale.ROOT).replace(" ", "").replace("-", "_");
        CodePoints known = NAMED.get(plain);
        if (known == null) {
            IntPredicate kind = kind(plain);
            if (kind == null) {
                return null;
            }
            known = where(kind);
            NAMED.put(plain, known);
        }
        return known;
    }

    private static @Nullable IntPredicate kind(String name) {
        IntPredicate kind = property(name);
        if (kind == null) {
            kind = category(name);
        }
        for (String before : new String[] {"", "script=", "sc=", "is"}) {
            if (kind == null && name.startsWith(before)) {
                kind = script(name.substring(before.length()));
            }
        }
        for (String before : new String[] {"general_category=", "gc=", "is"}) {
            if (kind == null && name.startsWith(before)) {
                String rest = name.substring(before.length());
                kind = category(rest) == null ? property(rest) : category(rest);
            }
        }
        return kind;
    }

    private static @Nullable IntPredicate script(String name) {
        try {
            Character.UnicodeScript script = Character.UnicodeScript.forName(name);
            return c -> Character.UnicodeScript.of(c) == script;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static @Nullable IntPredicate property(String name) {
        return switch (name) {
            case WHITE_SPACE, "space", "whitespace" -> Unicode::whiteSpace;
            case WORD ->
                c -> Categories.alphabetic(c)
                        || Unicode.mark(c)
                        || Categories.of(c) == Character.DECIMAL_DIGIT_NUMBER
                        || Categories.of(c) == Character.CONNECTOR_PUNCTUATION
                        || c < 0x100 && Unicode.number(c);
            case "any" -> c -> true;
            case "alpha", "alphabetic" -> Categories::alphabetic;
            case "alnum" -> c -> Categories.alphabetic(c) || Categories.of(c) == Character.DECIMAL_DIGIT_NUMBER;
            case "digit" -> c -> Categories.of(c) == Character.DECIMAL_DIGIT_NUMBER;
            case "upper", "uppercase" -> Character::isUpperCase;
            case "lower", "lowercase" -> Character::isLowerCase;
            case "ideographic" -> Character::isIdeographic;
            case "xdigit" -> c -> c < 0x80 && Character.digit(c, 16) >= 0;
            case "cntrl" -> c -> Categories.of(c) == Character.CONTROL;
            case "ascii" -> c -> c < 0x80;
            case "graph" -> CodePoints::graph;
            case "print" -> c -> graph(c) || Categories.of(c) == Character.SPACE_SEPARATOR;
            case "punct" -> Unicode::punctuation;
            default -> null;
        };
    }

    private static boolean graph(int c) {
        int type = Categories.of(c);
        return !Unicode.whiteSpace(c)
                && type != Character.CONTROL
                && type != Character.UNASSIGNED
                && type != Character.SURROGATE;
    }

    /** Names of categories, short and long, with the types of Java that they are. */
    private static @Nullable IntPredicate category(String name) {
        String types = switch (name) {
            case "l", "letter" -> " 1 2 3 4 5 ";
            case "lu", "uppercase_letter" -> " 1 ";
            case "ll", "lowercase_letter" -> " 2 ";
            case "lt", "titlecase_letter" -> " 3 ";
            case "lc", "cased_letter" -> " 1 2 3 ";
            case "lm", "modifier_letter" -> " 4 ";
            case "lo", "other_letter" -> " 5 ";
            case "m", "mark", "combining_mark" -> " 6 7 8 ";
            case "mn", "nonspacing_mark" -> " 6 ";
            case "me", "enclosing_mark" -> " 7 ";
            case "mc", "spacing_mark" -> " 8 ";
            case "n", "number" -> " 9 10 11 ";
            case "nd", "decimal_number" -> " 9 ";
            case "nl", "letter_number" -> " 10 ";
            case "no", "other_number" -> " 11 ";
            case "z", "separator" -> " 12 13 14 ";
            case "zs", "space_separator" -> " 12 ";
            case "zl", "line_separator" -> " 13 ";
            case "zp", "paragraph_separator" -> " 14 ";
            case "c", "other" -> " 0 15 16 18 19 ";
            case "cc", "control" -> " 15 ";
            case "cf", "format" -> " 16 ";
            case "co", "private_use" -> " 18 ";
            case "cs", "surrogate" -> " 19 ";
            case "cn", "unassigned" -> " 0 ";
            case "p", "punctuation" -> " 20 21 22 23 24 29 30 ";
            case "pd", "dash_punctuation" -> " 20 ";
            case "ps", "open_punctuation" -> " 21 ";
            case "pe", "close_punctuation" -> " 22 ";
            case "pc", "connector_punctuation" -> " 23 ";
            case "po", "other_punctuation" -> " 24 ";
            case "pi", "initial_punctuation" -> " 29 ";
            case "pf", "final_punctuation" -> " 30 ";
            case "s", "symbol" -> " 25 26 27 28 ";
            case "sm", "math_symbol" -> " 25 ";
            case "sc", "currency_symbol" -> " 26 ";
            case "sk", "modifier_symbol" -> " 27 ";
            case "so", "other_symbol" -> " 28 ";
            default -> "";
        };
        return types.isEmpty() ? null : c -> types.contains(" " + Categories.of(c) + " ");
    }
}
