package dev.fathom.anomaly;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** Windows of a series, and what they say about its rows. */
class SlidingWindowsTest {
    @Test
    void windowsOverlapAndTheLastEndsWithTheSeries() {
        assertThat(new SlidingWindows(4, 3).starts(9)).containsExactly(0, 3, 5);
        assertThat(new SlidingWindows(4, 3).starts(4)).containsExactly(0);
        assertThat(new SlidingWindows(2, 1).mean(new double[] {1, 3, 5}, 4)).containsExactly(1, 2, 4, 5);
        assertThat(new SlidingWindows(2, 1).last(new double[][] {{1, 2}, {3, 4}, {5, 6}}, 4))
                .containsExactly(1, 2, 4, 6);
        assertThat(SlidingWindows.atMost(10, 4, 5000).starts(5000)).hasSizeLessThanOrEqualTo(10);
        assertThat(SlidingWindows.atMost(5000, 4, 500).stride()).isEqualTo(1);
    }

    @Test
    void aWindowHasOneRowAfterAnother() {
        float[][] rows = {{1, 2}, {3, 4}, {5, 6}};
        assertThat(new SlidingWindows(2, 1).of(rows)).isDeepEqualTo(new float[][] {{1, 2, 3, 4}, {3, 4, 5, 6}});
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertThatThrownBy(() -> new SlidingWindows(0, 1)).hasMessageContaining("length=0 stride=1; give at least 1");
        assertThatThrownBy(() -> SlidingWindows.atMost(1, 4, 10)).hasMessageContaining("at most 1; give at least 2");
        SlidingWindows windows = new SlidingWindows(4, 1);
        assertThatThrownBy(() -> windows.starts(3)).hasMessageContaining("the series has 3 rows, but a window needs 4");
        assertThatThrownBy(() -> windows.of(new float[][] {{1}, {1, 2}, {1}, {1}}))
                .hasMessageContaining("give the same number in each");
        assertThatThrownBy(() -> windows.mean(new double[3], 5)).hasMessageContaining("3 windows, but 5 rows have 2");
    }
}
