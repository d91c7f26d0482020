package dev.fathom.bench.torch;

import dev.fathom.bench.torch.Goldens.Input;
import java.util.Arrays;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** The ops of one call, forward and backward. */
final class GoldenOps {
    private static final float NAN = Float.NaN;
    private static final float INF = Float.POSITIVE_INFINITY;

    private final Goldens to;

    private GoldenOps(Goldens to) {
        this.to = to;
    }

    static void elementwise(Goldens to) {
        GoldenOps g = new GoldenOps(to);
        g.unary();
        g.binary();
        g.integers();
    }

    static void structured(Goldens to) {
        GoldenOps g = new GoldenOps(to);
        g.reductions();
        g.products();
        g.arrangements();
    }

    // ---- elementwise

    /** Odd shapes with numbers of [lo, hi), and special numbers through which no gradient is compared. */
    private void unary(String op, double lo, double hi, UnaryOperator<Tensor> f) {
        to.seed(op);
        to.add(op, x -> f.apply(x[0]), to.x(lo, hi, 13));
        to.add(op, x -> f.apply(x[0]), to.x(lo, hi, 3, 1, 7));
        to.add(op, x -> f.apply(x[0]), to.x(lo, hi));
        to.forward(
                op,
                x -> f.apply(x[0]),
                Goldens.row(0, -0f, 1, -1, 0.5f, -0.5f, 1.5f, 2.5f, -2.5f, 1e-6f, -1e-6f, 88, -88, 3e38f, -3e38f, INF));
        // at -Inf PyTorch makes NaN of -Inf 0, Fathom the limit
        if (!Set.of("gelu", "silu", "swish(1.5)", "geluTanh", "mish", "hardSwish")
                .contains(op)) {
            to.forward(op, x -> f.apply(x[0]), Goldens.row(-INF));
        }
        // PyTorch's sign of NaN is 0
        if (!op.equals("sign")) {
            to.forward(op, x -> f.apply(x[0]), Goldens.row(NAN));
        }
    }

