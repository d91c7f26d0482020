package dev.fathom.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ShadesTest {
    @Test
    void grayGoesFromTheLeastToTheLargest() {
        assertThat(Shades.gray(-1, 0, 1)).containsExactly(0, 128, 255);
        assertThat(Shades.gray(3, 3)).containsExactly(0, 0);
    }

    @Test
    void unitGoesFromZeroToOne() {
        assertThat(Shades.unit(-1, 0, 0.4f, 1, 2)).containsExactly(0, 0, 102, 255, 255);
    }

    @Test
    void signedKeepsZeroInTheMiddle() {
        assertThat(Shades.signed(-2, 0, 1)).containsExactly(0, 128, 191);
        assertThat(Shades.signed(0, 0)).containsExactly(128, 128);
    }

    @Test
    void heatIsBlueWhereTheMapIsLeastAndRedWhereItIsLargest() {
        byte[] white = {-1, -1, -1, -1, -1, -1};
        byte[] heat = Shades.heat(white, 0, 5);
        assertThat(heat).containsExactly(140, 140, 255, 255, 140, 140);
        assertThatThrownBy(() -> Shades.heat(white, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("heat: 1 numbers for a photograph of 6 bytes, which has 2 pixels; give one for each");
    }
}
