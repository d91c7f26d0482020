package dev.fathom.labs.optimization;

import dev.fathom.optim.Adadelta;
import dev.fathom.optim.Adagrad;
import dev.fathom.optim.Adam;
import dev.fathom.optim.AdamW;
import dev.fathom.optim.Adamax;
import dev.fathom.optim.Ema;
import dev.fathom.optim.GradientNoise;
import dev.fathom.optim.LBfgs;
import dev.fathom.optim.Lamb;
import dev.fathom.optim.Lion;
import dev.fathom.optim.Lookahead;
import dev.fathom.optim.Muon;
import dev.fathom.optim.NAdam;
import dev.fathom.optim.Nesterov;
import dev.fathom.optim.Newton;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.RAdam;
import dev.fathom.optim.RmsProp;
import dev.fathom.optim.Rprop;
import dev.fathom.optim.Sam;
import dev.fathom.optim.Sgd;
import dev.fathom.optim.Swa;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;
import java.util.stream.Stream;

/**
 * An optimizer in a race, whose learning rate is chosen.
 *
 * @param family the picture in which it is drawn
 * @param typical a rate that is usual for networks, about which rates are tried; NaN for a method that finds the length
 *     of its steps itself
 */
record Racer(String name, Family family, double typical, Race.Recipe recipe) {
    /** One that does not depend on the number of steps. */
    private Racer(String name, Family family, double typical, DoubleFunction<Optimizer> recipe) {
        this(name, family, typical, (rate, steps) -> recipe.apply(rate));
    }

    private static final float BETA = 0.9f;

    /** Optimizers that resemble each other. */
    enum Family {
        MOMENTUM("Gradient descent and momentum"),
        ADAPTIVE("Adaptive rates"),
        OTHERS("Other methods");

        private final String title;

        Family(String title) {
            this.title = title;
        }

        String title() {
            return title;
        }

        String file() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private static final Racer DESCENT = new Racer("Gradient descent", Family.MOMENTUM, 0.1, r -> new Sgd((float) r));
    private static final Racer MOMENTUM =
            new Racer("Momentum", Family.MOMENTUM, 0.03, r -> new Sgd((float) r).momentum(BETA));
    private static final Racer ADAM = new Racer("Adam", Family.ADAPTIVE, 1e-3, r -> new Adam((float) r));

    private static final List<Racer> BOTH = List.of(
            DESCENT,
            MOMENTUM,
            new Racer(
                    "Mean momentum",
                    Family.MOMENTUM,
                    0.3,
                    r -> new Sgd((float) r).velocity(Sgd.Velocity.MEAN).momentum(BETA)),
            new Racer(
                    "Nesterov",
                    Family.MOMENTUM,
                    0.03,
                    r -> new Sgd((float) r).momentum(BETA).withNesterov()),
            new Racer("Nesterov ahead", Family.MOMENTUM, 0.03, r -> new Nesterov((float) r, BETA)),
            new Racer("Gradient noise", Family.MOMENTUM, 0.1, r -> new GradientNoise(new Sgd((float) r), 1e-4f)),
            new Racer("Adagrad", Family.ADAPTIVE, 0.01, r -> new Adagrad((float) r)),
            new Racer("Adadelta", Family.ADAPTIVE, 1, r -> new Adadelta((float) r)),
            new Racer("RMSprop", Family.ADAPTIVE, 1e-3, r -> new RmsProp((float) r)),
            ADAM,
            new Racer("AMSGrad", Family.ADAPTIVE, 1e-3, r -> new Adam((float) r).withAmsGrad()),
            new Racer("Adamax", Family.ADAPTIVE, 5e-3, r -> new Adamax((float) r)),
            new Racer("NAdam", Family.ADAPTIVE, 1e-3, r -> new NAdam((float) r)),
            new Racer("RAdam", Family.ADAPTIVE, 3e-3, r -> new RAdam((float) r)),
            new Racer("Lion", Family.OTHERS, 3e-4, r -> new Lion((float) r)),
            new Racer("Lookahead", Family.OTHERS, 3e-3, r -> new Lookahead(new Adam((float) r))),
            new Racer("SAM", Family.OTHERS, 0.03, r -> new Sam(new Sgd((float) r).momentum(BETA))));

    /** Those for functions of two variables, among them those that need exact gradients and few parameters. */
    static final List<Racer> ON_SURFACES = joined(
            BOTH,
            new Racer("Rprop", Family.OTHERS, 0.01, r -> new Rprop((float) r)),
            new Racer("L-BFGS", Family.OTHERS, Double.NaN, r -> new LBfgs().iterations(1)),
            new Racer("Newton", Family.OTHERS, Double.NaN, r -> new Newton()),
            new Racer("Newton, damped", Family.OTHERS, 1, r -> new Newton(1, (float) r)));

    /** Those of {@link #ON_SURFACES} that textbooks animate. */
    static final List<String> ANIMATED =
            List.of("Gradient descent", "Momentum", "Nesterov", "Adagrad", "RMSprop", "Adam");

    /** Those for networks in batches, among them those that treat matrices or keep averages. */
    static final List<Racer> ON_IMAGES = joined(
            BOTH,
            new Racer("AdamW", Family.OTHERS, 1e-3, r -> new AdamW((float) r)),
            new Racer("LAMB", Family.OTHERS, 0.01, r -> new Lamb((float) r)),
            new Racer("Muon", Family.OTHERS, 0.01, r -> new Muon((float) r)),
            new Racer("EMA", Family.OTHERS, 0.03, r -> new Ema(new Sgd((float) r).momentum(BETA), 0.99f)),
            new Racer(
                    "SWA",
                    Family.OTHERS,
                    0.03,
                    (r, steps) -> new Swa(new Sgd((float) r).momentum(BETA), Math.max(1, steps / 2), 10)));

    /** The rates of a grid that make sense for it. For a method without a rate it is one number that has no meaning. */
    double[] rates(double... grid) {
        return Double.isNaN(typical) ? new double[] {1} : grid.clone();
    }

    /** A rate of a grid for readers, with a star at an end of the grid. */
    String words(double rate, double... grid) {
        String star = rate == grid[0] || rate == grid[grid.length - 1] ? " *" : "";
        return Double.isNaN(typical) ? "none" : Race.plain(rate) + star;
    }

    private static List<Racer> joined(List<Racer> first, Racer... more) {
        return Stream.concat(first.stream(), Stream.of(more)).toList();
    }
}
