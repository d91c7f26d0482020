package dev.fathom.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.bench.ConvCase.Direction;
import org.junit.jupiter.api.Test;

class NetworkTest {
    private static long parameters(Network network) {
        long sum = 0;
        for (Network.Step step : network.steps()) {
            for (var number : step.numbers().entrySet()) {
                long size = 1;
                for (long d : step.shape(number.getKey())) {
                    size *= d;
                }
                assertThat(number.getValue()).hasSize((int) size);
                sum += number.getKey().startsWith("running") ? 0 : size;
            }
        }
        return sum;
    }

    @Test
    void parametersAndMultiplyAddsArePublishedOnes() {
        assertThat(parameters(Network.of("lenet"))).isEqualTo(61_706);
        assertThat(parameters(Network.of("cifar"))).isEqualTo(964_516);
        assertThat(parameters(Network.of("resnet18"))).isEqualTo(11_689_512);
        assertThat(parameters(Network.of("resnet50"))).isEqualTo(25_557_032);
        assertThat(parameters(Network.of("squeezenet"))).isEqualTo(1_235_496);
        assertThat(parameters(Network.of("mobilenetv2"))).isEqualTo(3_504_872);
        assertThat(parameters(Network.of("vgg16"))).isEqualTo(138_357_544);
        assertThat(Network.of("vgg16").parameters()).isEqualTo(138_357_544);
        assertThat(Network.of("mobilenetv2").parameters()).isEqualTo(3_504_872);
        assertThat(Network.of("squeezenet").macs()).isEqualTo(0.349e9, within(1e6));
        assertThat(Network.of("mobilenetv2").macs()).isEqualTo(0.301e9, within(1e6));
        assertThat(Network.of("vgg16").macs()).isEqualTo(15.47e9, within(1e7));
        assertThat(Network.of("resnet18").macs()).isEqualTo(1.814e9, within(1e6));
        assertThat(Network.of("resnet50").macs()).isEqualTo(4.089e9, within(1e6));
    }

    @Test
    void convolutionsAreCheckedAgainstTheDefinition() {
        ConvCase c = new ConvCase("test", 2, 4, 5, 6, 3, 2, 1, 2);
        float[] x = c.x();
        float[] w = c.w();
        float[] dy = c.dy();
        float[] y = new float[dy.length];
        float[] dx = new float[x.length];
        float[] dw = new float[w.length];
        for (int to = 0; to < y.length; to++) {
            int ow = to % 3;
            int oh = to / 3 % 3;
            int k = to / 9 % 6;
            for (int tap = 0; tap < 2 * 9; tap++) { // of the two channels of the group
                int h = 2 * oh - 1 + tap / 3 % 3;
                int v = 2 * ow - 1 + tap % 3;
                if (h >= 0 && h < 5 && v >= 0 && v < 5) {
                    int from = ((to / 54 * 4 + k / 3 * 2 + tap / 9) * 5 + h) * 5 + v;
                    int weight = k * 18 + tap;
                    y[to] += x[from] * w[weight];
                    dx[from] += dy[to] * w[weight];
                    dw[weight] += x[from] * dy[to];
                }
            }
        }
        c.check(Direction.FWD, y);
        c.check(Direction.DATA, dx);
        c.check(Direction.WEIGHTS, dw);
        for (Direction direction : Direction.values()) {
            assertThatThrownBy(() -> c.check(direction, new float[1]))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("test " + direction.text() + " at 0: 0.0 instead of");
        }
    }

    @Test
    void swappingTwiceIsNothing() {
        float[] values = Work.normal(5, 2 * 3 * 4, 0, 1);
        float[] swapped = Work.swap(values, 2, 3, 4);
        assertThat(swapped[1]).isEqualTo(values[4]);
        assertThat(Work.swap(swapped, 2, 4, 3)).isEqualTo(values);
    }
}
