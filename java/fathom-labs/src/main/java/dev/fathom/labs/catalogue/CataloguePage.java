package dev.fathom.labs.catalogue;

import dev.fathom.io.AtomicFile;
import dev.fathom.view.Plots;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * A page of the catalogue.
 *
 * @param file the name of the page without its ending, and of the folder of its pictures
 * @param title its heading
 * @param intro what the methods have in common
 * @param type the type of the variables in the page's code, such as {@code Tensor}
 * @param before the lines of code before those variables
 * @param after the lines after them
 * @param entries its methods
 */
record CataloguePage(
        String file,
        String title,
        String intro,
        String type,
        String before,
        String after,
        List<CatalogueEntry> entries) {
    /** The page as Markdown. */
    String page() {
        StringBuilder page = new StringBuilder();
        page.append("# ").append(title).append("\n\n").append(intro).append("\n\n");
        page.append("This page is made by `./fathom docs`")
                .append(pictured() ? "; its pictures are what the library computes.\n\n" : ".\n\n");
        page.append(row("name", "picture", "formula", "range", "source"))
                .append(row("---", "---", "---", "---", "---"));
        for (CatalogueEntry e : entries) {
            String picture = e.curve() == null
                    ? ""
                    : "<img src=\"" + file + "/" + e.word() + ".png\" width=\"320\" alt=\"" + e.name() + "\"><!-- "
                            + e.curve().mark() + " -->";
            page.append(row("**" + e.name() + "**<br>`" + e.code() + "`", picture, e.formula(), e.range(), e.source()));
        }
        page.append("\n## In code\n\n```java\n").append(before);
        String indent = before.isEmpty() ? "" : "  ";
        for (CatalogueEntry e : entries) {
            page.append(indent)
                    .append(type)
                    .append(" ")
                    .append(e.word())
                    .append(" = ")
                    .append(e.code())
                    .append(";\n");
        }
        return page.append(after).append("```\n").toString();
    }

    /** Whether there are pictures, which need a column. */
    private boolean pictured() {
        return entries.stream().anyMatch(e -> e.curve() != null);
    }

    private String row(String name, String picture, String formula, String range, String source) {
        return "| " + name + (pictured() ? " | " + picture : "") + " | " + formula + " | " + range + " | " + source
                + " |\n";
    }

    /** Writes the page and its pictures into a folder. */
    void write(Path folder) {
        byte[] text = page().getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(folder.resolve(file + ".md"), out -> out.write(text));
        for (CatalogueEntry e : entries) {
            if (e.curve() != null) {
                Plots.write(e.curve().picture(), folder.resolve(file).resolve(e.word() + ".png"));
            }
        }
    }
}