    private void unary() {
        unary("relu", -3, 3, torch::relu);
        unary("sigmoid", -8, 8, torch::sigmoid);
        unary("tanh", -4, 4, torch::tanh);
        unary("exp", -6, 3, torch::exp);
        unary("log", 0.1, 9, torch::log);
        unary("square", -3, 3, torch::square);
        unary("sqrt", 0.1, 9, torch::sqrt);
        unary("neg", -3, 3, torch::neg);
        unary("gelu", -5, 5, torch::gelu);
        unary("elu(0.7)", -3, 3, x -> torch.elu(x, new Scalar((double) 0.7f), new Scalar(1.0), new Scalar(1.0)));
        unary(
                "clamp(-1,1.5)",
                -3,
                3,
                x -> torch.clamp(x, new ScalarOptional(new Scalar(-1.0)), new ScalarOptional(new Scalar(1.5))));
        unary("abs", -3, 3, torch::abs);
        unary("rsqrt", 0.1, 9, torch::rsqrt);
        unary("reciprocal", 0.1, 9, torch::reciprocal);
        unary("log1p", -0.9, 5, torch::log1p);
        unary("expm1", -6, 3, torch::expm1);
        unary("softplus", -8, 8, torch::softplus);
        unary("softplus(2)", -8, 8, x -> torch.softplus(x, new Scalar(2.0), new Scalar(20.0)));
        unary("silu", -8, 8, torch::silu);
        unary(
                "swish(1.5)",
                -8,
                8,
                x -> torch.silu(torch.mul(x, new Scalar(1.5))).div(new Scalar(1.5)));
        unary("geluTanh", -5, 5, x -> torch.gelu(x, "tanh"));
        unary("mish", -8, 8, torch::mish);
        unary("selu", -8, 8, torch::selu);
        unary("celu(0.7)", -3, 3, x -> torch.celu(x, new Scalar((double) 0.7f)));
        unary("relu6", -3, 9, torch::relu6);
        unary("hardTanh", -3, 3, torch::hardtanh);
        unary("hardSigmoid", -5, 5, torch::hardsigmoid);
        unary("hardSwish", -5, 5, torch::hardswish);
        to.seed("softsign");
        to.add("softsign", x -> torch.softsign(x[0]), to.x(-8, 8, 3, 1, 7)); // PyTorch's is NaN at infinity
        unary("leakyRelu(0.1)", -3, 3, x -> torch.leaky_relu(x, new Scalar((double) 0.1f)));
        unary("sin", -9, 9, torch::sin);
        unary("cos", -9, 9, torch::cos);
        unary("sign", -3, 3, torch::sign);
        unary("floor", -9, 9, torch::floor);
        unary("round", -9, 9, torch::round);
        unary("add(2.5)", -3, 3, x -> torch.add(x, new Scalar(2.5)));
        unary("sub(2.5)", -3, 3, x -> torch.sub(x, new Scalar(2.5)));
        unary("rsub(2.5)", -3, 3, x -> torch.rsub(x, new Scalar(2.5)));
        unary("mul(2.5)", -3, 3, x -> torch.mul(x, new Scalar(2.5)));
        unary("div(2.5)", -3, 3, x -> torch.div(x, new Scalar(2.5)));
        unary("pow(3)", -3, 3, x -> torch.pow(x, new Scalar(3.0)));
        unary("pow(-1.5)", 0.1, 3, x -> torch.pow(x, new Scalar(-1.5)));
        unary("erf", -3, 3, torch::erf);
        unary("huber(0.7)", -3, 3, GoldenOps::huber);
        unary("gt(0.5)", -3, 3, x -> torch.gt(x, new Scalar(0.5)));
        unary("ge(0.5)", -3, 3, x -> torch.ge(x, new Scalar(0.5)));
        unary("lt(0.5)", -3, 3, x -> torch.lt(x, new Scalar(0.5)));
        unary("le(0.5)", -3, 3, x -> torch.le(x, new Scalar(0.5)));
        unary("eq(0.5)", -3, 3, x -> torch.eq(x, new Scalar(0.5)));
        unary("ne(0.5)", -3, 3, x -> torch.ne(x, new Scalar(0.5)));
        // where two derivatives meet, the one that PyTorch takes
        Input zero = Goldens.row(0, -0f, 1, -1, 1e-30f);
        to.add("relu", x -> torch.relu(x[0]), zero);
        to.add("abs", x -> torch.abs(x[0]), zero);
        to.add("leakyRelu(0.1)", x -> torch.leaky_relu(x[0], new Scalar((double) 0.1f)), zero);
        to.add("huber(0.7)", x -> huber(x[0]), Goldens.row(0, 0.7f, -0.7f, 0.69f, 0.71f));
        to.add(
                "clamp(-1,1.5)",
                x -> torch.clamp(x[0], new ScalarOptional(new Scalar(-1.0)), new ScalarOptional(new Scalar(1.5))),
                Goldens.row(-1, 1.5f, -1.5f, 2));
    }

    private static Tensor huber(Tensor x) {
        return torch.huber_loss(x, torch.zeros_like(x), GoldenLosses.NONE, 0.7f);
    }

    private void binary(String op, double lo, double hi, Function<Tensor[], Tensor> f) {
        to.seed(op);
        to.add(op, f, to.x(lo, hi, 13), to.x(lo, hi, 13));
        to.add(op, f, to.x(lo, hi, 3, 5), to.x(lo, hi));
        to.add(op, f, to.x(lo, hi), to.x(lo, hi, 3, 5));
        to.add(op, f, to.x(lo, hi, 3, 7), to.x(lo, hi, 7));
        to.add(op, f, to.x(lo, hi, 3, 1), to.x(lo, hi, 3, 7));
        to.add(op, f, to.x(lo, hi, 3, 1, 5), to.x(lo, hi, 1, 4, 1));
        // a target outside [0, 1] means nothing
        if (!op.equals("bceWithLogits")) {
            to.forward(
                    op,
                    f,
                    Goldens.row(0, -0f, 0, 1, -1, INF, -INF, INF, NAN, 1, INF, 2),
                    Goldens.row(0, 0, 1, 0, 0, INF, INF, -INF, 1, NAN, 0, 2));
        }
    }

