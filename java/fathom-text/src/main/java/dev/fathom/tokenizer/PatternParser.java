package dev.fathom.tokenizer;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads regular expressions as Oniguruma writes them, in which the patterns of tokenizers are published. What cannot be
 * matched in linear time is refused: references to groups, and lookbehinds of more than one code point.
 */
final class PatternParser {
    /** A part of an expression. */
    sealed interface Part {
        /** One code point of a set. */
        record One(CodePoints set) implements Part {}

        /** Parts that follow each other. */
        record All(List<Part> parts) implements Part {}

        /** The first part that leads to a match. */
        record Any(List<Part> parts) implements Part {}

        /** A part again and again; {@code most} is -1 where there is no limit. */
        record Repeat(Part part, int least, int most, boolean lazy) implements Part {}

        /** Whether a part matches what follows, or does not. */
        record Ahead(Part part, boolean negative) implements Part {}

        /** Whether the code point before is of a set, or, where {@code begins}, there is none. */
        record Behind(CodePoints set, boolean begins) implements Part {}
    }

    private static final Part NOTHING = new Part.All(List.of());
    private static final int DEEPEST = 200;
    private static final int MOST = 1000;

    private final String regex;
    private final int[] points;
    private int at;
    private int depth;
    /** How many repetitions repeat a repetition. */
    private int stacked;

    private boolean anyCase;
    private boolean dotAll;

    private PatternParser(String regex) {
        this.regex = regex;
        points = regex.codePoints().toArray();
    }

    /**
     * The parts of an expression.
     *
     * @throws IllegalArgumentException if it is none, or has what is not supported
     */
    static Part parse(String regex) {
        var parser = new PatternParser(regex);
        Part all = parser.alternatives();
        if (parser.at < parser.points.length) {
            throw parser.wrong("has a ) too many");
        }
        return all;
    }

    private IllegalArgumentException wrong(String what) {
        return new IllegalArgumentException("the regular expression " + regex + " " + what + " at character " + at
                + "; give one without it, or fetch the file again");
    }

    private boolean more() {
        return at < points.length;
    }

    private boolean next(int c) {
        if (more() && points[at] == c) {
            at++;
            return true;
        }
        return false;
    }

