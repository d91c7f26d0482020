package dev.fathom.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.op.Activation;
import dev.fathom.op.DType;
import dev.fathom.op.Order;
import dev.fathom.op.PadMode;
import dev.fathom.op.Resize;
import dev.fathom.op.Scatter;
import dev.fathom.op.Window;
import dev.fathom.ops.ConvTransposedOp;
import dev.fathom.ops.LinearOp;
import dev.fathom.ops.NormOp;
import dev.fathom.testing.Golden;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every op against PyTorch: results and gradients. What PyTorch gives was computed in float64 and rounded once, so that
 * a tolerance is for Fathom's own error: 1e-6 of the number itself, which is 8 units in its last place, unless its row
 * says otherwise.
 */
class OpGoldenTest {
    private static final Map<String, Row> ROWS = new LinkedHashMap<>();

    private static final double RELATIVE = 1e-6;

    /** What computes the cases of one name, and how far their numbers may be off. */
    private static final class Row {
        private final Function<Tensor[], Tensor> f;
        private double absolute = 1e-38;

        Row(Function<Tensor[], Tensor> f) {
            this.f = f;
        }

        /** Where sums of numbers of both signs cancel, their rounding errors stay: those of terms of this size. */
        Row terms(double size) {
            absolute = RELATIVE * size;
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
        row("add(2.5)", x -> x[0].add(2.5f));
        row("sub(2.5)", x -> x[0].sub(2.5f));
        row("rsub(2.5)", x -> x[0].rsub(2.5f));
        row("mul(2.5)", x -> x[0].mul(2.5f));
        row("div(2.5)", x -> x[0].div(2.5f));
        row("abs", x -> x[0].abs());
        row("rsqrt", x -> x[0].rsqrt());
        row("reciprocal", x -> x[0].reciprocal());
        row("log1p", x -> x[0].log1p());
        row("expm1", x -> x[0].expm1()).terms(0.1); // y + 1
        row("softplus", x -> x[0].softplus());
        row("softplus(2)", x -> x[0].softplus(2));
        row("silu", x -> x[0].silu()).terms(1);
        row("swish(1.5)", x -> x[0].swish(1.5f)).terms(1);
        row("geluTanh", x -> x[0].geluTanh()).terms(1);
        row("mish", x -> x[0].mish()).terms(1);
        row("selu", x -> x[0].selu()).terms(0.1);
        row("celu(0.7)", x -> x[0].celu(0.7f)).terms(0.1);
        row("relu6", x -> x[0].relu6());
        row("hardTanh", x -> x[0].hardTanh());
        row("hardSigmoid", x -> x[0].hardSigmoid());
        row("hardSwish", x -> x[0].hardSwish()).terms(1);
        row("softsign", x -> x[0].softsign());
        row("leakyRelu(0.1)", x -> x[0].leakyRelu(0.1f));
        row("sin", x -> x[0].sin()).terms(1);
        row("cos", x -> x[0].cos()).terms(1);
        row("erf", x -> x[0].erf());
        row("sign", x -> x[0].sign());
        row("floor", x -> x[0].floor());
        row("round", x -> x[0].round());
        row("huber(0.7)", x -> x[0].huber(0.7f));
        row("pow(3)", x -> x[0].pow(3));
        row("pow(-1.5)", x -> x[0].pow(-1.5f));
        row("gt(0.5)", x -> x[0].gt(0.5f));
        row("ge(0.5)", x -> x[0].ge(0.5f));
        row("lt(0.5)", x -> x[0].lt(0.5f));
        row("le(0.5)", x -> x[0].le(0.5f));
        row("eq(0.5)", x -> x[0].eq(0.5f));
        row("ne(0.5)", x -> x[0].ne(0.5f));
        row("min", x -> x[0].min(x[1])).terms(1);
        row("max", x -> x[0].max(x[1])).terms(1);
        row("pow", x -> x[0].pow(x[1])).terms(10);
        row("prelu", x -> x[0].prelu(x[1])).terms(3);
        row("where", x -> x[0].where(x[1], x[2])).terms(3);
        row("intAdd", x -> x[0].add(x[1]));
        row("intSub", x -> x[0].sub(x[1]));
        row("intMul", x -> x[0].mul(x[1]));
        row("intGt", x -> x[0].gt(x[1]));
        row("intGe", x -> x[0].ge(x[1]));
        row("intLt", x -> x[0].lt(x[1]));
        row("intLe", x -> x[0].le(x[1]));
        row("intEq", x -> x[0].eq(x[1]));
        row("intNe", x -> x[0].ne(x[1]));
        row("to(F32)", x -> x[0].to(DType.F32));
        row("to(I32)", x -> x[0].to(DType.I32));
        row("oneHot(5)", x -> x[0].oneHot(5));
        row("bceWithLogits", x -> x[0].bceWithLogits(x[1])).terms(1);
        row("gt", x -> x[0].gt(x[1]));
        row("ge", x -> x[0].ge(x[1]));
        row("lt", x -> x[0].lt(x[1]));
        row("le", x -> x[0].le(x[1]));
        row("eq", x -> x[0].eq(x[1]));
        row("ne", x -> x[0].ne(x[1]));
        row("add", x -> x[0].add(x[1])).terms(1); // a broadcast operand's gradient is a sum
        row("sub", x -> x[0].sub(x[1])).terms(1);
        row("mul", x -> x[0].mul(x[1])).terms(3);
        row("div", x -> x[0].div(x[1])).terms(10);

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
        row("min()", x -> x[0].min());
        row("min(0)", x -> x[0].min(0));
        row("min(1)", x -> x[0].min(1));
        row("min(0,2)", x -> x[0].min(0, 2));
        row("min(1,2)", x -> x[0].min(1, 2));
        row("variance()", x -> x[0].variance()).terms(3);
        row("variance(0)", x -> x[0].variance(0)).terms(3);
        row("variance(1)", x -> x[0].variance(1)).terms(3);
        row("variance(0,2)", x -> x[0].variance(0, 2)).terms(3);
        row("variance(1,2)", x -> x[0].variance(1, 2)).terms(3);
        row("sampleVariance()", x -> x[0].sampleVariance()).terms(3);
        row("sampleVariance(0,2)", x -> x[0].sampleVariance(0, 2)).terms(3);
        row("std()", x -> x[0].std()).terms(3);
        row("std(0,2)", x -> x[0].std(0, 2)).terms(3);
        row("sampleStd()", x -> x[0].sampleStd()).terms(3);
        row("mean(KEEP,-1)", x -> x[0].mean(-1).unsqueeze(-1)).terms(3);
        row("argmin()", x -> x[0].argmin());
        row("argmin(-1)", x -> x[0].argmin(-1));
        row("argmin(0)", x -> x[0].argmin(0));
        row("logSumExp()", x -> x[0].logSumExp()).terms(1);
        row("logSumExp(0)", x -> x[0].logSumExp(0)).terms(1);
        row("logSumExp(1)", x -> x[0].logSumExp(1)).terms(1);
        row("logSumExp(0,2)", x -> x[0].logSumExp(0, 2)).terms(1);
        row("logSumExp(1,2)", x -> x[0].logSumExp(1, 2)).terms(1);
        row("norm()", x -> x[0].norm());
        row("norm(0)", x -> x[0].norm(0));
        row("norm(1)", x -> x[0].norm(1));
        row("norm(0,2)", x -> x[0].norm(0, 2));
        row("norm(1,2)", x -> x[0].norm(1, 2));
        row("norm1()", x -> x[0].norm1());
        row("norm1(1)", x -> x[0].norm1(1));
        row("argmax()", x -> x[0].argmax());
        row("correct", x -> x[0].correct(x[1]));
        row("nonfinite", x -> x[0].nonfinite());
        row("argmax(-1)", x -> x[0].argmax(-1));
        row("argmax(0)", x -> x[0].argmax(0));
        row("softmax(-1)", x -> x[0].softmax(-1)).terms(1);
        row("softmax(0)", x -> x[0].softmax(0)).terms(1);
        row("softmax(1)", x -> x[0].softmax(1)).terms(1);
        row("logSoftmax(-1)", x -> x[0].logSoftmax(-1)).terms(1);
        row("logSoftmax(0)", x -> x[0].logSoftmax(0)).terms(1);
        row("logSoftmax(1)", x -> x[0].logSoftmax(1)).terms(1);

        row("matmul", x -> x[0].matmul(x[1])).terms(1);
        row("matmulTransposed", x -> x[0].matmulTransposed(x[1])).terms(1);
        row("linear", x -> Pass.apply(LinearOp.of(null), x)).terms(1);
        row("linearBias", x -> Pass.apply(LinearOp.of(null), x)).terms(1);
        row("linearRelu", x -> Pass.apply(LinearOp.of(Activation.RELU), x)).terms(1);
        row("linearGelu", x -> Pass.apply(LinearOp.of(Activation.GELU), x)).terms(1);

        row("reshape(5,-1)", x -> x[0].reshape(5, -1));
        row("flatten(1)", x -> x[0].flatten(1));
        row("slice(1,3)", x -> x[0].slice(0, 1, 3));
        row("slice(1,1,3)", x -> x[0].slice(1, 1, 3));
        row("slice(-1,2,3)", x -> x[0].slice(-1, 2, 3));
        row("unsqueeze(1)", x -> x[0].unsqueeze(1));
        row("squeeze(1)", x -> x[0].squeeze(1));
        row("transpose(0,2)", x -> x[0].transpose(0, 2));
        row("transpose(-1,-2)", x -> x[0].transpose(-1, -2));
        row("permute(1,0)", x -> x[0].permute(1, 0));
        row("permute(2,0,1)", x -> x[0].permute(2, 0, 1));
        row("permute(0,2,1)", x -> x[0].permute(0, 2, 1));
        row("permute(3,1,0,2)", x -> x[0].permute(3, 1, 0, 2));
        row("concat(0)", x -> Tensor.concat(0, x));
        row("concat(1)", x -> Tensor.concat(1, x));
        row("concat(-1)", x -> Tensor.concat(-1, x));
        row("stack(0)", x -> Tensor.stack(0, x));
        row("stack(1)", x -> Tensor.stack(1, x));
        row("stack(2)", x -> Tensor.stack(2, x));
        row("stack(-1)", x -> Tensor.stack(-1, x));
        // what is taken twice gets a sum
        row("cumsum(0)", x -> x[0].cumsum(0)).terms(3);
        row("cumsum(-1)", x -> x[0].cumsum(-1)).terms(3);
        row("sort(-1)", x -> x[0].sort(-1).values());
        row("sort(1,DESCENDING)", x -> x[0].sort(1, Order.DESCENDING).values());
        row("sort(0).indices", x -> x[0].sort(0).indices());
        row("topk(-1,2)", x -> x[0].topk(-1, 2).values());
        row("topk(0,1).indices", x -> x[0].topk(0, 1).indices());
        row("flip(0)", x -> x[0].flip(0));
        row("flip(1,-1)", x -> x[0].flip(1, -1));
        row("roll(1,1)", x -> x[0].roll(1, 1));
        row("roll(-1,-3)", x -> x[0].roll(-1, -3));
        row("expand(2,-1,3,5)", x -> x[0].expand(2, -1, 3, 5)).terms(3);
        row("expand(3,4)", x -> x[0].expand(3, 4)).terms(3);
        row("maskedFill(-2)", x -> x[0].maskedFill(x[1], -2));
        for (String equation : new String[] {
            "ij,jk->ik",
            "ij,kj",
            "bij,bjk->bik",
            "bqhd,bkhd->bhqk",
            "ijk,lk->jl",
            "i,j->ij",
            "bi,bi->b",
            "ijij->ji",
            "ii",
            "ijk->kj"
        }) {
            row("einsum(" + equation + ")", x -> Tensor.einsum(equation, x)).terms(3);
        }
        row("take(0)", x -> x[0].take(0, x[1])).terms(3);
        row("take(1)", x -> x[0].take(1, x[1])).terms(3);
        row("take(2)", x -> x[0].take(2, x[1])).terms(3);
        row("indexAdd(0,4)", x -> x[0].indexAdd(0, x[1], 4)).terms(3);
        row("indexAdd(1,4)", x -> x[0].indexAdd(1, x[1], 4)).terms(3);
        row("indexAdd(2,4)", x -> x[0].indexAdd(2, x[1], 4)).terms(3);

        // a pixel's gradient is a sum over the places that hold it
        row("pad(ZEROS)", x -> x[0].pad(PadMode.ZEROS, 2, 1, 0, 3));
        row("padWithValue(0.5)", x -> x[0].padWithValue(0.5f, 2, 1, 0, 3));
        row("pad(REPLICATE)", x -> x[0].pad(PadMode.REPLICATE, 2, 1, 0, 3)).terms(3);
        row("pad(REFLECT)", x -> x[0].pad(PadMode.REFLECT, 2, 1, 0, 3)).terms(3);
        row("pad(CIRCULAR)", x -> x[0].pad(PadMode.CIRCULAR, 2, 1, 0, 3)).terms(3);
        pool("2,stride 2", Window.of(2).stride(2));
        pool("3,stride 2,pad 1", Window.of(3).stride(2).pad(1));
        pool("3,stride 2,ceil", Window.of(3).stride(2).ceil());
        pool("3,stride 3,pad 1,ceil", Window.of(3).stride(3).pad(1).ceil());
        pool("2x3,stride 1x2,pad 1", Window.of(2, 3).stride(1, 2).pad(1));
        row("maxPool(2,dilation 2)", x -> x[0].maxPool(Window.of(2).dilation(2)))
                .terms(3);
        Window line = Window.line(3).stride(2).pad(1);
        row("maxPool(line 3,stride 2,pad 1)", x -> x[0].maxPool(line)).terms(3);
        row("avgPool(line 3,stride 2,pad 1)", x -> x[0].avgPool(line)).terms(3);
        Window volume = Window.of(2, 3, 2).stride(2).pad(1).ceil();
        row("maxPool(2x3x2,stride 2,pad 1,ceil)", x -> x[0].maxPool(volume)).terms(3);
        row("avgPool(2x3x2,stride 2,pad 1,ceil)", x -> x[0].avgPool(volume)).terms(3);
        row("maxUnpool", x -> {
            Pooled pooled = x[0].maxPoolWithIndices(Window.of(2).stride(2));
            return pooled.values().maxUnpool(pooled.indices(), x[0].dim(1), x[0].dim(2));
        });
        row(
                "maxPoolWithPositions",
                x -> x[0].maxPoolWithIndices(Window.of(3).stride(2).pad(1)).indices());
        for (Resize mode : Resize.values()) {
            for (int[] size : new int[][] {{6, 8}, {4, 3}, {1, 7}}) {
                row("resize(" + mode + "," + size[0] + "," + size[1] + ")", x -> x[0].resize(mode, size))
                        .terms(3);
            }
        }
        row("resize(LINEAR,7)", x -> x[0].resize(Resize.LINEAR, 7)).terms(3);
        row("resize(LINEAR_CORNERS,4,3,5)", x -> x[0].resize(Resize.LINEAR_CORNERS, 4, 3, 5))
                .terms(3);
        row("resize(AREA,2,3,1)", x -> x[0].resize(Resize.AREA, 2, 3, 1)).terms(3);
        row("pixelShuffle(2)", x -> x[0].pixelShuffle(2));
        row("pixelUnshuffle(2)", x -> x[0].pixelUnshuffle(2));
        row("slice(1,1,6,2)", x -> x[0].slice(1, 1, 6, 2));
    }

