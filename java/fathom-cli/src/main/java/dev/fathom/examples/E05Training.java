package dev.fathom.examples;

import dev.fathom.nn.*;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.*;

/**
 * The trainer runs the loop: batches, forward, loss, backward, step, validation; callbacks watch it; the best weights
 * are kept.
 */
public final class E05Training {
    public static void main(String[] args) {
        var net = new Sequential(new Linear(2, 16), Tensor::tanh, new Linear(16, 2));
        try (var moons = Moons.of(1000, 1);
                var model = Model.of(net, 1)) {
            var split = moons.split(200, 1);
            var trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(5e-2f))
                    .metrics(Metric.accuracy())
                    .callbacks(new EarlyStopping(3), new Callback() {
                        @Override
                        public void onEpochEnd(Run run, EpochLog log) {
                            System.out.printf(
                                    "epoch %2d  loss %.3f  held out %.1f %%%n",
                                    log.epoch(), log.value("loss"), 100 * log.value("val_accuracy"));
                        }
                    });
            var history = trainer.fit(split.rest().shuffled(1).batches(50), split.heldOut(), 30);
            System.out.println(
                    history.ended() + "; the best was epoch " + history.best().epoch());
        }
    }
}
