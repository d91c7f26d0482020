package dev.fathom.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fathom.jni.Native;
import dev.fathom.tensor.OpTable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** v3 and v4 have a fused multiply-add each, and give every op the same bits, forward and backward. */
class IsaBitsTest {
    @Test
    @Tag("any-instruction-set")
    void theBitsDoNotDependOnTheWidthOfVectors() {
        Isa configured = NativeRuntime.get().isa();
        List<Isa> isas = NativeRuntime.available().stream()
                .filter(i -> i != Isa.BASELINE)
                .toList();
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
}
