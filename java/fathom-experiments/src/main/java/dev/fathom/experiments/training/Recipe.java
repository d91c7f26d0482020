package dev.fathom.experiments.training;

import dev.fathom.optim.Adam;
import dev.fathom.optim.Group;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Schedule;
import java.util.List;

/**
 * How a network is taught.
 *
 * @param words the optimizer and its rate, as people say it
 * @param groups settings for some of the parameters
 */
public record Recipe(int epochs, int batch, Optimizer optimizer, Schedule schedule, String words, List<Group> groups) {
    /** Makes a recipe that treats all parameters alike. */
    public Recipe(int epochs, int batch, Optimizer optimizer, Schedule schedule, String words) {
        this(epochs, batch, optimizer, schedule, words, List.of());
    }

    /** Returns this recipe with the weights of each unit limited to a norm (max-norm). */
    public Recipe maxNorm(float max) {
        String limited = words + ", max-norm " + max;
        return new Recipe(
                epochs,
                batch,
                optimizer,
                schedule,
                limited,
                List.of(Group.of("*.weight").maxNorm(max)));
    }

    /** Adam at {@code rate}, down to 0 on a cosine. */
    public static Recipe adam(int epochs, int batch, float rate) {
        String words = "Adam " + rate + " down to 0 on a cosine";
        return new Recipe(epochs, batch, new Adam(rate), Schedule.cosine(epochs), words);
    }

    /** The recipe of PyTorch's MNIST example, with Adam instead of Adadelta. */
    public static Recipe mnistExample(int epochs) {
        return new Recipe(epochs, 64, new Adam(1e-3f), Schedule.step(1, 0.7), "Adam 0.001, times 0.7 after each epoch");
    }

    /** All of it in a line. */
    String plan(long seed) {
        return epochs + (epochs == 1 ? " epoch" : " epochs") + " in batches of " + batch + ", " + words + ", seed "
                + seed;
    }
}
