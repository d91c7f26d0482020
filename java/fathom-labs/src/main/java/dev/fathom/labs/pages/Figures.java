package dev.fathom.labs.pages;

import java.util.List;
import java.util.stream.Stream;

/** Figures as rows of a table, on the pages of labs and in docs/labs.md. */
final class Figures {
    static final List<String> HEADER =
            List.of("figure", "measured", "95 % interval", "published", "source", "expected", "verdict");

    private Figures() {}

    static List<List<String>> rows(List<Figure> figures) {
        return figures.stream()
                .map(f -> Stream.of(
                                f.name(),
                                f.value(),
                                f.interval() == null ? "" : f.interval().words(),
                                f.published(),
                                f.source(),
                                f.band() == null ? "" : f.band().words(),
                                f.verdict().word())
                        .toList())
                .toList();
    }
}
