package dev.fathom.labs.translation;

import dev.fathom.decode.Seq2Seq;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Schedule;
import dev.fathom.optim.Sgd;
import dev.fathom.train.Trainer;

/**
 * What a network is and how it is trained.
 *
 * @param reversed whether it reads sentences from their end
 * @param sgd whether it is trained by the SGD of the paper; otherwise by Adam
 */
record Setting(String name, boolean reversed, boolean attention, boolean sgd) {
    Trainer<Seq2Seq> trainer(Model<Seq2Seq> model, int epochs, long seed) {
        return Trainer.custom(model, sgd ? new Sgd(0.7f) : new Adam(2e-3f), Seq2Seq::step)
                .schedule(sgd ? halved(epochs) : Schedule.cosine(epochs))
                .clipNorm(5)
                .keepBest()
                .seed(seed);
    }

    /**
     * The schedule of Sutskever et al. (2014), scaled to {@code epochs}: constant for two thirds of them, then halved
     * five times at equal intervals.
     */
    static Schedule halved(int epochs) {
        double from = epochs / 1.5;
        double every = epochs / 15.0;
        return (done, steps) -> done < from ? 1 : Math.pow(0.5, 1 + Math.floor((done - from) / every));
    }
}
