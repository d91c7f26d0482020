package dev.fathom.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.autograd.Recomputation;
import dev.fathom.op.Activation;
import dev.fathom.parameter.Parameter;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Random programs with frames and recomputed layers give what the same programs give without: memory is never given
 * back too early.
 */
class FramesTest {
    private static final int ROWS = 6;
    private static final int COLUMNS = 16;

    private enum How {
        PLAIN,
        FRAMES,
        RECOMPUTED
    }

    /** A program: nested blocks of ops over tensors [6, 16] and one weight [16, 16]; the same for the same seed. */
    private static final class Program {
        final long seed;
        final How how;
        final Parameter weight;

        Program(long seed, How how, Parameter weight) {
            this.seed = seed;
            this.how = how;
            this.weight = weight;
        }

        /** Works on x and on what it captures. */
        Tensor block(Tensor x, Tensor captured, int depth, long seed) {
            Random random = new Random(seed);
            List<Tensor> known = new ArrayList<>(List.of(x, captured));
            for (int i = 0, n = 2 + random.nextInt(5); i < n; i++) {
                Tensor a = known.get(random.nextInt(known.size()));
                Tensor b = known.get(random.nextInt(known.size()));
                int op = random.nextInt(depth > 0 ? 16 : 13);
                long inner = random.nextLong();
                known.add(
                        switch (op) {
                            case 0 -> a.add(b);
                            case 1 -> a.mul(b);
                            case 2 -> a.sub(b).tanh();
                            case 3 -> a.gelu();
                            case 4 -> a.sigmoid().mul(2);
                            case 5 -> a.softmax(1);
                            case 6 -> a.linear(weight, null, b, Activation.TANH);
                            case 7 -> a.linear(weight, null, null, Activation.GELU);
                            case 8 -> a.sub(b.mean(1).reshape(ROWS, 1));
                            case 9 -> a.dropout(0.25f, 1 / 0.75f);
                            case 10 ->
                                a.slice(0, 0, 3)
                                        .reshape(COLUMNS, 3)
                                        .reshape(3, COLUMNS)
                                        .sum(0)
                                        .add(b);
                            case 11 -> Pass.noGrad(() -> a.tanh().mul(b)).add(a);
                            case 12 ->
                                a.matmul(weight.value().slice(0, 0, COLUMNS))
                                        .tanh()
                                        .mul(b.detach());
                            default -> nested(a, b, depth - 1, inner);
                        });
            }
            return known.get(known.size() - 1).clamp(-3, 3);
        }

        Tensor nested(Tensor a, Tensor b, int depth, long inner) {
            return switch (how) {
                case PLAIN -> block(a, b, depth, inner);
                case FRAMES -> Pass.frame(this, () -> block(a, b, depth, inner));
                case RECOMPUTED ->
                    inner % 2 == 0
                            ? Recomputation.run(h -> block(h, b, depth, inner), a)
                            : Pass.frame(this, () -> block(a, b, depth, inner));
            };
        }

        /** Loss, gradient of x and of the weight, after two backward. */
        List<float[]> run(float[] values) {
            try (Pass pass = Pass.train(new Rng(5))) {
                Tensor x = pass.watch(Tensor.of(values, ROWS, COLUMNS));
                Tensor y = nested(x, x.mul(0.5f), 3, seed);
                Tensor loss = y.square().mean().add(x.sum().mul(0.1f));
                pass.backward(loss);
                pass.backward(loss.mul(1));
                return List.of(
                        loss.toArray(),
                        pass.gradient(x).toArray(),
                        weight.gradient() == null
                                ? new float[0]
                                : weight.gradient().toArray());
            }
        }
    }

    @Test
    void framesChangeNothing() {
        Rng rng = new Rng(1);
        float[] x = rng.normal(ROWS * COLUMNS, 0, 1);
        try (Numbers values = new Numbers()) {
            Parameter weight = values.parameter("weight", rng.normal(COLUMNS * COLUMNS, 0, 0.3f), COLUMNS, COLUMNS);
            values.bind();
            for (long seed = 0; seed < 200; seed++) {
                List<float[]> plain = new Program(seed, How.PLAIN, weight).run(x);
                values.step();
                List<float[]> framed = new Program(seed, How.FRAMES, weight).run(x);
                values.step();
                List<float[]> recomputed = new Program(seed, How.RECOMPUTED, weight).run(x);
                values.step();
                for (int i = 0; i < plain.size(); i++) {
                    assertThat(framed.get(i))
                            .as("program %d, array %d", seed, i)
                            .isEqualTo(plain.get(i));
                    // gradients of a recomputed block are summed apart before they are added
                    float[] a = recomputed.get(i);
                    float[] b = plain.get(i);
                    assertThat(a).as("program %d, array %d", seed, i).hasSameSizeAs(b);
                    for (int j = 0; j < a.length; j++) {
                        assertThat(Math.abs(a[j] - b[j]))
                                .as("program %d, array %d at %d", seed, i, j)
                                .isLessThan(1e-4f * (1 + Math.abs(b[j])));
                    }
                }
            }
        }
    }
}