    private void binary() {
        binary("add", -3, 3, x -> torch.add(x[0], x[1]));
        binary("sub", -3, 3, x -> torch.sub(x[0], x[1]));
        binary("mul", -3, 3, x -> torch.mul(x[0], x[1]));
        binary("div", 0.3, 3, x -> torch.div(x[0], x[1]));
        binary("bceWithLogits", 0.1, 0.9, x -> {
            long[] shape = torch.add(x[0], x[1]).shape();
            return torch.binary_cross_entropy_with_logits(
                    torch.broadcast_to(x[0], shape),
                    torch.broadcast_to(x[1], shape),
                    new TensorOptional(),
                    new TensorOptional(),
                    GoldenLosses.NONE);
        });
        binary("pow", 0.1, 3, x -> torch.pow(x[0], x[1]));
        binary("prelu", -3, 3, x -> torch.where(torch.gt(x[0], new Scalar(0)), x[0], torch.mul(x[0], x[1])));
        binary("min", -3, 3, x -> torch.minimum(x[0], x[1]));
        binary("max", -3, 3, x -> torch.maximum(x[0], x[1]));
        Input left = Goldens.row(1, 2, -3, 0, -0f);
        Input right = Goldens.row(1, -2, -3, -0f, 0);
        to.add("min", x -> torch.minimum(x[0], x[1]), left, right);
        to.add("max", x -> torch.maximum(x[0], x[1]), left, right);
        to.add("pow", x -> torch.pow(x[0], x[1]), Goldens.row(0, 0, 2, -2, -2, 0.5f), Goldens.row(0, 2, 0, 2, 3, -1));
        binary("gt", -3, 3, x -> torch.gt(x[0], x[1]));
        binary("ge", -3, 3, x -> torch.ge(x[0], x[1]));
        binary("lt", -3, 3, x -> torch.lt(x[0], x[1]));
        binary("le", -3, 3, x -> torch.le(x[0], x[1]));
        binary("eq", -3, 3, x -> torch.eq(x[0], x[1]));
        binary("ne", -3, 3, x -> torch.ne(x[0], x[1]));
        // the condition is a mask of zeros and ones, as Fathom's comparisons give it
        Function<Tensor[], Tensor> where = x -> torch.where(torch.ne(x[0], new Scalar(0.0)), x[1], x[2]);
        to.seed("where");
        for (long[][] shapes : new long[][][] {{{13}, {13}, {13}}, {{3, 1}, {7}, {3, 7}}, {{3, 7}, {}, {3, 1}}}) {
            Input mask = to.x(0, 1, shapes[0]);
            for (int i = 0; i < mask.values().length; i++) {
                mask.values()[i] = Math.round(mask.values()[i]);
            }
            to.add("where", where, mask.constant(), to.x(-3, 3, shapes[1]), to.x(-3, 3, shapes[2]));
        }
    }

    /** On whole numbers; results are whole, comparisons zeros and ones. */
    private void integers() {
        for (long[][] shapes : new long[][][] {{{13}, {13}}, {{3, 7}, {7}}, {{3, 1}, {}}}) {
            to.seed("integers" + shapes[0].length + shapes[1].length);
            Input a = to.whole(9, shapes[0]);
            Input b = to.whole(9, shapes[1]);
            to.add("intAdd", x -> torch.add(x[0], x[1]), a, b);
            to.add("intSub", x -> torch.sub(x[0], x[1]), a, b);
            to.add("intMul", x -> torch.mul(x[0], x[1]), a, b);
            to.add("intGt", x -> torch.gt(x[0], x[1]), a, b);
            to.add("intGe", x -> torch.ge(x[0], x[1]), a, b);
            to.add("intLt", x -> torch.lt(x[0], x[1]), a, b);
            to.add("intLe", x -> torch.le(x[0], x[1]), a, b);
            to.add("intEq", x -> torch.eq(x[0], x[1]), a, b);
            to.add("intNe", x -> torch.ne(x[0], x[1]), a, b);
        }
        to.seed("integers");
        to.add("oneHot(5)", x -> torch.one_hot(x[0], 5), to.whole(5, 13));
        to.add("oneHot(5)", x -> torch.one_hot(x[0], 5), to.whole(5, 2, 3));
        Function<Tensor[], Tensor> correct =
                x -> torch.sum(torch.eq(torch.argmax(x[0], new LongOptional(-1), false), x[1]));
        to.add("correct", correct, to.x(-3, 3, 13, 3), to.whole(3, 13));
        to.add("correct", correct, to.x(-3, 3, 2, 7, 3), to.whole(3, 2, 7));
        Function<Tensor[], Tensor> nonfinite = x -> torch.sum(torch.logical_not(torch.isfinite(x[0])));
        to.forward("nonfinite", nonfinite, Goldens.row(1, NAN, -INF, 3e38f, INF, 0, -NAN));
        to.forward("nonfinite", nonfinite, to.x(-3, 3, 3, 5));
        to.add("to(F32)", x -> x[0].to(torch.ScalarType.Double), to.whole(1000, 3, 5));
        to.add("to(I32)", x -> x[0].to(torch.ScalarType.Int), to.x(-9, 9, 3, 5));
        to.forward(
                "to(I32)",
                x -> x[0].to(torch.ScalarType.Int),
                Goldens.row(0, -0f, 0.5f, -0.5f, 1.5f, -1.5f, 2.5f, 0.9999999f, -0.9999999f));
    }

