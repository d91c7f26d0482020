package dev.fathom.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Regions have their colors, points and lines in their places. */
class RegionsTest {
    private static final int LEFT = 2 * (14 + 26);
    private static final int TOP = 2 * 34;

    private static Regions plane() {
        return new Regions("Plane", -1, 1, -2, 2);
    }

    private static Color at(BufferedImage picture, double x, double y) {
        return new Color(picture.getRGB(LEFT + (int) (300 * (x + 1)), TOP + (int) (150 * (2 - y))));
    }

    @Test
    void placesGoRowAfterRowFromTheHighest() {
        float[] places = plane().places();
        assertThat(places).hasSize(2 * Regions.PLACES);
        assertThat(places[0]).isCloseTo(-1 + 1 / 120f, within(1e-6f));
        assertThat(places[1]).isCloseTo(2 - 2 / 120f, within(1e-6f));
        assertThat(places[2] - places[0]).isCloseTo(2 / 120f, within(1e-6f));
        assertThat(places[241]).isCloseTo(2 - 6 / 120f, within(1e-6f));
    }

    @Test
    void aModelColorsItsSides() {
        Regions plane = plane();
        float[] places = plane.places();
        float[] shares = new float[Regions.PLACES];
        for (int i = 0; i < shares.length; i++) {
            shares[i] = places[2 * i + 1] > 0 ? 1 : 0; // class 1 above
        }
        BufferedImage picture = plane.shares(shares).render();
        Color above = at(picture, 0.5, 1);
        Color below = at(picture, 0.5, -1);
        assertThat(above.getRed()).isGreaterThan(above.getBlue() + 50);
        assertThat(below.getBlue()).isGreaterThan(below.getRed() + 50);
    }

    @Test
    void pointsAndLinesAreInTheirPlaces() {
        BufferedImage picture = plane().points(0, new double[][] {{-0.5}, {1}})
                .points(1, new double[][] {{0.5, 7}, {-1, 7}})
                .boundary(1, 0, 0, 6)
                .line(2, new double[][] {{-1, 1, Double.NaN, 0}, {1.5, 1.5, 0, 0}})
                .render();
        assertThat(at(picture, -0.5, 1)).isEqualTo(Draw.BLUE);
        assertThat(at(picture, 0.5, -1)).isEqualTo(Draw.VERMILLION);
        assertThat(at(picture, 0, -1.7)).isEqualTo(Draw.INK);
        assertThat(at(picture, 0.3, 1.5)).isEqualTo(Draw.GREEN);
        assertThat(at(picture, 0.8, 0)).isEqualTo(Color.WHITE);
    }

    @Test
    void aBoundaryWithoutSlopesIsNotDrawn() {
        assertThat(PlotsTest.pixels(plane().boundary(0, 0, 1, 3).render(), Draw.COLORS.get(3)))
                .isZero();
    }

    @Test
    void aSheetHasAllPlanes() {
        BufferedImage sheet = Regions.sheet(2, List.of(plane().side(100), plane().side(100), plane().side(100)));
        assertThat(sheet.getWidth()).isEqualTo(2 * (14 + 2 * 114));
        assertThat(sheet.getHeight()).isEqualTo(2 * (2 * 134 + 14));
    }

    @Test
    void badInputIsSaid() {
        assertThatThrownBy(() -> new Regions("x", 1, 1, 0, 1))
                .hasMessage("plane: from 1.0 to 1.0 and from 0.0 to 1.0 is no part of a plane; give finite ends, the "
                        + "lower one first");
        assertThatThrownBy(() -> plane().side(59)).hasMessage("regions: side is 59 but must be at least 60");
        assertThatThrownBy(() -> plane().shares(0.5f))
                .hasMessage("regions: 1 shares for 14400 places; give one from 0 to 1 for each");
        float[] wrong = new float[Regions.PLACES];
        wrong[7] = Float.NaN;
        assertThatThrownBy(() -> plane().shares(wrong)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> plane().points(8, new double[2][1]))
                .hasMessage(
                        "regions: places of class 8 in 2 rows; give two rows of equal length for a class from 0 to 7");
        assertThatThrownBy(() -> plane().line(0, new double[][] {{1}, {}}))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Regions.sheet(2, List.of()))
                .hasMessage("regions: 0 planes in 2 columns; give at least one of each, and one side to all");
    }
}
