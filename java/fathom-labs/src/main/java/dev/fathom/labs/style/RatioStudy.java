package dev.fathom.labs.style;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.image.Picture;
import dev.fathom.labs.style.Painting.Painted;
import dev.fathom.view.ImageSheet;
import java.util.List;

/**
 * A photograph in one style at several ratios α / β (Gatys, Ecker and Bethge 2015, figure 3): the smaller the ratio,
 * the nearer is the picture to the style and the farther from the content.
 */
record RatioStudy(Lab lab, Picture photo, StyleLab.Style style) {
    private static final List<String> RATIOS = List.of("0.01", "0.001", "0.0001");

    /** Paints at the ratios but the one at which {@code usual} was painted. */
    void run(Painted usual) {
        lab.section("The ratio of content and style").put("title", style.title());
        Table table = lab.table("ratios", "α / β").named("Ratio {row}, {column}");
        ImageSheet sheet = StyleLab.sheet(photo, RATIOS.size());
        double before = style.loss().distances(photo, photo)[1];
        double nearer = 100;
        double content = 0;
        String of = "the photograph";
        for (String text : RATIOS) {
            double ratio = Double.parseDouble(text);
            PerceptualLoss loss = style.loss().ofRatio(ratio, photo);
            String name = line("%s, ratio %s", style.title(), text);
            Painted one = ratio == StyleLab.RATIO
                    ? usual
                    : StyleLab.paint(lab, name, Painting.byLBfgs(loss, lab.of(200, 20)), photo, photo);
            table.row(text)
                    .cell("weight of the style", "%.0f", loss.weight())
                    .put(StyleLab.STYLE, "%.2f %%", 100 * one.style() / before)
                    .baseline(nearer, of)
                    .put(StyleLab.CONTENT, "%.1f %%", 100 * one.content())
                    .baseline(content, of);
            nearer = 100 * one.style() / before;
            content = 100 * one.content();
            of = "ten times the ratio";
            sheet.add(one.picture().pixels(), "α / β " + text);
        }
        lab.sheet("ratios.png", sheet);
    }
}
