package dev.fathom.labs.generative;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.Bird;
import dev.fathom.labs.generative.BirdStudio.CaptionNet;
import dev.fathom.nn.Model;
import dev.fathom.op.Resize;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The two stages of drawing birds from captions. */
record BirdPainter(BirdStudio studio, BirdNet first, BirdNet second) {
    /** At the start, from which it falls along a line to 0. */
    private static final float RATE = 5e-4f;

    /** Trains a stage; the second one, for which {@code first} is given, draws over the pictures of the first. */
    static Run learn(
            Lab lab, BirdStudio studio, String name, Model<BirdNet> model, @Nullable BirdNet first, int epochs) {
        int round = 2 * BirdStudio.BATCH;
        Step<BirdNet> judge = (net, batch) -> {
            Tensor real = first == null ? batch.x().avgPool(2) : batch.x();
            Tensor value = net.critic().value(real, net.drawn(first, batch.y()), batch.y(), other(batch));
            return new Step.Result(value.neg(), value);
        };
        Step<BirdNet> draw = (net, batch) -> {
            Tensor loss = net.loss(first, batch.y());
            return new Step.Result(loss, loss);
        };
        try (Dataset pictures = studio.captioned();
                Dataset whole = pictures.take(0, pictures.size() / round * round)) {
            var trainer = AdversarialDuel.inTurns(model, new Adam(RATE).betas(0.5f, 0.999f), 1, judge, draw)
                    .schedule(Schedule.polynomial(epochs, 1));
            Run history = lab.train(name, "pictures", trainer, whole, BirdStudio.BATCH, epochs);
            model.save(lab.folder(name).resolve("stage.safetensors"));
            return history;
        }
    }

    /** For each bird one of the texts that do not fit it, another one in the next step. */
    static Tensor other(Batch batch) {
        Tensor others = batch.get("others");
        int one = Pass.current().rng().ints(1, others.dim(1))[0];
        return others.slice(1, one, one + 1).reshape(batch.size(), CaptionNet.WIDTH);
    }

    /** A picture of each stage for each bird, and those of the first stage enlarged to the size of the second. */
    record Drawn(float[] one, float[] two, float[] large) {}

    /** Draws birds from their captions and new noise. */
    Drawn draw(List<Bird> some, Rng rng) {
        float[] text = studio.read(some).text();
        try (Pass pass = Pass.infer(rng)) {
            Tensor t = Tensor.of(text, some.size(), CaptionNet.WIDTH);
            Tensor small = first.drawn(null, t);
            BirdNet.Generator painter = second.generator();
            Tensor large = painter.draw(small, painter.condition(t).draw());
            Tensor enlarged = small.resize(Resize.NEAREST, Bird.SIDE, Bird.SIDE);
            return new Drawn(small.toArray(), large.toArray(), enlarged.toArray());
        }
    }
}
