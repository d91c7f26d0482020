package dev.fathom.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.testing.Golden;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every op against PyTorch: results and gradients. What PyTorch gives was computed in float64 and rounded once, so that a
 * tolerance is for Fathom's own error: 1e-6 of the number itself, which is 8 units in its last place, unless its row says
 * otherwise.
 */
class OpGoldenTest {
    private static final Map<String, Row> ROWS = new LinkedHashMap<>();

    /** What computes the cases of one name, and how far their numbers may be off. */
    private static final class Row {
        private final Function<Tensor[], Tensor> f;
        private double relative = 1e-6;
        private double absolute = 1e-38;

        Row(Function<Tensor[], Tensor> f) {
            this.f = f;
        }

        /** Where sums of numbers of both signs cancel, their rounding errors stay: those of terms of this size. */
        Row terms(double size) {
            absolute = 1e-6 * size;
            return this;
        }

        Row tolerance(double r) {
            relative = r;
            return this;
        }
    }

    private static Row row(String name, Function<Tensor[], Tensor> f) {
        Row row = new Row(f);
        assertThat(ROWS.put(name, row)).as(name).isNull();
        return row;
    }

    static {
        row("relu", x -> x[0].relu());
        row("sigmoid", x -> x[0].sigmoid()).terms(0.1); // its derivative is y (1 - y), where y may be near 1
        row("tanh", x -> x[0].tanh()).terms(0.1); // 1 - y y
        row("exp", x -> x[0].exp());
        row("log", x -> x[0].log());
        row("square", x -> x[0].square());
        row("sqrt", x -> x[0].sqrt());
        row("neg", x -> x[0].neg());
        row("gelu", x -> x[0].gelu()).terms(1); // the derivative has a zero
        row("elu(0.7)", x -> x[0].elu(0.7f));
        row("clamp(-1,1.5)", x -> x[0].clamp(-1, 1.5f));
        row("abs", x -> x[0].abs());
        row("rsqrt", x -> x[0].rsqrt());
        row("reciprocal", x -> x[0].reciprocal());
        row("log1p", x -> x[0].log1p());
        row("expm1", x -> x[0].expm1()).terms(0.1); // y + 1, where y may be near -1
        row("softplus", x -> x[0].softplus());
        row("silu", x -> x[0].silu()).terms(1); // the derivative has a zero
        row("leakyRelu(0.1)", x -> x[0].leakyRelu(0.1f));
        row("sin", x -> x[0].sin());
        row("cos", x -> x[0].cos());
        row("sign", x -> x[0].eq(x[0]).where(x[0].sign(), Tensor.scalar(0))); // PyTorch makes 0 of NaN, Fathom NaN
        row("floor", x -> x[0].floor());
        row("round", x -> x[0].round());
        row("pow(3)", x -> x[0].pow(3));
        row("pow(-1.5)", x -> x[0].pow(-1.5f));
        row("add(2.5)", x -> x[0].add(2.5f));
        row("sub(2.5)", x -> x[0].sub(2.5f));
        row("rsub(2.5)", x -> x[0].rsub(2.5f));
        row("mul(2.5)", x -> x[0].mul(2.5f));
        row("div(2.5)", x -> x[0].div(2.5f));
        row("add", x -> x[0].add(x[1])).terms(1); // a broadcast operand's gradient is a sum
        row("sub", x -> x[0].sub(x[1])).terms(1);
        row("mul", x -> x[0].mul(x[1])).terms(3);
        row("div", x -> x[0].div(x[1])).terms(10);
        row("pow", x -> x[0].pow(x[1])).terms(10);
        row("min", x -> x[0].min(x[1])).terms(1);
        row("max", x -> x[0].max(x[1])).terms(1);
        row("where", x -> x[0].where(x[1], x[2])).terms(1);
        row("gt", x -> x[0].gt(x[1]));
        row("ge", x -> x[0].ge(x[1]));
        row("lt", x -> x[0].lt(x[1]));
        row("le", x -> x[0].le(x[1]));
        row("eq", x -> x[0].eq(x[1]));
        row("ne", x -> x[0].ne(x[1]));
        row("intAdd", x -> x[0].add(x[1]));
        row("intSub", x -> x[0].sub(x[1]));
        row("intGt", x -> x[0].gt(x[1]));
        row("intGe", x -> x[0].ge(x[1]));
        row("intLt", x -> x[0].lt(x[1]));
        row("intLe", x -> x[0].le(x[1]));
        row("intEq", x -> x[0].eq(x[1]));
        row("intNe", x -> x[0].ne(x[1]));
        row("intToFloat", x -> x[0].to(DType.F32));
        row("floatToInt", x -> x[0].to(DType.I32));
        row("oneHot(5)", x -> x[0].oneHot(5));

        row("sum()", x -> x[0].sum()).terms(3);
        row("sum(-1)", x -> x[0].sum(-1)).terms(3);
        row("sum(0)", x -> x[0].sum(0)).terms(3);
        row("sum(1)", x -> x[0].sum(1)).terms(3);
        row("sum(0,2)", x -> x[0].sum(0, 2)).terms(3);
        row("sum(1,2)", x -> x[0].sum(1, 2)).terms(3);
        row("mean()", x -> x[0].mean()).terms(3);
        row("mean(0)", x -> x[0].mean(0)).terms(3);
        row("mean(1)", x -> x[0].mean(1)).terms(3);
        row("mean(0,2)", x -> x[0].mean(0, 2)).terms(3);
        row("mean(1,2)", x -> x[0].mean(1, 2)).terms(3);
        row("max()", x -> x[0].max());
        row("max(-1)", x -> x[0].max(-1));
        row("max(0)", x -> x[0].max(0));
        row("max(1)", x -> x[0].max(1));
        row("max(0,2)", x -> x[0].max(0, 2));
        row("max(1,2)", x -> x[0].max(1, 2));
        row("argmax()", x -> x[0].argmax());
        row("argmax(-1)", x -> x[0].argmax(-1));
        row("argmax(0)", x -> x[0].argmax(0));
        row("softmax(-1)", x -> x[0].softmax(-1)).terms(1);
        row("softmax(0)", x -> x[0].softmax(0)).terms(1);
        row("softmax(1)", x -> x[0].softmax(1)).terms(1);
        row("logSoftmax(-1)", x -> x[0].logSoftmax(-1)).terms(1);
        row("logSoftmax(0)", x -> x[0].logSoftmax(0)).terms(1);
        row("logSoftmax(1)", x -> x[0].logSoftmax(1)).terms(1);

        row("linear", x -> Pass.apply(LinearOp.of(false, false, null), x)).terms(1);
        row("linearBias", x -> Pass.apply(LinearOp.of(true, false, null), x)).terms(1);
        row("linearRelu", x -> Pass.apply(LinearOp.of(true, false, Activation.RELU), x))
                .terms(1);
        row("linearGelu", x -> Pass.apply(LinearOp.of(true, false, Activation.GELU), x))
                .terms(1);

        row("reshape(5,-1)", x -> x[0].reshape(5, -1));
        row("flatten(1)", x -> x[0].flatten(1));
        row("slice(1,3)", x -> x[0].slice(1, 3));
    }

