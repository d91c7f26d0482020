package dev.fathom.bench.torch;

import static dev.fathom.bench.torch.Goldens.channelsSecond;
import static dev.fathom.bench.torch.Goldens.maybe;

import dev.fathom.bench.torch.Goldens.Input;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** Normalizations, of channels that come last, and networks trained with batch norm. */
@SuppressWarnings("try") // scopes are closed, not used
final class GoldenNorms {
    /** The float32 number that Fathom has. */
    private static final double EPSILON = 1e-5f;

    private static final int STEPS = 6;
    private static final int BATCH = 9;

    private GoldenNorms() {}

    static void all(Goldens to) {
        ops(to);
        training(to);
    }

    // ---- ops

    /** With the statistics of the batch, or those given. */
    private static Tensor batchNorm(Tensor x, Tensor mean, Tensor variance, Tensor weight, Tensor bias) {
        return channelsSecond(
                x,
                t -> torch.batch_norm(
                        t, maybe(weight), maybe(bias), maybe(mean), maybe(variance), mean == null, 0, EPSILON, false));
    }

    private static void ops(Goldens to) {
        to.seed("normalisation");
        for (long[] shape : new long[][] {{5, 1}, {7, 3}, {2, 9, 5}, {3, 4, 2, 17}, {40, 20}}) {
            long c = shape[shape.length - 1];
            Input x = to.x(-1, 3, shape);
            Input weight = to.x(0.5, 1.5, c);
            Input bias = to.x(-1, 1, c);
            Input mean = to.x(-1, 1, c).constant();
            Input variance = to.x(0.5, 2, c).constant();
            Input residual = to.x(-1, 1, shape);
            to.add("batchNorm", in -> batchNorm(in[0], null, null, in[1], in[2]), x, weight, bias);
            to.add("batchNorm relu", in -> torch.relu(batchNorm(in[0], null, null, in[1], in[2])), x, weight, bias);
            to.add(
                    "batchNorm residual relu",
                    in -> torch.relu(batchNorm(in[0], null, null, in[1], in[2]).add(in[3])),
                    x,
                    weight,
                    bias,
                    residual);
            to.add(
                    "batchNorm given silu",
                    in -> torch.silu(batchNorm(in[0], in[1], in[2], in[3], in[4])),
                    x,
                    mean,
                    variance,
                    weight,
                    bias);
            to.add(
                    "layerNorm(1)",
                    in -> torch.layer_norm(in[0], new long[] {c}, maybe(in[1]), maybe(in[2]), EPSILON, false),
                    x,
                    weight,
                    bias);
            to.add(
                    "rmsNorm(1)",
                    in -> torch.rms_norm(in[0], new long[] {c}, maybe(in[1]), new DoubleOptional(EPSILON)),
                    x,
                    weight);
            if (shape.length > 2) {
                to.add(
                        "groupNorm(1)",
                        in -> channelsSecond(
                                in[0], t -> torch.group_norm(t, 1, maybe(in[1]), maybe(in[2]), EPSILON, false)),
                        x,
                        weight,
                        bias);
                to.add(
                        "groupNorm(channels)",
                        in -> channelsSecond(
                                in[0], t -> torch.group_norm(t, c, maybe(in[1]), maybe(in[2]), EPSILON, false)),
                        x,
                        weight,
                        bias);
                to.add(
                        "layerNorm(2)",
                        in -> torch.layer_norm(
                                in[0],
                                Arrays.copyOfRange(shape, shape.length - 2, shape.length),
                                maybe(null),
                                maybe(null),
                                EPSILON,
                                false),
                        x);
            }
            for (int size : new int[] {4, 5}) {
                to.add("localResponseNorm(" + size + ")", in -> localResponse(in[0], size), x);
            }
        }
        Input x = to.x(-1, 3, 3, 4, 6);
        Function<Tensor[], Tensor> three =
                in -> channelsSecond(in[0], t -> torch.group_norm(t, 3, maybe(in[1]), maybe(in[2]), EPSILON, false));
        to.add("groupNorm(3)", three, x, to.x(0.5, 1.5, 6), to.x(-1, 1, 6));
        to.add("groupNorm(3)", three, to.x(-1, 3, 5, 12), to.x(0.5, 1.5, 12), to.x(-1, 1, 12));
    }

