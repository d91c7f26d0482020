package dev.fathom.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.util.List;
import org.junit.jupiter.api.Test;

/** {@link ArcDiagram}: where its edges lie, and what it refuses. */
class ArcDiagramTest {
    /** The least and the greatest row and column with this color. */
    private static int[] box(BufferedImage image, Color color) {
        int[] box = {Integer.MAX_VALUE, -1, Integer.MAX_VALUE, -1};
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                if (image.getRGB(x, y) == color.getRGB()) {
                    box[0] = Math.min(box[0], y);
                    box[1] = Math.max(box[1], y);
                    box[2] = Math.min(box[2], x);
                    box[3] = Math.max(box[3], x);
                }
            }
        }
        assertThat(box[1]).as("a pixel of " + color).isNotNegative();
        return box;
    }

    @Test
    void neighborsAreJoinedStraightAndOthersAboveAndBelowInTurns() {
        BufferedImage picture = new ArcDiagram("cell", List.of("in", "1", "2", "3"))
                .edge(1, 2, "straight", 0)
                .edge(0, 2, "above", 1)
                .edge(1, 3, "below", 2)
                .edge(0, 3, "high", 3)
                .render();
        int[] straight = box(picture, Draw.BLUE);
        int[] above = box(picture, Draw.VERMILLION);
        int[] below = box(picture, Draw.GREEN);
        int[] high = box(picture, Draw.COLORS.get(3));
        assertThat(above[0]).isLessThan(straight[0]).isGreaterThan(high[0]);
        assertThat(above[1]).isLessThan(below[0]);
        assertThat(below[1]).isGreaterThan(straight[1]).isLessThan(picture.getHeight() - 10);
        assertThat(high[0]).isGreaterThan(60); // the title stays free
        assertThat(high[3] - high[2]).isGreaterThan(above[3] - above[2]);
        assertThat(below[2]).isGreaterThan(above[2]); // it begins one node later
    }

    @Test
    void badInputIsRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ArcDiagram("cell", List.of()))
                .withMessageContaining("no nodes");
        ArcDiagram diagram = new ArcDiagram("cell", List.of("a", "b"));
        for (int[] edge : new int[][] {{0, 0, 0}, {1, 0, 0}, {-1, 1, 0}, {0, 2, 0}, {0, 1, -1}}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> diagram.edge(edge[0], edge[1], "x", edge[2]))
                    .withMessageContaining("0 <= from < to < 2");
        }
    }
}
