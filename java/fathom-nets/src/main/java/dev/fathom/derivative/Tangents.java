package dev.fathom.derivative;

import dev.fathom.autograd.Node;
import dev.fathom.op.Activation;
import dev.fathom.op.Op;
import dev.fathom.op.PadMode;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.ops.AttentionOp;
import dev.fathom.ops.Binary;
import dev.fathom.ops.BlindOp;
import dev.fathom.ops.ConvOp;
import dev.fathom.ops.ConvTransposedOp;
import dev.fathom.ops.CrossEntropyOp;
import dev.fathom.ops.EmbeddingOp;
import dev.fathom.ops.Epilogue;
import dev.fathom.ops.LinearOp;
import dev.fathom.ops.LocalResponseNormOp;
import dev.fathom.ops.MatmulOp;
import dev.fathom.ops.MaxPoolOp;
import dev.fathom.ops.NormOp;
import dev.fathom.ops.PadOp;
import dev.fathom.ops.ReduceOp;
import dev.fathom.ops.SoftmaxOp;
import dev.fathom.ops.SortOp;
import dev.fathom.ops.VarianceOp;
import dev.fathom.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The tangent rules of the library's ops, in one table: dy = J dx, made of recorded ops. Where a kernel does what
 * several ops would do, its rule is that formula. An op that keeps its own {@link Tangent.Rule} needs no row, nor does
 * one whose tangent follows from its backward, as {@link Derived} says.
 */
final class Tangents {
    private static final Map<Class<?>, BiFunction<Op, Tangent, @Nullable Tensor>> RULES = new HashMap<>();

    static {
        rule(Activation.class, (op, t) -> t.of(0).mul(slope(op, t.in(0), t.out(0))));
        // derived too, but for twice the products
        rule(MatmulOp.class, (op, t) -> t.product(op, 2, 0, 1));
        rule(ConvTransposedOp.class, (op, t) -> t.product(op, 2, 0, 1));
        rule(LinearOp.class, Tangents::epilogue);
        rule(ConvOp.class, Tangents::epilogue);
        rule(NormOp.class, Tangents::epilogue);
        rule(AttentionOp.class, Tangents::attention);
        rule(SoftmaxOp.class, Tangents::softmax);
        rule(CrossEntropyOp.class, (op, t) -> t.through(() -> crossEntropy(op, t)));
        rule(LocalResponseNormOp.class, (op, t) -> t.through(() -> localResponseNorm(op, t.in(0))));
        rule(ReduceOp.class, Tangents::reduction);
        rule(VarianceOp.class, Tangents::variance);
        // what moves elements
        rule(PadOp.class, (op, t) -> t.linear(op.withValue(0)));
        rule(EmbeddingOp.class, Tangents::embedding);
        rule(MaxPoolOp.class, Tangents::maxPool);
        rule(SortOp.class, (op, t) -> gather(t.of(0), op.axis(), op.axis() + 1, t.out(1)));
    }

    private Tangents() {}

    @SuppressWarnings("unchecked") // a rule is found by the class of its op
    private static <O extends Op> void rule(Class<O> type, BiFunction<O, Tangent, @Nullable Tensor> rule) {
        RULES.put(type, (BiFunction<Op, Tangent, @Nullable Tensor>) rule);
    }

    /**
     * The tangents of the results of a call; a rule states that of the first alone.
     *
     * @throws UnsupportedOperationException if there is no rule for it, and none can be derived from its backward
     */
    static @Nullable Tensor[] of(Node call, Tangent t) {
        Op op = call.op();
        Tensor dy = stated(op, t);
        return dy != null ? new Tensor[] {dy} : Derived.tangents(call, t);
    }

    /** The tangent that a rule states, or null where there is none. */
    static @Nullable Tensor stated(Op op, Tangent t) {
        if (op instanceof Tangent.Rule own) {
            return own.tangent(t);
        }
        if (op instanceof Binary row) {
            return binary(row, t);
        }
        BiFunction<Op, Tangent, @Nullable Tensor> rule = RULES.get(op.getClass());
        return rule != null ? rule.apply(op, t) : op instanceof BlindOp ? t.linear() : null;
    }

    // ---- elementwise

