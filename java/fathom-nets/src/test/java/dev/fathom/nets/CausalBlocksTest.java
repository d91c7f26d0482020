package dev.fathom.nets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.io.Safetensors;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Steps;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Causality;
import dev.fathom.testing.Golden;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Blocks of causal convolutions: PyTorch's numbers, and not a bit that comes from the future. */
class CausalBlocksTest {
    private static final Golden GOLDEN = new Golden("decode");

    @TempDir
    private Path folder;

    /** Loads the golden's parameters under PyTorch's names, and compares the results and all gradients. */
    private <N extends Net> void equalsPyTorch(String name, N net, BiFunction<N, Tensor, List<Tensor>> call) {
        try (var model = Model.of(net, 1)) {
            Safetensors.Writer writer = new Safetensors.Writer();
            for (Parameter p : model.parameters()) {
                String golden = name + "/" + p.name();
                writer.add(p.name(), GOLDEN.shape(golden), FloatBuffer.wrap(GOLDEN.values(golden)));
            }
            writer.write(folder.resolve(name));
            model.load(folder.resolve(name));
            try (Pass pass = Pass.grad()) {
                Tensor x = pass.watch(tensor(name + "/x"));
                List<Tensor> results = call.apply(net, x);
                Tensor loss = Tensor.scalar(0);
                for (int i = 0; i < results.size(); i++) {
                    close(name + "/y" + i, results.get(i));
                    loss = loss.add(results.get(i).mul(tensor(name + "/dy" + i)).sum());
                }
                pass.backward(loss);
                close(name + "/dx", pass.gradient(x));
                for (Parameter p : model.parameters()) {
                    Tensor gradient = p.gradient();
                    close(
                            name + "/d/" + p.name(),
                            p.fileOrder().length == 0 ? gradient : gradient.permute(p.fileOrder()));
                }
            }
        }
    }

    private static Tensor tensor(String name) {
        return Tensor.of(GOLDEN.values(name), GOLDEN.shape(name).toArray());
    }

    private static void close(String name, Tensor found) {
        assertThat(found.shape()).as(name).isEqualTo(GOLDEN.shape(name));
        Golden.assertClose(name, found.toArray(), GOLDEN.values(name), 2e-6, 5e-6);
    }

    @Test
    void theTemporalBlockIsPyTorchs() {
        equalsPyTorch("temporal", new TemporalBlock(3, 5, 3, 4, 0), (net, x) -> List.of(net.apply(x)));
    }

    @Test
    void theWaveNetBlockIsPyTorchs() {
        equalsPyTorch("wavenet", new WaveNetBlock(4, 4, 6, 2, 2), (net, x) -> {
            WaveNetBlock.Result r = net.apply(x);
            return List.of(r.residual(), r.skip());
        });
    }

    /** What comes later changes no bit of what is before it, and what is at a place does change it. */
    @Test
    void nothingComesFromTheFuture() {
        record Wave(Conv start, WaveNetBlock first, WaveNetBlock second) implements Layer {
            @Override
            public Tensor forward(Tensor x) {
                WaveNetBlock.Result one = first.apply(start.apply(x));
                return second.apply(one.residual()).skip().add(one.skip());
            }
        }
        Layer wave =
                new Wave(Conv.causal(3, 4, 2, 1), new WaveNetBlock(4, 5, 6, 2, 1), new WaveNetBlock(4, 5, 6, 2, 2));
        for (Layer net : List.of(TemporalBlock.stack(3, 3, 0.2f, 8, 8, 6), wave)) {
            Causality.assertNothingComesFromTheFuture(net, 3, 6);
        }
    }

    /** The formula is what a change of x reaches. */
    @Test
    void theReceptiveFieldIsTheFormulas() {
        for (int kernel : new int[] {2, 3, 5}) {
            for (int blocks = 1; blocks <= 4; blocks++) {
                int[] channels = new int[blocks];
                Arrays.fill(channels, 2);
                long field = TemporalBlock.receptiveField(kernel, blocks);
                int length = (int) field + 5;
                try (var model = Model.of(TemporalBlock.stack(2, kernel, 0, channels), 1);
                        Pass pass = Pass.infer()) {
                    float[] x = new Rng(2).normal(2 * length, 0, 1);
                    float[] last = last(model.net(), x, length);
                    float[] far = x.clone();
                    far[2 * (length - 1 - (int) field)] = Float.NaN;
                    assertThat(last(model.net(), far, length)).isEqualTo(last);
                    far[2 * (length - (int) field)] = Float.NaN;
                    assertThat(last(model.net(), far, length)).isNotEqualTo(last);
                }
            }
        }
        assertThat(TemporalBlock.receptiveField(3, 8)).isEqualTo(1021);
    }

    private static float[] last(Layer net, float[] x, int length) {
        float[] y = net.apply(Tensor.of(x, 1, length, 2)).toArray();
        return Arrays.copyOfRange(y, y.length - 2, y.length);
    }

    @Test
    void aPlanHasTheSameBits() {
        float[] x = new Rng(3).normal(2 * 30 * 3, 0, 1);
        try (var model = Model.of(TemporalBlock.stack(3, 3, 0.1f, 8, 5), 1);
                Plan plan = Plan.freeze(model, Shape.of(2, 30, 3));
                Session session = plan.newSession();
                Pass pass = Pass.infer()) {
            session.input().put(0, x);
            session.run();
            float[] frozen = new float[2 * 30 * 5];
            session.output().get(0, frozen);
            assertThat(frozen)
                    .isEqualTo(model.net().apply(Tensor.of(x, 2, 30, 3)).toArray());
        }
    }

    @Test
    void badSizesAreRefused() {
        assertThatThrownBy(() -> TemporalBlock.stack(1, 2, 0))
                .hasMessage("TemporalBlock: 0 blocks; give the channels of 1 to 30, as dilations double from block to "
                        + "block");
        assertThatThrownBy(() -> new TemporalBlock(1, 1, 2, 1, 1))
                .hasMessage("Dropout: p=1.0 is the probability to drop and must be in [0, 1)");
    }

    /** An example behind which is padding has the bits of that example alone. */
    @Test
    void paddingBehindChangesNothing() {
        for (Layer net : List.of(new TemporalBlock(4, 4, 2, 1, 0), TemporalBlock.stack(4, 2, 0, 5, 4))) {
            assertThat(net.stepReading()).isEqualTo(Steps.PADDED_BEHIND);
            try (var model = Model.of(net, 1);
                    Pass pass = Pass.infer()) {
                float[] x = new Rng(4).normal(2 * 9 * 4, 0, 1);
                float[] padded = model.net().apply(Tensor.of(x, 2, 9, 4)).toArray();
                float[] alone = model.net()
                        .apply(Tensor.of(Arrays.copyOfRange(x, 36, 36 + 5 * 4), 1, 5, 4))
                        .toArray();
                assertThat(Arrays.copyOfRange(padded, 36, 36 + 5 * 4)).isEqualTo(alone);
            }
        }
    }
}
