package dev.fathom.onnx;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** Operators on texts. */
final class Texts {
    private Texts() {}

    static void addTo(Operators to) {
        to.one("StringConcat", s -> {
            Array a = s.array(0);
            Array b = s.array(1);
            int[] dims = Array.together(a.dims(), b.dims());
            String[] x = a.expanded(dims).texts();
            String[] y = b.expanded(dims).texts();
            return new Array(
                    ElementType.STRING,
                    dims,
                    IntStream.range(0, x.length).mapToObj(i -> x[i] + y[i]).toArray(String[]::new));
        });
        to.one("StringNormalizer", Texts::normalized);
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