    /**
     * f'(x), of rows whose backward reads x from x, and of the others from y, as a fused layer keeps no x for these.
     */
    private static Tensor slope(Activation f, @Nullable Tensor pre, Tensor y) {
        Tensor x = pre == null ? y : pre;
        float p = f.p0();
        return switch (f.row()) {
            case RELU -> y.gt(0);
            case SIGMOID -> y.mul(y.rsub(1));
            case TANH -> y.square().rsub(1);
            case EXP -> y;
            case LOG -> x.reciprocal();
            case SQUARE -> x.mul(2);
            case SQRT -> y.reciprocal().mul(0.5f);
            case NEG, RSUB_SCALAR -> Tensor.scalar(-1);
            case GELU -> geluSlope(x);
            case ELU -> y.gt(0).where(Tensor.scalar(1), y.add(p));
            case CLAMP -> x.ge(p).mul(x.le(f.p1()));
            case ABS -> x.sign();
            case RSQRT -> y.square().mul(y).mul(-0.5f);
            case RECIPROCAL -> y.square().neg();
            case LOG1P -> x.add(1).reciprocal();
            case EXPM1 -> y.add(1);
            case SOFTPLUS -> y.mul(-p).expm1().neg();
            case SILU -> swishSlope(x);
            case SWISH -> swishSlope(x.mul(p));
            case GELU_TANH -> geluTanhSlope(x);
            case MISH -> mishSlope(x);
            case SELU -> y.gt(0).where(Tensor.scalar((float) 1.0507009873554805), y.add((float) 1.7580993408473766));
            case CELU -> y.gt(0).where(Tensor.scalar(1), y.div(p).add(1));
            case HARD_SIGMOID -> x.gt(-3).mul(x.lt(3)).div(6);
            case HARD_SWISH ->
                x.gt(3)
                        .where(
                                Tensor.scalar(1),
                                x.lt(-3).where(Tensor.scalar(0), x.div(3).add(0.5f)));
            case SOFTSIGN -> x.abs().add(1).square().reciprocal();
            case STRAIGHT_THROUGH -> x.abs().le(p);
            case LEAKY_RELU -> y.gt(0).where(Tensor.scalar(1), Tensor.scalar(p));
            case SIN -> x.cos();
            case COS -> x.sin().neg();
            case ERF -> x.square().neg().exp().mul((float) (2 / Math.sqrt(Math.PI)));
            case STEP, SIGN, FLOOR, CEIL, ROUND -> Tensor.scalar(0);
            case ADD_SCALAR -> Tensor.scalar(1);
            case MUL_SCALAR -> Tensor.scalar(p);
            case DIV_SCALAR -> Tensor.scalar(1 / p);
            case HUBER -> x.clamp(-p, p);
            case LOG_COSH -> x.tanh();
            case TAN -> y.square().add(1);
            case ASIN -> x.square().rsub(1).rsqrt();
            case ACOS -> x.square().rsub(1).rsqrt().neg();
            case ATAN -> x.square().add(1).reciprocal();
            case SINH -> x.cosh();
            case COSH -> x.sinh();
            case ASINH -> x.square().add(1).rsqrt();
            case ACOSH -> x.square().sub(1).rsqrt();
            case ATANH -> x.square().rsub(1).reciprocal();
        };
    }

    /** The derivative of z sigmoid(z). */
    private static Tensor swishSlope(Tensor z) {
        Tensor s = z.sigmoid();
        return s.mul(z.mul(s.rsub(1)).add(1));
    }

    /** Phi(x) + x phi(x). */
    private static Tensor geluSlope(Tensor x) {
        Tensor area = x.mul((float) Math.sqrt(0.5)).erf().add(1).mul(0.5f);
        return area.add(x.mul(x.square().mul(-0.5f).exp()).mul((float) (1 / Math.sqrt(2 * Math.PI))));
    }

    private static Tensor geluTanhSlope(Tensor x) {
        float c = (float) Math.sqrt(2 / Math.PI);
        Tensor t = x.square().mul(0.044715f).add(1).mul(x).mul(c).tanh();
        Tensor inner = x.square().mul(3 * 0.044715f).add(1).mul(c);
        return t.add(1).add(x.mul(t.square().rsub(1)).mul(inner)).mul(0.5f);
    }

    private static Tensor mishSlope(Tensor x) {
        Tensor t = x.softplus().tanh();
        return t.add(x.mul(t.square().rsub(1)).mul(x.sigmoid()));
    }

    private static Tensor binary(Binary f, Tangent t) {
        Tensor dy = null;
        for (int i = 0; i < 2; i++) {
            dy = t.moves(i) ? Tangent.plus(dy, t.of(i).mul(partial(f, i, t))) : dy;
        }
        return Objects.requireNonNull(dy, "an operand moves");
    }

