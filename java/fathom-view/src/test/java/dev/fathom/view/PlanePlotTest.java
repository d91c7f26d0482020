package dev.fathom.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.awt.image.BufferedImage;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** {@link PlanePlot}: its bands, its paths, and what it refuses. */
class PlanePlotTest {
    private static PlanePlot plot() {
        return new PlanePlot("Valley", -1, 1, -1, 1).size(300, 300);
    }

    /** The share of pixels of a color. */
    private static double share(BufferedImage image, int rgb) {
        int[] pixels = image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
        return IntStream.of(pixels).filter(p -> (p & 0xffffff) == rgb).count() / (double) pixels.length;
    }

    @Test
    void lowPlacesAreDarkerThanHighOnes() {
        double[] row = IntStream.range(0, 40).mapToDouble(i -> i).toArray();
        double[][] field = {row, row, row};
        BufferedImage image = plot().contours(field).render();
        int y = image.getHeight() / 2;
        int left = image.getRGB(140, y) & 0xff;
        int middle = image.getRGB(350, y) & 0xff;
        int right = image.getRGB(550, y) & 0xff;
        assertThat(left).isLessThan(middle);
        assertThat(middle).isLessThan(right);
    }

    /** Bands of equal area do not care about the scale of the values, and infinite values are the highest. */
    @Test
    void bandsFollowTheOrderOfTheValues() {
        double[][] field = new double[9][9];
        double[][] steep = new double[9][9];
        for (int i = 0; i < 9; i++) {
            for (int j = 0; j < 9; j++) {
                field[i][j] = j;
                steep[i][j] = 1000.0 * j;
            }
        }
        assertThat(Plots.png(plot().contours(field).render()))
                .isEqualTo(Plots.png(plot().contours(steep).render()));
        steep[0][8] = Double.POSITIVE_INFINITY;
        steep[1][8] = Double.NaN;
        assertThat(plot().contours(steep).render()).isNotNull();
    }

    @Test
    void aFrameShowsThePathSoFar() {
        double[] x = {-0.9, 0, 0.9};
        double[] y = {-0.9, 0.5, 0.9};
        int blue = Draw.BLUE.getRGB() & 0xffffff;
        PlanePlot plot = plot().path("Adam", x, y);
        double all = share(plot.render(), blue);
        double start = share(plot.render(1), blue);
        double half = share(plot.render(2), blue);
        assertThat(start).isLessThan(half);
        assertThat(half).isLessThan(all);
        assertThat(share(plot.render(3), blue)).isEqualTo(all);
    }

    @Test
    void badInputIsRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new PlanePlot("a", 1, -1, 0, 1))
                .withMessageContaining("from 1.0 to -1.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> plot().contours(new double[][] {{1, 2}, {1}}))
                .withMessageContaining("rows of equal length");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> plot().path("Adam", new double[2], new double[1]))
                .withMessageContaining("the path Adam has 2 and 1 coordinates");
        assertThatIllegalArgumentException().isThrownBy(() -> plot().render(0)).withMessageContaining("places is 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> plot().size(100, 300))
                .withMessageContaining("100 x 300");
        PlanePlot full = plot();
        for (int i = 0; i < 8; i++) {
            full.path("path " + i, new double[1], new double[1]);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> full.path("one more", new double[1], new double[1]))
                .withMessageContaining("9 paths");
    }
}
