package dev.fathom.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Dataset;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Recompute;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Sgd;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Trainer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What each layer gives and each gradient holds while a net trains. */
class LayerStatisticsTest {
    private static Dataset points(int n, float scale) {
        float[] x = new Rng(1).uniform(2 * n, -scale, scale);
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            labels[i] = x[2 * i] > x[2 * i + 1] ? 1 : 0;
        }
        return Dataset.of(x, Shape.of(2), labels);
    }

    @TempDir
    Path folder;

    @Test
    void everyLayerAndEveryGradientIsMeasured() throws Exception {
        LayerStatistics statistics = new LayerStatistics(3);
        assertThat(statistics).hasToString("no step was measured yet");
        float[] bias;
        try (var model = Model.of(
                        new Sequential(
                                new Linear(2, 2, Init.constant(1)),
                                Tensor::relu,
                                new Recompute(new Linear(2, 1, Init.constant(0.5f)))),
                        1);
                Dataset data =
                        Dataset.of(new float[] {1, 2, -1, -2, 3, 0, -3, 0}, Shape.of(2), new float[4], Shape.of(1))) {
            bias = model.parameter("0.bias").value().toArray();
            Trainer.of(model, Loss.mse(), new Sgd(1e-6f)).callbacks(statistics).fit(data.batches(2), 2);
        }
        List<LayerStatistics.Row> rows = statistics.rows();
        List<String> names = rows.stream()
                .map(r -> r.epoch() + "." + r.step() + " " + r.layer() + " " + r.what())
                .toList();
        assertThat(names)
                .startsWith("1.1 linear[0] output", "1.1 relu[1] output")
                .contains("1.1 0.weight gradient", "1.1 0.bias gradient", "2.2 linear[0] output")
                .doesNotContain("1.2 linear[0] output", "2.1 linear[0] output");
        assertThat(names)
                .filteredOn(n -> n.startsWith("1.1") && n.endsWith("output"))
                .as("each once, the recomputed too")
                .hasSize(3);
        // 1 + 2 and -1 - 2, each plus two biases
        assertThat(rows.get(0).mean()).isCloseTo((bias[0] + bias[1]) / 2, within(1e-6));
        assertThat(rows.get(0).std()).isCloseTo(Math.hypot(3, (bias[0] - bias[1]) / 2), within(1e-6));
        assertThat(rows.get(0).max()).isCloseTo(3 + Math.max(Math.abs(bias[0]), Math.abs(bias[1])), within(1e-6));
        assertThat(rows.get(0).zeros()).isZero();
        assertThat(rows.get(1).zeros()).as("of relu").isEqualTo(0.5);
        assertThat(rows.get(1).mean()).isCloseTo((6 + bias[0] + bias[1]) / 4, within(1e-6));
        assertThat(statistics.toString().lines().toList())
                .hasSize(rows.size() / 2 + 2)
                .first()
                .asString()
                .startsWith("layer");
        Path csv = folder.resolve("statistics.csv");
        statistics.writeCsv(csv);
        assertThat(Files.readAllLines(csv))
                .hasSize(rows.size() + 1)
                .startsWith(
                        "epoch,step,layer,what,mean,std,zeros,max",
                        "1,1,linear[0],output," + rows.get(0).mean() + ","
                                + rows.get(0).std() + ",0.0," + rows.get(0).max());
    }

    @Test
    void measuringChangesNoBit() {
        LayerStatistics all = new LayerStatistics(1);
        LayerStatistics some = new LayerStatistics(2);
        float[][] weights = new float[2][];
        for (int i = 0; i < 2; i++) {
            try (var model = Model.of(new Sequential(new Linear(2, 8), new Dropout(0.5f), new Linear(8, 2)), 1);
                    Dataset data = points(64, 1)) {
                Trainer<?> trainer =
                        Trainer.of(model, Loss.crossEntropy(), new Adam(0.02f)).accumulate(2);
                if (i == 1) {
                    trainer = trainer.callbacks(all, some);
                }
                trainer.fit(data.batches(16), 2);
                weights[i] = model.parameters().get(0).value().toArray();
            }
        }
        assertThat(weights[1]).isEqualTo(weights[0]);
        // 4 batches an epoch make 2 steps: one measures both, the other the first of each epoch
        assertThat(all.rows().stream().map(r -> r.epoch() + "." + r.step()).distinct())
                .containsExactly("1.2", "1.4", "2.2", "2.4");
        assertThat(some.rows())
                .isNotEmpty()
                .isEqualTo(all.rows().stream().filter(r -> r.step() == 2).toList());
        assertThatThrownBy(() -> new LayerStatistics(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("LayerStatistics: everySteps=0 must be at least 1");
    }
}