    /** df / da, or df / db. */
    private static Tensor partial(Binary f, int which, Tangent t) {
        Tensor a = t.in(0);
        Tensor b = t.in(1);
        boolean first = which == 0;
        return switch (f) {
            case ADD -> Tensor.scalar(1);
            case SUB -> Tensor.scalar(first ? 1 : -1);
            case MUL -> first ? b : a;
            case DIV -> first ? b.reciprocal() : t.out(0).div(b).neg();
            case BCE_LOGITS -> first ? a.sigmoid().sub(b) : a.neg();
            case MAX -> first ? larger(a, b) : larger(b, a);
            case MIN -> first ? larger(b, a) : larger(a, b);
            case POW -> first ? b.mul(a.pow(b.maskedFill(b.eq(0), 1).sub(1))) : powerOf(a, b, t.out(0));
            case PRELU -> a.gt(0).where(Tensor.scalar(first ? 1 : 0), first ? b : a);
            case SWISH ->
                first
                        ? swishSlope(a.mul(b))
                        : a.square()
                                .mul(slope(Activation.SIGMOID, null, a.mul(b).sigmoid()));
            case MOD, FMOD ->
                first ? Tensor.scalar(1) : a.sub(t.out(0)).div(b).round().neg();
            case GT, GE, LT, LE, EQ, NE, BIT_AND, BIT_OR, BIT_XOR, SHIFT_LEFT, SHIFT_RIGHT -> Tensor.scalar(0);
        };
    }

    /** 1 where p is larger, one half where both are equal. */
    private static Tensor larger(Tensor p, Tensor q) {
        return p.gt(q).add(p.eq(q).mul(0.5f));
    }

    /** y log a, 0 where a = 0 and b is not negative. */
    private static Tensor powerOf(Tensor a, Tensor b, Tensor y) {
        Tensor none = a.eq(0).mul(b.ge(0));
        return none.where(Tensor.scalar(0), y.mul(a.maskedFill(none, 1).log()));
    }

    // ---- layers with an epilogue

    private static Tensor epilogue(Epilogue op, Tangent t) {
        Activation f = op.activation();
        Op sum = f == null ? op : op.with(null);
        Tensor dy = op instanceof NormOp norm ? norm(norm, t) : t.product(sum, op.bias(), 0, 1);
        return f == null ? dy : dy.mul(slope(f, op.keepsPre() ? t.again(sum) : null, t.out(0)));
    }

    /** The normalization as a formula, to whose tangent that of the residual is added. */
    private static Tensor norm(NormOp op, Tangent t) {
        Tensor dy = t.through(() -> {
            Tensor x = t.in(0);
            int rank = x.shape().rank();
            boolean group = op.over() == NormOp.Over.GROUP;
            boolean last = op.over() == NormOp.Over.LAYER || op.over() == NormOp.Over.RMS;
            Tensor grouped = group ? x.reshape(x.dim(0), -1, op.count(), x.dim(-1) / op.count()) : x;
            int[] over = group
                    ? new int[] {1, 3}
                    : IntStream.range(last ? rank - op.count() : 0, last ? rank : rank - 1)
                            .toArray();
            boolean given = op.over() == NormOp.Over.GIVEN;
            Tensor centered = switch (op.over()) {
                case RMS -> x;
                case GIVEN -> x.sub(t.in(NormOp.MEAN).detach());
                default -> grouped.sub(grouped.mean(over).unsqueeze(over));
            };
            Tensor variance = given
                    ? t.in(NormOp.VARIANCE).detach()
                    : centered.square().mean(over).unsqueeze(over);
            Tensor y = centered.mul(variance.add(op.epsilon()).rsqrt()).reshape(x.shape());
            y = t.has(NormOp.GAMMA) ? y.mul(t.in(NormOp.GAMMA)) : y;
            return t.has(op.bias()) ? y.add(t.in(op.bias())) : y;
        });
        return t.moves(op.residual()) ? dy.add(t.of(op.residual())) : dy;
    }

    /** Whole matrices of scores; not for weights of which some are dropped, as only the kernel knows which. */
    private static @Nullable Tensor attention(AttentionOp op, Tangent t) {
        return op.p() > 0 || op.beside() || op.relative() ? null : t.through(() -> attended(op, t));
    }

