package dev.fathom.op;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What a shape tells of its elements. */
class ShapeTest {
    @Test
    void elementsAreCountedInRowMajorOrder() {
        Shape shape = Shape.of(2, 3, 4);
        int element = 0;
        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < 3; j++) {
                for (int k = 0; k < 4; k++) {
                    assertThat(shape.index(element++)).containsExactly(i, j, k);
                }
            }
        }
        assertThat(Shape.of(1 << 20, 1 << 20).index((1L << 40) - 1)).containsExactly((1 << 20) - 1, (1 << 20) - 1);
        assertThat(Shape.SCALAR.index(0)).isEmpty();
    }
}
