package dev.fathom.tokenizer;

/** What tokenizers ask of a code point. */
final class Unicode {
    private Unicode() {}

    /** The property White_Space. */
    static boolean whiteSpace(int c) {
        return c == ' '
                || c >= '\t' && c <= '\r'
                || c == 0x85
                || c >= 0xa0
                        && (c == 0xa0
                                || c == 0x1680
                                || c >= 0x2000 && c <= 0x200a
                                || c == 0x2028
                                || c == 0x2029
                                || c == 0x202f
                                || c == 0x205f
                                || c == 0x3000);
    }

    /** The category Punctuation, and what looks like it in ASCII. */
    static boolean punctuation(int c) {
        if (c < 0x80) {
            return c > ' ' && c < 0x7f && !(c >= '0' && c <= '9' || (c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        }
        return switch (Categories.of(c)) {
            case Character.CONNECTOR_PUNCTUATION,
                    Character.DASH_PUNCTUATION,
                    Character.START_PUNCTUATION,
                    Character.END_PUNCTUATION,
                    Character.INITIAL_QUOTE_PUNCTUATION,
                    Character.FINAL_QUOTE_PUNCTUATION,
                    Character.OTHER_PUNCTUATION -> true;
            default -> false;
        };
    }

    /** The category Other but for code points that stand for no character: controls, formats, private use. */
    static boolean other(int c) {
        if (c >= ' ' && c < 0x7f) {
            return false;
        }
        return switch (Categories.of(c)) {
            case Character.CONTROL, Character.FORMAT, Character.PRIVATE_USE, Character.SURROGATE -> true;
            default -> false;
        };
    }

    /** A mark that takes no space of its own. */
    static boolean nonspacingMark(int c) {
        return c >= 0x300 && Categories.of(c) == Character.NON_SPACING_MARK;
    }

    /** Any mark that combines with a letter. */
    static boolean mark(int c) {
        return nonspacingMark(c)
                || c >= 0x300
                        && (Categories.of(c) == Character.COMBINING_SPACING_MARK
                                || Categories.of(c) == Character.ENCLOSING_MARK);
    }

    /** The category Number: digits, Roman numerals, fractions. */
    static boolean number(int c) {
        if (c < 0x80) {
            return c >= '0' && c <= '9';
        }
        return switch (Categories.of(c)) {
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> true;
            default -> false;
        };
    }

    /** A character of a word as regular expressions have it: a letter, a mark, a digit, or a connector as the line. */
    static boolean word(int c) {
        if (c < 0x80) {
            return c == '_' || c >= '0' && c <= '9' || (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        }
        int type = Categories.of(c);
        return Categories.alphabetic(c)
                || mark(c)
                || type == Character.DECIMAL_DIGIT_NUMBER
                || type == Character.CONNECTOR_PUNCTUATION
                || c == 0x200c
                || c == 0x200d;
    }

    /** An ideograph of the blocks that BERT cuts into single characters. */
    static boolean ideograph(int c) {
        return c >= 0x3400
                && (c <= 0x4dbf
                        || c >= 0x4e00 && c <= 0x9fff
                        || c >= 0xf900 && c <= 0xfaff
                        || c >= 0x20000 && c <= 0x2a6df
                        || c >= 0x2a700 && c <= 0x2b73f
                        || c >= 0x2b740 && c <= 0x2b81f
                        || c >= 0x2b920 && c <= 0x2ceaf
                        || c >= 0x2f800 && c <= 0x2fa1f);
    }
}
