package dev.fathom.decode;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.optim.Sgd;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Metric;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Label errors counted beside the loss of CTC. */
class CtcStepTest {
    /** The step that CtcLoss shows: the edits of all batches over the labels of all batches. */
    @Test
    void aStepCountsLabelErrorsBesideCtc() {
        Field steps = Field.floats("x", Shape.of(3), new Rng(5).normal(3 * 28, 0, 1))
                .input()
                .ragged(0, 7, 11, 20, 28);
        int[][] y = {{1, 2}, {1}, {2, 1, 2}, {2}};
        try (var model = Model.of(new Sequential(Recurrent.gru(3, 3)), 1);
                Dataset data = Dataset.of(steps, Field.ragged("y", y).target())) {
            Step<Sequential> step = (net, batch) -> {
                Tensor logits = net.apply(batch);
                Tensor loss = Loss.ctc().of(logits, batch.y(), batch.lengths("x"), batch.lengths("y"));
                List<Hypothesis> said = new CtcDecoding().greedy(logits.detach(), batch.lengths("x"));
                int[] labels = batch.lengths("y").toIntArray();
                float[] edits = new float[labels.length];
                for (int i = 0; i < labels.length; i++) {
                    int[] meant =
                            batch.y().slice(0, i, i + 1).slice(1, 0, labels[i]).toIntArray();
                    edits[i] = ErrorRate.distance(
                            said.get(i).tokens(), Arrays.stream(meant).boxed().toList());
                }
                return new Step.Result(
                        loss, Tensor.of(edits, edits.length), batch.lengths("y").to(DType.F32));
            };
            var trainer = Trainer.custom(model, new Sgd(0.1f), step)
                    .metrics(Metric.lowerIsBetter(
                            "label_error_rate",
                            (e, n) -> new Metric.Sum(e.sum().item(), n.sum().item())));
            trainer.fit(data.batches(3), 5);
            List<List<Integer>> said = new ArrayList<>();
            var alone = data.batches(1).epoch(0);
            while (alone.hasNext()) {
                try (Pass pass = Pass.infer()) {
                    Tensor logits = model.net().apply(alone.next());
                    said.add(new CtcDecoding().greedy(logits, null).get(0).tokens());
                }
            }
            double expected = ErrorRate.of(
                            said,
                            Arrays.stream(y)
                                    .map(row -> Arrays.stream(row).boxed().toList())
                                    .toList())
                    .value();
            for (int batch = 1; batch <= 4; batch++) {
                assertThat(trainer.evaluate(data.batches(batch)).get("label_error_rate"))
                        .isEqualTo(expected);
            }
        }
    }
}
