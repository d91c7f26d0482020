package dev.fathom.labs.objectives;

import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.nn.Loss;
import dev.fathom.nn.ReducedLoss;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Chart;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiPredicate;
import java.util.stream.IntStream;

/**
 * What a loss asks for: outliers under L1, L2 and smooth L1, unequal costs, ordered classes, label encodings, the
 * feature that makes XOR linear, and the plane as a hidden layer warps it.
 */
public final class LossesLab implements OldExperiment {
    @Override
    public String name() {
        return "losses";
    }

    @Override
    public Findings run(LabRun run) {
        Findings page = run.page("Lab losses", "Generated points, and Fashion-MNIST for the label encodings");
        shapes(page);
        List<BiPredicate<Findings, LabRun>> parts = List.of(
                Outliers::tell, LateAndEarly::tell, OrderedClasses::tell, Encodings::tell, Crossed::tell, Warp::tell);
        return parts.stream().allMatch(part -> part.test(page, run)) ? page.finished() : page;
    }

    /** Each loss of one number over the error y - t. */
    private static void shapes(Findings page) {
        Map<String, ReducedLoss> losses = new LinkedHashMap<>();
        losses.put("L2", Loss.mse());
        losses.put("L1", Loss.l1());
        losses.put("smooth L1", Loss.huber(1));
        losses.put("quantile 0.9", Loss.quantile(0.9f));
        losses.put("asymmetric Huber", Loss.asymmetricHuber(0.5f, 0.2f, 1.8f));
        page.section("Losses of a number", "The loss of a prediction by its error, prediction minus target.")
                .picture("losses.png", "L2, L1, smooth L1, quantile and asymmetric Huber loss by the error", () -> {
                    double[] x = IntStream.rangeClosed(-300, 300)
                            .mapToDouble(i -> i / 100.0)
                            .toArray();
                    Chart chart = new Chart("Loss", "error").range(0, 4);
                    losses.forEach((name, loss) -> chart.line(name, x, values(loss, x)));
                    return chart.render();
                });
    }

    static double[] values(ReducedLoss loss, double... errors) {
        float[] y = new float[errors.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = (float) errors[i];
        }
        try (Pass pass = Pass.infer()) {
            return Averages.doubles(
                    loss.each(Tensor.of(y, y.length), Tensor.zeros(y.length)).toArray());
        }
    }
}
