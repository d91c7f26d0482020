package dev.fathom.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.autograd.Values;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.offheap.Block;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.OpTable;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every row of the op table freezes, and its plan equals the eager run bit for bit. */
class PlanRowsTest {
    static List<OpTable.Row> rows() {
        return OpTable.rows();
    }

    @ParameterizedTest
    @MethodSource("rows")
    void thePlanEqualsTheEagerRun(OpTable.Row row) {
        try (var model = Model.of(new Sequential(), 1)) {
            for (int[][] shapes : row.samples()) {
                if (Arrays.stream(shapes).anyMatch(s -> Shape.of(s).size() == 0)) {
                    continue;
                }
                Spec[] specs = new Spec[shapes.length];
                for (int i = 0; i < specs.length; i++) {
                    specs[i] = Spec.of("in" + i, row.dtype(i), shapes[i]);
                }
                int[] expected = eager(row, shapes);
                try (Plan plan = Plan.freeze(model, (net, in) -> row.run(in), specs);
                        Session session = plan.newSession()) {
                    float[][] values = row.values(shapes);
                    for (int i = 0; i < specs.length; i++) {
                        ByteBuffer to = session.inputBytes("in" + i);
                        for (int j = 0; j < values[i].length; j++) {
                            row.dtype(i).put(to, j, values[i][j]);
                        }
                    }
                    session.run();
                    ByteBuffer found = session.outputBytes(0);
                    assertThat(bits(found, plan.outputs().get(0).dtype()))
                            .as("%s %s", row, Arrays.deepToString(shapes))
                            .isEqualTo(expected);
                }
            }
        }
    }

    private static int[] eager(OpTable.Row row, int[][] shapes) {
        try (Pass pass = Pass.infer()) {
            Tensor y = row.run(row.tensors(shapes));
            return bits(Block.at(Values.address(y), (int) y.size() * y.dtype().bytes()), y.dtype());
        }
    }

    private static int[] bits(ByteBuffer elements, DType type) {
        int[] bits = new int[elements.limit() / type.bytes()];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = switch (type.bytes()) {
                case 1 -> elements.get(i);
                case 2 -> elements.getShort(2 * i);
                default -> elements.getInt(4 * i);
            };
        }
        return bits;
    }
}
