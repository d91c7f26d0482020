package dev.fathom.optim;

import dev.fathom.command.Commands;
import dev.fathom.kernel.Kernel;
import dev.fathom.op.Checks;
import java.util.Locale;

/**
 * The elementwise update rules, each of which is one kernel call over all parameters of a step. The rows are those of
 * {@code native/src/optim.def}, which has their formulas; a test compares the two tables.
 */
enum Rule {
    SGD(1, 4),
    MOMENTUM(1, 2),
    ADAGRAD(1, 3),
    ADADELTA(2, 2),
    RMSPROP(3, 4),
    ADAM(3, 7),
    ADAMAX(2, 4),
    NADAM(2, 7),
    RADAM(2, 6),
    LION(1, 2),
    RPROP(2, 5);

    /** The moment in the place of one that a setting does not use. */
    static final int NONE = -1;

    /** Writes the numbers of a rule at one step, in the order of its row. */
    interface Parameters {
        void write(Commands to, long step);
    }

    private final int moments;
    private final int parameters;

    Rule(int moments, int parameters) {
        this.moments = moments;
        this.parameters = parameters;
    }

    /** Takes the step of a recipe whose moments, each of them a number or {@link #NONE}, have the places of the row. */
    void step(Update update, Parameters of, int first, int second, int third) {
        long common = update.commonStep();
        if (common > 0) { // as nearly always: no object is made
            take(update, of, common, first, second, third);
        } else {
            update.counted(step -> take(update, of, step, first, second, third));
        }
    }

    private void take(Update update, Parameters of, long step, int first, int second, int third) {
        Commands command = update.begin(Kernel.UPDATE, ordinal())
                .at(moment(update, first))
                .at(moment(update, second))
                .at(moment(update, third));
        of.write(command, step);
        while (command.count() < Kernel.UPDATE.words()) {
            command.put(0f);
        }
        command.run();
    }

    void step(Update update, Parameters of, int first, int second) {
        step(update, of, first, second, NONE);
    }

    void step(Update update, Parameters of, int only) {
        step(update, of, only, NONE, NONE);
    }

    /** Refuses settings of a variant of Adam that are out of their range. */
    static void check(String who, float learningRate, float beta1, float beta2, float epsilon, float weightDecay) {
        Checks.learningRate(who, learningRate);
        Checks.notNegative(who, "epsilon", epsilon);
        Checks.notNegative(who, "weightDecay", weightDecay);
        Checks.in(who, "beta1", beta1, "[0, 1)");
        Checks.in(who, "beta2", beta2, "[0, 1)");
    }

    /** Refuses a recipe inside another one that would evaluate the loss once more in each of its steps. */
    static void evaluatesOnce(String who, Optimizer inner) {
        if (inner.evaluatesAgain()) {
            throw new IllegalArgumentException(
                    who + ": " + inner + " evaluates the loss again; put a recipe inside that evaluates it once");
        }
    }

    private static long moment(Update update, int place) {
        return place == NONE ? 0 : update.moment(place);
    }

    /** A number that says whether. */
    static float flag(boolean holds) {
        return holds ? 1 : 0;
    }

    /** What a mean with this decay, which begins at 0, is divided by after so many steps: 1 - decay^step. */
    static double correction(float decay, long step) {
        // of the very float with which the kernel averages: 1 - 0.999f is 1.3e-5 below 1 - 0.999, and the first steps
        // would show it
        return 1 - Math.pow(decay, (double) step);
    }

    /** This row as the native table writes it: {@code name:moments:parameters}. */
    String row() {
        return name().toLowerCase(Locale.ROOT) + ":" + moments + ":" + parameters;
    }
}
