package dev.fathom.spark;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A model that is open in this process. Any number of threads may share it.
 *
 * @param <E> what it reads of a row
 */
interface Answers<E> extends AutoCloseable {
    /** Opens the model in a folder, of whose runs each has so many threads. */
    static Answers<?> open(Path folder, int threads) {
        return Files.exists(folder.resolve(Task.PLAN))
                ? new PlanAnswers(folder.resolve(Task.PLAN), threads)
                : TextAnswers.open(folder, threads);
    }

    /**
     * Reads the values of the input columns of a row.
     *
     * @throws IllegalArgumentException if they are not what the model takes
     */
    E read(Object[] values);

    /** How long an example is; those of similar lengths are computed together. */
    int length(E example);

    /**
     * Computes the values of the output columns of each example.
     *
     * @param examples in the order of their lengths
     * @throws IllegalArgumentException if the model refuses one
     */
    List<Object[]> answer(List<E> examples, Options options);

    @Override
    void close();
}