    private static Row conv(String name, Window w, int groups, OpTable.Ends end) {
        return row("conv(" + name + ")", new OpTable.Conv(w, groups, end)::of).terms(3);
    }

    private static void conv(String name, Window w, int groups) {
        conv(name, w, groups, new OpTable.Ends(true, false, null));
    }

    private static void transposed(String name, Window w, int groups, int... extra) {
        row("convTransposed(" + name + ")", x -> Pass.apply(ConvTransposedOp.of(w, groups, extra), x))
                .terms(3);
    }

    static {
        conv("3", Window.of(3), 1);
        conv("1", Window.of(1), 1);
        conv("3,pad 1", Window.of(3).pad(1), 1);
        conv("3,stride 2,pad 1", Window.of(3).stride(2).pad(1), 1);
        conv("2,stride 3", Window.of(2).stride(3), 1);
        conv("3,dilation 2,pad 2", Window.of(3).dilation(2).pad(2), 1);
        conv("4x1,stride 1x2,pad 2x1", Window.of(4, 1).stride(1, 2).pad(2, 1), 1);
        conv("7,stride 2,pad 3", Window.of(7).stride(2).pad(3), 1);
        conv("3,pad 1,groups 2", Window.of(3).pad(1), 2);
        conv("3,stride 2,pad 1,groups 5", Window.of(3).stride(2).pad(1), 5);
        conv("line 3,stride 2,pad 1", Window.line(3).stride(2).pad(1), 1);
        conv("line 5,dilation 2", Window.line(5).dilation(2), 1);
        conv("3x2x3,stride 2x1x1,pad 1x0x1", Window.of(3, 2, 3).stride(2, 1, 1).pad(1, 0, 1), 1);
        conv("2x2x2,groups 2", Window.of(2, 2, 2), 2);
        Window three = Window.of(3).pad(1);
        conv("without bias", three, 1, new OpTable.Ends(false, false, null));
        conv("residual,relu", three, 1, new OpTable.Ends(true, true, Activation.RELU));
        conv("gelu", three, 1, new OpTable.Ends(true, false, Activation.GELU));
        transposed("2,stride 2", Window.of(2).stride(2), 1);
        transposed("3,stride 2,pad 1,extra 1", Window.of(3).stride(2).pad(1), 1, 1);
        transposed("3,pad 1", three, 1);
        transposed("3x2,stride 3x1,extra 2x0", Window.of(3, 2).stride(3, 1), 1, 2, 0);
        transposed("3,stride 2,dilation 2", Window.of(3).stride(2).dilation(2), 1);
        transposed("3,stride 2,groups 2", Window.of(3).stride(2), 2);
        transposed("line 4,stride 2,pad 1", Window.line(4).stride(2).pad(1), 1);
        row(
                        "patches(3x2,stride 2x1,pad 1)",
                        x -> x[0].patches(Window.of(3, 2).stride(2, 1).pad(1)))
                .terms(1);
    }