    // ---- reductions

    private static final long[][] SHAPES = {{13}, {3, 5}, {2, 3, 5}, {1, 7, 1, 3}};

    private void reduce(String op, UnaryOperator<Tensor> f, long... shape) {
        to.seed(op + shape.length);
        to.add(op, x -> f.apply(x[0]), to.x(-3, 3, shape));
    }

    private void reductions() {
        for (long[] shape : SHAPES) {
            reduce("sum()", x -> torch.sum(x), shape);
            reduce("mean()", x -> torch.mean(x), shape);
            reduce("max()", x -> torch.max(x), shape);
            reduce("min()", x -> torch.min(x), shape);
            reduce("argmax()", x -> torch.argmax(x), shape);
            reduce("variance()", x -> torch.var(x, false), shape);
            reduce("sampleVariance()", x -> torch.var(x, true), shape);
            reduce("logSumExp()", x -> torch.logsumexp(torch.flatten(x), 0), shape);
            reduce("norm()", x -> torch.norm(x), shape);
            reduce("norm1()", x -> torch.norm(x, new Scalar(1.0)), shape);
            long last = shape.length - 1;
            reduce("sum(-1)", x -> torch.sum(x, last), shape);
            reduce("max(-1)", x -> torch.amax(x, new long[] {last}, false), shape);
            reduce("argmin()", x -> torch.argmin(x), shape);
            reduce("argmin(-1)", x -> torch.argmin(x, new LongOptional(last), false), shape);
            reduce("argmin(0)", x -> torch.argmin(x, new LongOptional(0), false), shape);
            reduce("std()", x -> torch.std(x, false), shape);
            reduce("sampleStd()", x -> torch.std(x, true), shape);
            reduce("mean(KEEP,-1)", x -> torch.mean(x, new long[] {last}, true, new ScalarTypeOptional()), shape);
            reduce("argmax(-1)", x -> torch.argmax(x, new LongOptional(last), false), shape);
            reduce("argmax(0)", x -> torch.argmax(x, new LongOptional(0), false), shape);
            reduce("softmax(-1)", x -> torch.softmax(x, last), shape);
            reduce("softmax(0)", x -> torch.softmax(x, 0), shape);
            reduce("logSoftmax(-1)", x -> torch.log_softmax(x, last), shape);
            reduce("logSoftmax(0)", x -> torch.log_softmax(x, 0), shape);
        }
        for (long[] shape : new long[][] {{2, 3, 5}, {3, 1, 7}, {5, 3, 2}}) {
            ScalarOptional two = new ScalarOptional(new Scalar(2.0));
            for (long[] dims : new long[][] {{0}, {1}, {0, 2}, {1, 2}}) {
                String d = dims.length == 1 ? "(" + dims[0] + ")" : "(" + dims[0] + "," + dims[1] + ")";
                reduce("sum" + d, x -> torch.sum(x, dims), shape);
                reduce("mean" + d, x -> torch.mean(x, dims), shape);
                reduce("max" + d, x -> torch.amax(x, dims, false), shape);
                reduce("min" + d, x -> torch.amin(x, dims, false), shape);
                reduce("logSumExp" + d, x -> torch.logsumexp(x, dims), shape);
                reduce("norm" + d, x -> torch.norm(x, two, dims), shape);
                reduce("variance" + d, x -> torch.var(x, dims, new ScalarOptional(new Scalar(0.0)), false), shape);
            }
            reduce(
                    "sampleVariance(0,2)",
                    x -> torch.var(x, new long[] {0, 2}, new ScalarOptional(new Scalar(1.0)), false),
                    shape);
            reduce("std(0,2)", x -> torch.std(x, new long[] {0, 2}, new ScalarOptional(new Scalar(0.0)), false), shape);
            reduce("norm1(1)", x -> torch.norm(x, new ScalarOptional(new Scalar(1.0)), 1), shape);
            reduce("softmax(1)", x -> torch.softmax(x, 1), shape);
            reduce("logSoftmax(1)", x -> torch.log_softmax(x, 1), shape);
        }
        // large numbers do not overflow; the norm of nothing but zeros has the gradient 0
        to.add("logSumExp()", x -> torch.logsumexp(x[0], 0), Goldens.row(300, 299, -300));
        to.add("softmax(-1)", x -> torch.softmax(x[0], 0), Goldens.row(300, 299, -300));
        to.add("logSoftmax(-1)", x -> torch.log_softmax(x[0], 0), Goldens.row(300, 299, -300));
        to.add("norm()", x -> torch.norm(x[0]), Goldens.row(0, 0, 0));
        to.add("norm1()", x -> torch.norm(x[0], new Scalar(1.0)), Goldens.row(1, 0, -2));
        to.add("std()", x -> torch.std(x[0], false), Goldens.row(2, 2, 2));
        to.forward("argmin()", x -> torch.argmin(x[0]), Goldens.row(1, NAN, -INF, NAN));
        to.forward("argmin()", x -> torch.argmin(x[0]), Goldens.row(1, -INF, 0, -INF));
    }

