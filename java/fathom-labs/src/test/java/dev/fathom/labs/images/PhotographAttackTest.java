package dev.fathom.labs.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.attack.Victim;
import dev.fathom.nets.Maxout;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** The section of the lab fgsm on photographs. */
class PhotographAttackTest {
    /** An ε of 0.1 where the deviation is 0.5 is 0.2 where it is 1, for each pixel. */
    @Test
    void everyPixelMovesByAFifthOfTheDeviation() {
        try (Model<Layer> model = Model.of(new Sequential(new Flatten(), new Linear(12, 2)), 1)) {
            Victim victim = new Victim(model.net(), Shape.of(2, 2, 3), -3, 3);
            float[] changed = PhotographAttack.attack().of(victim, new float[12], 1);
            for (float pixel : changed) {
                assertThat(Math.abs(pixel)).isCloseTo(0.2f, within(1e-6f));
            }
        }
    }

    /** Convolutions of two pieces, from 32 x 32 down to 4 x 4, and a layer of five. */
    @Test
    void theNetworkIsOfMaxoutUnits() {
        Sequential net = (Sequential) PhotographAttack.network(32, 10);
        try (Model<Sequential> model = Model.of(net, 1);
                Pass pass = Pass.infer()) {
            long maps = 76 * 64 + (25 * 32 + 1) * 128 + (9 * 64 + 1) * 128;
            assertThat(model.parameterCount()).isEqualTo(maps + 1025 * 640 + 129 * 10);
            assertThat(net.apply(Tensor.zeros(2, 32, 32, 3)).shape()).isEqualTo(Shape.of(2, 10));
            assertThat(net.layers()).contains(new Maxout(5));
            assertThat(((Sequential) net.layers().get(1)).layers().get(1)).isEqualTo(new Maxout(2));
        }
    }
}