    /** Ops to come. */
    private static final Set<String> AWAITED = Set.of(
            "min()",
            "min(0)",
            "min(1)",
            "min(0,2)",
            "min(1,2)",
            "variance()",
            "sampleVariance()",
            "sampleVariance(0,2)",
            "logsumexp()",
            "norm()",
            "matmul",
            "concat(0)",
            "concat(1)",
            "concat(-1)",
            "stack(0)",
            "stack(1)",
            "stack(2)",
            "stack(-1)",
            "permute(1,0)",
            "permute(2,0,1)",
            "permute(0,2,1)",
            "permute(3,1,0,2)",
            "embedding",
            "variance(0)",
            "logsumexp(0)",
            "norm(0)",
            "variance(1)",
            "logsumexp(1)",
            "norm(1)",
            "variance(0,2)",
            "logsumexp(0,2)",
            "norm(0,2)",
            "variance(1,2)",
            "logsumexp(1,2)",
            "norm(1,2)",
            "select(0)",
            "indexAdd(0)",
            "gather(0)",
            "scatterAdd(0)",
            "select(1)",
            "indexAdd(1)",
            "gather(1)",
            "scatterAdd(1)",
            "select(-1)",
            "indexAdd(-1)",
            "gather(-1)",
            "scatterAdd(-1)");

