package dev.fathom.experiments.pages;

import dev.fathom.view.HtmlReport;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Plots;
import java.awt.image.BufferedImage;
import java.io.PrintStream;
import java.nio.file.Path;

/** Sheets that go both into a page and into files of their own. */
public final class Pages {
    private final Path folder;
    private final PrintStream out;

    public Pages(Path folder, PrintStream out) {
        this.folder = folder;
        this.out = out;
    }

    /** Puts a sheet into the page and, as {@code file}, beside it. */
    public void add(HtmlReport page, ImageSheet sheet, String file, String what) {
        BufferedImage picture = sheet.render();
        page.picture(picture, what);
        Plots.write(picture, folder.resolve(file));
        out.printf("  %-28s %s%n", file, what);
    }

    /** Writes the page. */
    public void finish(HtmlReport page) {
        page.section("Made with").text(Provenance.line() + ".");
        page.write(folder.resolve("report.html"));
        out.println("All of it on one page: " + folder.resolve("report.html"));
    }
}
