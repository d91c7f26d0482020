package dev.fathom.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.tokenizer.PatternParser.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Matches are those of {@code java.util.regex}, and those of the patterns of published tokenizers. */
class LinearPatternTest {
    private static final String GPT2 =
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

    private static final String CL100K = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
            + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private static final String O200K =
            "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
                    + "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
                    + "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
                    + "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|"
                    + "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private static List<String> matches(LinearPattern pattern, String text) {
        int[] points = text.codePoints().toArray();
        List<String> all = new ArrayList<>();
        pattern.matches(points, 0, points.length, (start, end) -> all.add(new String(points, start, end - start)));
        return all;
    }

    private static List<String> matches(String regex, String text) {
        return matches(LinearPattern.compile(regex), text);
    }

    private static List<String> known(String regex, String text) {
        Matcher matcher = Pattern.compile(regex).matcher(text);
        List<String> all = new ArrayList<>();
        while (matcher.find()) {
            if (matcher.end() > matcher.start()) {
                all.add(matcher.group());
            }
        }
        return all;
    }

    // ---- against another engine

    private static final String[] ATOMS = {"a", "b", "c", "[ab]", "[^a]", ".", "\\p{Lu}", "\\p{L}", "X", "[a-c&&[^b]]"};

    private static String regex(Random random, int depth) {
        switch (depth == 0 ? 0 : random.nextInt(8)) {
            case 1, 2 -> {
                return regex(random, depth - 1) + regex(random, depth - 1);
            }
            case 3 -> {
                return "(?:" + regex(random, depth - 1) + "|" + regex(random, depth - 1) + ")";
            }
            case 4 -> {
                String[] counts = {"*", "+", "?", "{2}", "{1,3}", "{2,}", "*?", "+?", "??", "{0,2}?"};
                return "(?:" + ATOMS[random.nextInt(ATOMS.length)] + regex(random, depth - 1) + ")"
                        + counts[random.nextInt(counts.length)];
            }
            case 5 -> {
                return ATOMS[random.nextInt(ATOMS.length)]
                        + new String[] {"*+", "?+", "++", "{1,2}+"}[random.nextInt(4)];
            }
            case 6 -> {
                String[] looks = {"(?=%s)", "(?!%s)"};
                return String.format(looks[random.nextInt(2)], regex(random, depth - 1));
            }
            case 7 -> {
                String[] looks = {"(?<=%s)", "(?<!%s)"};
                return String.format(looks[random.nextInt(2)], ATOMS[random.nextInt(ATOMS.length)]);
            }
            default -> {
                return ATOMS[random.nextInt(ATOMS.length)];
            }
        }
    }

    @Test
    void randomExpressionsMatchAsTheyDoInJava() {
        Random random = new Random(3);
        String letters = "aaabbbcXY\u00e9 ";
        int found = 0;
        for (int i = 0; i < 20_000; i++) {
            String regex = regex(random, 4);
            LinearPattern pattern = LinearPattern.compile(regex);
            for (int k = 0; k < 4; k++) {
                StringBuilder text = new StringBuilder();
                for (int n = random.nextInt(12); n > 0; n--) {
                    text.append(letters.charAt(random.nextInt(letters.length())));
                }
                List<String> known = known(regex, text.toString());
                assertThat(matches(pattern, text.toString()))
                        .as("%s in %s", regex, text)
                        .isEqualTo(known);
                found += known.size();
            }
        }
        assertThat(found).isGreaterThan(10_000);
    }

    // ---- against a search with backtracking, in which a turn of a loop that takes nothing ends the loop

    /** What follows a part: the end of the match from a place, or -1. */
    private interface Rest {
        int end(int at);
    }

    private static int end(Part part, int[] points, int at, Rest rest) {
        if (part instanceof Part.One one) {
            return at < points.length && one.set().contains(points[at]) ? rest.end(at + 1) : -1;
        }
        if (part instanceof Part.All all) {
            return end(all.parts(), points, at, rest);
        }
        if (part instanceof Part.Any any) {
            int end = -1;
            for (int i = 0; i < any.parts().size() && end < 0; i++) {
                end = end(any.parts().get(i), points, at, rest);
            }
            return end;
        }
        if (part instanceof Part.Repeat repeat) {
            return turn(repeat, 0, -1, points, at, rest);
        }
        if (part instanceof Part.Ahead ahead) {
            boolean found = end(ahead.part(), points, at, end -> end) >= 0;
            return found == ahead.negative() ? -1 : rest.end(at);
        }
        Part.Behind behind = (Part.Behind) part;
        return (at == 0 ? behind.begins() : behind.set().contains(points[at - 1])) ? rest.end(at) : -1;
    }

    private static int end(List<Part> parts, int[] points, int at, Rest rest) {
        return parts.isEmpty()
                ? rest.end(at)
                : end(parts.get(0), points, at, next -> end(parts.subList(1, parts.size()), points, next, rest));
    }

    private static int turn(Part.Repeat repeat, int turns, int before, int[] points, int at, Rest rest) {
        if (turns == repeat.most() || repeat.most() < 0 && at == before) {
            return rest.end(at);
        }
        int started = turns < repeat.least() ? -1 : at;
        Rest more = next -> turn(repeat, turns + 1, started, points, next, rest);
        if (turns < repeat.least()) {
            return end(repeat.part(), points, at, more);
        }
        int end = repeat.lazy() ? rest.end(at) : end(repeat.part(), points, at, more);
        if (end >= 0) {
            return end;
        }
        return repeat.lazy() ? end(repeat.part(), points, at, more) : rest.end(at);
    }

    private static List<String> searched(String regex, String text) {
        Part part = PatternParser.parse(regex);
        int[] points = text.codePoints().toArray();
        List<String> all = new ArrayList<>();
        for (int i = 0; i < points.length; ) {
            int end = end(part, points, i, at -> at);
            if (end > i) {
                all.add(new String(points, i, end - i));
            }
            i = Math.max(end, i + 1);
        }
        return all;
    }

    /** An expression whose loops may take nothing. */
    private static String ofNothing(Random random, int depth) {
        String[] atoms = {"", "a", "b", "[^a]", ".", "^", "$", "\\b", "\\B", "(?=a)", "(?!b)", "(?<=a)", "(?<!b)", "\\z"
        };
        String[] counts = {"*", "+", "?", "{2}", "{0,2}", "*?", "+?", "??", "{2,}?"};
        return switch (depth == 0 ? 0 : random.nextInt(6)) {
            case 1 -> ofNothing(random, depth - 1) + ofNothing(random, depth - 1);
            case 2 -> "(?:" + ofNothing(random, depth - 1) + "|" + ofNothing(random, depth - 1) + ")";
            case 3, 4 -> "(?:" + ofNothing(random, depth - 1) + ")" + counts[random.nextInt(counts.length)];
            case 5 -> (random.nextBoolean() ? "(?=" : "(?!") + ofNothing(random, depth - 1) + ")";
            default -> atoms[random.nextInt(atoms.length)];
        };
    }

    @Test
    void loopsOfNothingMatchAsTheyDoWithBacktracking() {
        Random random = new Random(5);
        int found = 0;
        for (int i = 0; i < 20_000; i++) {
            String regex = ofNothing(random, 1 + random.nextInt(4));
            LinearPattern pattern = LinearPattern.compile(regex);
            for (int k = 0; k < 4; k++) {
                StringBuilder text = new StringBuilder();
                for (int n = random.nextInt(8); n > 0; n--) {
                    text.append("aabc \n".charAt(random.nextInt(6)));
                }
                List<String> searched = searched(regex, text.toString());
                assertThat(matches(pattern, text.toString()))
                        .as("%s in %s", regex, text)
                        .isEqualTo(searched);
                found += searched.size();
            }
        }
        assertThat(found).isGreaterThan(10_000);
        assertThat(matches("(?:(?:(?:(?:\\B|a))+?)*){1,}", "aabc")).containsExactly("a");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(|a)*b",
                "(a*)*b",
                "(a|a)*b",
                "(?:a?){3}",
                "(a??b?)*c",
                "^a|b$",
                "\\Aa",
                "a\\z",
                "\\bab\\b|\\Bb",
                "(?i)aX",
                "(?s).",
                "a(?#comment)b",
                "[]a]+",
                "[^]a]+",
                "a{,2}b",
                "a{b",
                "a|",
                "(?<name>ab)+",
                "\\x61|\\u0062|\\x{63}"
            })
    void whatIsHardToMatch(String regex) {
        String java =
                regex.replace("[]a]", "[\\]a]").replace("[^]a]", "[^\\]a]").replace("{,2}", "{0,2}");
        java = java.replace("a{b", "a\\{b").replace("(?#comment)", "");
        for (String text :
                List.of("", "a", "b", "ab", "aab", "abab ab", "aaa", "aXAx", "a]b", "a{b", "caabbc", "abc\n")) {
            if (!(regex.contains("$") && text.endsWith("\n"))) {
                assertThat(matches(regex, text)).as("%s in %s", regex, text).isEqualTo(known(java, text));
            }
        }
    }

    // ---- published patterns

    @Test
    void piecesOfGpt2() {
        assertThat(matches(GPT2, "I'm  here, it's 2023!!\n\n  ok \u65e5\u672c "))
                .containsExactly(
                        "I", "'m", " ", " here", ",", " it", "'s", " 2023", "!!", "\n\n ", " ok", " \u65e5\u672c", " ");
    }

    @Test
    void piecesOfGpt4() {
        String text = "I'LL pay $12345.67\r\n\n  now!\n x";
        List<String> pieces =
                List.of("I", "'LL", " pay", " $", "123", "45", ".", "67", "\r\n\n", " ", " now", "!\n", " x");
        assertThat(matches(CL100K, text)).isEqualTo(pieces);
        assertThat(matches(
                        "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+"
                                + "| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s",
                        "I'LL pay 12345 ok!\n\n"))
                .containsExactly("I", "'LL", " pay", " ", "123", "45", " ok", "!\n\n");
    }

    @Test
    void piecesOfGpt4o() {
        String text = "HelloWORLD it's DON'T 1234 a/b //\n\n \u65e5\u672c\u8a9e e\u0301t\u00e9  \u01c5x";
        assertThat(matches(O200K, text))
                .containsExactly(
                        "Hello",
                        "WORLD",
                        " it's",
                        " DON'T",
                        " ",
                        "123",
                        "4",
                        " a",
                        "/b",
                        " //\n\n",
                        " \u65e5\u672c\u8a9e",
                        " e\u0301t\u00e9",
                        " ",
                        " \u01c5x");
    }

    @Test
    void piecesOfDeepSeek() {
        String text = "ab\u65e5\u672c\u3042\u30a2c \u9fa5\u9fa6 1234567 \u0661\u0662";
        assertThat(matches("[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+", text))
                .containsExactly("\u65e5\u672c\u3042\u30a2", "\u9fa5");
        assertThat(matches("\\p{N}{1,3}", text)).containsExactly("123", "456", "7", "\u0661\u0662");
    }

    @Test
    void textsArePiecesOfTheWhole() {
        int[] points = "xxab abyy".codePoints().toArray();
        List<String> all = new ArrayList<>();
        LinearPattern.compile("^ab|b$|\\bab").matches(points, 2, 7, (start, end) -> all.add(start + "-" + end));
        assertThat(all).containsExactly("2-4", "5-7");
    }

    // ---- time and threads

    @ParameterizedTest
    @ValueSource(
            strings = {"(a*)*b", "(a|a)*b", "(?:a|b|ab)*c", "a*b|a", "(?=a*b)a|a", "(a+)+(?!a)c|a{1,3}", "(?:a?){20}b"})
    void theTimeIsLinear(String regex) {
        // an engine with backtracking takes hours for these
        int found = matches(regex, "a".repeat(300_000)).size();
        assertThat(found).isIn(0, 100_000, 300_000);
    }

    private static String letters(int n) {
        Random random = new Random(2);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < n; i++) {
            text.append("abc".charAt(random.nextInt(3)));
        }
        return text.toString();
    }

    @Test
    void manyStatesAreForgotten() throws Exception {
        // almost each place of the text has a state of its own
        LinearPattern pattern = LinearPattern.compile("a[abc]{40}c");
        String text = letters(200_000);
        List<String> known = known("a[abc]{40}c", text);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            Callable<List<String>> call = () -> matches(pattern, text);
            for (Future<List<String>> all : threads.invokeAll(List.of(call, call))) {
                assertThat(all.get()).isEqualTo(known);
            }
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void longTextsAreWalkedInBlocks() {
        for (int n : new int[] {4_095, 4_096, 4_097, 8_192, 8_193, 20_000}) {
            String text = letters(n);
            for (String regex : List.of("a[^c]*c", "(?<=a)b|.", "[abc]+", "c(?=a)", "[abc]{1,800}?$")) {
                assertThat(matches(regex, text))
                        .as("%s in %d letters", regex, n)
                        .isEqualTo(known(regex, text));
            }
        }
    }

    @Test
    void manyThreadsShareAPattern() throws Exception {
        LinearPattern pattern = LinearPattern.compile(CL100K);
        StringBuilder text = new StringBuilder();
        Random random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            text.appendCodePoint(random.nextInt(5) == 0 ? random.nextInt(0x500) : 32 + random.nextInt(95));
        }
        List<String> known = known(
                CL100K.replace("\\s", "\\p{IsWhite_Space}").replace("\\S", "\\P{IsWhite_Space}"), text.toString());
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            Callable<List<String>> call = () -> matches(pattern, text.toString());
            for (Future<List<String>> all : threads.invokeAll(List.of(call, call, call, call))) {
                assertThat(all.get()).isEqualTo(known);
            }
        } finally {
            threads.shutdown();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(",
                ")",
                "a)",
                "[a",
                "a**+(",
                "*a",
                "\\",
                "(a)\\1",
                "\\k<x>",
                "(?<=ab)c",
                "(?:ab)++",
                "(?>ab)c",
                "\\p{Nope}",
                "\\p{L",
                "(?x)a",
                "a{3,2}",
                "[b-a]",
                "\\x{110000}",
                "(?<n",
                "a{1001}",
                "(?:(?:a{100}){100}){100}",
                "\\012",
                "\\G"
            })
    void whatIsWrongOrNotSupportedIsASentence(String regex) {
        assertThatThrownBy(() -> LinearPattern.compile(regex))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("the regular expression " + regex)
                .hasMessageContaining("; give one ");
    }

    @Test
    void lettersOfAnyCase() {
        assertThat(matches("(?i:straSSE|[k-m]+)", "STRASSE \u017ftra\u017fse \u212aLm"))
                .containsExactly("STRASSE", "\u017ftra\u017fse", "\u212aLm");
        // many of them take no longer than few
        assertThat(matches("(?i)" + "[ab]".repeat(4_000), "aB".repeat(4_000))).hasSize(2);
    }

    @Test
    void groupsMayNotNestTooDeeply() {
        assertThatThrownBy(() -> LinearPattern.compile("(".repeat(100_000)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> LinearPattern.compile("[".repeat(100_000)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void repetitionsMayNotStackTooDeeply() {
        for (String count : List.of("{1}", "*", "??")) {
            assertThatThrownBy(() -> LinearPattern.compile("a" + count.repeat(100_000)))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        String groups = "(".repeat(190) + "a" + "{1}{1})".repeat(190);
        assertThat(matches(groups, "aba")).containsExactly("a", "a");
        assertThat(matches("(".repeat(190) + "a" + "*)".repeat(190) + "*c", "aabaac"))
                .containsExactly("aac");
    }

    @Test
    void nothingIsCountedOnce() {
        // else this would be compiled for hours
        assertThat(matches("(".repeat(100) + "){1000}".repeat(100) + "a", "ba")).containsExactly("a");
    }
}