    private static final List<Golden> FILES = List.of(new Golden("elementwise"), new Golden("structured"));

    /** One case of a file. */
    private record Case(Golden file, String name) {
        String op() {
            return name.substring(0, name.indexOf('#'));
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static Stream<Case> cases() {
        return FILES.stream()
                .flatMap(file -> file.names().stream()
                        .filter(name -> name.endsWith("/y"))
                        .map(name -> new Case(file, name.substring(0, name.length() - 2)))
                        .filter(c -> !AWAITED.contains(c.op())));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void asPyTorchHasIt(Case c) {
        Row row = ROWS.get(c.op());
        assertThat(row).as("row of " + c.op()).isNotNull();
        Golden file = c.file;
        try (Pass pass = Pass.grad()) {
            List<Tensor> x = new ArrayList<>();
            for (int i = 0; ; i++) {
                String real = c.name + "/x" + i;
                String constant = c.name + "/c" + i;
                String whole = c.name + "/i" + i;
                if (file.has(real)) {
                    x.add(pass.watch(
                            Tensor.of(file.values(real), file.shape(real).toArray())));
                } else if (file.has(constant)) {
                    x.add(Tensor.of(file.values(constant), file.shape(constant).toArray()));
                } else if (file.has(whole)) {
                    x.add(Tensor.ofInts(
                            Golden.whole(file.values(whole)), file.shape(whole).toArray()));
                } else {
                    break;
                }
            }
            Tensor y = row.f.apply(x.toArray(Tensor[]::new));
            assertThat(y.shape()).as("shape of " + c).isEqualTo(file.shape(c.name + "/y"));
            Golden.assertClose(c.toString(), numbers(y), file.values(c.name + "/y"), row.relative, row.absolute);
            if (!file.has(c.name + "/dy")) {
                return;
            }
            if (!y.needsGradient()) { // PyTorch's is zero where Fathom has none
                assertThat(file.values(c.name + "/dx0")).as(c + ", gradient").containsOnly(0f);
                return;
            }
            Tensor dy = Tensor.of(file.values(c.name + "/dy"), y.shape().toArray());
            pass.backward(y.mul(dy).sum());
            for (int i = 0; i < x.size(); i++) {
                if (file.has(c.name + "/dx" + i)) {
                    Golden.assertClose(
                            c + ", gradient of input " + i,
                            pass.gradient(x.get(i)).toArray(),
                            file.values(c.name + "/dx" + i),
                            row.relative,
                            row.absolute);
                }
            }
        }
    }

    private static float[] numbers(Tensor y) {
        if (y.dtype() == DType.F32) {
            return y.toArray();
        }
        int[] ints = y.toIntArray();
        float[] floats = new float[ints.length];
        for (int i = 0; i < ints.length; i++) {
            floats[i] = ints[i];
        }
        return floats;
    }

    /** A golden without a row fails above; this one fails where a row has no golden. */
    @Test
    void everyRowHasAGolden() {
        Set<String> missing = new LinkedHashSet<>(ROWS.keySet());
        cases().forEach(c -> missing.remove(c.op()));
        assertThat(missing).isEmpty();
    }
}
