package dev.fathom.tensor;

import dev.fathom.op.Shape;
import dev.fathom.op.Where;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Einstein's sums of one tensor or two, made of the other ops: diagonals by slices, letters of one operand alone by
 * sums, then one matrix product for each combination of the letters that both operands and the result have, or a
 * product element by element where no letter is summed. An ellipsis becomes letters of its own, which a tensor lacks
 * where its dimension is 1 and stretches.
 */
final class Einsum {
    /** The first letter of an ellipsis, which no user writes. */
    private static final char STRETCHES = '\ue000';

    private final String equation;
    private final Tensor[] in;

    private Einsum(String equation, Tensor[] in) {
        this.equation = equation;
        this.in = in;
    }

    /** A tensor and the letter of each of its dimensions. */
    private record Term(Tensor x, String letters) {
        int size(char letter) {
            return x.dim(letters.indexOf(letter));
        }

        /** The product of the dimensions of {@code some} letters. */
        int merged(String some) {
            return Shape.merged("einsum", some.chars().map(c -> size((char) c)).toArray());
        }

        int[] sizes(String some) {
            return some.chars().map(c -> size((char) c)).toArray();
        }

        /** Its dimensions in the order of {@code to}, the same letters. */
        Term permuted(String to) {
            return to.equals(letters)
                    ? this
                    : new Term(x.permute(to.chars().map(letters::indexOf).toArray()), to);
        }

        /** Without the dimensions of 1 of an ellipsis that are larger in the other tensor. */
        Term stretchedBy(Term other) {
            Term t = this;
            for (int d = letters.length() - 1; d >= 0; d--) {
                char c = letters.charAt(d);
                if (c >= STRETCHES && x.dim(d) == 1 && other.letters.indexOf(c) >= 0 && other.size(c) != 1) {
                    t = new Term(t.x.squeeze(d), without(t.letters, String.valueOf(c)));
                }
            }
            return t;
        }

        /** Where a letter occurs twice, the diagonal of the two dimensions. */
        Term diagonal() {
            for (int i = 0; i < letters.length(); i++) {
                int again = letters.indexOf(letters.charAt(i), i + 1);
                if (again >= 0) {
                    int first = i;
                    int[] rest = IntStream.range(0, letters.length())
                            .filter(d -> d != first && d != again)
                            .toArray();
                    int n = x.dim(i);
                    int[] order = concat(new int[] {i, again}, rest);
                    int[] dims = Arrays.stream(rest).map(x::dim).toArray();
                    int square = Shape.merged("einsum", n, n);
                    Tensor lines = x.permute(order)
                            .reshape(concat(new int[] {square}, dims))
                            .slice(0, 0, square, n + 1);
                    String left = letters.charAt(i)
                            + Arrays.stream(rest)
                                    .mapToObj(d -> letters.substring(d, d + 1))
                                    .collect(Collectors.joining());
                    return new Term(lines, left).diagonal();
                }
            }
            return this;
        }

        /** The sum over the dimensions whose letters {@code others} lacks. */
        Term summed(String others) {
            int[] gone = IntStream.range(0, letters.length())
                    .filter(d -> others.indexOf(letters.charAt(d)) < 0)
                    .toArray();
            return gone.length == 0 ? this : new Term(x.sum(gone), common(letters, others));
        }
    }

    static Tensor of(String equation, Tensor... in) {
        return new Einsum(equation, in).run();
    }

    private Tensor run() {
        String text = equation.replace(" ", "");
        int arrow = text.indexOf("->");
        String left = arrow < 0 ? text : text.substring(0, arrow);
        String[] letters = left.split(",", -1);
        String result = arrow < 0
                ? (left.contains("...") ? "..." : "") + once(left.replaceAll("[,.]", ""))
                : text.substring(arrow + 2);
        if (letters.length > 2) {
            throw fail("names " + letters.length + " tensors but one or two are taken; multiply two at a time");
        }
        if (letters.length != in.length) {
            throw fail("names " + letters.length + " tensors but " + in.length + " are given; give one for each");
        }
        if (text.contains("...")) {
            result = stretch(letters, result);
        }
        check(letters, result);
        Term a = new Term(in[0], letters[0]);
        if (in.length == 1) {
            return a.diagonal().summed(result).permuted(result).x;
        }
        Term b = new Term(in[1], letters[1]).stretchedBy(a).diagonal();
        a = a.stretchedBy(b).diagonal();
        a = a.summed(result + b.letters);
        b = b.summed(result + a.letters);
        return product(a, b, result);
    }

    /** Writes letters for the ellipses. */
    private String stretch(String[] letters, String result) {
        int most = 0;
        int[] own = new int[in.length];
        for (int t = 0; t < in.length; t++) {
            own[t] = letters[t].contains("...") ? in[t].shape().rank() - letters[t].length() + 3 : 0;
            most = Math.max(most, own[t]);
        }
        String all = IntStream.range(0, most)
                .mapToObj(i -> Character.toString(STRETCHES + i))
                .collect(Collectors.joining());
        for (int t = 0; t < in.length; t++) {
            letters[t] = letters[t].replaceFirst("\\.\\.\\.", all.substring(most - Math.max(own[t], 0)));
        }
        if (most > 0 && !result.contains("...")) {
            throw fail("has an ellipsis that the result lacks; write ... behind -> too, or letters to sum over");
        }
        return result.replaceFirst("\\.\\.\\.", all);
    }