    static {
        for (String f : List.of("mod", "fmod")) {
            BinaryOperator<Tensor> of = f.equals("mod") ? Tensor::mod : Tensor::fmod;
            row(f, x -> of.apply(x[0], x[1])).terms(10); // what is left of a number near a multiple; and sums
            row(f + "(int)", x -> of.apply(x[0], x[1]));
        }
        row("pow(int)", x -> x[0].pow(x[1]));
        row("bitAnd", x -> x[0].bitAnd(x[1]));
        row("bitOr", x -> x[0].bitOr(x[1]));
        row("bitXor", x -> x[0].bitXor(x[1]));
        row("bitNot", x -> x[0].bitNot());
        row("shiftLeft", x -> x[0].shiftLeft(x[1]));
        row("shiftRight", x -> x[0].shiftRight(x[1]));
        row("tan", x -> x[0].tan());
        row("asin", x -> x[0].asin());
        row("acos", x -> x[0].acos());
        row("atan", x -> x[0].atan());
        row("sinh", x -> x[0].sinh());
        row("cosh", x -> x[0].cosh());
        row("asinh", x -> x[0].asinh());
        row("acosh", x -> x[0].acosh());
        row("atanh", x -> x[0].atanh());
        row("ceil", x -> x[0].ceil());
        row("isNan", x -> x[0].isNan());
        row("isInf", x -> x[0].isInf());
        row("prod()", x -> x[0].prod());
        row("prod(0)", x -> x[0].prod(0));
        row("prod(1)", x -> x[0].prod(1));
        for (Scatter how : Scatter.values()) {
            row("scatter(1," + how + ")", x -> x[0].scatter(1, x[1], x[2], how));
            row("scatterElements(1," + how + ")", x -> x[0].scatterElements(1, x[1], x[2], how))
                    .terms(3);
        }
        row("scatterElements(0,ADD)", x -> x[0].scatterElements(0, x[1], x[2], Scatter.ADD))
                .terms(3);
        row("scatterElements(2,ADD)", x -> x[0].scatterElements(2, x[1], x[2], Scatter.ADD))
                .terms(3);
        for (int dim = 0; dim < 3; dim++) {
            int d = dim;
            row("gatherElements(" + d + ")", x -> x[0].gatherElements(d, x[1])).terms(3);
        }
    }

