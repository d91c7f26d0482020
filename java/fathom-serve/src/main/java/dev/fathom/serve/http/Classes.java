package dev.fathom.serve.http;

import com.google.gson.stream.JsonWriter;
import dev.fathom.op.DType;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** The most probable classes of an example. */
final class Classes {
    static final int MOST = 5;

    private Classes() {}

    /** The first names of all, for a line that tells what there is. */
    static String some(List<String> names) {
        return names.size() <= MOST
                ? names.toString()
                : names.subList(0, MOST) + " and " + (names.size() - MOST) + " more";
    }

    /** Writes at most five classes with their probabilities, the softmax of the logits, from the greatest on. */
    static void write(JsonWriter out, List<String> names, double... logits) throws IOException {
        double largest = Double.NEGATIVE_INFINITY;
        for (double logit : logits) {
            largest = Math.max(largest, logit);
        }
        double sum = 0;
        double[] p = new double[logits.length];
        for (int i = 0; i < p.length; i++) {
            p[i] = Math.exp(logits[i] - largest);
            sum += p[i];
        }
        out.beginArray();
        for (int i : IntStream.range(0, p.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer c) -> -logits[c]))
                .limit(MOST)
                .toList()) {
            out.beginObject().name("name").value(names.get(i)).name("probability");
            Json.number(out, DType.F32, p[i] / sum);
            out.endObject();
        }
        out.endArray();
    }
}
