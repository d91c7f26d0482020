package dev.fathom.catalogue;

import dev.fathom.io.AtomicFile;
import dev.fathom.view.Plots;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A page of the catalogue. What it says is in {@code FILE.md} among the resources: a row of its table for each method,
 * to which the page adds a picture, and a line of code, which the page repeats for all methods.
 *
 * @param file the name of the page without its ending, and of the folder of its pictures
 * @param text what the resource says
 * @param curves the pictures by the names of methods
 */
record CataloguePage(String file, String text, Map<String, Curve> curves) {
    private static final Pattern ROW = Pattern.compile("(?m)^\\| \\*\\*(.*?)\\*\\*<br>`(.*?)` \\| ");
    private static final Pattern CODE = Pattern.compile("(?m)^.*\\{name\\} = \\{code\\};\n");

    /** The page of this name with its curves. */
    static CataloguePage of(String file, Map<String, Curve> curves) {
        try (InputStream in = CataloguePage.class.getResourceAsStream(file + ".md")) {
            if (in == null) {
                throw new IllegalArgumentException("there is no " + file + ".md beside " + CataloguePage.class);
            }
            return new CataloguePage(file, new String(in.readAllBytes(), StandardCharsets.UTF_8), curves);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file + ".md", e);
        }
    }

    /** The name of a method, and an expression that makes or calls it. */
    record Entry(String name, String code) {
        /** The name as a word for files and variables: lower case, joined by underscores. */
        String word() {
            return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "_").replaceAll("^_|_$", "");
        }
    }

    /** The methods in the order of the page. */
    List<Entry> entries() {
        return ROW.matcher(text)
                .results()
                .map(row -> new Entry(row.group(1), row.group(2)))
                .toList();
    }

    /** The page as Markdown. */
    String page() {
        String rows = curves.isEmpty()
                ? text
                : ROW.matcher(text).replaceAll(row -> Matcher.quoteReplacement(row.group() + picture(row.group(1))));
        return CODE.matcher(rows)
                .replaceAll(line -> entries().stream()
                        .map(e -> line.group().replace("{name}", e.word()).replace("{code}", e.code()))
                        .map(Matcher::quoteReplacement)
                        .collect(Collectors.joining()));
    }

    private String picture(String name) {
        Curve curve = curves.get(name);
        return curve == null
                ? " | "
                : String.format(
                        "<img src=\"%s/%s.png\" width=\"320\" alt=\"%s\"><!-- %s --> | ",
                        file, new Entry(name, "").word(), name, curve.mark());
    }

    /** Writes the page and its pictures into a folder. */
    void write(Path folder) {
        byte[] page = page().getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(folder.resolve(file + ".md"), out -> out.write(page));
        curves.forEach((name, curve) ->
                Plots.write(curve.picture(), folder.resolve(file).resolve(new Entry(name, "").word() + ".png")));
    }
}