    private boolean next(String text) {
        if (text.length() > points.length - at) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            if (points[at + i] != text.charAt(i)) {
                return false;
            }
        }
        at += text.length();
        return true;
    }

    private Part alternatives() {
        if (++depth > DEEPEST) {
            throw wrong("nests more than " + DEEPEST + " groups");
        }
        boolean anyCaseBefore = anyCase;
        boolean dotAllBefore = dotAll;
        List<Part> any = new ArrayList<>();
        do {
            any.add(sequence());
        } while (next('|'));
        anyCase = anyCaseBefore;
        dotAll = dotAllBefore;
        depth--;
        return any.size() == 1 ? any.get(0) : new Part.Any(any);
    }

    private Part sequence() {
        List<Part> all = new ArrayList<>();
        while (more() && points[at] != '|' && points[at] != ')') {
            Part part = part();
            if (part != null) {
                all.add(repeated(part));
            }
        }
        return all.size() == 1 ? all.get(0) : new Part.All(all);
    }

    /** The next part without what repeats it; null for what sets a flag alone. */
    private @Nullable Part part() {
        int c = points[at++];
        return switch (c) {
            case '.' ->
                new Part.One(dotAll ? CodePoints.ALL : CodePoints.of('\n', '\n').not());
            case '[' -> one(set());
            case '(' -> group();
            case '\\' -> escape();
            case '^' -> new Part.Behind(CodePoints.of('\n', '\n'), true);
            case '$' -> lineEnd();
            case '*', '+', '?' -> throw wrong("repeats nothing");
            default -> one(CodePoints.of(c, c));
        };
    }

    private Part one(CodePoints set) {
        return new Part.One(anyCase ? set.anyCase() : set);
    }

    private static Part end() {
        return new Part.Ahead(new Part.One(CodePoints.ALL), true);
    }

    private static Part lineEnd() {
        return new Part.Any(List.of(end(), new Part.Ahead(new Part.One(CodePoints.of('\n', '\n')), false)));
    }

    // ---- repetition

    private Part repeated(Part part) {
        Part all = part;
        for (int[] counts = counts(); counts != null; counts = counts()) {
            if (all != part && ++stacked > DEEPEST) {
                throw wrong("repeats repetitions more than " + DEEPEST + " times");
            }
            int least = counts[0];
            int most = counts[1];
            if (least > MOST || most > MOST) {
                throw wrong("repeats a part more than " + MOST + " times");
            }
            if (next('+')) {
                all = possessive(all, least, most);
            } else {
                all = new Part.Repeat(all, least, most, next('?'));
            }
        }
        return all;
    }

    /** The least and the greatest number, or null where nothing is repeated. */
    private int @Nullable [] counts() {
        if (next('*')) {
            return new int[] {0, -1};
        }
        if (next('+')) {
            return new int[] {1, -1};
        }
        if (next('?')) {
            return new int[] {0, 1};
        }
        int before = at;
        if (next('{')) {
            int least = number();
            boolean range = next(',');
            int most = range ? number() : least;
            if (next('}') && (least >= 0 || range && most >= 0)) {
                if (most >= 0 && most < least) {
                    throw wrong("repeats a part at least " + least + " and at most " + most + " times");
                }
                return new int[] {Math.max(0, least), most};
            }
            at = before; // a brace that counts nothing is itself
        }
        return null;
    }

    private int number() {
        int n = -1;
        while (more() && points[at] >= '0' && points[at] <= '9') {
            n = Math.min(1 << 20, 10 * Math.max(0, n) + points[at++] - '0');
        }
        return n;
    }

    /** Takes as many as there are and gives none back: what stands there after one is left is no more of it. */
    private Part possessive(Part part, int least, int most) {
        if (!(part instanceof Part.One one)) {
            throw wrong("takes more than single characters without giving any back");
        }
        Part no = new Part.Ahead(one, true);
        if (most < 0) {
            return new Part.All(List.of(new Part.Repeat(one, least, -1, false), no));
        }
        Part rest = NOTHING;
        for (int i = least; i < most; i++) {
            rest = new Part.Any(List.of(new Part.All(List.of(one, rest)), no));
        }
        return new Part.All(List.of(new Part.Repeat(one, least, least, false), rest));
    }

    // ---- groups

    private @Nullable Part group() {
        if (!next('?')) {
            return closed(alternatives());
        }
        if (next(':')) {
            return closed(alternatives());
        }
        if (next('=')) {
            return new Part.Ahead(closed(alternatives()), false);
        }
        if (next('!')) {
            return new Part.Ahead(closed(alternatives()), true);
        }
        if (next("<=")) {
            return new Part.Behind(single(closed(alternatives())), false);
        }
        if (next("<!")) {
            return new Part.Behind(single(closed(alternatives())).not(), true);
        }
        if (next('>')) {
            Part part = closed(alternatives());
            if (part instanceof Part.One) {
                return part;
            }
            if (part instanceof Part.Repeat r && !r.lazy) {
                return possessive(r.part, r.least, r.most);
            }
            throw wrong("has a group that gives nothing back");
        }
        if (next('#')) {
            while (more() && points[at] != ')') {
                at++;
            }
            return closed(NOTHING);
        }
        if (next('<') || next("P<")) {
            while (more() && points[at] != '>') {
                at++;
            }
            if (!next('>')) {
                throw wrong("has a name that does not end");
            }
            return closed(alternatives());
        }
        return flags();
    }

    private Part closed(Part part) {
        if (!next(')')) {
            throw wrong("has a ( without its )");
        }
        return part;
    }

    /** Flags for a group, or for the rest of the one in which they stand. */
    private @Nullable Part flags() {
        boolean on = true;
        boolean anyCaseBefore = anyCase;
        boolean dotAllBefore = dotAll;
        while (more() && points[at] != ')' && points[at] != ':') {
            switch (points[at++]) {
                case '-' -> on = false;
                case 'i' -> anyCase = on;
                case 's', 'm' -> dotAll = on;
                case 'u' -> {}
                default -> {
                    at--;
                    throw wrong("has a flag that is not known");
                }
            }
        }
        if (next(':')) {
            Part part = closed(alternatives());
            anyCase = anyCaseBefore;
            dotAll = dotAllBefore;
            return part;
        }
        closed(NOTHING);
        return null;
    }

    /** The set of a part that is one code point. */
    private CodePoints single(Part part) {
        if (part instanceof Part.One one) {
            return one.set;
        }
        if (part instanceof Part.Any any) {
            CodePoints all = CodePoints.NONE;
            for (Part p : any.parts) {
                all = all.or(single(p));
            }
            return all;
        }
        throw wrong("looks behind more than one character");
    }

    // ---- escapes and sets

    private Part escape() {
        if (!more()) {
            throw wrong("ends with a backslash");
        }
        int c = points[at];
        switch (c) {
            case 'b', 'B' -> {
                at++;
                CodePoints word = named(CodePoints.WORD);
                Part before = new Part.Behind(word, false);
                Part notBefore = new Part.Behind(word.not(), true);
                Part after = new Part.Ahead(new Part.One(word), false);
                Part notAfter = new Part.Ahead(new Part.One(word), true);
                return new Part.Any(List.of(
                        new Part.All(List.of(before, c == 'b' ? notAfter : after)),
                        new Part.All(List.of(notBefore, c == 'b' ? after : notAfter))));
            }
            case 'A' -> {
                at++;
                return new Part.Behind(CodePoints.NONE, true);
            }
            case 'z' -> {
                at++;
                return end();
            }
            case 'Z' -> {
                at++;
                Part last = new Part.All(List.of(new Part.One(CodePoints.of('\n', '\n')), end()));
                return new Part.Any(List.of(end(), new Part.Ahead(last, false)));
            }
            default -> {
                return one(escaped());
            }
        }
    }

    private CodePoints named(String name) {
        CodePoints set = CodePoints.named(name);
        if (set == null) {
            throw wrong("names the property " + name + ", which is not known,");
        }
        return set;
    }

    /** The set behind a backslash. */
    private CodePoints escaped() {
        if (!more()) {
            throw wrong("ends with a backslash");
        }
        int c = points[at++];
        return switch (c) {
            case 'n' -> CodePoints.of('\n', '\n');
            case 'r' -> CodePoints.of('\r', '\r');
            case 't' -> CodePoints.of('\t', '\t');
            case 'f' -> CodePoints.of('\f', '\f');
            case 'v' -> CodePoints.of(0xb, 0xb);
            case 'a' -> CodePoints.of(7, 7);
            case 'e' -> CodePoints.of(0x1b, 0x1b);
            case '0' -> zero();
            case 's' -> named(CodePoints.WHITE_SPACE);
            case 'S' -> named(CodePoints.WHITE_SPACE).not();
            case 'd' -> named("nd");
            case 'D' -> named("nd").not();
            case 'w' -> named(CodePoints.WORD);
            case 'W' -> named(CodePoints.WORD).not();
            case 'h' -> named("xdigit");
            case 'H' -> named("xdigit").not();
            case 'x', 'u' -> hexadecimal(c == 'x' ? 2 : 4);
            case 'p', 'P' -> property(c == 'P');
            default -> {
                if (c < 0x80 && Character.isLetterOrDigit(c)) {
                    throw wrong("has \\" + Character.toString(c) + ", which is not supported,");
                }
                yield CodePoints.of(c, c);
            }
        };
    }

    private CodePoints zero() {
        if (more() && points[at] >= '0' && points[at] <= '9') {
            throw wrong("has an octal number");
        }
        return CodePoints.of(0, 0);
    }

    private CodePoints hexadecimal(int digits) {
        int value = 0;
        boolean braces = next('{');
        int n = 0;
        while (more() && Character.digit(points[at], 16) >= 0 && (braces ? n < 8 : n < digits)) {
            value = 16 * value + Character.digit(points[at++], 16);
            n++;
        }
        if (n == 0 || braces && !next('}') || !braces && digits == 4 && n < 4 || !Character.isValidCodePoint(value)) {
            throw wrong("has a number that is no character");
        }
        return CodePoints.of(value, value);
    }

    private CodePoints property(boolean negative) {
        StringBuilder name = new StringBuilder();
        boolean not = negative;
        if (next('{')) {
            not ^= next('^');
            while (more() && points[at] != '}') {
                name.appendCodePoint(points[at++]);
            }
            if (!next('}')) {
                throw wrong("has a property that does not end");
            }
        } else if (more()) {
            name.appendCodePoint(points[at++]);
        }
        CodePoints set = named(name.toString());
        return not ? set.not() : set;
    }

    /** The set in brackets, of which the first was read. */
    private CodePoints set() {
        if (++depth > DEEPEST) {
            throw wrong("nests more than " + DEEPEST + " groups");
        }
        boolean negative = next('^');
        CodePoints all = CodePoints.NONE;
        CodePoints before = null; // what && intersects with
        boolean first = true;
        while (true) {
            if (!more()) {
                throw wrong("has a [ without its ]");
            }
            if (points[at] == ']' && !first) {
                at++;
                break;
            }
            first = false;
            if (next("&&")) {
                before = before == null ? all : before.and(all);
                all = CodePoints.NONE;
                continue;
            }
            all = all.or(range());
        }
        depth--;
        CodePoints set = before == null ? all : before.and(all);
        set = anyCase ? set.anyCase() : set;
        return negative ? set.not() : set;
    }

    /** One code point of a set, a range, or a set within it. */
    private CodePoints range() {
        if (next("[:")) {
            boolean not = next('^');
            StringBuilder name = new StringBuilder();
            while (more() && points[at] != ':') {
                name.appendCodePoint(points[at++]);
            }
            if (!next(":]")) {
                throw wrong("has a class that does not end");
            }
            return not ? named(name.toString()).not() : named(name.toString());
        }
        if (next('[')) {
            return set();
        }
        CodePoints from = item();
        boolean range = from.ranges().length == 2
                && from.ranges()[0] == from.ranges()[1]
                && at + 1 < points.length
                && points[at] == '-'
                && points[at + 1] != ']'
                && points[at + 1] != '[';
        if (!range) {
            return from;
        }
        at++;
        CodePoints to = item();
        if (to.ranges().length != 2 || to.ranges()[1] < from.ranges()[0]) {
            throw wrong("has a range that ends before it begins");
        }
        return CodePoints.of(from.ranges()[0], to.ranges()[1]);
    }

    private CodePoints item() {
        if (!more()) {
            throw wrong("has a [ without its ]");
        }
        int c = points[at++];
        if (c != '\\') {
            return CodePoints.of(c, c);
        }
        if (next('b')) {
            return CodePoints.of('\b', '\b');
        }
        return escaped();
    }
}
