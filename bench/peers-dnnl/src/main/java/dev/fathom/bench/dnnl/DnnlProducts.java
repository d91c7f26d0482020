package dev.fathom.bench.dnnl;

import static dev.fathom.bench.dnnl.DnnlRows.ENGINE;
import static dev.fathom.bench.dnnl.DnnlRows.NO_ATTRIBUTES;
import static dev.fathom.bench.dnnl.DnnlRows.NO_BIAS;
import static dev.fathom.bench.dnnl.DnnlRows.layout;
import static dev.fathom.bench.dnnl.DnnlRows.ok;

import dev.fathom.bench.Work;
import dev.fathom.bench.dnnl.DnnlRows.Memory;
import dev.fathom.bench.dnnl.DnnlRows.Step;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.dnnl.global.dnnl;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** oneDNN's products. */
public class DnnlProducts {
    /** How a product is computed. */
    public enum Way {
        /** By the function of BLAS. */
        SGEMM,
        /** By the primitive, on matrices by rows. */
        MATMUL,
        /** By the primitive, whose right side is in the layout that it asks for before the clock starts. */
        PACKED
    }

    /** c[m, n] = a[m, k] b[k, n], and for a layer relu(c + bias[n]). */
    @State(Scope.Thread)
    public static class Product {
        /** Rows of a. */
        @Param("512")
        public int m;

        /** Columns of b. */
        @Param("512")
        public int n;

        /** Columns of a. */
        @Param("512")
        public int k;

        /** Whether it is the layer of the rows {@code linear-}. */
        @Param("false")
        public boolean layer;

        /** How. */
        @Param("SGEMM")
        public Way way;

        private final List<AutoCloseable> open = new ArrayList<>();
        private float[] left;
        private float[] right;
        private float[] biases;
        private Memory a;
        private Memory b;
        private Memory c;
        private Step step;

        /** Makes the matrices and what runs. */
        @Setup(Level.Trial)
        public void setup() {
            left = Work.gauss(1, m * k, 1);
            right = layer ? Work.swap(Work.weight(0), 1, n, k) : Work.gauss(2, k * n, 1);
            biases = layer ? Work.bias(0) : new float[n];
            a = matrix(left, m, k);
            b = matrix(right, k, n);
            c = matrix(new float[m * n], m, n);
            Memory bias = matrix(biases, 1, n);
            if (way == Way.SGEMM) {
                step = layer ? epilogue(bias) : null;
                return;
            }
            dnnl_memory_desc any = layout(dnnl.dnnl_format_tag_any, k, n);
            dnnl_primitive_desc what = new dnnl_primitive_desc();
            ok(dnnl.dnnl_matmul_primitive_desc_create(
                    what,
                    ENGINE,
                    a.layout,
                    way == Way.PACKED ? any : b.layout,
                    layer ? bias.layout : NO_BIAS,
                    c.layout,
                    layer ? relu() : NO_ATTRIBUTES));
            Memory weights = b;
            if (way == Way.PACKED) {
                weights = open(new Memory(dnnl.dnnl_primitive_desc_query_md(what, dnnl.dnnl_query_weights_md, 0)));
                Step.copy(b, weights);
            }
            List<Object> arguments = new ArrayList<>(
                    List.of(dnnl.DNNL_ARG_SRC, a, dnnl.DNNL_ARG_WEIGHTS, weights, dnnl.DNNL_ARG_DST, c));
            if (layer) {
                arguments.addAll(List.of(dnnl.DNNL_ARG_BIAS, bias));
            }
            step = open(Step.of(what, arguments.toArray()));
        }

        private <T extends AutoCloseable> T open(T made) {
            open.add(made);
            return made;
        }

        private Memory matrix(float[] values, long rows, long columns) {
            Memory matrix = open(new Memory(layout(dnnl.dnnl_ab, rows, columns)));
            matrix.put(values);
            return matrix;
        }

        private static dnnl_primitive_attr relu() {
            dnnl_post_ops after = new dnnl_post_ops();
            ok(dnnl.dnnl_post_ops_create(after));
            ok(dnnl.dnnl_post_ops_append_eltwise(after, dnnl.dnnl_eltwise_relu, 0, 0));
            dnnl_primitive_attr attributes = new dnnl_primitive_attr();
            ok(dnnl.dnnl_primitive_attr_create(attributes));
            ok(dnnl.dnnl_primitive_attr_set_post_ops(attributes, after));
            return attributes;
        }

        /** c = relu(c + bias). */
        private Step epilogue(Memory bias) {
            dnnl_primitive_desc what = new dnnl_primitive_desc();
            ok(dnnl.dnnl_binary_primitive_desc_create(
                    what, ENGINE, dnnl.dnnl_binary_add, c.layout, bias.layout, c.layout, relu()));
            return open(Step.of(what, dnnl.DNNL_ARG_SRC_0, c, dnnl.DNNL_ARG_SRC_1, bias, dnnl.DNNL_ARG_DST, c));
        }

        void run() {
            if (way == Way.SGEMM) {
                ok(dnnl.dnnl_sgemm((byte) 'N', (byte) 'N', m, n, k, 1, a.floats, k, b.floats, n, 0, c.floats, n));
            }
            if (step != null) {
                step.now();
            }
        }

        /** A few numbers equal those in double precision. */
        @TearDown(Level.Trial)
        public void check() throws Exception {
            float[] result = c.get(m * n);
            for (int i = 0; i < result.length; i += 997) {
                double sum = biases[i % n];
                for (int j = 0; j < k; j++) {
                    sum += (double) left[i / n * k + j] * right[j * n + i % n];
                }
                Work.check("product " + i, result[i], layer ? Math.max(0, sum) : sum, 1e-3);
            }
            for (AutoCloseable o : open) {
                o.close();
            }
        }
    }

    /** One call. */
    @Benchmark
    public void run(Product product) {
        product.run();
    }
}