    private static Tensor product(Term a, Term b, String result) {
        String both = common(a.letters, b.letters);
        String summed = without(both, result);
        if (summed.isEmpty()) {
            return spread(a, result).mul(spread(b, result));
        }
        String batch = common(result, both);
        String rows = without(common(result, a.letters), batch);
        String columns = without(common(result, b.letters), batch);
        boolean turned = b.letters.equals(batch + columns + summed);
        int m = a.merged(rows);
        int k = a.merged(summed);
        int n = b.merged(columns);
        int[] products = batch.isEmpty() ? new int[0] : new int[] {a.merged(batch)};
        Tensor x = a.permuted(batch + rows + summed).x.reshape(concat(products, m, k));
        Tensor w = b.permuted(turned ? b.letters : batch + summed + columns)
                .x
                .reshape(turned ? concat(products, n, k) : concat(products, k, n));
        Tensor y = turned ? x.matmulTransposed(w) : x.matmul(w);
        int[] dims = concat(concat(a.sizes(batch), a.sizes(rows)), b.sizes(columns));
        return new Term(y.reshape(dims), batch + rows + columns).permuted(result).x;
    }

    /** The dimensions in the order of {@code result}, 1 for the letters that it lacks. */
    private static Tensor spread(Term t, String result) {
        int[] dims = result.chars()
                .map(c -> t.letters.indexOf(c) < 0 ? 1 : t.size((char) c))
                .toArray();
        return t.permuted(common(result, t.letters)).x.reshape(dims);
    }

    private void check(String[] letters, String result) {
        String plain = String.join("", letters) + result;
        for (int i = 0; i < plain.length(); i++) {
            char c = plain.charAt(i);
            if (!(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= STRETCHES && c < STRETCHES + Shape.MAX_RANK)) {
                throw fail("holds '" + c + "', which is no letter; name every dimension by a letter, as in ij,jk->ik");
            }
        }
        Map<Character, String> where = new LinkedHashMap<>();
        Map<Character, Integer> sizes = new LinkedHashMap<>();
        for (int t = 0; t < in.length; t++) {
            String name = t == 0 ? "a" : "b";
            Shape shape = in[t].shape();
            if (letters[t].length() != shape.rank()) {
                throw fail("names " + letters[t].length() + " dimensions of " + name + " " + shape + ", which has "
                        + shape.rank() + "; write one letter for each");
            }
            for (int d = 0; d < shape.rank(); d++) {
                char c = letters[t].charAt(d);
                String here = name + ".dim(" + d + ")=" + shape.dim(d);
                Integer before = sizes.putIfAbsent(c, shape.dim(d));
                String first = where.putIfAbsent(c, here);
                if (before == null || before == shape.dim(d)) {
                    continue;
                }
                if (c < STRETCHES) {
                    throw fail("of " + shapes() + ": letter " + c + " is " + first + " but " + here
                            + "; they must be equal");
                }
                if (before != 1 && shape.dim(d) != 1) {
                    throw fail("of " + shapes() + ": dimensions of the ellipsis do not broadcast: " + first + " but "
                            + here + "; make them equal or one of them 1");
                }
            }
        }
        for (int i = 0; i < result.length(); i++) {
            if (!sizes.containsKey(result.charAt(i))) {
                throw fail("has letter " + result.charAt(i) + " in the result alone; name it in a tensor too");
            }
            if (result.indexOf(result.charAt(i), i + 1) >= 0) {
                throw fail("has letter " + result.charAt(i) + " twice in the result; name each once");
            }
        }
    }

    private String shapes() {
        return in.length == 1 ? "a " + in[0].shape() : "a " + in[0].shape() + " and b " + in[1].shape();
    }

    private IllegalArgumentException fail(String message) {
        return new IllegalArgumentException("einsum" + Where.running() + ": " + equation + " " + message);
    }

    /** The letters that occur once, in alphabetical order: the result where an equation names none. */
    private static String once(String letters) {
        return letters.chars()
                .filter(c -> letters.indexOf(c) == letters.lastIndexOf(c))
                .sorted()
                .mapToObj(Character::toString)
                .collect(Collectors.joining());
    }

    /** The letters of {@code a} that {@code b} has. */
    private static String common(String a, String b) {
        return a.chars()
                .filter(c -> b.indexOf(c) >= 0)
                .mapToObj(Character::toString)
                .collect(Collectors.joining());
    }

    /** The letters of {@code a} that {@code b} lacks. */
    private static String without(String a, String b) {
        return a.chars()
                .filter(c -> b.indexOf(c) < 0)
                .mapToObj(Character::toString)
                .collect(Collectors.joining());
    }

    private static int[] concat(int[] a, int... b) {
        return IntStream.concat(Arrays.stream(a), Arrays.stream(b)).toArray();
    }
}
