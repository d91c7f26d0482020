package dev.fathom.derivative;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.autograd.Node;
import dev.fathom.op.Op;
import dev.fathom.tensor.OpTable;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Tangents that are derived of backward, against the rules that the library's ops have for speed. */
class DerivedTest {
    @Test
    void derivedTangentsAreThoseOfTheRules() {
        TreeSet<String> derived = new TreeSet<>();
        for (OpTable.Row row : OpTable.rows()) {
            LinearizedRow.forEachCall(row, call -> {
                if (isDerived(row, call)) {
                    derived.add(call.op().label());
                }
            });
        }
        assertThat(derived)
                .contains("add", "sub", "neg", "matmul", "matmul_transposed", "linear", "conv", "conv_transposed")
                .contains("where", "embedding_bag", "rotary", "permute", "concat", "sum", "mean", "pad", "index_add")
                .doesNotContain("mul", "exp", "softmax", "max", "max_pool", "sort", "gru", "ctc_loss", "attention");
    }

    /** Whether the tangent of a call can be derived; if so, it is that of the op as it is. */
    private static boolean isDerived(OpTable.Row row, Node call) {
        @Nullable Tensor[] in = (@Nullable Tensor[]) call.inputs();
        Map<Tensor, Tensor> v = new LinkedHashMap<>();
        for (int i = 0; i < in.length; i++) {
            Tensor x = in[i];
            if (x != null && x.needsGradient()) {
                v.put(
                        x,
                        Tensor.of(
                                new Rng(i).normal(Math.toIntExact(x.size()), 0, 1),
                                x.shape().toArray()));
            }
        }
        float[] expected;
        try {
            expected = along(call.op(), in, v);
        } catch (UnsupportedOperationException e) {
            return false; // a recurrent layer or CTC
        }
        float[] found;
        try {
            found = along(new Unruled(call.op()), in, v);
        } catch (UnsupportedOperationException e) {
            return false;
        }
        float largest = 0;
        for (float e : expected) {
            largest = Math.max(largest, Math.abs(e));
        }
        assertThat(found).as("%s: %s", row, call.op()).containsExactly(expected, within(2e-6f * largest));
        return true;
    }

    private static float[] along(Op op, @Nullable Tensor[] in, Map<Tensor, Tensor> v) {
        return Linearization.of(() -> Pass.apply(op, in)).along(v).toArray();
    }
}
