package orchard;

import dev.fathom.data.Dataset;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Trainer;

/** A program of a user: it trains a net of its own on the exclusive or, freezes it and serves it. */
public final class Main {
    /** Not public, in a package that is not exported: the library reads it through {@code opens}. */
    private record Xor(Linear hidden, Linear out) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return out.apply(hidden.apply(x).tanh());
        }
    }

    public static void main(String[] args) {
        float[] inputs = {0, 0, 0, 1, 1, 0, 1, 1};
        int[] classes = {0, 1, 1, 0};
        try (Dataset data = Dataset.of(inputs, Shape.of(2), classes);
                var model = Model.of(new Xor(new Linear(2, 8), new Linear(8, 2)), 1)) {
            Trainer.of(model, Loss.crossEntropy(), new Adam(0.1f)).fit(data.shuffled(1).batches(4), 60);
            try (Plan plan = Plan.freeze(model, Shape.of(1, 2));
                    Session session = plan.newSession()) {
                StringBuilder served = new StringBuilder();
                for (int i = 0; i < 4; i++) {
                    session.input().put(0, new float[] {inputs[2 * i], inputs[2 * i + 1]});
                    session.run();
                    served.append(session.output().get(1) > session.output().get(0) ? 1 : 0);
                }
                System.out.println("served " + served + " from " + Main.class.getModule());
            }
        } catch (IllegalArgumentException e) {
            System.out.println(e.getMessage());
        }
    }
}