    // ---- products

    private void products() {
        to.seed("matmul");
        for (long[][] s : new long[][][] {
            {{1, 1}, {1, 1}},
            {{3, 5}, {5, 7}},
            {{13, 17}, {17, 3}},
            {{2, 3, 5}, {5, 7}},
            {{2, 3, 5}, {2, 5, 7}},
            {{2, 1, 3, 5}, {3, 5, 2}},
            {{3, 5}, {2, 5, 7}}
        }) {
            to.add("matmul", x -> torch.matmul(x[0], x[1]), to.x(-1, 1, s[0]), to.x(-1, 1, s[1]));
        }
        to.seed("matmulTransposed");
        for (long[][] s :
                new long[][][] {{{3, 5}, {7, 5}}, {{2, 3, 5}, {2, 7, 5}}, {{2, 1, 3, 5}, {3, 2, 5}}, {{13, 17}, {3, 17}}
                }) {
            to.add(
                    "matmulTransposed",
                    x -> torch.matmul(x[0], torch.transpose(x[1], -1, -2)),
                    to.x(-1, 1, s[0]),
                    to.x(-1, 1, s[1]));
        }
        to.seed("einsum");
        einsum("ij,jk->ik", new long[] {3, 5}, new long[] {5, 7});
        einsum("ij,kj", new long[] {3, 5}, new long[] {7, 5});
        einsum("bij,bjk->bik", new long[] {2, 3, 5}, new long[] {2, 5, 7});
        einsum("bqhd,bkhd->bhqk", new long[] {2, 3, 2, 5}, new long[] {2, 7, 2, 5});
        einsum("ijk,lk->jl", new long[] {2, 3, 5}, new long[] {7, 5});
        einsum("i,j->ij", new long[] {3}, new long[] {5});
        einsum("bi,bi->b", new long[] {3, 5}, new long[] {3, 5});
        einsum("ijij->ji", new long[] {3, 2, 3, 2});
        einsum("ii", new long[] {5, 5});
        einsum("ijk->kj", new long[] {2, 3, 5});
        to.seed("linear");
        for (long[][] s : new long[][][] {{{1, 1}, {1, 1}}, {{3, 5}, {7, 5}}, {{2, 3, 5}, {17, 5}}, {{5}, {3, 5}}}) {
            Input x = to.x(-1, 1, s[0]);
            Input w = to.x(-1, 1, s[1]);
            Input b = to.x(-1, 1, s[1][0]);
            to.add("linear", in -> torch.linear(in[0], in[1]), x, w);
            to.add("linearBias", in -> torch.linear(in[0], in[1], new TensorOptional(in[2])), x, w, b);
            to.add("linearRelu", in -> torch.relu(torch.linear(in[0], in[1], new TensorOptional(in[2]))), x, w, b);
            to.add("linearGelu", in -> torch.gelu(torch.linear(in[0], in[1], new TensorOptional(in[2]))), x, w, b);
        }
    }