    private static void pool(String name, Window w) {
        row("maxPool(" + name + ")", x -> x[0].maxPool(w)).terms(3);
        row("avgPool(" + name + ")", x -> x[0].avgPool(w)).terms(3);
        row("avgPool(" + name + ",inside)", x -> x[0].avgPoolExcludingPadding(w))
                .terms(3);
    }

    private static Row norm(String name, NormOp.Over over, int count, boolean bias) {
        return row(
                        name,
                        x -> new OpTable.Norm(
                                        over,
                                        count < 0 ? x[0].dim(-1) : count,
                                        x.length > 1,
                                        1e-5f,
                                        new OpTable.Ends(bias, false, null))
                                .of(x))
                .terms(3);
    }

    private static Row batchNorm(String name, boolean given, boolean residual, Activation act) {
        NormOp.Over over = given ? NormOp.Over.GIVEN : NormOp.Over.BATCH;
        return row(name, new OpTable.Norm(over, 0, true, 1e-5f, new OpTable.Ends(true, residual, act))::of)
                .terms(6);
    }

    static {
        batchNorm("batchNorm", false, false, null);
        batchNorm("batchNorm relu", false, false, Activation.RELU);
        batchNorm("batchNorm residual relu", false, true, Activation.RELU);
        batchNorm("batchNorm given silu", true, false, Activation.SILU);
        norm("layerNorm(1)", NormOp.Over.LAYER, 1, true);
        norm("layerNorm(2)", NormOp.Over.LAYER, 2, false);
        norm("rmsNorm(1)", NormOp.Over.RMS, 1, false);
        norm("groupNorm(1)", NormOp.Over.GROUP, 1, true);
        norm("groupNorm(3)", NormOp.Over.GROUP, 3, true);
        norm("groupNorm(channels)", NormOp.Over.GROUP, -1, true);
        row("localResponseNorm(4)", x -> x[0].localResponseNorm(4, 0.5f, 0.75f, 2))
                .terms(1);
        row("localResponseNorm(5)", x -> x[0].localResponseNorm(5, 0.5f, 0.75f, 2))
                .terms(1);
    }

