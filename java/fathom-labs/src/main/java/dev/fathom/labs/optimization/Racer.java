package dev.fathom.labs.optimization;

import dev.fathom.derivative.LBfgs;
import dev.fathom.derivative.Newton;
import dev.fathom.optim.Adadelta;
import dev.fathom.optim.Adagrad;
import dev.fathom.optim.Adam;
import dev.fathom.optim.AdamW;
import dev.fathom.optim.Adamax;
import dev.fathom.optim.Ema;
import dev.fathom.optim.GradientNoise;
import dev.fathom.optim.Lamb;
import dev.fathom.optim.Lion;
import dev.fathom.optim.Lookahead;
import dev.fathom.optim.Muon;
import dev.fathom.optim.NAdam;
import dev.fathom.optim.Nesterov;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.RAdam;
import dev.fathom.optim.RmsProp;
import dev.fathom.optim.Rprop;
import dev.fathom.optim.Sam;
import dev.fathom.optim.Sgd;
import dev.fathom.optim.Swa;
import java.util.List;
import java.util.stream.Stream;

/**
 * One of those that race, whose learning rate is chosen.
 *
 * @param group the picture in which it is drawn
 * @param typical a rate that is usual for networks, about which rates are tried; NaN for a method that finds the length
 *     of its steps itself
 * @param recipe makes its optimizer
 */
record Racer(String name, String group, double typical, Recipe recipe) {
    /** Makes an optimizer of a rate and of the number of steps that it will take. */
    interface Recipe {
        Optimizer of(float rate, int steps);
    }

    static final String MOMENTUM = "momentum";
    static final String ADAPTIVE = "adaptive";
    static final String OTHERS = "others";

    private static Sgd momentum(float rate) {
        return new Sgd(rate).momentum(0.9f);
    }

    private static final List<Racer> BOTH = List.of(
            new Racer("Gradient descent", MOMENTUM, 0.1, (r, n) -> new Sgd(r)),
            new Racer("Momentum", MOMENTUM, 0.03, (r, n) -> momentum(r)),
            new Racer("Mean momentum", MOMENTUM, 0.3, (r, n) -> momentum(r).velocity(Sgd.Velocity.MEAN)),
            new Racer("Nesterov", MOMENTUM, 0.03, (r, n) -> momentum(r).withNesterov()),
            new Racer("Nesterov ahead", MOMENTUM, 0.03, (r, n) -> new Nesterov(r, 0.9f)),
            new Racer("Gradient noise", MOMENTUM, 0.1, (r, n) -> new GradientNoise(new Sgd(r), 1e-4f)),
            new Racer("Adagrad", ADAPTIVE, 0.01, (r, n) -> new Adagrad(r)),
            new Racer("Adadelta", ADAPTIVE, 1, (r, n) -> new Adadelta(r)),
            new Racer("RMSprop", ADAPTIVE, 1e-3, (r, n) -> new RmsProp(r)),
            new Racer("Adam", ADAPTIVE, 1e-3, (r, n) -> new Adam(r)),
            new Racer("AMSGrad", ADAPTIVE, 1e-3, (r, n) -> new Adam(r).withAmsGrad()),
            new Racer("Adamax", ADAPTIVE, 5e-3, (r, n) -> new Adamax(r)),
            new Racer("NAdam", ADAPTIVE, 1e-3, (r, n) -> new NAdam(r)),
            new Racer("RAdam", ADAPTIVE, 3e-3, (r, n) -> new RAdam(r)),
            new Racer("Lion", OTHERS, 3e-4, (r, n) -> new Lion(r)),
            new Racer("Lookahead", OTHERS, 3e-3, (r, n) -> new Lookahead(new Adam(r))),
            new Racer("SAM", OTHERS, 0.03, (r, n) -> new Sam(momentum(r))));

    /** Those for functions of two variables, among them those that need exact gradients and few parameters. */
    static final List<Racer> ON_SURFACES = joined(
            new Racer("Rprop", OTHERS, 0.01, (r, n) -> new Rprop(r)),
            new Racer("L-BFGS", OTHERS, Double.NaN, (r, n) -> new LBfgs().iterations(1)),
            new Racer("Newton", OTHERS, Double.NaN, (r, n) -> new Newton()),
            new Racer("Newton, damped", OTHERS, 1, (r, n) -> new Newton(1, r)));

    /** Those for networks in batches, among them those that treat matrices or keep averages. */
    static final List<Racer> ON_IMAGES = joined(
            new Racer("AdamW", OTHERS, 1e-3, (r, n) -> new AdamW(r)),
            new Racer("LAMB", OTHERS, 0.01, (r, n) -> new Lamb(r)),
            new Racer("Muon", OTHERS, 0.01, (r, n) -> new Muon(r)),
            new Racer("EMA", OTHERS, 0.03, (r, n) -> new Ema(momentum(r), 0.99f)),
            new Racer("SWA", OTHERS, 0.03, (r, n) -> new Swa(momentum(r), Math.max(1, n / 2), 10)));

    /** Whether it finds the length of its steps itself, so that any rate is the same to it. */
    boolean findsItsRate() {
        return Double.isNaN(typical);
    }

    private static List<Racer> joined(Racer... more) {
        return Stream.concat(BOTH.stream(), Stream.of(more)).toList();
    }
}
