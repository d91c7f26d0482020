package dev.fathom.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** {@link Histograms}: the heights of its bars, and what it refuses. */
class HistogramsTest {
    private static long count(BufferedImage image, Color color) {
        int[] pixels = image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
        return IntStream.of(pixels)
                .filter(p -> (p & 0xffffff) == (color.getRGB() & 0xffffff))
                .count();
    }

    /** Of two bars, the higher one fills its half of the cell, and the other a third of that height. */
    @Test
    void barsAreAsHighAsTheirShares() {
        BufferedImage one = new Histograms("h", List.of("a"))
                .bins(2)
                .row("r")
                .add(new float[] {0, 0, 0}, 0, 1, "")
                .render();
        BufferedImage two = new Histograms("h", List.of("a"))
                .bins(2)
                .row("r")
                .add(new float[] {0, 0, 0, 1}, 0, 1, "")
                .render();
        assertThat(count(two, Draw.BLUE) / (double) count(one, Draw.BLUE)).isBetween(1.31, 1.36);
    }

    @Test
    void numbersOutsideOfTheRangeAreLeftOut() {
        float[] inside = {0.1f, 0.2f, 0.2f, 0.9f};
        float[] more = {0.1f, 0.2f, 0.2f, 0.9f, 7, -7};
        assertThat(Plots.png(new Histograms("h", List.of("a"))
                        .row("r")
                        .add(inside, 0, 1, "")
                        .render()))
                .isEqualTo(Plots.png(new Histograms("h", List.of("a"))
                        .row("r")
                        .add(more, 0, 1, "")
                        .render()));
    }

    @Test
    void badInputIsRefusedByName() {
        Histograms sheet = new Histograms("h", List.of("a"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Histograms("h", List.of()))
                .withMessageContaining("no columns");
        assertThatIllegalArgumentException().isThrownBy(sheet::render).withMessageContaining("no rows");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> sheet.add(new float[1], ""))
                .withMessageContaining("begin a row");
        sheet.row("r");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> sheet.add(new float[0], ""))
                .withMessageContaining("0 numbers");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> sheet.add(new float[] {Float.NaN}, 1, 0, ""))
                .withMessageContaining("from 1.0 to 0.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> sheet.add(new float[] {0, Float.NaN}, 0, 1, ""))
                .withMessageContaining("NaN is among the numbers");
        assertThatIllegalArgumentException().isThrownBy(() -> sheet.bins(0)).withMessageContaining("bins is 0");
        sheet.add(new float[] {1, 1}, "");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> sheet.add(new float[1], ""))
                .withMessageContaining("no place in a row");
    }
}
