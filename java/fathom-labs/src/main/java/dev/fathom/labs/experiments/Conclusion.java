package dev.fathom.labs.experiments;

import dev.fathom.labs.data.Images;
import dev.fathom.labs.training.Interrupt;
import dev.fathom.labs.training.Outcome;
import dev.fathom.view.HtmlReport;
import dev.fathom.view.Plots;
import java.awt.image.BufferedImage;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;

/**
 * What a lab makes of all its outcomes together: on the lab's page, in its folder and on the terminal.
 *
 * @param outcomes one for each entry, in their order
 * @param brief whether this is the short form
 */
public record Conclusion(
        Images images,
        List<Outcome> outcomes,
        boolean brief,
        long seed,
        Interrupt interrupt,
        Path folder,
        HtmlReport page,
        PrintStream out) {
    /** Begins a section of the page. */
    Conclusion section(String heading, String text) {
        page.section(heading).text(text);
        return this;
    }

    /** A paragraph on the page and on the terminal. */
    Conclusion text(String paragraph) {
        page.text(paragraph);
        out.println(paragraph);
        return this;
    }

    /** A table on the page and on the terminal. */
    Conclusion table(List<String> header, List<List<String>> rows) {
        page.table(header, rows);
        out.println(Comparison.columns(header, rows));
        return this;
    }

    /** A picture on the page and as a file in the folder; on a machine without fonts, why there is none. */
    Conclusion picture(String file, String alt, Supplier<BufferedImage> draw) {
        try {
            BufferedImage picture = draw.get();
            page.picture(picture, alt);
            Plots.write(picture, folder.resolve(file));
        } catch (IllegalStateException e) {
            page.text(e.getMessage());
        }
        return this;
    }
}
