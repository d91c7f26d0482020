package dev.fathom.experiments.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Networks that learn side by side learn what each would learn alone. */
class ManyLinearTest {
    private static final int NETS = 3;
    private static final int N = 7;
    private static final float[] X = new Rng(5).normal(NETS * N * 2, 0, 1);
    private static final float[] Y = new Rng(6).normal(NETS * N, 0, 1);

    @Test
    void eachLearnsAsIfItWereAlone() {
        Sequential many = new Sequential(new ManyLinear(NETS, 2, 4), Tensor::tanh, new ManyLinear(NETS, 4, 1));
        try (Model<Sequential> all = Model.of(many, 1)) {
            float[][][] start = weights(all);
            try (var adam = new Adam(0.05f).on(all)) {
                for (int step = 0; step < 20; step++) {
                    try (Pass pass = Pass.train(new Rng(1))) {
                        Tensor y = many.apply(Tensor.of(X, NETS, N, 2));
                        pass.backward(Loss.mse().of(y, Tensor.of(Y, NETS, N, 1)).mul(NETS), all);
                        adam.step();
                    }
                }
            }
            for (int k = 0; k < NETS; k++) {
                float[] alone = alone(start, k);
                try (Pass pass = Pass.infer()) {
                    Tensor x = Tensor.of(Arrays.copyOfRange(X, k * N * 2, (k + 1) * N * 2), N, 2);
                    assertThat(ManyLinear.one(many, k, 3, x).toArray()).containsExactly(alone, within(1e-4f));
                    float[] together = many.apply(Tensor.of(X, NETS, N, 2)).toArray();
                    assertThat(Arrays.copyOfRange(together, k * N, (k + 1) * N)).containsExactly(alone, within(1e-4f));
                }
            }
        }
    }

    /** The four parameters, each [nets][numbers]. */
    private static float[][][] weights(Model<Sequential> model) {
        try (Pass pass = Pass.infer()) {
            return model.parameters().stream()
                    .map(p -> {
                        float[] all = p.value().toArray();
                        int each = all.length / NETS;
                        float[][] own = new float[NETS][];
                        for (int k = 0; k < NETS; k++) {
                            own[k] = Arrays.copyOfRange(all, k * each, (k + 1) * each);
                        }
                        return own;
                    })
                    .toArray(float[][][]::new);
        }
    }

    /** What a network of ordinary layers answers after the same steps from the same weights. */
    private static float[] alone(float[][][] start, int k) {
        float[] turned = new float[8]; // a linear layer keeps its weight as [out, in]
        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < 4; j++) {
                turned[j * 2 + i] = start[0][k][i * 4 + j];
            }
        }
        Sequential net = new Sequential(
                new Linear(2, 4, (shape, rng) -> turned).withBias((shape, rng) -> start[1][k]),
                Tensor::tanh,
                new Linear(4, 1, (shape, rng) -> start[2][k]).withBias((shape, rng) -> start[3][k]));
        float[] x = Arrays.copyOfRange(X, k * N * 2, (k + 1) * N * 2);
        float[] y = Arrays.copyOfRange(Y, k * N, (k + 1) * N);
        try (Model<Sequential> model = Model.of(net, 9);
                var adam = new Adam(0.05f).on(model)) {
            for (int step = 0; step < 20; step++) {
                try (Pass pass = Pass.train(new Rng(1))) {
                    pass.backward(Loss.mse().of(net.apply(Tensor.of(x, N, 2)), Tensor.of(y, N, 1)), model);
                    adam.step();
                }
            }
            try (Pass pass = Pass.infer()) {
                return net.apply(Tensor.of(x, N, 2)).toArray();
            }
        }
    }
}
