package dev.fathom.bench;

import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import java.nio.file.Path;

/** From the start of the JVM to the first answer of the plan in a file. */
public final class FathomCold {
    private FathomCold() {}

    /** {@code FILE}, or {@code write FILE} to make it. */
    public static void main(String[] args) {
        if (args.length == 2) {
            try (Model<Sequential> model = FathomMlp.model(true);
                    Plan plan = Plan.freeze(model, Shape.of(1, Work.MLP[0]))) {
                plan.save(Path.of(args[1]));
            }
            return;
        }
        try (Plan plan = Plan.load(Path.of(args[0]));
                Session session = plan.newSession()) {
            session.set(Cold.pixels()).run();
            float[] logits = new float[Work.MLP[Work.MLP.length - 1]];
            session.output().get(0, logits);
            Cold.answered(logits);
        }
    }
}
