package dev.fathom.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fathom.data.Dataset;
import dev.fathom.jni.Native;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.OpTable;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** v3, v4 and neon have a fused multiply-add each, and give every op the same bits, forward and backward. */
@Tag("any-instruction-set")
class IsaBitsTest {
    /** A line for each op: a hash of the bits of its samples, forward and backward, and its name. */
    private static final Path HASHES =
            Path.of(System.getProperty("fathom.root"), "java/fathom/src/test/resources/dev/fathom/kernel/bits.txt");

    private static List<Isa> fused() {
        return NativeRuntime.available().stream().filter(i -> i != Isa.BASELINE).toList();
    }

    @Test
    void theBitsDoNotDependOnTheWidthOfVectors() {
        Isa configured = NativeRuntime.get().isa();
        List<Isa> isas = fused();
        assumeTrue(isas.size() > 1, "the bits of v3 and v4 are not compared: this processor has only " + isas);
        List<String> differ = new ArrayList<>();
        try {
            for (OpTable.Row row : OpTable.rows()) {
                List<int[][]> samples = new ArrayList<>(row.samples());
                samples.addAll(row.large());
                for (int[][] shapes : samples) {
                    float[][] values = row.values(shapes);
                    List<int[]> first = null;
                    for (Isa isa : isas) {
                        Native.selectIsa(isa.ordinal());
                        List<int[]> bits = row.bits(shapes, values);
                        first = first == null ? bits : first;
                        for (int i = 0; i < bits.size(); i++) {
                            if (!Arrays.equals(bits.get(i), first.get(i))) {
                                differ.add(row
                                        + Arrays.deepToString(shapes)
                                        + (i == 0 ? " forward" : " gradient " + (i - 1)));
                            }
                        }
                    }
                }
            }
        } finally {
            Native.selectIsa(configured.ordinal());
        }
        assertThat(differ).isEmpty();
    }

    /**
     * What processors that never meet agree on. A change that means to alter bits writes the hashes anew:
     * {@code -Dfathom.bits.write=true}.
     */
    @Test
    void theBitsAreThoseOfOtherProcessors() throws IOException {
        Isa configured = NativeRuntime.get().isa();
        List<Isa> isas = fused();
        assumeTrue(!isas.isEmpty(), "the bits of others are not compared: this processor has no fused multiply-add");
        try {
            for (Isa isa : isas) {
                Native.selectIsa(isa.ordinal());
                List<String> found = hashes();
                if (Boolean.getBoolean("fathom.bits.write") && isa == isas.get(0)) { // the others must agree with it
                    Files.write(HASHES, found);
                }
                assertThat(found).as(isa.toString()).isEqualTo(Files.readAllLines(HASHES));
            }
        } finally {
            Native.selectIsa(configured.ordinal());
        }
    }

    private static List<String> hashes() {
        List<String> found = new ArrayList<>();
        for (OpTable.Row row : OpTable.rows()) {
            long hash = 0;
            for (int[][] shapes : row.samples()) {
                for (int[] bits : row.bits(shapes, row.values(shapes))) {
                    hash = hash(hash, bits);
                }
            }
            found.add(HexFormat.of().toHexDigits(hash) + " " + row);
        }
        found.add(HexFormat.of().toHexDigits(training()) + " a training");
        return found;
    }

    /** One NaN is as good as another: processors make different ones. */
    private static long hash(long hash, int[] bits) {
        long sum = hash;
        for (int b : bits) {
            sum = (sum ^ ((b & Integer.MAX_VALUE) > 0x7f800000 ? 0x7fc00000 : b)) * 0x100000001b3L;
        }
        return sum;
    }

    /** The weights after two epochs of ten steps. */
    private static long training() {
        int n = 160;
        float[] images = new Rng(3).uniform(n * 100, -1, 1);
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            labels[i] = images[100 * i] > images[100 * i + 1] ? 1 : 0;
        }
        Sequential net = new Sequential(
                new Conv(1, 6, 3),
                new BatchNorm(6),
                Tensor::relu,
                new MaxPool(2),
                new Conv(6, 16, 3),
                Tensor::gelu,
                x -> x.reshape(x.dim(0), -1),
                new Dropout(0.2f),
                new Linear(64, 10),
                Tensor::tanh,
                new Linear(10, 2));
        try (Dataset data = Dataset.of(images, Shape.of(10, 10, 1), labels);
                Model<Sequential> model = Model.of(net, 1)) {
            Trainer.of(model, Loss.crossEntropy(), new Adam(0.01f))
                    .clipNorm(1)
                    .seed(7)
                    .fit(data.shuffled(5).batches(16), 2);
            long hash = 0;
            for (var p : model.parameters()) {
                float[] values = p.value().toArray();
                int[] bits = new int[values.length];
                for (int i = 0; i < bits.length; i++) {
                    bits[i] = Float.floatToRawIntBits(values[i]);
                }
                hash = hash(hash, bits);
            }
            return hash;
        }
    }
}
