package dev.fathom.onnx;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Operators on texts. */
final class Texts {
    private Texts() {}

    /** The row of the operator of this name, or null. */
    static @Nullable Operator of(String name) {
        return switch (name) {
            case "StringConcat" ->
                Operator.one(s -> {
                    Array a = s.array(0);
                    Array b = s.array(1);
                    int[] dims = Array.together(a.dims(), b.dims());
                    String[] x = a.expanded(dims).texts();
                    String[] y = b.expanded(dims).texts();
                    return new Array(
                            ElementType.STRING,
                            dims,
                            IntStream.range(0, x.length)
                                    .mapToObj(i -> x[i] + y[i])
                                    .toArray(String[]::new));
                });
            case "StringNormalizer" -> Operator.one(Texts::normalized);
            case "StringSplit" -> new Operator(Texts::split);
            case "RegexFullMatch" -> Operator.one(Texts::matched);
            case "TfIdfVectorizer" -> Operator.one(Texts::counted);
            default -> null;
        };
    }

    /** RE2 names groups as Python does; what it has else, Java's expressions have, too. */
    private static Object matched(Step s) {
        Array x = s.array(0);
        try {
            Pattern pattern = Pattern.compile(s.text("pattern", "").replace("(?P<", "(?<"));
            long[] found = Arrays.stream(x.texts())
                    .mapToLong(t -> pattern.matcher(t).matches() ? 1 : 0)
                    .toArray();
            return Array.of(ElementType.BOOL, x.dims(), found);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException("its pattern is no regular expression: " + e.getDescription(), e);
        } catch (StackOverflowError e) {
            throw new IllegalArgumentException("a text is too long for its pattern; give shorter texts", e);
        }
    }

    private static Object[] split(Step s) {
        String by = s.text("delimiter", "");
        int most = (int) Math.min(s.whole("maxsplit", Integer.MAX_VALUE - 1), Integer.MAX_VALUE - 1);
        Array x = s.array(0);
        String[][] parts = Arrays.stream(x.texts())
                .map(t -> by.isEmpty()
                        ? t.isBlank() ? new String[0] : t.strip().split("\\s+", most + 1)
                        : t.split(Pattern.quote(by), most + 1))
                .toArray(String[][]::new);
        int width = Arrays.stream(parts).mapToInt(p -> p.length).max().orElse(0);
        String[] all = Arrays.stream(parts)
                .flatMap(p -> IntStream.range(0, width).mapToObj(i -> i < p.length ? p[i] : ""))
                .toArray(String[]::new);
        return new Object[] {
            new Array(ElementType.STRING, Places.concat(x.dims(), new int[] {width}), all),
            Array.of(
                    ElementType.INT64,
                    x.dims(),
                    Arrays.stream(parts).mapToLong(p -> p.length).toArray())
        };
    }

    /** How often the n-grams of a pool are in each row, where equally many elements are skipped between two. */
    private static Object counted(Step s) {
        Array x = s.array(0);
        int[] indices = s.wholes("ngram_indexes");
        int width = Arrays.stream(indices).max().orElse(-1) + 1;
        int length = x.rank() == 0 ? 1 : x.dims()[x.rank() - 1];
        int rows = x.rank() == 2 ? x.dims()[0] : 1;
        int shortest = (int) s.whole("min_gram_length", 1);
        int longest = (int) s.whole("max_gram_length", 1);
        Map<List<Object>, Integer> pool = pool(s, shortest, longest);
        List<Object> all = elements(x);
        double[] counts = new double[Array.size(new int[] {rows, width})];
        for (int n = shortest; n <= longest; n++) {
            for (int step = 1; step <= (n == 1 ? 1 : 1 + s.whole("max_skip_count", 0)); step++) {
                for (int i = 0; i < rows * length; i++) {
                    if (i % length + (long) (n - 1) * step < length) {
                        int from = i;
                        int by = step;
                        List<Object> gram = IntStream.range(0, n)
                                .mapToObj(k -> all.get(from + k * by))
                                .toList();
                        Integer found = pool.get(gram);
                        if (found != null) {
                            counts[i / length * width + indices[found]]++;
                        }
                    }
                }
            }
        }
        float[] weights = s.reals("weights");
        String mode = s.text("mode", "TF");
        for (int i = 0; i < counts.length; i++) {
            counts[i] = mode.equals("IDF") ? Math.min(1, counts[i]) : counts[i];
            counts[i] *= mode.equals("TF") || weights.length == 0 ? 1 : weights[i % width];
        }
        return Array.ofReals(ElementType.FLOAT, x.rank() == 2 ? new int[] {rows, width} : new int[] {width}, counts);
    }

    private static List<Object> elements(Array x) {
        return x.type() == ElementType.STRING
                ? List.of((Object[]) x.texts())
                : Arrays.stream(x.longs()).mapToObj(v -> (Object) v).toList();
    }

    /** The numbers of the n-grams of these lengths, which lie behind each other, the shortest first. */
    private static Map<List<Object>, Integer> pool(Step s, int shortest, int longest) {
        List<Object> all = new ArrayList<>(s.texts("pool_strings"));
        Arrays.stream(s.wholes("pool_int64s")).forEach(v -> all.add((long) v));
        int[] begins = s.wholes("ngram_counts");
        Map<List<Object>, Integer> pool = new HashMap<>();
        int number = 0;
        for (int n = 1; n <= begins.length; n++) {
            int end = n < begins.length ? begins[n] : all.size();
            for (int at = begins[n - 1]; at + n <= end; at += n) {
                if (n >= shortest && n <= longest) {
                    pool.put(all.subList(at, at + n), number);
                }
                number++;
            }
        }
        return pool;
    }

    private static Object normalized(Step s) {
        Array x = s.array(0);
        boolean exact = s.whole("is_case_sensitive", 0) != 0;
        List<String> stop = s.texts("stopwords");
        List<String> kept = Arrays.stream(x.texts())
                .filter(t -> stop.stream().noneMatch(w -> exact ? w.equals(t) : w.equalsIgnoreCase(t)))
                .map(t -> switch (s.text("case_change_action", "NONE")) {
                    case "LOWER" -> t.toLowerCase(Locale.ROOT);
                    case "UPPER" -> t.toUpperCase(Locale.ROOT);
                    default -> t;
                })
                .toList();
        String[] all = kept.isEmpty() ? new String[] {""} : kept.toArray(String[]::new);
        int[] dims = x.rank() == 2 ? new int[] {1, all.length} : new int[] {all.length};
        return new Array(ElementType.STRING, dims, all);
    }
}