    private static Tensor attended(AttentionOp op, Tangent t) {
        int heads = op.heads();
        int kv = op.kvHeads();
        Tensor q = t.in(0);
        int d = t.out(0).dim(2) / heads;
        boolean packed = !t.has(1);
        Tensor k = packed ? q.slice(2, heads * d, (heads + kv) * d) : t.in(1);
        Tensor v = packed ? q.slice(2, (heads + kv) * d, (heads + 2 * kv) * d) : t.in(2);
        q = packed ? q.slice(2, 0, heads * d) : q;
        int n = q.dim(0);
        int queries = q.dim(1);
        int keys = k.dim(1);
        float scale = Float.isNaN(op.scale()) ? (float) (1 / Math.sqrt(d)) : op.scale();
        Tensor byHead = q.reshape(n, queries, kv, heads / kv, d).permute(0, 2, 3, 1, 4);
        Tensor scores = byHead.matmulTransposed(k.reshape(n, keys, kv, 1, d).permute(0, 2, 3, 1, 4))
                .mul(scale)
                .reshape(n, heads, queries, keys);
        scores = t.has(AttentionOp.BIAS) ? scores.add(t.in(AttentionOp.BIAS)) : scores;
        Tensor sees = sees(op, t, queries, keys);
        Tensor weights = scores.maskedFill(sees.eq(0), -1e30f).softmax(-1).mul(sees);
        return weights.reshape(n, kv, heads / kv, queries, keys)
                .matmul(v.reshape(n, keys, kv, 1, d).permute(0, 2, 3, 1, 4))
                .permute(0, 3, 1, 2, 4)
                .reshape(n, queries, heads * d);
    }

    /** 1 where a query sees a key, [n or 1, 1, queries, keys]. */
    private static Tensor sees(AttentionOp op, Tangent t, int queries, int keys) {
        Tensor key = Tensor.arange(keys);
        Tensor query = Tensor.arange(queries).unsqueeze(1);
        Tensor sees = Tensor.ones(1, 1, queries, keys);
        if (op.causal()) {
            Tensor past = t.has(AttentionOp.PAST)
                    ? t.in(AttentionOp.PAST).reshape(-1, 1, 1, 1)
                    : Tensor.ofInts(new int[] {keys - queries}, 1);
            sees = sees.mul(key.le(query.add(past)));
        }
        if (t.has(AttentionOp.LENGTHS)) {
            sees = sees.mul(key.lt(t.in(AttentionOp.LENGTHS).reshape(-1, 1, 1, 1)));
        }
        return t.has(AttentionOp.QUERY_LENGTHS)
                ? sees.mul(query.lt(t.in(AttentionOp.QUERY_LENGTHS).reshape(-1, 1, 1, 1)))
                : sees;
    }

    // ---- softmax and reductions

    private static Tensor softmax(SoftmaxOp op, Tangent t) {
        Tensor y = t.out(0);
        Tensor dx = t.of(0);
        Tensor mean = (op.log() ? y.exp() : y).mul(dx).sum(op.axis()).unsqueeze(op.axis());
        return op.log() ? dx.sub(mean) : y.mul(dx.sub(mean));
    }

    private static Tensor crossEntropy(CrossEntropyOp op, Tangent t) {
        Tensor x = t.in(0);
        int classes = x.dim(-1);
        Tensor weights = t.has(2) ? t.in(2).detach() : Tensor.ones(classes);
        Tensor labels = t.in(1).oneHot(classes).mul(weights);
        Tensor q = labels.mul(1 - op.smoothing()).add(weights.mul(op.smoothing() / classes));
        return x.logSoftmax(-1).mul(q).sum().neg().div(labels.sum());
    }

    private static Tensor localResponseNorm(LocalResponseNormOp op, Tensor x) {
        int c = x.dim(-1);
        Tensor means = x.square()
                .reshape(-1, c, 1)
                .pad(PadMode.ZEROS, op.size() / 2, (op.size() - 1) / 2)
                .avgPool(Window.line(op.size()).stride(1));
        return means.mul(op.alpha())
                .add(op.k())
                .pow(-op.beta())
                .reshape(x.shape())
                .mul(x);
    }

