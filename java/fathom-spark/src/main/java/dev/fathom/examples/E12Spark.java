package dev.fathom.examples;

import dev.fathom.data.Dataset;
import dev.fathom.nn.*;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.plan.Plan;
import dev.fathom.spark.SparkModel;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Trainer;
import org.apache.spark.sql.*;

/**
 * A model on Spark: the driver learns from a sample of the rows, and a stage of Spark ML computes them all where they
 * are.
 */
public final class E12Spark {
    public static void main(String[] args) {
        var net = new Sequential(new Linear(2, 16), Tensor::tanh, new Linear(16, 2));
        try (var spark = SparkSession.builder().getOrCreate();
                var model = Model.of(net, 1)) {
            var moons = spark.range(50_000) // two half moons that reach into each other
                    .selectExpr("int(id % 2) AS moon", "pi() * rand(1) AS a")
                    .selectExpr(
                            "moon", "moon + (1 - 2 * moon) * cos(a) AS x", "moon / 2 + (1 - 2 * moon) * sin(a) AS y")
                    .selectExpr("*", "array(x, y) AS point");
            var sample = moons.limit(500).collectAsList();
            float[][] points = sample.stream()
                    .map(row -> new float[] {(float) row.getDouble(1), (float) row.getDouble(2)})
                    .toArray(float[][]::new);
            int[] classes = sample.stream().mapToInt(row -> row.getInt(0)).toArray();
            try (var data = Dataset.of(points, classes)) {
                Trainer.of(model, Loss.crossEntropy(), new Adam(5e-2f)).fit(data.batches(50), 20);
            }
            try (var plan = Plan.freeze(model, Shape.of(1, 2))) {
                SparkModel stage = SparkModel.ofPlan(plan).setInputCols("point").setOutputCols("logits");
                Row counts = stage.transform(moons)
                        .selectExpr("count(*)", "avg(int(moon = int(logits[1] > logits[0])))")
                        .first();
                System.out.printf("%d rows, %.1f %% right%n", counts.getLong(0), 100 * counts.getDouble(1));
            }
        }
    }
}
