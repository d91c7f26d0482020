package dev.fathom.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Charts have their series in their places, cut what is out of range, and leave out what a logarithmic axis cannot
 * show.
 */
class ChartTest {
    private static final double[] X = {1, 10, 100};

    /** The mean row of the pixels of a color in the plot, as a share of the height, or NaN where there are none. */
    private static double height(BufferedImage picture, Color color) {
        double sum = 0;
        int count = 0;
        for (int y = 140; y < picture.getHeight(); y++) { // below the legend
            for (int x = 0; x < picture.getWidth(); x++) {
                if ((picture.getRGB(x, y) & 0xffffff) == (color.getRGB() & 0xffffff)) {
                    sum += y;
                    count++;
                }
            }
        }
        return sum / count / picture.getHeight();
    }

    @Test
    void aHigherLineIsAbove() {
        BufferedImage picture = new Chart("title", "x")
                .line("low", X, new double[] {1, 1, 1})
                .points("high", X, new double[] {9, 9, 9})
                .dashed("middle", X, new double[] {5, 5, 5})
                .render();
        double low = height(picture, Draw.BLUE);
        double high = height(picture, Draw.VERMILLION);
        assertThat(high).isLessThan(low);
        assertThat(height(picture, Draw.GREEN)).isBetween(high, low);
    }

    /** On a logarithmic axis 10 is in the middle between 1 and 100. */
    @Test
    void logarithms() {
        BufferedImage picture = new Chart("title", "x")
                .points("low", new double[] {5}, new double[] {1})
                .points("middle", new double[] {5}, new double[] {10})
                .points("high", new double[] {5}, new double[] {100})
                .logarithmic(true, true)
                .render();
        double low = height(picture, Draw.BLUE);
        double high = height(picture, Draw.GREEN);
        assertThat(height(picture, Draw.VERMILLION))
                .isCloseTo((low + high) / 2, org.assertj.core.data.Offset.offset(0.005));
    }

    @Test
    void whatIsOutOfRangeIsCut() {
        BufferedImage picture = new Chart("title", "x")
                .line("far", X, new double[] {1e30, 1e30, 1e30})
                .line("none", X, new double[] {Double.NaN, Double.NaN, 0})
                .range(-1, 1)
                .render();
        assertThat(height(picture, Draw.BLUE)).isNaN();
        assertThat(height(picture, Draw.VERMILLION)).isNaN();
    }

    @Test
    void panels() {
        Chart chart = new Chart("title", "x").line("line", X, X);
        BufferedImage one = chart.render();
        BufferedImage three = Chart.panels(2, List.of(chart, chart, chart));
        assertThat(three.getWidth()).isEqualTo(2 * one.getWidth());
        assertThat(three.getHeight()).isEqualTo(2 * one.getHeight());
    }

    @Test
    void refusals() {
        Chart chart = new Chart("title", "x");
        assertThatThrownBy(() -> chart.line("short", X, new double[1]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the series short has 3 places and 1 values");
        assertThatThrownBy(() -> chart.points("none", new double[0], new double[0]))
                .hasMessageContaining("0 places");
        assertThatThrownBy(() -> chart.range(1, 1)).hasMessageContaining("1.0 to 1.0");
        assertThatThrownBy(() -> Chart.panels(0, List.of(chart))).hasMessageContaining("1 panels in 0 columns");
        assertThatThrownBy(() -> Chart.panels(1, List.of())).hasMessageContaining("0 panels");
        Chart zero = new Chart("title", "x").line("line", X, X).range(0, 4).logarithmic(false, true);
        assertThatThrownBy(zero::render)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the range begins at 0.0");
        assertThat(zero.range(1, 4).render().getWidth()).isPositive();
        for (int i = 0; i < Draw.COLORS.size(); i++) {
            chart.line("line " + i, X, X);
        }
        assertThatThrownBy(() -> chart.line("ninth", X, X)).hasMessageContaining("ninth is one series more");
    }
}
