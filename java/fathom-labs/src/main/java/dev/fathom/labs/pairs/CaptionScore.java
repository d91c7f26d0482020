package dev.fathom.labs.pairs;

import dev.fathom.decode.Bleu;
import dev.fathom.experiments.pages.Table;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/** How often captions are right, as a whole and in their parts. */
final class CaptionScore {
    private static final int NAME = 4; // the words that name a thing, such as "a small red circle"

    private CaptionScore() {}

    /** Puts the scores of captions into a row. */
    static Table.Row put(Table.Row row, List<List<String>> captions, List<List<String>> truth) {
        row.put("right as a whole", "%.1f %%", share(captions, truth, caption -> caption));
        double bleu = Bleu.of(captions, truth.stream().map(List::of).toList()).score();
        row.put("BLEU-4", "%.1f", 100 * bleu);
        List<String> parts = List.of("sizes", "colors", "forms");
        for (int p = 0; p < parts.size(); p++) {
            int place = p + 1;
            double first = share(captions, truth, c -> part(c, place, place + 1));
            double second = share(captions, truth, c -> part(c, c.size() - NAME + place, c.size() - NAME + place + 1));
            row.put(parts.get(p), "%.1f %%", (first + second) / 2);
        }
        return row.put("relation", "%.1f %%", share(captions, truth, c -> part(c, NAME, c.size() - NAME)));
    }

    /** Some words of a caption; none of one that is too short, which are those of no true caption. */
    private static List<String> part(List<String> caption, int from, int to) {
        return caption.size() <= 2 * NAME ? List.of() : caption.subList(from, to);
    }

    private static double share(
            List<List<String>> captions, List<List<String>> truth, UnaryOperator<List<String>> part) {
        return 100.0
                * IntStream.range(0, truth.size())
                        .filter(i -> part.apply(captions.get(i)).equals(part.apply(truth.get(i))))
                        .count()
                / truth.size();
    }
}
