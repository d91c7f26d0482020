package dev.fathom.nets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** A convolution, its normalization and its activation. */
class ConvBlockTest {
    @Test
    void itKeepsTheSizeAndGivesNoNegativeNumber() {
        for (int kernel : new int[] {1, 3, 5}) {
            try (var model = Model.of(ConvBlock.of(2, 3, kernel), 1);
                    Pass pass = Pass.infer()) {
                assertThat(model.parameterCount()).isEqualTo(6L * kernel * kernel + 6);
                Tensor y = model.net().apply(Tensor.of(new Rng(1).normal(2 * 7 * 6 * 2, 0, 1), 2, 7, 6, 2));
                assertThat(y.shape()).isEqualTo(Shape.of(2, 7, 6, 3));
                assertThat(y.min().item()).isZero();
            }
        }
        assertThatThrownBy(() -> ConvBlock.of(2, 3, 4))
                .hasMessage("ConvBlock: kernel=4 must be odd, so that height and width stay as they are");
    }
}
