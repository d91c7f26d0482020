package dev.fathom.bench.torch;

import dev.fathom.bench.torch.Goldens.Input;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BinaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** The losses. */
final class GoldenLosses {
    /** Of {@code at::Reduction}. */
    static final long NONE = 0;

    private static final long MEAN = 1;

    private static final long SUM = 2;

    /** A label that no target has. */
    private static final long IGNORED = -100;

    static final float[] CLASS_WEIGHTS = {0.5f, 2, 1, 0.25f, 1.5f};
    static final float[] POSITIVE_WEIGHTS = {0.5f, 3, 1, 2, 0.75f};

    private GoldenLosses() {}

    /** What a loss compares its output with. */
    enum Targets {
        LABELS,
        PROBABILITIES,
        SHARES,
        NUMBERS
    }

    /** A loss of an output [.., 5]. */
    record Named(Targets targets, BinaryOperator<Tensor> of) {}

    static Map<String, Named> all() {
        Map<String, Named> all = new LinkedHashMap<>();
        all.put("crossEntropy", new Named(Targets.LABELS, (y, t) -> crossEntropy(y, t, false, 0)));
        all.put("crossEntropySmoothed(0.1)", new Named(Targets.LABELS, (y, t) -> crossEntropy(y, t, false, 0.1f)));
        all.put("crossEntropyWeighted", new Named(Targets.LABELS, (y, t) -> crossEntropy(y, t, true, 0)));
        all.put(
                "crossEntropyWeightedSmoothed(0.1)",
                new Named(Targets.LABELS, (y, t) -> crossEntropy(y, t, true, 0.1f)));
        all.put("crossEntropyOfShares", new Named(Targets.PROBABILITIES, (y, t) -> crossEntropy(y, t, false, 0)));
        all.put(
                "crossEntropyOfSharesSmoothed(0.1)",
                new Named(Targets.PROBABILITIES, (y, t) -> crossEntropy(y, t, false, 0.1f)));
        all.put(
                "crossEntropyOfSharesWeighted",
                new Named(Targets.PROBABILITIES, (y, t) -> crossEntropy(y, t, true, 0)));
        all.put("bce", new Named(Targets.SHARES, torch::binary_cross_entropy_with_logits));
        all.put(
                "bcePositiveWeight(3)",
                new Named(Targets.SHARES, (y, t) -> bce(y, t, Goldens.floats(new float[] {3}, 1))));
        all.put(
                "bcePositiveWeights",
                new Named(Targets.SHARES, (y, t) -> bce(y, t, Goldens.floats(POSITIVE_WEIGHTS, 5))));
        all.put("mse", new Named(Targets.NUMBERS, (y, t) -> torch.mse_loss(y, t, MEAN)));
        all.put("sse", new Named(Targets.NUMBERS, (y, t) -> torch.mse_loss(y, t, SUM)));
        all.put("l1", new Named(Targets.NUMBERS, (y, t) -> torch.l1_loss(y, t, MEAN)));
        all.put("huber(1)", new Named(Targets.NUMBERS, (y, t) -> torch.huber_loss(y, t, MEAN, 1)));
        all.put("huber(0.3)", new Named(Targets.NUMBERS, (y, t) -> torch.huber_loss(y, t, MEAN, 0.3f)));
        return all;
    }

    private static Tensor crossEntropy(Tensor y, Tensor t, boolean weighted, float smoothing) {
        // PyTorch has the classes in dimension 1
        Tensor rows = torch.reshape(y, -1, 5);
        Tensor targets = t.dim() == y.dim() ? torch.reshape(t, -1, 5) : torch.flatten(t);
        TensorOptional weights = weighted
                ? new TensorOptional(Goldens.floats(CLASS_WEIGHTS, 5).to(torch.ScalarType.Double))
                : new TensorOptional();
        return torch.cross_entropy_loss(rows, targets, weights, MEAN, IGNORED, smoothing);
    }

    private static Tensor bce(Tensor y, Tensor t, Tensor positive) {
        return torch.binary_cross_entropy_with_logits(
                y, t, new TensorOptional(), new TensorOptional(positive.to(torch.ScalarType.Double)), MEAN);
    }

    /** Targets for an output [leading.., 5]. */
    static Input target(Goldens to, Targets kind, long... leading) {
        long[] shape = Arrays.copyOf(leading, leading.length + 1);
        shape[leading.length] = 5;
        Input shares = to.x(0, 1, shape);
        switch (kind) {
            case LABELS -> {
                return to.whole(5, leading);
            }
            case NUMBERS -> {
                return to.x(-3, 3, shape).constant();
            }
            case PROBABILITIES -> {
                float[] v = shares.values();
                for (int row = 0; row < v.length; row += 5) {
                    float sum = v[row] + v[row + 1] + v[row + 2] + v[row + 3] + v[row + 4];
                    for (int i = row; i < row + 5; i++) {
                        v[i] /= sum;
                    }
                }
                return shares.constant();
            }
            default -> {
                return shares.constant();
            }
        }
    }

    static void losses(Goldens to) {
        all().forEach((name, loss) -> {
            to.seed(name);
            for (long[] leading : new long[][] {{1}, {7}, {2, 3}}) {
                long[] shape = Arrays.copyOf(leading, leading.length + 1);
                shape[leading.length] = 5;
                to.add(name, x -> loss.of().apply(x[0], x[1]), to.x(-4, 4, shape), target(to, loss.targets(), leading));
            }
        });
    }
}