    private static final List<Golden> FILES = List.of(
            new Golden("elementwise"),
            new Golden("structured"),
            new Golden("functions"),
            new Golden("convolutions"),
            new Golden("pools"),
            new Golden("normalization"));

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
                        .map(name -> new Case(file, name.substring(0, name.length() - 2))));
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
            Golden.assertClose(c.toString(), numbers(y), file.values(c.name + "/y"), RELATIVE, row.absolute);
            if (!file.has(c.name + "/dy")) {
                return;
            }
            if (!y.needsGradient()) {
                // PyTorch lets zeros flow back
                for (int i = 0; i < x.size(); i++) {
                    assertThat(file.values(c.name + "/dx" + i)).containsOnly(0);
                }
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
                            RELATIVE,
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

    /** A golden without a row fails above; these fail where a row or a method has no golden. */
    @Test
    void everyRowHasAGolden() {
        Set<String> missing = new LinkedHashSet<>(ROWS.keySet());
        cases().forEach(c -> missing.remove(c.op()));
        assertThat(missing).isEmpty();
    }

    @Test
    void everyMethodHasAGolden() {
        Set<String> missing = new TreeSet<>();
        for (Method m : Tensor.class.getDeclaredMethods()) {
            boolean takesTensors = !Modifier.isStatic(m.getModifiers())
                    || Stream.of(m.getParameterTypes()).anyMatch(Tensor[].class::equals);
            if (Modifier.isPublic(m.getModifiers()) && m.getReturnType() == Tensor.class && takesTensors) {
                missing.add(m.getName());
            }
        }
        ROWS.keySet().forEach(name -> missing.remove(name.replaceFirst("\\(.*", "")));
        // a loss has goldens of its own, what is random has none, detach and value do nothing
        missing.removeAll(Set.of("crossEntropy", "dropout", "detach", "value"));
        missing.removeAll(Set.of("embedding", "embeddingBag", "ctcLoss", "attention")); // nn and attention have theirs
        missing.removeAll(Set.of("logCosh", "step", "straightThrough", "putRows")); // PyTorch has none of them
        missing.remove("avgPoolExcludingPadding"); // its rows are those of avgPool(.., inside)
        assertThat(missing).isEmpty();
    }
}