    private static Tensor reduction(ReduceOp op, Tangent t) {
        int[] dims = dims(op.mask());
        Tensor x = t.in(0);
        Tensor dx = t.of(0);
        return switch (op.kind()) {
            case SUM, MEAN -> t.linear();
            case NORM1 -> x.sign().mul(dx).sum(dims);
            case NORM -> x.mul(dx).sum(dims).div(notZero(t.out(0)));
            case LOGSUMEXP ->
                x.sub(t.out(0).reshape(kept(x, dims))).exp().mul(dx).sum(dims);
            case MAX, MIN -> {
                int[] order = IntStream.concat(
                                IntStream.range(0, x.shape().rank()).filter(i -> (op.mask() & 1 << i) == 0),
                                IntStream.of(dims))
                        .toArray();
                Shape y = t.out(0).shape();
                int[] rows = {Math.toIntExact(y.size()), Math.toIntExact(ReduceOp.reduced(x.shape(), op.mask()))};
                Tensor values = x.detach().permute(order).reshape(rows);
                Tensor first = op.kind() == ReduceOp.Kind.MAX ? values.argmax(1) : values.argmin(1);
                yield gather(dx.permute(order).reshape(rows), 1, 2, first).reshape(y);
            }
            // a product of nothing is 1
            case PROD -> x.size() == 0 ? t.out(0).mul(0) : t.through(() -> product(x, dims));
            case ARGMAX, ARGMIN -> Tensor.scalar(0);
        };
    }

    /** The product over {@code dims} as a tree of products of two. */
    private static Tensor product(Tensor x, int[] dims) {
        Tensor y = x;
        for (int i = dims.length - 1; i >= 0; i--) {
            int d = dims[i];
            while (y.dim(d) > 1) {
                int half = y.dim(d) / 2;
                Tensor joined = y.slice(d, 0, half).mul(y.slice(d, half, 2 * half));
                y = y.dim(d) == 2 * half ? joined : Tensor.concat(d, joined, y.slice(d, 2 * half, y.dim(d)));
            }
            y = y.squeeze(d);
        }
        return y;
    }

    private static Tensor variance(VarianceOp op, Tangent t) {
        int[] dims = dims(op.mask());
        Tensor x = t.in(0);
        Tensor sum = x.sub(x.mean(dims).unsqueeze(dims)).mul(t.of(0)).sum(dims);
        float divisor = (float) (ReduceOp.reduced(x.shape(), op.mask()) - op.correction());
        return op.root() ? sum.div(divisor).div(notZero(t.out(0))) : sum.mul(2 / divisor);
    }

    /** What may divide a numerator that is 0 wherever y is 0. */
    private static Tensor notZero(Tensor y) {
        return y.maskedFill(y.eq(0), 1);
    }

    private static int[] dims(int mask) {
        return IntStream.range(0, Shape.MAX_RANK)
                .filter(i -> (mask & 1 << i) != 0)
                .toArray();
    }

    /** The shape of x with 1 in the place of each of {@code dims}. */
    private static Shape kept(Tensor x, int[] dims) {
        Shape shape = x.shape();
        for (int d : dims) {
            shape = shape.with(d, 1);
        }
        return shape;
    }

    // ---- moving

    /** No gradient flows to the row that {@code padding} names, so what moves there does not count. */
    private static Tensor embedding(EmbeddingOp op, Tangent t) {
        Tensor dy = t.linear();
        return op.padding() == EmbeddingOp.NO_PADDING
                ? dy
                : dy.mul(notPadding(t.in(1), op.padding()).unsqueeze(-1));
    }

    private static Tensor notPadding(Tensor tokens, long padding) {
        return tokens.ne(Tensor.ofInts(new int[] {(int) padding}, 1));
    }

    /** The values at the places that the maxima took. */
    private static Tensor maxPool(MaxPoolOp op, Tangent t) {
        int last = t.in(0).shape().rank() - 1;
        Tensor places = op.indices()
                ? t.out(2)
                : t.in(0).detach().maxPoolWithIndices(op.window()).indices();
        return gather(t.of(0), 1, last, places);
    }

    /**
     * The elements of x at I32 places, which count through dimensions {@code from} to {@code to - 1} as through one;
     * the dimensions around them are those of the places too.
     */
    private static Tensor gather(Tensor x, int from, int to, Tensor places) {
        int outer = Math.toIntExact(x.shape().size(0, from));
        int n = Math.toIntExact(x.shape().size(from, to));
        int inner = Math.toIntExact(x.shape().size(to, x.shape().rank()));
        Tensor rows = Tensor.arange(outer).reshape(outer, 1, 1).mul(ints(n * inner));
        int k = outer * inner == 0 ? 0 : Math.toIntExact(places.size() / outer / inner);
        Tensor flat = places.reshape(outer, k, inner)
                .mul(ints(inner))
                .add(Tensor.arange(inner))
                .add(rows);
        return x.reshape(-1).take(0, flat.reshape(places.shape()));
    }

    private static Tensor ints(int value) {
        return Tensor.ofInts(new int[] {value}, 1);
    }
}
