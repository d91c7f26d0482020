package dev.fathom.experiments.book;

import dev.fathom.view.HtmlReport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An exercise of a chapter, from {@code docs/exercises}.
 *
 * @param solution in words
 * @param code that computes it
 * @param printed what the code prints; a test holds the two together
 */
record Exercise(String title, String question, String solution, String code, String printed) {
    private static final Pattern FORM =
            Pattern.compile("(?ms)^## ([^\n]+)\n\n(.*?)\n\n\\*\\*Solution\\.\\*\\* (.*?)\n\n"
                    + "```java\n(.*?)```\n\n```text\n(.*?)```");

    /** The exercises of a chapter; none where the project has no file of its name. */
    static List<Exercise> all(Path root, Chapter chapter) {
        Path file = root.resolve("docs/exercises").resolve(chapter.file().replace(".html", ".md"));
        if (!Files.exists(file)) {
            return List.of();
        }
        try {
            Matcher form = FORM.matcher(Files.readString(file));
            return form.results()
                    .map(m -> new Exercise(m.group(1), line(m.group(2)), line(m.group(3)), m.group(4), m.group(5)))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
    }

    private static String line(String paragraph) {
        return paragraph.replace('\n', ' ');
    }

    /** The question, and the solution below a line that opens it. */
    void show(HtmlReport page) {
        page.note(title, question)
                .details("Solution", all -> all.text(solution).pre(code).pre(printed));
    }
}
