package dev.fathom.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.kernel.Blas;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.ops.LinearOp;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.OpTable.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The products of the table of ops, computed by OpenBLAS. */
class OpenBlasProductsTest {
    @ParameterizedTest
    @MethodSource("dev.fathom.tensor.OpTableTest#products")
    void openBlasAgrees(Row row) {
        NativeRuntime machine = NativeRuntime.get();
        Blas before = machine.blas();
        try {
            machine.blas(Blas.OPENBLAS);
            for (int[][] shapes : row.samples()) {
                try (Pass pass = Pass.infer(new Rng(0))) {
                    OpTableTest.assertClose(
                            row,
                            shapes,
                            row.run(row.tensors(shapes)),
                            row.expected(OpTableTest.doubles(row.values(shapes), shapes)));
                }
            }
            var table = new OpTableTest();
            table.theGradientIsTheCentralDifference(row);
            table.gradientsOfTwoUsesAdd(row);
        } finally {
            machine.blas(before);
        }
    }

    /**
     * Inference does not go past the backend to packed weights: a parameter gives the bits of a tensor with its values.
     */
    @Test
    void openBlasMultipliesParametersToo() {
        NativeRuntime machine = NativeRuntime.get();
        Blas before = machine.blas();
        float[] x = new Rng(1).normal(20 * 300, 0, 1);
        float[] w = new Rng(2).normal(70 * 300, 0, 1);
        try (Numbers values = new Numbers()) {
            Parameter p = values.parameter("w", w, 70, 300);
            values.bind();
            machine.blas(Blas.OPENBLAS);
            try (Pass pass = Pass.infer()) {
                Tensor in = Tensor.of(x, 20, 300);
                Tensor plain = Pass.apply(LinearOp.of(null), in, Tensor.of(w, 70, 300));
                assertThat(in.linear(p, null).toArray()).isEqualTo(plain.toArray());
            }
        } finally {
            machine.blas(before);
        }
    }
}
