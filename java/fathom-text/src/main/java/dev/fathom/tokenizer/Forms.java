package dev.fathom.tokenizer;

import java.text.Normalizer.Form;
import java.util.ArrayList;
import java.util.List;

/**
 * The normalization forms of Unicode (Standard Annex 15), with what each new code point stands for: a text is
 * decomposed code point by code point, marks are put in their order, and for the composed forms neighbors are composed
 * again.
 */
final class Forms {
    private static final int MARKS = 0x300;

    private Forms() {}

    /** A text in a form; the very text where it is in this form already. */
    static Text of(Text text, Form form) {
        int at = text.start;
        while (at < text.end && text.points[at] < 0x80) {
            at++;
        }
        if (at == text.end || java.text.Normalizer.isNormalized(text.toString(), form)) {
            return text;
        }
        boolean compatible = form == Form.NFKC || form == Form.NFKD;
        boolean composed = form == Form.NFC || form == Form.NFKC;
        List<Point> all = new ArrayList<>(text.size() + 8);
        for (int i = text.start; i < text.end; i++) {
            decompose(text.points[i], compatible ? Form.NFKD : Form.NFD, all);
        }
        order(all);
        List<Point> points = composed ? compose(all) : all;
        Text.Change change = new Text.Change(text);
        for (Point p : points) {
            if (p.change > 0) {
                change.insert(p.point);
            } else {
                change.replace(p.point);
                change.skip(-p.change);
            }
        }
        return change.done();
    }

    /**
     * A code point and what becomes of the old ones.
     *
     * @param change 1 for a new one, 0 for one that stands for the next old one, -n where n more are left out
     */
    private record Point(int point, int change) {}

    private static void decompose(int c, Form form, List<Point> to) {
        if (c < 0x80) {
            to.add(new Point(c, 0));
            return;
        }
        String parts = java.text.Normalizer.normalize(Character.toString(c), form);
        for (int i = 0; i < parts.length(); ) {
            int part = parts.codePointAt(i);
            to.add(new Point(part, i == 0 ? 0 : 1));
            i += Character.charCount(part);
        }
    }

    /** Sorts neighboring marks by their combining classes, and leaves those of one class in their order. */
    private static void order(List<Point> points) {
        for (int i = 1; i < points.size(); i++) {
            Point p = points.get(i);
            int at = i;
            while (at > 0 && below(p.point, points.get(at - 1).point)) {
                points.set(at, points.get(at - 1));
                at--;
            }
            points.set(at, p);
        }
    }

    /** Whether a mark goes before another that stands in front of it. */
    private static boolean below(int c, int before) {
        if (c < MARKS || before < MARKS || !Unicode.mark(c) || !Unicode.mark(before)) {
            return false;
        }
        String marks = new String(new int[] {'a', before, c}, 0, 3);
        return java.text.Normalizer.normalize(marks, Form.NFD).codePointAt(1) == c && c != before;
    }

    private static List<Point> compose(List<Point> points) {
        List<Point> out = new ArrayList<>(points.size());
        int starter = -1; // where the last starter lies in out
        for (Point p : points) {
            if (starter >= 0 && !blocked(out, starter, p.point)) {
                Point first = out.get(starter);
                int both = pair(first.point, p.point);
                if (both >= 0) {
                    out.set(starter, new Point(both, first.change + p.change - 1));
                    continue;
                }
            }
            if (isStarter(p.point)) {
                starter = out.size();
            }
            out.add(p);
        }
        return out;
    }

    /** Whether a mark of the same class, or a starter, lies between. */
    private static boolean blocked(List<Point> out, int starter, int c) {
        if (out.size() == starter + 1) {
            return false;
        }
        int last = out.get(out.size() - 1).point;
        return isStarter(c) || isStarter(last) || !below(last, c) && !below(c, last) || below(c, last);
    }

    /** Whether marks are never moved before this code point or behind it. */
    private static boolean isStarter(int c) {
        return c < MARKS || !Unicode.mark(c) || !below(c, 0x345) && !below(0x334, c) && !below(c, 0x300);
    }

    /** What two code points compose, or -1. */
    private static int pair(int first, int second) {
        String both = java.text.Normalizer.normalize(new String(new int[] {first, second}, 0, 2), Form.NFC);
        return both.codePointCount(0, both.length()) == 1 ? both.codePointAt(0) : -1;
    }
}