    private void einsum(String equation, long[]... shapes) {
        Input[] in = Arrays.stream(shapes).map(s -> to.x(-1, 1, s)).toArray(Input[]::new);
        to.add("einsum(" + equation + ")", x -> torch.einsum(equation, new TensorVector(x)), in);
    }

    // ---- arrangements

    private void arrangements() {
        to.seed("arrangements");
        to.add("reshape(5,-1)", x -> torch.reshape(x[0], 5, -1), to.x(-3, 3, 2, 3, 5));
        to.add("flatten(1)", x -> torch.flatten(x[0], 1, -1), to.x(-3, 3, 2, 3, 5));
        to.add("slice(1,1,3)", x -> torch.narrow(x[0], 1, 1, 2), to.x(-3, 3, 2, 5, 3));
        to.add("slice(-1,2,3)", x -> torch.narrow(x[0], -1, 2, 1), to.x(-3, 3, 2, 5, 3));
        to.add("unsqueeze(1)", x -> torch.unsqueeze(x[0], 1), to.x(-3, 3, 5, 3));
        to.add("squeeze(1)", x -> torch.squeeze(x[0], 1), to.x(-3, 3, 5, 1, 3));
        to.add("transpose(0,2)", x -> torch.transpose(x[0], 0, 2), to.x(-3, 3, 2, 5, 3));
        to.add("transpose(-1,-2)", x -> torch.transpose(x[0], -1, -2), to.x(-3, 3, 2, 5, 3));
        to.add("slice(1,3)", x -> torch.narrow(x[0], 0, 1, 2), to.x(-3, 3, 5, 3));
        to.add("permute(1,0)", x -> torch.permute(x[0], 1, 0), to.x(-3, 3, 3, 7));
        to.add("permute(2,0,1)", x -> torch.permute(x[0], 2, 0, 1), to.x(-3, 3, 2, 3, 5));
        to.add("permute(0,2,1)", x -> torch.permute(x[0], 0, 2, 1), to.x(-3, 3, 2, 3, 5));
        to.add("permute(3,1,0,2)", x -> torch.permute(x[0], 3, 1, 0, 2), to.x(-3, 3, 2, 3, 1, 5));
        to.add("concat(0)", x -> torch.cat(new TensorVector(x), 0), to.x(-3, 3, 3, 5), to.x(-3, 3, 1, 5));
        to.add("concat(0)", x -> torch.cat(new TensorVector(x), 0), to.x(-3, 3, 7));
        to.add(
                "concat(1)",
                x -> torch.cat(new TensorVector(x), 1),
                to.x(-3, 3, 2, 3, 5),
                to.x(-3, 3, 2, 1, 5),
                to.x(-3, 3, 2, 2, 5));
        to.add("concat(-1)", x -> torch.cat(new TensorVector(x), -1), to.x(-3, 3, 2, 3), to.x(-3, 3, 2, 5));
        for (int dim : new int[] {0, 1, 2, -1}) {
            to.add(
                    "stack(" + dim + ")",
                    x -> torch.stack(new TensorVector(x), dim),
                    to.x(-3, 3, 3, 5),
                    to.x(-3, 3, 3, 5));
        }
        for (long[] shape : new long[][] {{4, 3, 5}, {1, 2, 7}}) {
            to.add("flip(0)", x -> torch.flip(x[0], 0), to.x(-3, 3, shape));
            to.add("flip(1,-1)", x -> torch.flip(x[0], 1, -1), to.x(-3, 3, shape));
            to.add("roll(1,1)", x -> torch.roll(x[0], new long[] {1}, 1), to.x(-3, 3, shape));
            to.add("roll(-1,-3)", x -> torch.roll(x[0], new long[] {-3}, -1), to.x(-3, 3, shape));
            to.add("expand(2,-1,3,5)", x -> x[0].expand(2, -1, 3, 5), to.x(-3, 3, 4, 1, 5));
            to.add("expand(3,4)", x -> x[0].expand(3, 4), to.x(-3, 3));
            Input mask = to.whole(2, shape);
            to.add(
                    "maskedFill(-2)",
                    x -> torch.masked_fill(x[0], torch.ne(x[1], new Scalar(0.0)), new Scalar(-2.0)),
                    to.x(-3, 3, shape),
                    new Input('c', mask.values(), shape));
        }
        to.seed("in order");
        for (long[] shape : new long[][] {{4, 3, 5}, {1, 60, 3}}) {
            Input x = to.x(-3, 3, shape);
            to.add("cumsum(0)", in -> torch.cumsum(in[0], 0), x);
            to.add("cumsum(-1)", in -> torch.cumsum(in[0], -1), x);
            to.add("sort(-1)", in -> torch.sort(in[0]).get0(), x);
            to.add("sort(1,DESCENDING)", in -> torch.sort(in[0], 1, true).get0(), x);
            to.add("topk(-1,2)", in -> torch.topk(in[0], 2).get0(), x);
        }
        for (boolean special : new boolean[] {false, true}) {
            Input x = special ? Goldens.row(1, NAN, -0f, 0, -INF, 1, INF) : Goldens.row(3, 1, 2, 1, 3, 2, 1);
            to.forward(
                    "sort(0).indices",
                    in -> torch.sort(in[0], new BoolOptional(true), 0, false).get1(),
                    x);
            to.forward(
                    "sort(-1)",
                    in -> torch.sort(in[0], new BoolOptional(true), 0, false).get0(),
                    x);
            if (special) { // of several largest PyTorch's topk takes any
                to.forward("topk(0,1).indices", in -> torch.topk(in[0], 1).get1(), x);
            }
        }
        to.forward("topk(0,1).indices", in -> torch.topk(in[0], 1).get1(), to.x(-3, 3, 13));
        // places along one dimension, some taken twice, some never; the index may have any shape
        for (long[] index : new long[][] {{7}, {2, 3}, {}}) {
            for (int dim = 0; dim < 3; dim++) {
                int at = dim;
                Input x = to.x(-3, 3, 4, 4, 4);
                Input taken = to.whole(4, index);
                Function<Tensor[], Tensor> take = in -> torch.reshape(
                        torch.index_select(in[0], at, torch.flatten(in[1])), replaced(in[0].shape(), at, 1, index));
                to.add("take(" + dim + ")", take, x, taken);
                Input y = to.x(-3, 3, replaced(x.shape(), dim, 1, index));
                Function<Tensor[], Tensor> add = in -> torch.index_add(
                        Goldens.floats(new float[64], 4, 4, 4).to(torch.ScalarType.Double),
                        at,
                        torch.flatten(in[1]),
                        torch.reshape(
                                in[0],
                                replaced(
                                        in[0].shape(),
                                        at,
                                        index.length,
                                        torch.flatten(in[1]).size(0))));
                if (dim < y.shape().length) {
                    to.add("indexAdd(" + dim + ",4)", add, y, taken);
                }
            }
        }
        to.add("take(0)", x -> torch.embedding(x[0], x[1]), to.x(-3, 3, 5, 7), to.whole(5, 2, 3));
    }

    /** A shape with {@code by} in place of {@code count} dimensions from {@code at} on. */
    private static long[] replaced(long[] shape, int at, int count, long... by) {
        return LongStream.concat(
                        LongStream.concat(Arrays.stream(shape, 0, at), Arrays.stream(by)),
                        Arrays.stream(shape, at + count, shape.length))
                .toArray();
    }
}