    /** Computes torch.nn.functional.local_response_norm, which the C++ side of PyTorch has for other shapes only. */
    private static Tensor localResponse(Tensor x, int size) {
        long c = x.size(-1);
        Tensor squares = torch.constant_pad_nd(x.mul(x), new long[] {size / 2, (size - 1) / 2}, new Scalar(0.0));
        Tensor sum = torch.narrow(squares, -1, 0, c);
        for (int i = 1; i < size; i++) {
            sum = sum.add(torch.narrow(squares, -1, i, c));
        }
        Tensor d = torch.pow(sum.mul(new Scalar(0.5 / size)).add(new Scalar(2.0)), new Scalar(0.75));
        return x.div(d);
    }

    // ---- training

    /**
     * A network 7-13-5 with batch norm and ReLU between, trained by gradient descent on the mean of squared errors from
     * {@code start/NAME} on, once with a momentum of 0.1 and once with the average of all batches: {@code FORM/loss}
     * before each step, {@code FORM/running_mean} and {@code FORM/running_var} with a row for each step,
     * {@code FORM/NAME} at the end, and what it then says in evaluation.
     */
    private static void training(Goldens to) {
        to.seed("batch norm training");
        Map<String, Input> start = new LinkedHashMap<>();
        start.put("0.weight", to.x(-0.4, 0.4, 13, 7));
        start.put("1.weight", to.x(0.5, 1.5, 13));
        start.put("1.bias", to.x(-0.5, 0.5, 13));
        start.put("2.weight", to.x(-0.3, 0.3, 5, 13));
        start.put("2.bias", to.x(-0.3, 0.3, 5));
        start.forEach((name, p) -> to.put("start/" + name, p.tensor()));
        Input x = to.x(-1.5, 2.5, STEPS, BATCH, 7).constant();
        Input targets = to.x(-1, 1, STEPS, BATCH, 5).constant();
        to.put("training/x", x.tensor());
        to.put("training/targets", targets.tensor());
        for (boolean average : new boolean[] {false, true}) {
            String form = average ? "average" : "momentum";
            try (PointerScope scope = new PointerScope()) {
                List<String> names = List.copyOf(start.keySet());
                Tensor[] p = names.stream().map(n -> start.get(n).tensor()).toArray(Tensor[]::new);
                Tensor mean = torch.zeros(13).to(torch.ScalarType.Double);
                Tensor variance = torch.ones(13).to(torch.ScalarType.Double);
                Tensor[] means = new Tensor[STEPS];
                Tensor[] variances = new Tensor[STEPS];
                float[] losses = new float[STEPS];
                for (int step = 0; step < STEPS; step++) {
                    double momentum = average ? 1.0 / (step + 1) : 0.1f;
                    Tensor y = forward(x.tensor().select(0, step), p, mean, variance, true, momentum);
                    Tensor loss = torch.mse_loss(y, targets.tensor().select(0, step));
                    losses[step] = (float) loss.item_double();
                    loss.backward();
                    for (int i = 0; i < p.length; i++) {
                        p[i] = p[i].detach()
                                .sub(p[i].grad().mul(new Scalar((double) 0.2f)))
                                .requires_grad_(true);
                    }
                    means[step] = mean.clone();
                    variances[step] = variance.clone();
                }
                to.put(form + "/loss", Goldens.floats(losses, STEPS));
                to.put(form + "/running_mean", torch.stack(new TensorVector(means), 0));
                to.put(form + "/running_var", torch.stack(new TensorVector(variances), 0));
                for (int i = 0; i < p.length; i++) {
                    to.put(form + "/" + names.get(i), p[i]);
                }
                to.put(form + "/evaluation", forward(x.tensor().select(0, 0), p, mean, variance, false, 0));
            }
        }
    }

    private static Tensor forward(Tensor x, Tensor[] p, Tensor mean, Tensor variance, boolean train, double momentum) {
        Tensor h = torch.linear(x, p[0]);
        h = torch.batch_norm(
                h, maybe(p[1]), maybe(p[2]), maybe(mean), maybe(variance), train, momentum, EPSILON, false);
        return torch.linear(torch.relu(h), p[3], maybe(p[4]));
    }
}
